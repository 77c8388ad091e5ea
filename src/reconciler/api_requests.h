/*
 * api_requests - the path, method and body of the request for each action of a plan.
 */
#ifndef PROMOGATE_RECONCILER_API_REQUESTS_H
#define PROMOGATE_RECONCILER_API_REQUESTS_H

#include "base/buf.h"
#include "base/limits.h"
#include "controller/env.h"
#include "kube/url.h"
#include "promotion/appversion.h"
#include "promotion/plan.h"
#include "promotion/promotion_job.h"
#include "promotion/statuspatch.h"

struct kube_request {
	const char *method; /* NULL: GET */
	const char *content_type; /* NULL: JSON */
	struct url url; /* borrows */
	struct buf body;
};

#define KUBE_REQUEST_INIT {.body = BUF_INIT(LIMIT_JOB_BYTES)}

void kube_request_release(struct kube_request *c); /* for CLEANUP() too */
/* The request is copied. done is called once, and later. */
void kube_request_send(
	const struct env *env, const struct kube_request *c, api_done_fn *done, void *ctx);

/* name NULL: the collection. */
struct url url_of_jobs(const char *ns, const char *name);
struct url url_of_config_map(const char *ns, const char *name);

/* Each fills in method, url and body. */
void kube_request_status_patch(struct kube_request *c, const struct appversion *v,
	enum view_state promotion, const struct plan_change *changes, size_t count,
	int64_t wall_ms);
void kube_request_annotate(
	struct kube_request *c, const struct appversion *v, const struct statuspatch_notes *notes);
/* Rule 14: the annotation claim. */
void kube_request_claim(
	struct kube_request *c, const struct appversion *v, uint64_t term, uint64_t nonce);
void kube_request_unsuspend(struct kube_request *c, const struct promotion_job *job);
void kube_request_queue(struct kube_request *c, const struct promotion_job *job);
/* Records the outcome on the Job, and sets its TTL. */
void kube_request_set_ttl(struct kube_request *c, const struct promotion_job *job);
/*
 * Whether it is a Job of this name that is not this task's: its PROMOGATE_ID is immutable, so the
 * task's Job does not exist any more. Not if it is anything else. job may be NULL.
 */
bool job_is_other(
	const struct json *job, const char *name, const char *version_uid, const char *task);
/* Whether a Job lacks its label, by which the watch finds it; and the request that restores it. */
bool job_is_stray(const struct json *job); /* NULL is fine */
void kube_request_adopt(struct kube_request *c, const struct appversion *v, const char *job);
void kube_request_delete(struct kube_request *c, const char *ns, const char *name, const char *uid);

/*
 * The error as a text that is the same at each retry: without the request, and with `instead` for
 * the name of the Job, which each retry changes. For free().
 */
char *refusal_text(const struct err *err, const char *name, const char *instead);

/* The object in a response, for json_free(); NULL if it can't be read. */
struct json *response_object(const struct api_response *response);
/* metadata.resourceVersion of an object, or NULL; 0 if it is missing or not a number. */
uint64_t object_resource_version(const struct json *object);
/* Whether the object in a response is owned by this uid. */
bool response_owner_is(const struct api_response *response, const char *uid);

#endif
