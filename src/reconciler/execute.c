#include "reconciler/execute.h"

#include <stdlib.h>

#include "base/limits.h"
#include "json/utf8.h"
#include "kube/names.h"
#include "promotion/event_text.h"
#include "reconciler/execute_internal.h"

/* Requests of one plan that are in flight at once. */
enum { WINDOW = 32 };

static void adopted(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;

	if (!err) {
		step_done(step, response, NULL);
		return;
	}
	step_rejected(step, "restore the label and owner of a Job", err);
	execution_drop(step->run, err);
	step_over(step);
}

/*
 * A Job that the view lacks: the view lags, a person has removed the Job's label, or somebody has
 * deleted it and created another one of its name.
 */
static void got_job(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	const struct view_item *item = step->action->item;
	CLEANUP(json_free_p) struct json *job = err ? NULL : response_object(response);
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	if (job_is_other(job, item->job, step_version(step)->view.uid, item->task)) {
		step_job_is_gone(step);
		step_over(step);
		return;
	}
	if (!job_is_stray(job)) {
		step_done(step, response, err);
		return;
	}
	kube_request_adopt(&request, step_version(step), item->job);
	step_send(step, &request, adopted);
}

static void patch_status(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	/* A claim that was written before this commit proves nothing about it. */
	if (a->kind == PLAN_COMMIT)
		step->run->app->execution.claim = 0;
	kube_request_status_patch(&request, step_version(step),
		a->kind == PLAN_DEPRECATE ? VIEW_DEPRECATED : a->promotion,
		a->count ? step->run->plan.changes + a->first : NULL, a->count,
		env_wall_ms(step->run->x->env));
	step_send(step, &request, step_done);
}

static void claim(struct step *step)
{
	struct execution *run = step->run;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	run->app->execution.claim = step->action->nonce;
	kube_request_claim(
		&request, step_version(step), run->snapshot->view.term, step->action->nonce);
	step_send(step, &request, step_done);
}

static void write_outcome(const struct step *step, char to[static LIMIT_MESSAGE_BYTES + 1])
{
	const struct snapshot *s = step->run->snapshot;
	CLEANUP(buf_release) struct buf text = BUF_INIT(EVENT_TEXT_MESSAGE_MAX);

	event_text_outcome(&text, &(struct event_text_end){.version = step_version(step),
					  .action = step->action,
					  .plan = &step->run->plan,
					  .jobs = (const struct promotion_job *const *)s->jobs,
					  .njobs = s->view.njobs});
	(void)utf8_copy(to, LIMIT_MESSAGE_BYTES + 1, buf_str(&text));
}

/* SUPERSEDE and ANNOTATE. */
static void annotate(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;
	char outcome[LIMIT_MESSAGE_BYTES + 1] = "";
	struct statuspatch_notes notes = {.superseded_by = a->other ? a->other->name : NULL,
		.waiting = a->waiting == PLAN_KEEP  ? NULL
			   : a->waiting == PLAN_SET ? a->text
						    : "",
		.outcome = a->outcome == PLAN_KEEP ? NULL : outcome};

	if (a->outcome == PLAN_SET)
		write_outcome(step, outcome);
	kube_request_annotate(&request, step_version(step), &notes);
	step_send(step, &request, step_done);
}

/* The names are for people. */
static void write_added(const struct view_version *v, char to[static LIMIT_MESSAGE_BYTES + 1])
{
	CLEANUP(buf_release) struct buf names = BUF_INIT(EVENT_TEXT_MESSAGE_MAX);

	for (size_t i = 0; i < v->ntasks; i++)
		if (v->tasks[i].kind == VIEW_ADDED)
			(void)buf_addf(&names, "%s%s", names.len ? ", " : "", v->tasks[i].name);
	(void)utf8_copy(to, LIMIT_MESSAGE_BYTES + 1, buf_str(&names));
}

/* ENROL and LEAVE. */
static void enrol(struct step *step)
{
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;
	char added[LIMIT_MESSAGE_BYTES + 1] = "";

	if (step->action->kind == PLAN_ENROL)
		write_added(step->action->version, added);
	kube_request_annotate(
		&request, step_version(step), &(struct statuspatch_notes){.added_tasks = added});
	step_send(step, &request, step_done);
}

static void change_job(struct step *step)
{
	struct execution *run = step->run;
	const struct plan_action *a = step->action;
	const struct promotion_job *job = snapshot_job(run->snapshot, a->job);
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	if (a->kind == PLAN_UNSUSPEND)
		kube_request_unsuspend(&request, job);
	else if (a->kind == PLAN_QUEUE)
		kube_request_queue(&request, job);
	else if (a->kind == PLAN_SET_TTL)
		kube_request_set_ttl(&request, job);
	else
		kube_request_delete(&request, job->namespace, job->view.name, job->view.uid);
	/* The DELETE may be carried out late: no commit may name this Job any more. */
	if (a->kind == PLAN_DELETE)
		(void)strmap_remove(&run->app->execution.own, job->view.name);
	step_send(step, &request, step_done);
}

/* An item whose job is not a valid name was edited by hand: no such Job exists. */
static bool get_job(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	if (!name_is_subdomain(a->item->job)) {
		step_job_is_gone(step);
		return false;
	}
	request.url = url_of_jobs(step_version(step)->namespace, a->item->job);
	step_send(step, &request, got_job);
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

/* False if the step is over already. */
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
	case PLAN_CLAIM:
		claim(step);
		return true;
	case PLAN_SUPERSEDE:
	case PLAN_ANNOTATE:
		annotate(step);
		return true;
	case PLAN_ENROL:
	case PLAN_LEAVE:
		enrol(step);
		return true;
	case PLAN_UNSUSPEND:
	case PLAN_QUEUE:
	case PLAN_SET_TTL:
	case PLAN_DELETE:
		change_job(step);
		return true;
	case PLAN_GET_JOB:
		return get_job(step);
	case PLAN_REPORT:
		break;
	}
	reports_waits(run->x->reports, &run->app->reports, run->snapshot, &run->plan, step->action);
	return false;
}

/* --- the order -------------------------------------------------------------------------------- */

/* Of the snapshot and the changes that the lost actions refer to. */
static void keep_lost(struct execution *run)
{
	run->lost.changes = run->plan.changes;
	run->lost.nchanges = run->plan.nchanges;
	run->plan.changes = NULL;
	reports_lost(&run->app->reports, STEAL(run->snapshot), &run->lost);
}

static void finish(struct execution *run)
{
	struct execution over = *run;

	free(run);
	if (over.lost.nactions > 0)
		keep_lost(&over);
	snapshot_free(over.snapshot);
	plan_release(&over.plan);
	plan_release(&over.lost);
	if (over.err.kind != ERR_NONE)
		over.result.err = &over.err;
	over.done(over.ctx, over.app, &over.result);
}

static bool is_full(const struct execution *run)
{
	return run->in_flight > 0 && (run->in_flight >= WINDOW || run->bytes >= LIMIT_PLAN_BYTES);
}

/*
 * Whether the next action may start: those in flight must be of its kind, or only annotations, which
 * no other action depends on.
 */
static bool may_start(const struct execution *run)
{
	const struct plan_action *next;

	if (run->dropped || run->next == run->plan.nactions || is_full(run))
		return false;
	next = &run->plan.actions[run->next];
	return run->in_flight == run->annotations || next->kind == PLAN_ANNOTATE ||
	       next[-1].kind == next->kind;
}

static void start_step(struct execution *run, const struct plan_action *a)
{
	struct step *step = xcalloc(1, sizeof(*step));

	*step = (struct step){.run = run, .action = a, .fetched = STRMAP_INIT(free)};
	run->in_flight++;
	run->annotations += a->kind == PLAN_ANNOTATE;
	if (!start(step)) {
		step_free(step);
		run->in_flight--;
	}
}

static void go_on(struct execution *run)
{
	while (may_start(run)) {
		const struct plan_action *a = &run->plan.actions[run->next++];

		if (a->kind != PLAN_ANNOTATE || !run->annotation_lost)
			start_step(run, a);
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
		.go_on = go_on,
		.ctx = ctx};
	*plan_take = (struct plan)PLAN_INIT;
	go_on(run);
}
