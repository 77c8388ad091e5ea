/*
 * How a phase ends where tasks failed: a failed Block task makes it Failed, otherwise it is Warning.
 * Which of them a task is was decided when its Job was created, and the Job carries it. Only where
 * no Job is left to say it, is it decided anew.
 */
#include "promotion/planning.h"

#include "base/str.h"
#include "promotion/plan_omit.h"

static void add_failure(struct plan_end *end, struct view_decision decision)
{
	enum view_state state = decision.on_failure == ON_FAILURE_WARN ? VIEW_WARNING : VIEW_FAILED;

	if (end->state == VIEW_FAILED || end->state == state)
		return;
	*end = (struct plan_end){state, decision};
}

/* A task whose Job, if it had one, has this name. */
static struct view_decision decision_of(const struct view *view, const struct view_version *v,
	const char *task, const char *job_name)
{
	const struct view_job *job = view_named(view, v, job_name);

	if (!job || job->on_failure == ON_FAILURE_UNSET || OMITTED(OMIT_CARRIED))
		return view_decision(view, task);
	return (struct view_decision){task,
		job->on_failure == ON_FAILURE_CHOOSE_WARN ? ON_FAILURE_WARN : ON_FAILURE_BLOCK,
		job->decided_by};
}

static bool has_failed(const struct view_item *item)
{
	return item->state != VIEW_PROGRESSING && item->state != VIEW_SUCCEEDED;
}

static bool has_own_task(const struct view_version *v, const char *task)
{
	for (size_t i = 0; i < v->ntasks; i++)
		if (v->tasks[i].kind == VIEW_OWN && str_eq(v->tasks[i].name, task))
			return true;
	return false;
}

/* Rule 15: it never ran, and an attempt was committed since without it. */
static bool is_outdated(const struct view_version *v, const struct view_item *item)
{
	return item->attempt < view_attempt(v) && !has_own_task(v, item->task) &&
	       (!*item->job || OMITTED(OMIT_FORMER));
}

/* An item that was recorded before, so that nothing need have brought its Job into the view. */
static bool is_known(const struct view *view, const struct view_version *v, const char *job)
{
	return !*job || view_named(view, v, job) || view_gone(view, job);
}

bool plan_find_end(
	struct planning *p, const struct view_version *v, size_t first, struct plan_end *ret)
{
	bool known = true;

	*ret = (struct plan_end){.state = VIEW_SUCCEEDED};
	for (size_t i = 0; i < v->nitems; i++) {
		const struct view_item *item = &v->items[i];

		if (!has_failed(item) || is_outdated(v, item))
			continue;
		add_failure(ret, decision_of(p->view, v, item->task, item->job));
		if (is_known(p->view, v, item->job) || OMITTED(OMIT_CARRIED_LOOK))
			continue;
		plan_look(p, v, item);
		known = false;
	}
	for (size_t i = first; i < p->to->nchanges; i++) {
		const struct plan_change *c = &p->to->changes[i];

		if (c->state != VIEW_SUCCEEDED)
			add_failure(ret, decision_of(p->view, v, c->task, c->job));
	}
	return known;
}

void plan_record_end(struct planning *p, const struct view_version *v, size_t first,
	enum plan_reason reason, const struct plan_end *end)
{
	struct plan_action *a = plan_add_patch(p->to, PLAN_RECORD, v, first, end->state);

	a->reason = reason;
	a->decision = end->decision;
}

void plan_give_up(
	struct planning *p, const struct view_version *v, size_t first, enum plan_reason reason)
{
	struct plan_end end = {.state = VIEW_SUCCEEDED};

	for (size_t i = 0; i < v->ntasks; i++)
		add_failure(&end, view_decision(p->view, v->tasks[i].name));
	plan_record_end(p, v, first, reason, &end);
}
