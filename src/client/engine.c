#include "client/engine.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "run/metrics.h"

METRIC_COUNTER(calls_total, "promogate_api_calls_total",
	"Requests to the API server, by verb (the method, or WATCH) and HTTP status, or the reason why "
	"there is none.",
	"verb", "code");

/* For a 429 without Retry-After: what kube-apiserver's flow control asks. */
enum { THROTTLED_MS = 1000 };
/* Events come sooner; an extra iteration costs nothing. */
enum { LONGEST_WAIT_MS = 60 * 1000 };

int engine_init(struct engine *e, const struct credentials *credentials, unsigned most_calls,
	struct err *err)
{
	*e = (struct engine){.gate_ms = INT64_MIN, .most_calls = most_calls};
	TAILQ_INIT(&e->queued);
	TAILQ_INIT(&e->running);
	TAILQ_INIT(&e->timers);
	if (endpoint_init(&e->endpoint, credentials, err) < 0)
		return -1;
	e->multi = curl_multi_init();
	if (!e->multi || curl_multi_setopt(e->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) ||
		curl_multi_setopt(
			e->multi, CURLMOPT_MAXCONNECTS, (long)most_calls + LIMIT_API_WATCHES)) {
		engine_release(e);
		return err_set(err, ERR_INTERNAL, "libcurl failed to start");
	}
	return 0;
}

void engine_release(struct engine *e)
{
	assert(engine_empty(e));
	(void)curl_multi_cleanup(e->multi);
	e->multi = NULL;
	endpoint_release(&e->endpoint);
}

bool engine_empty(const struct engine *e)
{
	return TAILQ_EMPTY(&e->queued) && TAILQ_EMPTY(&e->running) && TAILQ_EMPTY(&e->timers);
}

static void add_timer(struct engine *e, struct task *task)
{
	struct task *before;

	TAILQ_FOREACH_REVERSE (before, &e->timers, task_list, link)
		if (before->due_ms <= task->due_ms)
			break;
	if (before)
		TAILQ_INSERT_AFTER(&e->timers, before, task, link);
	else
		TAILQ_INSERT_HEAD(&e->timers, task, link);
}

void engine_add(struct engine *e, struct task *task_take)
{
	assert(task_take->kind != TASK_CANCEL);
	if (task_take->kind == TASK_TIMER) {
		add_timer(e, task_take);
		return;
	}
	e->queue_len++;
	if (task_take->urgent) {
		TAILQ_INSERT_HEAD(&e->queued, task_take, link);
		return;
	}
	task_take->refused = e->queue_len > LIMIT_API_QUEUE;
	TAILQ_INSERT_TAIL(&e->queued, task_take, link);
}

void engine_cancel(struct engine *e, api_id id)
{
	struct task *task = task_list_find(&e->running, id);

	if (!task)
		task = task_list_find(&e->queued, id);
	if (!task)
		task = task_list_find(&e->timers, id);
	if (task)
		task->cancelled = true;
}

static void cancel_list(struct task_list *list)
{
	struct task *task;

	TAILQ_FOREACH (task, list, link)
		task->cancelled = true;
}

void engine_cancel_all(struct engine *e)
{
	cancel_list(&e->queued);
	cancel_list(&e->running);
	cancel_list(&e->timers);
}

static void unqueue(struct engine *e, struct task *task)
{
	TAILQ_REMOVE(&e->queued, task, link);
	e->queue_len--;
}

/* Before its easy handle may be freed. */
static void stop_running(struct engine *e, struct task *task)
{
	TAILQ_REMOVE(&e->running, task, link);
	if (task->kind == TASK_WATCH)
		e->watches--;
	else
		e->calls--;
	(void)curl_multi_remove_handle(e->multi, task->transfer->easy);
}

static struct task *first_cancelled(const struct task_list *list)
{
	struct task *task;

	TAILQ_FOREACH (task, list, link)
		if (task->cancelled)
			return task;
	return NULL;
}

static void end_cancelled(struct engine *e)
{
	struct task *task;

	while ((task = first_cancelled(&e->queued))) {
		unqueue(e, task);
		task_end(task, 0, NULL);
	}
	while ((task = first_cancelled(&e->running))) {
		stop_running(e, task);
		task_end(task, 0, NULL);
	}
	while ((task = first_cancelled(&e->timers))) {
		TAILQ_REMOVE(&e->timers, task, link);
		task_end(task, 0, NULL);
	}
}

static void fire_timers(struct engine *e, int64_t now_ms)
{
	struct task *task;

	while ((task = TAILQ_FIRST(&e->timers)) && task->due_ms <= now_ms) {
		TAILQ_REMOVE(&e->timers, task, link);
		task_end(task, 0, NULL);
	}
}

/* Each request that was sent, resent or could not be sent, except cancelled ones. */
static void count(const struct task *task, int status, const struct err *err)
{
	const char *verb = task->kind == TASK_WATCH ? "WATCH" : task->request.method;
	char code[16];

	if (task->cancelled)
		return;
	if (err && !err->http_status)
		(void)snprintf(code, sizeof(code), "%s", err_kind_name(err->kind));
	else
		(void)snprintf(code, sizeof(code), "%d", err ? err->http_status : status);
	metric_add(metric_at(&calls_total, verb, code), 1);
}

/* Whether to stop waiting, and why. */
static bool is_hopeless(
	const struct engine *e, const struct task *task, int64_t now_ms, struct err *err)
{
	if (task->refused)
		(void)err_set(err, ERR_THROTTLED, "%d calls are waiting already", LIMIT_API_QUEUE);
	else if (task->due_ms <= now_ms)
		(void)err_set(err, ERR_TIMEOUT, "timed out waiting for a free connection");
	else if (e->gate_ms > now_ms && e->gate_ms >= task->due_ms)
		(void)err_set(
			err, ERR_THROTTLED, "the API server asked to wait longer than the timeout");
	else
		return false;
	if (e->gate_ms > now_ms)
		err->retry_after_ms = (unsigned)(e->gate_ms - now_ms);
	(void)err_wrap(err, "%s %s%.*s", task->request.method, e->endpoint.server,
		(int)strcspn(task->request.path, "?"), task->request.path);
	return true;
}

static void end_hopeless(struct engine *e, int64_t now_ms)
{
	struct task *task = TAILQ_FIRST(&e->queued);

	while (task) {
		struct err err = ERR_INIT;

		if (!is_hopeless(e, task, now_ms, &err)) {
			task = TAILQ_NEXT(task, link);
			continue;
		}
		unqueue(e, task);
		count(task, 0, &err);
		task_end(task, 0, &err);
		task = TAILQ_FIRST(&e->queued);
	}
}

static int begin(struct engine *e, struct task *task, int64_t now_ms, struct err *err)
{
	const char *token = NULL;

	if (task->kind == TASK_WATCH && e->watches >= LIMIT_API_WATCHES)
		return err_set(err, ERR_TOO_LARGE, "over %d watches", LIMIT_API_WATCHES);
	if (token_get(&e->endpoint.token, now_ms, &token, err) < 0 ||
		transfer_new(&e->endpoint, &task->request, token, (long)(task->due_ms - now_ms),
			&task->transfer, err) < 0)
		return -1;
	if (curl_easy_setopt(task->transfer->easy, CURLOPT_PRIVATE, task) ||
		curl_multi_add_handle(e->multi, task->transfer->easy))
		return err_set(err, ERR_INTERNAL, "libcurl rejected the call");
	TAILQ_INSERT_TAIL(&e->running, task, link);
	if (task->kind == TASK_WATCH)
		e->watches++;
	else
		e->calls++;
	return 0;
}

static struct task *first_to_begin(const struct engine *e)
{
	struct task *task;

	TAILQ_FOREACH (task, &e->queued, link)
		if (task->kind == TASK_WATCH || task->urgent || e->calls < e->most_calls)
			return task;
	return NULL;
}

static void begin_queued(struct engine *e, int64_t now_ms)
{
	struct task *task;

	while (e->gate_ms <= now_ms && (task = first_to_begin(e))) {
		struct err err = ERR_INIT;

		unqueue(e, task);
		if (!task->cancelled && begin(e, task, now_ms, &err) == 0)
			continue;
		count(task, 0, &err);
		task_end(task, 0, &err);
	}
}

/* Back to the head of the queue, as if it had not been sent. */
static void requeue(struct engine *e, struct task *task)
{
	transfer_free(STEAL(task->transfer));
	TAILQ_INSERT_HEAD(&e->queued, task, link);
	e->queue_len++;
}

static bool is_worth_again(struct engine *e, struct task *task, int64_t now_ms, struct err *err)
{
	if (err->http_status == 429) {
		int64_t gate_ms;

		if (!err->retry_after_ms)
			err->retry_after_ms = THROTTLED_MS;
		gate_ms = now_ms + err->retry_after_ms;
		if (gate_ms > e->gate_ms)
			e->gate_ms = gate_ms;
		return task->kind == TASK_CALL && task->throttled++ < API_THROTTLED_TRIES &&
		       e->gate_ms < task->due_ms;
	}
	if (err->http_status != 401 || task->token_reread || task->due_ms <= now_ms)
		return false;
	task->token_reread = true;
	return token_refused(&e->endpoint.token, now_ms);
}

static void collect(struct engine *e, int64_t now_ms)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(e->multi, &left))) {
		struct err err = ERR_INIT;
		CURLcode code = msg->data.result;
		char *private = NULL;
		struct task *task;
		int status = 0, ret;

		if (msg->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		task = (struct task *)(void *)private;
		assert(task && task->transfer->easy == msg->easy_handle);
		stop_running(e, task);
		ret = transfer_result(task->transfer, code, &status, &err);
		count(task, status, ret < 0 ? &err : NULL);
		if (ret < 0 && !task->cancelled && is_worth_again(e, task, now_ms, &err))
			requeue(e, task);
		else
			task_end(task, status, ret < 0 ? &err : NULL);
	}
}

void engine_turn(struct engine *e, int64_t now_ms)
{
	int running;

	end_cancelled(e);
	fire_timers(e, now_ms);
	end_hopeless(e, now_ms);
	begin_queued(e, now_ms);
	(void)curl_multi_perform(e->multi, &running);
	collect(e, now_ms);
}

int engine_wait_ms(const struct engine *e, int64_t now_ms)
{
	const struct task *timer = TAILQ_FIRST(&e->timers);
	int64_t until_ms = now_ms + LONGEST_WAIT_MS;
	const struct task *task;

	/* A finished task has made room for a queued one, or is queued again. */
	if (e->gate_ms <= now_ms && first_to_begin(e))
		return 0;
	if (timer && timer->due_ms < until_ms)
		until_ms = timer->due_ms;
	TAILQ_FOREACH (task, &e->queued, link)
		if (task->due_ms < until_ms)
			until_ms = task->due_ms;
	if (!TAILQ_EMPTY(&e->queued) && e->gate_ms > now_ms && e->gate_ms < until_ms)
		until_ms = e->gate_ms;
	return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}
