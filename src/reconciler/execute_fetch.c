/* Gets the definitions that the cache has only in outline, when a Job is made of them. */
#include "reconciler/execute_internal.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/str.h"
#include "json/json.h"
#include "keptn/appcontext.h"
#include "keptn/taskdefinition.h"

static char *key_of(const struct resolve_link *link)
{
	return xasprintf("%s/%s", link->namespace, link->name);
}

static int take(struct step *step, const struct api_response *response, struct err *err)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	struct job_definition *d;

	if (json_parse(response->body, response->len, &object, err) < 0 &&
		err->kind == ERR_TOO_LARGE)
		return err_wrap(err, "KeptnTaskDefinition %s", step->fetching);
	if (!taskdef_is(object, step->fetching))
		return err_set(err, ERR_IO,
			"KeptnTaskDefinition %s: the response is not this object", step->fetching);
	d = job_definition_decode(object);
	if (!d)
		return err_set(err, ERR_TOO_LARGE, "KeptnTaskDefinition %s is too large for a Job",
			step->fetching);
	strmap_put(&step->fetched, step->fetching, d);
	return 0;
}

static int start_over(struct step *step, struct err *err)
{
	return step->action->kind == PLAN_CREATE_JOB ? step_create_job(step, err)
						     : step_create_code(step, err);
}

static void fetched(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct step *step = ctx;
	struct err err = ERR_INIT;

	if (failure && failure->kind == ERR_NOT_FOUND)
		(void)err_set(&err, ERR_CONFLICT, "KeptnTaskDefinition %s is gone", step->fetching);
	else if (failure)
		err = *failure;
	else if (take(step, response, &err) == 0 && start_over(step, &err) == 0)
		return;
	step_failed(step, &err);
	step_over(step);
}

/* One at a time: each may be as large as all bodies of a plan together. */
static void fetch(struct step *step, const struct resolve_link *link)
{
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	free(step->fetching);
	step->fetching = key_of(link);
	request.url = (struct url){.group = KEPTN_GROUP,
		.version = "v1",
		.namespace = link->namespace,
		.resource = "keptntaskdefinitions",
		.name = link->name};
	step_send(step, &request, fetched);
	step->run->bytes += LIMIT_PLAN_BYTES - step->bytes;
	step->bytes = LIMIT_PLAN_BYTES;
}

/* The cache may be older than what was fetched: then the whole chain may be another one. */
static bool same_chain(const struct taskdef *a, const struct taskdef *b)
{
	return a->faults == b->faults && a->container == b->container &&
	       str_eq(a->function_ref, b->function_ref);
}

int step_fetch_outlines(struct step *step, struct resolution *task, struct err *err)
{
	for (size_t i = 0; i < task->count; i++) {
		struct resolve_link *link = &task->chain[i];
		CLEANUP(free_p) char *key = key_of(link);
		const struct job_definition *whole = strmap_get(&step->fetched, key);

		if (job_definition_of(link->definition)->whole)
			continue;
		if (!whole) {
			fetch(step, link);
			return 1;
		}
		if (!same_chain(&whole->taskdef, link->definition))
			return err_set(
				err, ERR_CONFLICT, "KeptnTaskDefinition %s has changed", key);
		link->definition = &whole->taskdef;
	}
	return 0;
}
