#include "client/turns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"

struct flow {
	char *key;
	struct task_list tasks; /* waiting */
	unsigned waiting, running;
	TAILQ_ENTRY(flow) link;
};

void turns_init(struct turns *t, unsigned most_calls)
{
	*t = (struct turns){.most = most_calls};
	TAILQ_INIT(&t->direct);
	TAILQ_INIT(&t->flows);
}

void turns_release(struct turns *t)
{
	assert(TAILQ_EMPTY(&t->direct) && TAILQ_EMPTY(&t->flows));
}

static struct flow *find_flow(const struct turns *t, const char *key)
{
	struct flow *f;

	TAILQ_FOREACH (f, &t->flows, link)
		if (str_eq(f->key, key))
			return f;
	return NULL;
}

/* Behind the flows that wait already. */
static struct flow *new_flow(struct turns *t, const char *key)
{
	struct flow *f = xcalloc(1, sizeof(*f));

	f->key = xstrdup(key);
	TAILQ_INIT(&f->tasks);
	TAILQ_INSERT_TAIL(&t->flows, f, link);
	return f;
}

static void forget_if_idle(struct turns *t, struct flow *f)
{
	if (f->waiting || f->running)
		return;
	TAILQ_REMOVE(&t->flows, f, link);
	free(f->key);
	free(f);
}

static bool is_direct(const struct task *task)
{
	return task->kind == TASK_WATCH || task->urgent;
}

/* Joins its flow as a waiting call. */
static struct flow *join(struct turns *t, struct task *task)
{
	struct flow *f = find_flow(t, task->fair_key);

	if (!f)
		f = new_flow(t, task->fair_key);
	task->flow = f;
	f->waiting++;
	t->waiting++;
	return f;
}

static void unlink_waiting(struct turns *t, struct task *task)
{
	if (!task->flow) {
		TAILQ_REMOVE(&t->direct, task, link);
		return;
	}
	TAILQ_REMOVE(&task->flow->tasks, task, link);
	task->flow->waiting--;
	t->waiting--;
}

static void leave(struct turns *t, struct task *task)
{
	if (task->flow)
		forget_if_idle(t, task->flow);
	task->flow = NULL;
}

void turns_remove(struct turns *t, struct task *task)
{
	unlink_waiting(t, task);
	leave(t, task);
}

static void refuse_one(struct turns *t)
{
	struct flow *longest = TAILQ_FIRST(&t->flows), *f;
	struct task *task;

	TAILQ_FOREACH (f, &t->flows, link)
		if (f->waiting > longest->waiting)
			longest = f;
	task = TAILQ_LAST(&longest->tasks, task_list);
	turns_remove(t, task);
	task->refused = true;
	TAILQ_INSERT_HEAD(&t->direct, task, link);
}

void turns_add(struct turns *t, struct task *task)
{
	struct flow *f;

	if (is_direct(task)) {
		TAILQ_INSERT_TAIL(&t->direct, task, link);
		return;
	}
	f = join(t, task);
	TAILQ_INSERT_TAIL(&f->tasks, task, link);
	if (t->waiting > LIMIT_API_QUEUE)
		refuse_one(t);
}

void turns_add_again(struct turns *t, struct task *task)
{
	struct flow *f;

	if (is_direct(task)) {
		TAILQ_INSERT_TAIL(&t->direct, task, link);
		return;
	}
	f = join(t, task);
	TAILQ_INSERT_HEAD(&f->tasks, task, link);
}

static bool is_alike(const struct task *a, const struct task *b)
{
	return a->collection_len == b->collection_len && str_eq(a->method, b->method) &&
	       memcmp(a->path, b->path, a->collection_len) == 0;
}

static bool is_held(const struct flow *f, const struct task *task, int64_t now_ms)
{
	const struct task *before;

	TAILQ_FOREACH (before, &f->tasks, link) {
		if (before->not_before_ms > now_ms && is_alike(before, task))
			return true;
		if (before == task)
			return false;
	}
	return false;
}

static struct task *next_of(const struct flow *f, int64_t now_ms)
{
	struct task *task;

	TAILQ_FOREACH (task, &f->tasks, link)
		if (!is_held(f, task, now_ms))
			return task;
	return NULL;
}

struct task *turns_next(const struct turns *t, int64_t now_ms)
{
	unsigned room = t->most - t->running;
	struct task *task;
	struct flow *f;

	TAILQ_FOREACH (task, &t->direct, link)
		if (!task->refused && task->not_before_ms <= now_ms)
			return task;
	TAILQ_FOREACH (f, &t->flows, link)
		if (f->running < TURNS_SHARE * room && (task = next_of(f, now_ms)))
			return task;
	return NULL;
}

void turns_begin(struct turns *t, struct task *task)
{
	unlink_waiting(t, task);
	if (!task->flow)
		return;
	task->flow->running++;
	t->running++;
	TAILQ_REMOVE(&t->flows, task->flow, link);
	TAILQ_INSERT_TAIL(&t->flows, task->flow, link);
}

void turns_end(struct turns *t, struct task *task)
{
	if (!task->flow)
		return;
	task->flow->running--;
	t->running--;
	leave(t, task);
}

static struct task *first_from(const struct flow *f)
{
	for (; f; f = TAILQ_NEXT(f, link))
		if (!TAILQ_EMPTY(&f->tasks))
			return TAILQ_FIRST(&f->tasks);
	return NULL;
}

struct task *turns_after(const struct turns *t, const struct task *task)
{
	struct task *next = task ? TAILQ_NEXT(task, link) : TAILQ_FIRST(&t->direct);

	if (next)
		return next;
	return first_from(
		task && task->flow ? TAILQ_NEXT(task->flow, link) : TAILQ_FIRST(&t->flows));
}
