#include "reconciler/execute.h"

#include <stdlib.h>

#include "kube/names.h"
#include "reconciler/execute_internal.h"

/* Calls of one plan that are in flight together. */
enum { WINDOW = 32 };

static void go_on(struct execution *run);

const struct appversion *step_version(const struct step *step)
{
	return snapshot_version(step->run->snapshot, step->action->version);
}

static void note(struct execution *run, const struct err *err)
{
	if (run->err.kind == ERR_NONE)
		run->err = *err;
}

static void drop(struct execution *run, const struct err *err)
{
	note(run, err);
	run->dropped = true;
}

void step_over(struct step *step)
{
	struct execution *run = step->run;

	free(step);
	run->in_flight--;
	go_on(run);
}

/* --- outcomes --------------------------------------------------------------------------------- */

/* A Job can't be made for this task for now. */
static void refuse_task(struct step *step, const struct err *err)
{
	const struct plan_action *a = step->action;

	struct app *app = step->run->app;

	step->run->again = true;
	/* One that has changed meanwhile is another question. */
	if (step->run->round != cache_round(step->run->x->cache))
		return;
	strmap_put(&app->refused, a->task, refusal_text(err, a->name.text, a->task));
	app->refused_until_ms = env_mono_ms(step->run->x->env) + REFUSED_FOR_MS;
}

static void create_failed(struct step *step, const struct err *err)
{
	struct execution *run = step->run;

	bool invalid = err->kind == ERR_INVALID || err->kind == ERR_TOO_LARGE;

	if (invalid && step->action->kind == PLAN_CREATE_JOB)
		refuse_task(step, err);
	if (err->kind != ERR_IO && err->kind != ERR_TIMEOUT && err->kind != ERR_THROTTLED)
		reports_refused(run->x->reports, run->app, run->snapshot, step->action, err);
}

static void job_is_gone(struct step *step)
{
	strmap_put(&step->run->app->gone, step->action->item->job, NULL);
	step->run->again = true;
}

/* By admission, a quota or a right that is missing: it would be the same at once again. */
static bool is_refusal(const struct err *err)
{
	return err->kind == ERR_FORBIDDEN || err->kind == ERR_INVALID || err->kind == ERR_QUOTA;
}

static bool is_change_of_job(enum plan_kind kind)
{
	return kind == PLAN_UNSUSPEND || kind == PLAN_SET_TTL || kind == PLAN_DELETE;
}

void step_failed(struct step *step, const struct err *err)
{
	struct execution *run = step->run;

	if (step->action->kind == PLAN_GET_JOB && err->kind == ERR_NOT_FOUND) {
		job_is_gone(step);
		return;
	}
	if (step->action->kind == PLAN_CREATE_JOB || step->action->kind == PLAN_CREATE_CODE)
		create_failed(step, err);
	else if (is_refusal(err))
		reports_failed(run->x->reports, run->app, run->snapshot, step->action, err);
	/* What is refused to one Job for good must not hold up the rest for ever. */
	if (is_refusal(err) && is_change_of_job(step->action->kind))
		note(run, err);
	else
		drop(run, err);
}

void step_code_is_there(struct step *step)
{
	strmap_put(&step->run->app->with_code, step->action->job->name, NULL);
	step->run->again = true;
}

static void await(uint64_t *awaited, const struct api_response *response)
{
	uint64_t version = response_resource_version(response);

	if (version > *awaited)
		*awaited = version;
}

static void forget_gone(struct execution *run, const struct plan_action *a)
{
	for (size_t i = a->first; i < a->first + a->count; i++)
		(void)strmap_remove(&run->app->gone, run->plan.changes[i].job);
}

static void succeeded(struct step *step, const struct api_response *response)
{
	struct execution *run = step->run;

	switch (step->action->kind) {
	case PLAN_CREATE_JOB:
	case PLAN_UNSUSPEND:
	case PLAN_SET_TTL:
		await(&run->app->awaited_job, response);
		break;
	case PLAN_RECORD:
		forget_gone(run, step->action);
		await(&run->app->awaited_version, response);
		break;
	case PLAN_COMMIT:
	case PLAN_DEPRECATE:
	case PLAN_SUPERSEDE:
		await(&run->app->awaited_version, response);
		break;
	case PLAN_CREATE_CODE:
		step_code_is_there(step);
		break;
	case PLAN_GET_JOB:
	case PLAN_DELETE:
	case PLAN_REPORT:
		break;
	}
	reports_done(run->x->reports, run->app, run->snapshot, &run->plan, step->action);
}

void step_done(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;

	if (err)
		step_failed(step, err);
	else
		succeeded(step, response);
	step_over(step);
}

static void adopted(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;

	(void)response;
	if (err)
		drop(step->run, err);
	step_over(step);
}

/* A live Job that the view does not have: it lags, or a person took away what shows it is ours. */
static void looked(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	const struct appversion *v = step_version(step);

	if (err || !response_is_stray(response, v->view.uid)) {
		step_done(step, response, err);
		return;
	}
	kube_request_adopt(&request, v, step->action->item->job);
	step_send(step, &request, adopted);
}

/* --- actions ---------------------------------------------------------------------------------- */

void step_send(struct step *step, const struct kube_request *request, api_done_fn *done)
{
	kube_request_send(step->run->x->env, request, done, step);
}

static void patch_status(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	kube_request_status_patch(&request, step_version(step),
		a->kind == PLAN_DEPRECATE ? VIEW_DEPRECATED : a->promotion,
		a->count ? step->run->plan.changes + a->first : NULL, a->count,
		env_wall_ms(step->run->x->env));
	step_send(step, &request, step_done);
}

static void supersede(struct step *step)
{
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	kube_request_supersede(&request, step_version(step), step->action->other->name);
	step_send(step, &request, step_done);
}

static void change_job(struct step *step)
{
	const struct execution *run = step->run;
	const struct plan_action *a = step->action;
	const struct promotion_job *job = snapshot_job(run->snapshot, a->job);
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	if (a->kind == PLAN_UNSUSPEND)
		kube_request_unsuspend(&request, job);
	else if (a->kind == PLAN_SET_TTL)
		kube_request_set_ttl(&request, job, run->snapshot->on_failure);
	else
		kube_request_delete(&request, job);
	step_send(step, &request, step_done);
}

/* An item that names what can be no Job's name was written by hand: there is none. */
static bool look(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	if (!name_is_subdomain(a->item->job)) {
		job_is_gone(step);
		return false;
	}
	request.url = url_of_jobs(step_version(step)->namespace, a->item->job);
	step_send(step, &request, looked);
	return true;
}

static bool create(struct step *step)
{
	struct err err = ERR_INIT;

	if ((step->action->kind == PLAN_CREATE_JOB ? step_create_job(step, &err)
						   : step_create_code(step, &err)) == 0)
		return true;
	step_failed(step, &err);
	return false;
}

/* False if it is over already. */
static bool start(struct step *step)
{
	struct execution *run = step->run;

	switch (step->action->kind) {
	case PLAN_CREATE_JOB:
	case PLAN_CREATE_CODE:
		return create(step);
	case PLAN_DEPRECATE:
	case PLAN_COMMIT:
	case PLAN_RECORD:
		patch_status(step);
		return true;
	case PLAN_SUPERSEDE:
		supersede(step);
		return true;
	case PLAN_UNSUSPEND:
	case PLAN_SET_TTL:
	case PLAN_DELETE:
		change_job(step);
		return true;
	case PLAN_GET_JOB:
		return look(step);
	case PLAN_REPORT:
		break;
	}
	reports_told(run->x->reports, run->app, run->snapshot, step->action);
	return false;
}

/* --- the order -------------------------------------------------------------------------------- */

static void finish(struct execution *run)
{
	struct execution over = *run;

	free(run);
	snapshot_free(over.snapshot);
	plan_release(&over.plan);
	over.done(over.ctx, over.app, over.again, over.err.kind == ERR_NONE ? NULL : &over.err);
}

/* Whether the next action may start beside those in flight, which are all of one kind. */
static bool may_start(const struct execution *run)
{
	const struct plan_action *next;

	if (run->dropped || run->next == run->plan.nactions)
		return false;
	next = &run->plan.actions[run->next];
	return run->in_flight == 0 || (run->in_flight < WINDOW && next[-1].kind == next->kind);
}

static void go_on(struct execution *run)
{
	while (may_start(run)) {
		struct step *step = xcalloc(1, sizeof(*step));

		*step = (struct step){run, &run->plan.actions[run->next++]};
		run->in_flight++;
		if (!start(step)) {
			free(step);
			run->in_flight--;
		}
	}
	if (run->in_flight == 0)
		finish(run);
}

void execute(const struct executor *x, struct app *app, struct snapshot *snapshot_take,
	struct plan *plan_take, execute_done_fn *done, void *ctx)
{
	struct execution *run = xcalloc(1, sizeof(*run));

	*run = (struct execution){.x = x,
		.app = app,
		.snapshot = snapshot_take,
		.plan = *plan_take,
		.round = cache_round(x->cache),
		.done = done,
		.ctx = ctx};
	*plan_take = (struct plan)PLAN_INIT;
	go_on(run);
}
