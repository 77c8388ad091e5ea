#include "reconciler/preparation.h"

#include <stdlib.h>

#include "base/str.h"
#include "kube/names.h"
#include "reconciler/execute.h"

/* Quotas are counted again within seconds; nothing tells when a policy is changed. */
enum { FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 60 * 1000 };

struct preparation {
	struct pacer *pacer;
	pacer_visit_fn *due;
	void *ctx;
};

struct preparation *preparation_new(pacer_visit_fn *due, void *ctx)
{
	struct preparation *p = xcalloc(1, sizeof(*p));

	*p = (struct preparation){pacer_new(), due, ctx};
	return p;
}

void preparation_free(struct preparation *p)
{
	if (!p)
		return;
	pacer_free(p->pacer);
	free(p);
}

void preparation_state_release(struct preparation_state *s)
{
	free(s->version);
}

static void forget(struct preparation_state *s)
{
	free(s->version);
	*s = (struct preparation_state){.version = NULL};
}

/* A newer version does not wait for what an older one met. */
static void remember(struct preparation_state *s, const char *version)
{
	if (s->version && str_eq(s->version, version))
		return;
	forget(s);
	s->version = xstrdup(version);
	s->backoff = s->repeats =
		(struct backoff){.first_ms = FIRST_PAUSE_MS, .cap_ms = LONGEST_PAUSE_MS};
}

int64_t preparation_pause(struct preparation_state *s, int64_t now_ms)
{
	if (now_ms >= s->until_ms)
		s->until_ms = 0;
	return s->until_ms;
}

bool preparation_resume(struct preparation_state *s)
{
	bool paused = s->until_ms > 0;

	s->until_ms = 0;
	return paused;
}

bool preparation_pauses(const struct preparation_state *s, const char *version)
{
	return s->until_ms > 0 && s->refused && str_eq(s->version, version);
}

static void wake(struct preparation *p, const char *key)
{
	CLEANUP(free_p) char *ns = name_namespace(key);

	pacer_ready(p->pacer, ns, p->due, p->ctx);
}

static bool is_create(const struct plan_action *a)
{
	return a->kind == PLAN_CREATE_JOB || a->kind == PLAN_CREATE_CODE;
}

static bool creates_jobs(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nactions; i++)
		if (plan->actions[i].kind == PLAN_CREATE_JOB)
			return true;
	return false;
}

/* It starts nothing now, so it takes no places under the limit either. */
static void hold_creates(struct plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->nactions; i++)
		if (!is_create(&plan->actions[i]))
			plan->actions[kept++] = plan->actions[i];
	plan->start = (struct plan_start){.version = NULL};
	plan->nactions = kept;
}

bool preparation_is_held(const struct preparation *p, const char *key)
{
	CLEANUP(free_p) char *ns = name_namespace(key);

	return !pacer_ask(p->pacer, key, ns);
}

static void begin(struct preparation *p, const struct preparation_state *s, const char *key)
{
	CLEANUP(free_p) char *ns = name_namespace(key);

	if (s->until_ms == 0)
		(void)pacer_begin(p->pacer, key, ns);
}

/* After a refusal plan() creates nothing; where Jobs vanish, their code is still created. */
static void start(
	struct preparation *p, struct preparation_state *s, const char *key, struct plan *plan)
{
	bool creates = creates_jobs(plan);

	remember(s, plan->start.version->name);
	if (creates && s->until_ms > 0) {
		hold_creates(plan);
		pacer_leave(p->pacer, key);
		wake(p, key);
	} else {
		begin(p, s, key);
	}
	s->again = s->created && creates_jobs(plan);
	s->created |= creates_jobs(plan);
}

void preparation_planned(
	struct preparation *p, struct preparation_state *s, const char *key, struct plan *plan)
{
	enum plan_reason waits_for = plan->wait.reason;

	if (plan->start.version) {
		start(p, s, key, plan);
	} else if (waits_for == PLAN_TURN || waits_for == PLAN_CREATE_REFUSED) {
		remember(s, plan->wait.version->name);
		begin(p, s, key);
	} else if (waits_for == PLAN_LIMIT_REACHED) {
		/* Another application of its namespace would wait for the same. */
	} else if (plan->wait.version) {
		pacer_leave(p->pacer, key);
		wake(p, key);
	} else {
		forget(s);
		preparation_leave(p, key);
	}
}

static void pause_for(struct preparation_state *s, bool refused, int64_t until_ms)
{
	s->refused = refused;
	s->until_ms = until_ms;
}

void preparation_ended(struct preparation *p, struct preparation_state *s, const char *key,
	const struct execute_result *result, int64_t now_ms, uint32_t random)
{
	CLEANUP(free_p) char *ns = name_namespace(key);

	if (result->commit == EXECUTE_COMMITTED) {
		pacer_committed(p->pacer, key);
		forget(s);
	} else if (result->create != EXECUTE_NONE_FAILED) {
		pacer_failed(p->pacer, key, ns);
		if (result->create == EXECUTE_REFUSED)
			pause_for(s, true, now_ms + backoff_next(&s->backoff, random));
	} else if (result->err) {
		pacer_leave(p->pacer, key);
	} else {
		if (s->again)
			pause_for(s, false, now_ms + backoff_next(&s->repeats, random));
		s->again = false;
		return;
	}
	s->again = false;
	wake(p, key);
}

void preparation_leave(struct preparation *p, const char *key)
{
	pacer_forget(p->pacer, key);
	wake(p, key);
}
