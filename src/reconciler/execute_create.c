/* Creates Jobs, and the ConfigMaps with their code. */
#include "kube/names.h"
#include "reconciler/app_policy.h"
#include "reconciler/execute_internal.h"

#include <string.h>

#include "json/json.h"

/* What a Job, or its ConfigMap, is made of; borrows from the cache, so it is used at once. */
struct making {
	struct resolution task;
	struct job_spec spec;
};

/* 1: not yet; the step starts over once a definition is there that the cache does not keep. */
static int making_init(struct making *m, struct step *step, const char *task, const char *name,
	unsigned attempt, struct err *err)
{
	const struct appversion *v = step_version(step);
	const struct executor *x = step->run->x;
	CLEANUP(app_policy_release) struct app_policy policy = {.cache = NULL};
	const char *ns;

	if (!v->metadata)
		return err_set(err, ERR_TOO_LARGE,
			"the metadata of application \"%s\" is too large", v->app);
	app_policy_init(&policy, x->cache, v->namespace, v->app);
	ns = app_policy_namespace(&policy, task);
	if (cache_resolve(x->cache, ns, task, &m->task, err) < 0)
		return -1;
	m->spec = (struct job_spec){
		.version = {v->namespace, v->view.name, v->view.uid,
			{v->app, v->view.version, v->metadata}},
		.task = &m->task,
		.name = name,
		.attempt = attempt,
		.term = step->run->snapshot->view.term,
		.on_failure = step->action->decision.on_failure,
		.decided_by = step->action->decision.decided_by,
	};
	memcpy(m->spec.images, x->images, sizeof(m->spec.images));
	return step_fetch_outlines(step, &m->task, err);
}

static void removed(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)response;
	(void)err;
	step_over(ctx);
}

/* It would be neither found nor held back: it is deleted, and counts as refused. */
static void refuse_changed(struct step *step, const char *uid, const char *field)
{
	const char *name = step->action->name.text;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_FORBIDDEN,
		"an admission policy changed %s of the Job; exempt the Jobs of Promogate from it",
		field);
	step_failed(step, &err);
	kube_request_delete(&request, step_version(step)->namespace, name, uid);
	step_send(step, &request, removed);
}

static void job_created(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	const struct plan_action *a = step->action;
	const struct appversion *v = step_version(step);
	const struct promotion_job_asked asked = {
		v->view.uid, v->app, a->task, a->attempt, a->decision.on_failure};
	CLEANUP(json_free_p) struct json *job = err ? NULL : response_object(response);
	const char *uid, *changed;
	struct err lost = ERR_INIT;

	uid = json_string(json_at(job, "metadata", "uid"));
	if (err || !uid) {
		(void)err_set(&lost, ERR_IO, "the reply to the creation of a Job is not a Job");
		step_done(step, response, err ? err : &lost);
		return;
	}
	changed = promotion_job_changed(job, &asked);
	if (changed) {
		refuse_changed(step, uid, changed);
		return;
	}
	strmap_put(&step->run->app->execution.own, a->name.text, xstrdup(uid));
	step_await_job(step, job);
	step_done(step, response, NULL);
}

int step_create_job(struct step *step, struct err *err)
{
	const struct plan_action *a = step->action;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;
	struct making m;
	int ret = making_init(&m, step, a->task, a->name.text, a->attempt, err);

	if (ret != 0)
		return ret < 0 ? -1 : 0;
	if (job_spec_encode(&m.spec, &request.body, err) < 0)
		return -1;
	strmap_clear(&step->fetched);
	request.method = "POST";
	request.url = url_of_jobs(step_version(step)->namespace, NULL);
	step_send(step, &request, job_created);
	return 0;
}

/* A ConfigMap of this name exists already. It is the right one if the Job owns it. */
static void code_found(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	struct err stranger = ERR_INIT;

	if (err) {
		step_failed(step, err);
	} else if (response_owner_is(response, step->action->job->uid)) {
		step_code_exists(step);
	} else {
		(void)err_set(&stranger, ERR_EXISTS,
			"the ConfigMap \"%s\" exists and is not owned by this Job; delete it",
			step->action->job->name);
		step_failed(step, &stranger);
	}
	step_over(step);
}

static void code_created(void *ctx, const struct api_response *response, const struct err *err)
{
	struct step *step = ctx;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;

	if (!err || err->kind != ERR_EXISTS) {
		step_done(step, response, err);
		return;
	}
	request.url = url_of_config_map(step_version(step)->namespace, step->action->job->name);
	step_send(step, &request, code_found);
}

/* source: the ConfigMap to copy, or NULL. */
static int create_code_of(struct step *step, const struct json *source, struct err *err)
{
	const struct view_job *job = step->action->job;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;
	struct making m;
	int ret = making_init(&m, step, job->task, job->name, job->attempt, err);

	if (ret != 0)
		return ret < 0 ? -1 : 0;
	if (job_spec_encode_code(&m.spec, job->uid, source, &request.body, err) < 0)
		return -1;
	strmap_clear(&step->fetched);
	request.method = "POST";
	request.url = url_of_config_map(step_version(step)->namespace, NULL);
	step_send(step, &request, code_created);
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
	step_failed(step, &err);
	step_over(step);
}

int step_create_code(struct step *step, struct err *err)
{
	const struct view_job *job = step->action->job;
	CLEANUP(kube_request_release) struct kube_request request = KUBE_REQUEST_INIT;
	struct job_spec_code code;
	struct making m;
	int ret = making_init(&m, step, job->task, job->name, job->attempt, err);

	if (ret != 0)
		return ret < 0 ? -1 : 0;
	code = job_spec_code(&m.spec);
	if (!code.needed)
		return err_set(err, ERR_INVALID,
			"the definition of \"%s\" has changed and has no code any more; restore it, or abort the promotion",
			job->task);
	if (!code.source_name)
		return create_code_of(step, NULL, err);
	if (!name_is_subdomain(code.source_name))
		return err_set(err, ERR_INVALID, "\"%.*s\" is not a valid ConfigMap name",
			LIMIT_QUOTED_BYTES, code.source_name);
	request.url = url_of_config_map(code.source_namespace, code.source_name);
	step_send(step, &request, source_done);
	return 0;
}
