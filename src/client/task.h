/*
 * task - a call, a watch or a timer from its start to its end: as client/api.c tracks it. The
 * caller's thread makes it; from then on it belongs to the client's thread.
 */
#ifndef PROMOGATE_CLIENT_TASK_H
#define PROMOGATE_CLIENT_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "client/api.h"
#include "client/transfer.h"

enum task_kind {
	TASK_CALL,
	TASK_WATCH,
	TASK_TIMER,
	TASK_CANCEL, /* not a task: asks to cancel one */
};

struct flow;

struct task {
	enum task_kind kind;
	api_id id; /* of a TASK_CANCEL: the other's */
	bool cancelled;
	api_done_fn *done;
	api_line_fn *line;
	void *ctx;
	int64_t due_ms; /* when a timer fires, and the others time out */
	int throttled; /* how often it was throttled */
	bool token_reread; /* at most once */
	bool refused; /* the queue is full */
	bool urgent;
	int64_t not_before_ms; /* after it was throttled: when to send it again */
	size_t collection_len; /* of path: up to the kind, without a name or a query */
	struct flow *flow; /* of a call that waits or runs (client/turns.h); NULL: none */
	char *method, *path, *body, *content_type, *fair_key;
	struct transfer_request request; /* points to these */
	struct transfer *transfer; /* NULL: not running */
	TAILQ_ENTRY(task) link;
};

TAILQ_HEAD(task_list, task);

struct task *task_new(enum task_kind kind, api_id id, api_done_fn *done, void *ctx, int64_t due_ms);
/* Copies the request, with the defaults of its kind. user_agent is borrowed. */
void task_set_request(struct task *task, const struct api_request *request, const char *user_agent);
void task_free(struct task *task);

/* Calls done, once, and frees the task. err NULL: success, unless it was cancelled. */
void task_end(struct task *task, int status, const struct err *err);

/* The one of this id, or NULL. */
struct task *task_list_find(const struct task_list *list, api_id id);

#endif
