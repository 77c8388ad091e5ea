/* The result of an action: what is remembered and reported of it. */
#include "reconciler/execute_internal.h"

#include <stdlib.h>

#include "base/str.h"
#include "run/log.h"

void step_send(struct step *step, const struct kube_request *request, api_done_fn *done)
{
	step->run->bytes += request->body.len - step->bytes;
	step->bytes = request->body.len;
	kube_request_send(step->run->x->env, request, done, step);
}

const struct appversion *step_version(const struct step *step)
{
	return snapshot_version(step->run->snapshot, step->action->version);
}

static void note(struct execution *run, const struct err *err)
{
	if (run->err.kind == ERR_NONE)
		run->err = *err;
}

void execution_drop(struct execution *run, const struct err *err)
{
	note(run, err);
	run->dropped = true;
}

void step_free(struct step *step)
{
	strmap_release(&step->fetched);
	free(step->fetching);
	free(step);
}

void step_over(struct step *step)
{
	struct execution *run = step->run;

	run->bytes -= step->bytes;
	run->annotations -= step->action->kind == PLAN_ANNOTATE;
	run->in_flight--;
	step_free(step);
	run->go_on(run);
}

/* This task's Job can't be created for now. */
static void refuse_task(struct step *step, const struct err *err)
{
	const struct plan_action *a = step->action;
	struct executor_memory *memory = &step->run->app->execution;

	step->run->result.again = true;
	/* Not if the definition may have changed meanwhile. */
	if (step->run->round != cache_round(step->run->x->cache))
		return;
	strmap_put(&memory->refused, a->task, refusal_text(err, a->name.text, a->task));
	memory->refused_until_ms = env_mono_ms(step->run->x->env) + REFUSED_FOR_MS;
	memory->retrying = false;
}

/* By admission, a quota or a missing right: an immediate retry would get the same answer. */
static bool is_refusal(const struct err *err)
{
	return err->kind == ERR_FORBIDDEN || err->kind == ERR_INVALID || err->kind == ERR_QUOTA;
}

/* Whether the API server may have done it all the same. */
static bool is_lost(const struct err *err)
{
	return err->kind == ERR_IO || err->kind == ERR_TIMEOUT || err->kind == ERR_NOT_SERVED ||
	       err->kind == ERR_INTERNAL;
}

/* A webhook that does not answer is a timeout, or a 500 of the API server. */
static void note_create(struct execution *run, const struct err *err)
{
	if (err->kind == ERR_FORBIDDEN || err->kind == ERR_QUOTA)
		run->result.create = EXECUTE_REFUSED;
	else if (run->result.create == EXECUTE_NONE_FAILED &&
		 (err->kind == ERR_TIMEOUT || (err->kind == ERR_IO && err->http_status)))
		run->result.create = EXECUTE_CREATE_FAILED;
}

/* Also an admission webhook that fails: the API server then answers 500, and says so. */
static bool tells_why(const struct err *err)
{
	return is_refusal(err) || err->http_status == 500;
}

static void create_failed(struct step *step, const struct err *err)
{
	struct execution *run = step->run;
	bool invalid = err->kind == ERR_INVALID || err->kind == ERR_TOO_LARGE;
	bool waits = invalid && step->action->kind == PLAN_CREATE_JOB;

	note_create(run, err);
	if (waits)
		refuse_task(step, err);
	if (tells_why(err) || err->kind == ERR_TOO_LARGE || err->kind == ERR_EXISTS ||
		(err->kind == ERR_NOT_FOUND && step->action->kind == PLAN_CREATE_CODE))
		reports_refused(run->x->reports, &run->app->reports, run->snapshot, step->action,
			waits, err);
}

void step_job_is_gone(struct step *step)
{
	strmap_put(&step->run->app->execution.gone, step->action->item->job, NULL);
	step->run->result.again = true;
}

/* If it is rejected, what comes after it is as right as it was. */
static bool stands_alone(enum plan_kind kind)
{
	return kind == PLAN_UNSUSPEND || kind == PLAN_QUEUE || kind == PLAN_SET_TTL ||
	       kind == PLAN_DELETE;
}

void step_rejected(const struct step *step, const char *doing, const struct err *err)
{
	struct execution *run = step->run;

	if (tells_why(err))
		reports_failed(run->x->reports, &run->app->reports, run->snapshot, step->action,
			doing, err);
}

/* Whether it was written is seen later. */
static void note_lost(struct step *step, const struct err *err)
{
	const struct plan_action *a = step->action;

	if (is_lost(err) && plan_writes_version(a->kind))
		*plan_add(&step->run->lost, a->kind, a->version) = *a;
}

/* It is for people to read: nothing is held up by it, not even by a backoff. */
static void annotation_failed(struct step *step, const struct err *err)
{
	const struct appversion *v = step_version(step);
	CLEANUP(free_p) char *key = appversion_key(v);

	log_event(is_lost(err) ? LOG_WARN : LOG_DEBUG, "annotation failed, retrying",
		LOG_STR("promotion", key), LOG_ERR(err), LOG_END);
	step_rejected(step, NULL, err);
	step->run->result.annotate_later = true;
	step->run->annotation_lost |= is_lost(err);
}

void step_failed(struct step *step, const struct err *err)
{
	struct execution *run = step->run;

	if (step->action->kind == PLAN_ANNOTATE) {
		annotation_failed(step, err);
		return;
	}
	if (step->action->kind == PLAN_GET_JOB && err->kind == ERR_NOT_FOUND) {
		step_job_is_gone(step);
		return;
	}
	if (step->action->kind == PLAN_CREATE_JOB || step->action->kind == PLAN_CREATE_CODE)
		create_failed(step, err);
	else
		step_rejected(step, NULL, err);
	if (step->action->kind == PLAN_COMMIT && is_lost(err))
		run->result.commit = EXECUTE_MAYBE_COMMITTED;
	note_lost(step, err);
	/* A change that is refused for one object must not hold up the others. */
	if (is_refusal(err) && stands_alone(step->action->kind))
		note(run, err);
	else
		execution_drop(run, err);
}

void step_code_exists(struct step *step)
{
	strmap_put(&step->run->app->execution.with_code, step->action->job->name, NULL);
	step->run->result.again = true;
}

static void await(uint64_t *awaited, uint64_t version)
{
	if (version > *awaited)
		*awaited = version;
}

static void await_response(uint64_t *awaited, const struct api_response *response)
{
	CLEANUP(json_free_p) struct json *object = response_object(response);

	await(awaited, object_resource_version(object));
}

void step_await_job(struct step *step, const struct json *job)
{
	await(&step->run->app->execution.awaited_job, object_resource_version(job));
}

/* Once the phase has ended, also those that were looked for again, for what they carried. */
static void forget_gone(struct execution *run, const struct plan_action *a)
{
	for (size_t i = a->first; i < a->first + a->count; i++)
		(void)strmap_remove(&run->app->execution.gone, run->plan.changes[i].job);
	for (size_t i = 0; a->promotion != VIEW_NONE && i < a->version->nitems; i++)
		(void)strmap_remove(&run->app->execution.gone, a->version->items[i].job);
}

static void succeeded(struct step *step, const struct api_response *response)
{
	struct execution *run = step->run;

	run->result.wrote |=
		step->action->kind != PLAN_GET_JOB && step->action->kind != PLAN_ANNOTATE;
	switch (step->action->kind) {
	case PLAN_CREATE_JOB:
		(void)strmap_remove(&run->app->execution.refused, step->action->task);
		break;
	case PLAN_UNSUSPEND:
	case PLAN_QUEUE:
	case PLAN_SET_TTL:
		await_response(&run->app->execution.awaited_job, response);
		break;
	case PLAN_RECORD:
		forget_gone(run, step->action);
		await_response(&run->app->execution.awaited_version, response);
		break;
	case PLAN_COMMIT:
		run->result.commit = EXECUTE_COMMITTED;
		strmap_clear(&run->app->execution.own);
		await_response(&run->app->execution.awaited_version, response);
		break;
	case PLAN_CLAIM:
	case PLAN_ENROL:
	case PLAN_LEAVE:
	case PLAN_DEPRECATE:
	case PLAN_SUPERSEDE:
	case PLAN_ANNOTATE:
		await_response(&run->app->execution.awaited_version, response);
		break;
	case PLAN_CREATE_CODE:
		step_code_exists(step);
		break;
	case PLAN_GET_JOB:
	case PLAN_DELETE:
	case PLAN_REPORT:
		break;
	}
	reports_done(run->x->reports, &run->app->reports, run->snapshot, &run->plan, step->action);
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
