#include "client/api.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"
#include "client/engine.h"
#include "run/clock.h"
#include "run/lock.h"
#include "run/thread.h"

struct api {
	struct engine engine; /* the client's thread alone, between api_new() and the join */
	char *user_agent;
	struct thread *thread;
	atomic_uint_fast64_t last_id;

	struct lock lock; /* guards what follows */
	struct task_list inbox; /* started by other threads and by callbacks */
	bool stopping;
};

/* The client that this thread belongs to. */
static _Thread_local struct api *here;

static void take_inbox(struct api *api)
{
	struct task_list taken = TAILQ_HEAD_INITIALIZER(taken);
	struct task *task;

	lock_lock(&api->lock);
	TAILQ_CONCAT(&taken, &api->inbox, link);
	lock_unlock(&api->lock);
	while ((task = TAILQ_FIRST(&taken))) {
		TAILQ_REMOVE(&taken, task, link);
		if (task->kind == TASK_CANCEL) {
			engine_cancel(&api->engine, task->id);
			task_free(task);
		} else {
			engine_add(&api->engine, task);
		}
	}
}

static bool is_stopping(struct api *api)
{
	LOCK_SCOPE(&api->lock);
	return api->stopping;
}

static void run(void *ctx)
{
	struct api *api = ctx;

	here = api;
	for (;;) {
		bool stopping = is_stopping(api);

		take_inbox(api);
		if (stopping && engine_empty(&api->engine))
			return;
		if (stopping)
			engine_cancel_all(&api->engine);
		engine_turn(&api->engine, clock_mono_ms());
		(void)curl_multi_poll(api->engine.multi, NULL, 0,
			stopping ? 0 : engine_wait_ms(&api->engine, clock_mono_ms()), NULL);
	}
}

static void start_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		abort();
}

int api_new(const struct credentials *credentials, const struct api_options *options,
	struct api **ret, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned calls = options->calls ? options->calls : LIMIT_API_CALLS;
	struct api *api = xcalloc(1, sizeof(*api));

	(void)pthread_once(&once, start_curl);
	lock_init(&api->lock);
	TAILQ_INIT(&api->inbox);
	assert(calls <= LIMIT_API_CALLS_MOST);
	if (engine_init(&api->engine, credentials, calls, err) < 0)
		goto fail;
	api->user_agent = xstrdup(options->user_agent);
	if (thread_start("api-client", run, api, &api->thread, err) < 0) {
		engine_release(&api->engine);
		goto fail;
	}
	*ret = api;
	return 0;
fail:
	lock_destroy(&api->lock);
	free(api->user_agent);
	free(api);
	return err_wrap(err, "starting a client of %s", credentials->server);
}

void api_free(struct api *api)
{
	if (!api)
		return;
	assert(here != api);
	lock_lock(&api->lock);
	api->stopping = true;
	lock_unlock(&api->lock);
	(void)curl_multi_wakeup(api->engine.multi);
	thread_join(api->thread);
	engine_release(&api->engine);
	lock_destroy(&api->lock);
	free(api->user_agent);
	free(api);
}

static void post(struct api *api, struct task *task)
{
	lock_lock(&api->lock);
	TAILQ_INSERT_TAIL(&api->inbox, task, link);
	lock_unlock(&api->lock);
	(void)curl_multi_wakeup(api->engine.multi);
}

static struct task *new_task(
	struct api *api, enum task_kind kind, unsigned ms, api_done_fn *done, void *ctx)
{
	return task_new(kind, atomic_fetch_add(&api->last_id, 1) + 1, done, ctx,
		clock_mono_ms() + (int64_t)ms);
}

/* The id is taken first: once posted, the task may be over and freed at any moment. */
static api_id start(struct api *api, struct task *task)
{
	api_id id = task->id;

	post(api, task);
	return id;
}

api_id api_call(struct api *api, const struct api_request *request, api_done_fn *done, void *ctx)
{
	unsigned ms = request->timeout_ms ? request->timeout_ms : LIMIT_API_CALL_MS;
	struct task *task = new_task(api, TASK_CALL, ms, done, ctx);

	task_set_request(task, request, api->user_agent);
	return start(api, task);
}

api_id api_watch(struct api *api, const struct api_request *request, api_line_fn *line,
	api_done_fn *done, void *ctx)
{
	unsigned ms = request->timeout_ms ? request->timeout_ms : LIMIT_API_WATCH_MS;
	struct task *task = new_task(api, TASK_WATCH, ms, done, ctx);

	task->line = line;
	task_set_request(task, request, api->user_agent);
	return start(api, task);
}

api_id api_timer(struct api *api, unsigned delay_ms, api_done_fn *done, void *ctx)
{
	return start(api, new_task(api, TASK_TIMER, delay_ms, done, ctx));
}

void api_cancel(struct api *api, api_id id)
{
	if (here != api) {
		post(api, task_new(TASK_CANCEL, id, NULL, NULL, 0));
		return;
	}
	take_inbox(api);
	engine_cancel(&api->engine, id);
	(void)curl_multi_wakeup(api->engine.multi);
}

bool api_cancelled(const struct err *err)
{
	return err && err->os_errno == ECANCELED;
}
