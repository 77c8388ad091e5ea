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
	*e = (struct engine){.multi = NULL};
	turns_init(&e->waiting, most_calls);
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
	turns_release(&e->waiting);
	(void)curl_multi_cleanup(e->multi);
	e->multi = NULL;
	endpoint_release(&e->endpoint);
}

bool engine_empty(const struct engine *e)
{
	return !turns_after(&e->waiting, NULL) && TAILQ_EMPTY(&e->running) &&
	       TAILQ_EMPTY(&e->timers);
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
	if (task_take->kind == TASK_TIMER)
		add_timer(e, task_take);
	else
		turns_add(&e->waiting, task_take);
}

static struct task *find_waiting(const struct engine *e, api_id id)
{
	struct task *task = NULL;

	while ((task = turns_after(&e->waiting, task)))
		if (task->id == id)
			return task;
	return NULL;
}

void engine_cancel(struct engine *e, api_id id)
{
	struct task *task = task_list_find(&e->running, id);

	if (!task)
		task = find_waiting(e, id);
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
	struct task *task = NULL;

	while ((task = turns_after(&e->waiting, task)))
		task->cancelled = true;
	cancel_list(&e->running);
	cancel_list(&e->timers);
}

/* Before its easy handle may be freed. */
static void stop_running(struct engine *e, struct task *task)
{
	TAILQ_REMOVE(&e->running, task, link);
	turns_end(&e->waiting, task);
	if (task->kind == TASK_WATCH)
		e->watches--;
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

static struct task *first_cancelled_waiting(const struct engine *e)
{
	struct task *task = NULL;

	while ((task = turns_after(&e->waiting, task)) && !task->cancelled)
		;
	return task;
}

static void end_cancelled(struct engine *e)
{
	struct task *task;

	while ((task = first_cancelled_waiting(e))) {
		turns_remove(&e->waiting, task);
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
	else
		return false;
	(void)err_wrap(err, "%s %s%.*s", task->request.method, e->endpoint.server,
		(int)strcspn(task->request.path, "?"), task->request.path);
	return true;
}

static void end_hopeless(struct engine *e, int64_t now_ms)
{
	struct task *task = NULL;

	/* A callback may change what waits: begin again after each. */
	while ((task = turns_after(&e->waiting, task))) {
		struct err err = ERR_INIT;

		if (!is_hopeless(e, task, now_ms, &err))
			continue;
		turns_remove(&e->waiting, task);
		count(task, 0, &err);
		task_end(task, 0, &err);
		task = NULL;
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
	return 0;
}

static void begin_waiting(struct engine *e, int64_t now_ms)
{
	struct task *task;

	while ((task = turns_next(&e->waiting, now_ms))) {
		struct err err = ERR_INIT;

		turns_begin(&e->waiting, task);
		if (!task->cancelled && begin(e, task, now_ms, &err) == 0)
			continue;
		turns_end(&e->waiting, task);
		count(task, 0, &err);
		task_end(task, 0, &err);
	}
}

/* Waits again, as if it had not been sent. */
static void send_again(struct engine *e, struct task *task)
{
	transfer_free(STEAL(task->transfer));
	turns_add_again(&e->waiting, task);
}

static bool is_throttled_again(struct task *task, int64_t now_ms, struct err *err)
{
	if (!err->retry_after_ms)
		err->retry_after_ms = THROTTLED_MS;
	task->not_before_ms = now_ms + err->retry_after_ms;
	return task->kind == TASK_CALL && task->throttled++ < API_THROTTLED_TRIES &&
	       task->not_before_ms < task->due_ms;
}

static bool is_worth_again(struct engine *e, struct task *task, int64_t now_ms, struct err *err)
{
	if (err->http_status == 429)
		return is_throttled_again(task, now_ms, err);
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
			send_again(e, task);
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
	begin_waiting(e, now_ms);
	(void)curl_multi_perform(e->multi, &running);
	collect(e, now_ms);
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

int engine_wait_ms(const struct engine *e, int64_t now_ms)
{
	const struct task *timer = TAILQ_FIRST(&e->timers), *task = NULL;
	int64_t until_ms = now_ms + LONGEST_WAIT_MS;

	/* A finished task has made room for another, or waits again. */
	if (turns_next(&e->waiting, now_ms))
		return 0;
	if (timer)
		until_ms = earlier(until_ms, timer->due_ms);
	while ((task = turns_after(&e->waiting, task))) {
		until_ms = earlier(until_ms, task->due_ms);
		if (task->not_before_ms > now_ms)
			until_ms = earlier(until_ms, task->not_before_ms);
	}
	return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}
