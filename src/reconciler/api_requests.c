#include "reconciler/api_requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "job/meta.h"
#include "job/patch.h"
#include "job/status.h"
#include "json/emit.h"
#include "keptn/appcontext.h"
#include "kube/timestamp.h"

#define MERGE_PATCH "application/merge-patch+json"

void kube_request_release(struct kube_request *c)
{
	buf_release(&c->body);
}

void kube_request_send(
	const struct env *env, const struct kube_request *c, api_done_fn *done, void *ctx)
{
	const struct api_request request = {.method = c->method,
		.content_type = c->content_type,
		.body = c->body.len ? c->body.data : NULL,
		.body_len = c->body.len};

	(void)env_call_url(env, &c->url, &request, done, ctx);
}

struct url url_of_jobs(const char *ns, const char *name)
{
	return (struct url){.group = "batch",
		.version = "v1",
		.namespace = ns,
		.resource = "jobs",
		.name = name};
}

struct url url_of_config_map(const char *ns, const char *name)
{
	return (struct url){
		.version = "v1", .namespace = ns, .resource = "configmaps", .name = name};
}

static void patch(struct kube_request *c, struct url url)
{
	c->method = "PATCH";
	c->content_type = MERGE_PATCH;
	c->url = url;
}

static struct url version_url(const struct appversion *v)
{
	return (struct url){.group = KEPTN_GROUP,
		.version = "v1",
		.namespace = v->namespace,
		.resource = APPVERSION_RESOURCE,
		.name = v->view.name};
}

void kube_request_status_patch(struct kube_request *c, const struct appversion *v,
	enum view_state promotion, const struct plan_change *changes, size_t count, int64_t wall_ms)
{
	const struct timestamp now = timestamp_format(wall_ms);
	const struct statuspatch s = {.version = v,
		.promotion = promotion,
		.changes = changes,
		.count = count,
		.now = now.text};

	patch(c, version_url(v));
	c->url.subresource = "status";
	statuspatch_encode(&s, &c->body);
}

void kube_request_annotate(
	struct kube_request *c, const struct appversion *v, const struct statuspatch_notes *notes)
{
	patch(c, version_url(v));
	statuspatch_annotate(v, notes, &c->body);
}

void kube_request_claim(
	struct kube_request *c, const struct appversion *v, uint64_t term, uint64_t nonce)
{
	char claim[48];

	(void)snprintf(claim, sizeof(claim), "%llu-%llu", (unsigned long long)term,
		(unsigned long long)nonce);
	kube_request_annotate(c, v, &(struct statuspatch_notes){.claim = claim});
}

void kube_request_unsuspend(struct kube_request *c, const struct promotion_job *job)
{
	patch(c, url_of_jobs(job->namespace, job->view.name));
	job_patch_release(job->view.uid, &c->body);
}

void kube_request_queue(struct kube_request *c, const struct promotion_job *job)
{
	patch(c, url_of_jobs(job->namespace, job->view.name));
	job_patch_queue(job->view.uid, job->resource_version, job->queue, &c->body);
}

void kube_request_set_ttl(struct kube_request *c, const struct promotion_job *job)
{
	static const char *const outcomes[] = {
		[VIEW_RUNNING] = "", [VIEW_COMPLETE] = "Succeeded", [VIEW_JOB_FAILED] = "Failed"};
	const struct job_patch_record r = {.uid = job->view.uid,
		.ttl_seconds = job->ttl_seconds,
		.outcome = outcomes[job->view.outcome],
		.reason = job->reason,
		.message = job->message};

	patch(c, url_of_jobs(job->namespace, job->view.name));
	job_patch_record(&r, &c->body);
}

struct json *response_object(const struct api_response *response)
{
	struct json *object = NULL;

	(void)json_parse(response->body, response->len, &object, NULL);
	return object;
}

bool job_is_other(
	const struct json *job, const char *name, const char *version_uid, const char *task)
{
	struct job_status s;

	job_status_read(job, &s);
	return str_eq(s.name, name) && *s.uid &&
	       !(str_eq(s.version_uid, version_uid) && str_eq(s.task, task));
}

bool job_is_stray(const struct json *job)
{
	const struct json *label = json_at(job, "metadata", "labels", JOB_MANAGED_BY);

	return job && !str_eq(json_string_or(label, ""), JOB_MANAGER);
}

void kube_request_adopt(struct kube_request *c, const struct appversion *v, const char *job)
{
	struct emit e = EMIT_INIT(&c->body);

	patch(c, url_of_jobs(v->namespace, job));
	emit_object_begin(&e);
	emit_key_object(&e, "metadata");
	emit_key_object(&e, "labels");
	emit_key_string(&e, JOB_MANAGED_BY, JOB_MANAGER);
	emit_object_end(&e);
	emit_object_end(&e);
	emit_object_end(&e);
}

/* In the background: by default, deleting a Job would orphan its pods. */
void kube_request_delete(struct kube_request *c, const char *ns, const char *name, const char *uid)
{
	struct emit e = EMIT_INIT(&c->body);

	c->method = "DELETE";
	c->url = url_of_jobs(ns, name);
	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "v1");
	emit_key_string(&e, "kind", "DeleteOptions");
	emit_key_string(&e, "propagationPolicy", "Background");
	emit_key_object(&e, "preconditions");
	emit_key_string(&e, "uid", uid);
	emit_object_end(&e);
	emit_object_end(&e);
}

char *refusal_text(const struct err *err, const char *name, const char *instead)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT(LIMIT_OBJECT_BYTES);
	const char *colon = err->http_status ? strstr(err->msg, ": ") : NULL;
	const char *rest = colon ? colon + 2 : err->msg, *found;

	while (*name && (found = strstr(rest, name))) {
		(void)buf_addn(&words, rest, (size_t)(found - rest));
		(void)buf_add(&words, instead);
		rest = found + strlen(name);
	}
	(void)buf_add(&words, rest);
	return xstrdup(buf_str(&words));
}

uint64_t object_resource_version(const struct json *object)
{
	const char *text = json_string_or(json_at(object, "metadata", "resourceVersion"), "");
	int64_t version;

	return str_to_int64(text, &version) == 0 && version > 0 ? (uint64_t)version : 0;
}

bool response_owner_is(const struct api_response *response, const char *uid)
{
	CLEANUP(json_free_p) struct json *object = response_object(response);

	json_each (owner, json_at(object, "metadata", "ownerReferences"))
		if (str_eq(json_string_or(json_get(owner, "uid"), ""), uid))
			return true;
	return false;
}
