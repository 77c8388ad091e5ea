#include "control/execute.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "control/calls.h"
#include "run/log.h"

/* Calls of one plan that are in flight together. */
enum { WINDOW = 32 };

struct execution {
	const struct executor *x;
	struct app *app;
	struct sight *sight;
	struct plan plan;
	execute_done_fn *done;
	void *ctx;
	size_t next; /* action to start */
	unsigned in_flight;
	bool dropped, again;
	struct err err; /* of the first that made it drop the rest */
};

/* One action under way. */
struct step {
	struct execution *run;
	const struct plan_action *action;
};

static void go_on(struct execution *run);

static const struct appversion *version_of(const struct step *step)
{
	return sight_version(step->run->sight, step->action->version);
}

static void drop(struct execution *run, const struct err *err)
{
	if (!run->dropped)
		run->err = *err;
	run->dropped = true;
}

static void step_over(struct step *step)
{
	struct execution *run = step->run;

	free(step);
	run->in_flight--;
	go_on(run);
}

/* --- outcomes
 * ------------------------------------------------------------------------------------- */

/* A Job can't be made for this task until its definition changes. */
static void refuse_task(struct step *step, const struct err *err)
{
	strmap_put(&step->run->app->refused, step->action->task, xstrdup(err->msg));
	step->run->again = true;
}

static void create_failed(struct step *step, const struct err *err)
{
	struct execution *run = step->run;

	if (err->kind == ERR_INVALID || err->kind == ERR_TOO_LARGE)
		refuse_task(step, err);
	if (err->kind == ERR_INVALID || err->kind == ERR_TOO_LARGE || err->kind == ERR_QUOTA ||
		err->kind == ERR_FORBIDDEN)
		reports_refused(run->x->reports, run->app, run->sight, step->action, err);
}

static void job_is_gone(struct step *step)
{
	strmap_put(&step->run->app->gone, step->action->item->job, NULL);
	step->run->again = true;
}

static void failed(struct step *step, const struct err *err)
{
	if (step->action->kind == PLAN_LOOK && err->kind == ERR_NOT_FOUND) {
		job_is_gone(step);
		return;
	}
	if (step->action->kind == PLAN_CREATE_JOB)
		create_failed(step, err);
	drop(step->run, err);
}

static void code_is_there(struct step *step)
{
	strmap_put(&step->run->app->with_code, step->action->job->name, NULL);
	step->run->again = true;
}

static void await(uint64_t *awaited, const struct api_response *response)
{
	uint64_t version = call_resource_version(response);

	if (version > *awaited)
		*awaited = version;
}

static void succeeded(struct step *step, const struct api_response *response)
{
	struct execution *run = step->run;

	switch (step->action->kind) {
	case PLAN_CREATE_JOB:
	case PLAN_UNSUSPEND:
	case PLAN_EXPIRE:
		await(&run->app->awaited_job, response);
		break;
	case PLAN_COMMIT:
	case PLAN_RECORD:
	case PLAN_DEPRECATE:
	case PLAN_SUPERSEDE:
		await(&run->app->awaited_version, response);
		break;
	case PLAN_CREATE_CODE:
		code_is_there(step);
		break;
	case PLAN_LOOK:
	case PLAN_DELETE:
	case PLAN_TELL:
		break;
	}
	reports_done(run->x->reports, run->app, run->sight, &run->plan, step->action);
}

static void call_done(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;

	if (err)
		failed(step, err);
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

/* A live Job that the view does not have: it lags, or a person took the label away. */
static void looked(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (err || !call_lacks_label(response)) {
		call_done(step, response, err);
		return;
	}
	call_adopt(&call, version_of(step)->namespace, step->action->item->job);
	call_send(step->run->x->api, &call, adopted, step);
}

/* --- actions
 * -------------------------------------------------------------------------------------- */

static void send(struct step *step, struct call *call)
{
	call_send(step->run->x->api, call, call_done, step);
}

/* What a Job, or its ConfigMap, is made of. */
struct making {
	struct chain chain;
	struct json *version;
	struct jobspec spec;
};

static void making_release(struct making *m)
{
	chain_release(&m->chain);
	json_free(m->version);
}

static int making_init(struct making *m, const struct step *step, const char *task,
	const char *name, unsigned attempt, struct err *err)
{
	const struct appversion *v = version_of(step);
	const struct executor *x = step->run->x;

	if (!v->source)
		return err_set(err, ERR_INTERNAL, "no Job is made of what can't start");
	if (basis_chain(x->basis, v->namespace, task, &m->chain, err) < 0 ||
		json_parse(v->source, strlen(v->source), &m->version, err) < 0)
		return -1;
	jobspec_version_read(m->version, &m->spec.version);
	m->spec.definitions = (const struct json *const *)m->chain.definitions;
	m->spec.definition_count = m->chain.count;
	m->spec.name = name;
	m->spec.attempt = attempt;
	memcpy(m->spec.images, x->images, sizeof(m->spec.images));
	return 0;
}

static int create_job(struct step *step, struct err *err)
{
	const struct plan_action *a = step->action;
	CLEANUP(making_release) struct making m = {.version = NULL};
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (making_init(&m, step, a->task, a->name.text, a->attempt, err) < 0 ||
		jobspec_encode(&m.spec, &call.body, err) < 0)
		return -1;
	call.method = "POST";
	call.url = call_jobs(version_of(step)->namespace, NULL);
	send(step, &call);
	return 0;
}

/* A ConfigMap of the Job's name is there already: ours, if this Job owns it. */
static void code_found(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	struct err stranger = ERR_INIT;

	if (err) {
		drop(step->run, err);
	} else if (call_owner_is(response, step->action->job->uid)) {
		code_is_there(step);
	} else {
		(void)err_set(&stranger, ERR_EXISTS,
			"the ConfigMap \"%s\" is somebody else's: delete it",
			step->action->job->name);
		drop(step->run, &stranger);
	}
	step_over(step);
}

static void code_created(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (!err || err->kind != ERR_EXISTS) {
		call_done(step, response, err);
		return;
	}
	call.url = call_config_map(version_of(step)->namespace, step->action->job->name);
	call_send(step->run->x->api, &call, code_found, step);
}

/* source: the ConfigMap to copy, or NULL. */
static int create_code_of(struct step *step, const struct json *source, struct err *err)
{
	const struct seen_job *job = step->action->job;
	CLEANUP(making_release) struct making m = {.version = NULL};
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (making_init(&m, step, job->task, job->name, job->attempt, err) < 0 ||
		jobspec_encode_code(&m.spec, job->uid, source, &call.body, err) < 0)
		return -1;
	call.method = "POST";
	call.url = call_config_map(version_of(step)->namespace, NULL);
	call_send(step->run->x->api, &call, code_created, step);
	return 0;
}

static void source_done(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct step *step = ctx;
	CLEANUP(json_free_p) struct json *source = NULL;
	struct err err = ERR_INIT;

	if (failure)
		err = *failure;
	else if (json_parse(response->body, response->len, &source, &err) == 0 &&
		 create_code_of(step, source, &err) == 0)
		return;
	reports_refused(
		step->run->x->reports, step->run->app, step->run->sight, step->action, &err);
	drop(step->run, &err);
	step_over(step);
}

static int create_code(struct step *step, struct err *err)
{
	const struct seen_job *job = step->action->job;
	CLEANUP(making_release) struct making m = {.version = NULL};
	CLEANUP(call_release) struct call call = CALL_INIT;
	struct jobspec_code code;

	if (making_init(&m, step, job->task, job->name, job->attempt, err) < 0)
		return -1;
	code = jobspec_code(&m.spec);
	if (!code.needed)
		return err_set(err, ERR_INVALID,
			"the definition of \"%s\" has changed and has no code any more: bring it "
			"back, "
			"or abort the promotion",
			job->task);
	if (!code.source_name)
		return create_code_of(step, NULL, err);
	call.url = call_config_map(code.source_namespace, code.source_name);
	call_send(step->run->x->api, &call, source_done, step);
	return 0;
}

static void patch_status(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(call_release) struct call call = CALL_INIT;

	call_status_patch(&call, version_of(step),
		a->kind == PLAN_DEPRECATE ? SEEN_DEPRECATED : a->promotion,
		step->run->plan.changes + a->first, a->count);
	send(step, &call);
}

static void supersede(struct step *step)
{
	CLEANUP(call_release) struct call call = CALL_INIT;

	call_supersede(&call, version_of(step), step->action->by->name);
	send(step, &call);
}

static void change_job(struct step *step)
{
	const struct execution *run = step->run;
	const struct plan_action *a = step->action;
	const struct ownjob *job = sight_job(run->sight, a->job);
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (a->kind == PLAN_UNSUSPEND)
		call_unsuspend(&call, job);
	else if (a->kind == PLAN_EXPIRE)
		call_expire(&call, job, run->sight->on_failure);
	else
		call_delete(&call, job);
	send(step, &call);
}

/* An item that names what can be no Job's name was written by hand: there is none. */
static bool look(struct step *step)
{
	const struct plan_action *a = step->action;
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (!call_is_name(a->item->job)) {
		job_is_gone(step);
		return false;
	}
	call.url = call_jobs(version_of(step)->namespace, a->item->job);
	call_send(step->run->x->api, &call, looked, step);
	return true;
}

static bool create(struct step *step)
{
	struct err err = ERR_INIT;

	if ((step->action->kind == PLAN_CREATE_JOB ? create_job(step, &err)
						   : create_code(step, &err)) == 0)
		return true;
	failed(step, &err);
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
	case PLAN_EXPIRE:
	case PLAN_DELETE:
		change_job(step);
		return true;
	case PLAN_LOOK:
		return look(step);
	case PLAN_TELL:
		break;
	}
	reports_told(run->x->reports, run->app, run->sight, step->action);
	return false;
}

/* --- the order
 * ------------------------------------------------------------------------------------ */

static void finish(struct execution *run)
{
	struct execution over = *run;

	free(run);
	sight_free(over.sight);
	plan_release(&over.plan);
	over.done(over.ctx, over.app, over.again, over.dropped ? &over.err : NULL);
}

/* Whether the next action may start beside those in flight, which are all of one kind. */
static bool may_start(const struct execution *run)
{
	const struct plan_action *next = &run->plan.actions[run->next];

	if (run->dropped || run->next == run->plan.nactions)
		return false;
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

void execute(const struct executor *x, struct app *app, struct sight *sight_take,
	struct plan *plan_take, execute_done_fn *done, void *ctx)
{
	struct execution *run = xcalloc(1, sizeof(*run));

	*run = (struct execution){.x = x,
		.app = app,
		.sight = sight_take,
		.plan = *plan_take,
		.done = done,
		.ctx = ctx};
	*plan_take = (struct plan)PLAN_INIT;
	go_on(run);
}
