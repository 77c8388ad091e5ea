/*
 * api_requests - the requests that carry out a plan: which path, method and body each action has.
 */
#ifndef PROMOGATE_RECONCILER_API_REQUESTS_H
#define PROMOGATE_RECONCILER_API_REQUESTS_H

#include "base/buf.h"
#include "base/limits.h"
#include "client/api.h"
#include "keptn/onfailure.h"
#include "kube/url.h"
#include "promotion/appversion.h"
#include "promotion/plan.h"
#include "promotion/promotion_job.h"

struct call {
	const char *method; /* NULL: GET */
	const char *content_type; /* NULL: JSON */
	struct url url; /* borrows */
	struct buf body;
};

#define CALL_INIT {.body = BUF_INIT(LIMIT_JOB_BYTES)}

void call_release(struct call *c); /* for CLEANUP() too */
/* The call is copied. done is called once, and later. */
void call_send(struct api *api, const struct call *c, api_done_fn *done, void *ctx);

/* Whether it can be the name of an object at all. */
bool call_is_name(const char *name);

/* name NULL: the collection. */
struct url call_jobs(const char *ns, const char *name);
struct url call_config_map(const char *ns, const char *name);

/* Each fills in method, url and body. */
void call_status_patch(struct call *c, const struct appversion *v, enum view_state promotion,
	const struct plan_change *changes, size_t count);
void call_supersede(struct call *c, const struct appversion *v, const char *by);
void call_unsuspend(struct call *c, const struct promotion_job *job);
/* The record of the outcome on the Job, and when it may go. */
void call_expire(
	struct call *c, const struct promotion_job *job, struct on_failure_decision decision);
/*
 * Whether a Job lacks the label or the owner by which the watch finds it and we know it; and what
 * puts them back.
 */
bool call_is_stray(const struct api_response *response, const char *version_uid);
void call_adopt(struct call *c, const struct appversion *v, const char *job);
void call_delete(struct call *c, const struct promotion_job *job);

/*
 * What went wrong, in words that are the same at the next try: without the request, and with
 * another word for the name of the Job, which each try makes anew. For free().
 */
char *call_words(const struct err *err, const char *name, const char *instead);

/* metadata.resourceVersion of the object in a response; 0 if there is none that is a number. */
uint64_t call_resource_version(const struct api_response *response);
/* Whether the object in a response is owned by this uid. */
bool call_owner_is(const struct api_response *response, const char *uid);

#endif
