#include "client/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "kube/url.h"

struct task *task_new(enum task_kind kind, api_id id, api_done_fn *done, void *ctx, int64_t due_ms)
{
	struct task *task = xcalloc(1, sizeof(*task));

	task->kind = kind;
	task->id = id;
	task->done = done;
	task->ctx = ctx;
	task->due_ms = due_ms;
	return task;
}

/* A line after the watch was cancelled is dropped. */
static int on_line(void *ctx, const char *line, size_t len, struct err *err)
{
	struct task *task = ctx;

	if (task->cancelled)
		return err_set_errno(err, ECANCELED, "cancelled");
	return task->line(task->ctx, line, len, err);
}

static char *copy(const void *data, size_t len)
{
	char *bytes = xmalloc(len + 1);

	if (len)
		memcpy(bytes, data, len);
	bytes[len] = '\0';
	return bytes;
}

void task_set_request(struct task *task, const struct api_request *request, const char *user_agent)
{
	bool watch = task->kind == TASK_WATCH;
	size_t max = watch ? LIMIT_WATCH_LINE_BYTES : LIMIT_OBJECT_BYTES;
	const char *type = request->content_type;

	task->urgent = request->urgent;
	task->method = xstrdup(request->method ? request->method : "GET");
	task->path = xstrdup(request->path);
	task->collection_len = url_collection_len(request->path);
	task->fair_key = xstrdup(request->fair_key ? request->fair_key : "");
	task->body = request->body ? copy(request->body, request->body_len) : NULL;
	task->content_type = xstrdup(type ? type : "application/json");
	task->request = (struct transfer_request){
		.method = task->method,
		.path = task->path,
		.body = task->body,
		.body_len = request->body_len,
		.content_type = task->content_type,
		.user_agent = user_agent,
		.max_bytes = request->max_bytes ? request->max_bytes : max,
		.may_be_cut = request->may_be_cut,
		.line = watch ? on_line : NULL,
		.line_ctx = task,
	};
}

void task_free(struct task *task)
{
	if (!task)
		return;
	transfer_free(task->transfer);
	free(task->method);
	free(task->path);
	free(task->body);
	free(task->content_type);
	free(task->fair_key);
	free(task);
}

/* A watch has one from the moment when it is accepted. */
static bool has_response(const struct task *task, const struct err *err)
{
	if (task->kind == TASK_WATCH)
		return task->transfer && transfer_accepted(task->transfer);
	return task->kind == TASK_CALL && !err;
}

void task_end(struct task *task, int status, const struct err *err)
{
	struct api_response response = {.status = status, .body = ""};
	struct err cancelled = ERR_INIT;

	if (task->cancelled) {
		(void)err_set_errno(&cancelled, ECANCELED, "cancelled");
		err = &cancelled;
	}
	if (task->kind == TASK_CALL && task->transfer) {
		response.body = buf_str(&task->transfer->body);
		response.len = task->transfer->body.len;
		response.cut = task->transfer->cut;
	}
	task->done(task->ctx, has_response(task, err) ? &response : NULL, err);
	task_free(task);
}

struct task *task_list_find(const struct task_list *list, api_id id)
{
	struct task *task;

	TAILQ_FOREACH (task, list, link)
		if (task->id == id)
			return task;
	return NULL;
}
