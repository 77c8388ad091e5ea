#include "promotion/promotion_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/packing.h"
#include "base/str.h"
#include "job/keys.h"
#include "job/status.h"

static enum view_outcome outcome_of(enum job_state state)
{
	if (state == JOB_SUCCEEDED)
		return VIEW_COMPLETE;
	return state == JOB_FAILED ? VIEW_JOB_FAILED : VIEW_RUNNING;
}

static struct view_job view_of(const struct job_status *s)
{
	return (struct view_job){
		.name = s->name,
		.uid = s->uid,
		.version_uid = s->version_uid,
		.task = s->task,
		.attempt = s->attempt,
		.on_failure = s->on_failure,
		.decided_by = s->decided_by,
		.term = s->term > 0 ? (uint64_t)s->term : 0,
		.suspended = s->state == JOB_SUSPENDED,
		.locked = s->locked,
		.deleting = s->deleting,
		.released = s->released,
		.has_queue = *s->queue != '\0',
		.expires = s->ttl_set,
		.ready = s->state != JOB_SUSPENDED || !s->brings_code,
		.outcome = outcome_of(s->state),
	};
}

static void visit_texts(struct promotion_job *j, struct packing *p)
{
	packing_text(p, &j->view.name);
	packing_text(p, &j->view.uid);
	packing_text(p, &j->view.version_uid);
	packing_text(p, &j->view.task);
	packing_text(p, &j->view.decided_by);
	packing_text(p, &j->namespace);
	packing_text(p, &j->app);
	packing_text(p, &j->reason);
	packing_text(p, &j->message);
	packing_text(p, &j->resource_version);
	packing_text(p, &j->queue);
}

static const char *app_of(const struct job_status *s, struct json **context)
{
	(void)json_parse(s->context, strlen(s->context), context, NULL);
	return json_string_or(json_get(*context, "appName"), s->app);
}

const char *promotion_job_changed(const struct json *job, const struct promotion_job_asked *asked)
{
	CLEANUP(json_free_p) struct json *context = NULL;
	const struct json *label = json_at(job, "metadata", "labels", JOB_MANAGED_BY);
	struct job_status s;

	job_status_read(job, &s);
	if (!str_eq(json_string(label), JOB_MANAGER))
		return "metadata.labels[" JOB_MANAGED_BY "]";
	if (!str_eq(s.owner_uid, asked->version_uid))
		return "metadata.ownerReferences";
	if (!s.locked)
		return "spec.parallelism";
	if (!str_eq(s.version_uid, asked->version_uid) || s.attempt != asked->attempt ||
		s.on_failure != on_failure_choice(on_failure_name(asked->on_failure)) ||
		!str_eq(s.task, asked->task) || !str_eq(app_of(&s, &context), asked->app))
		return "spec.template";
	return NULL;
}

struct promotion_job *promotion_job_decode(const struct json *object)
{
	CLEANUP(json_free_p) struct json *context = NULL;
	struct packing measure = {NULL, 0}, copy = {NULL, 0};
	struct job_status s;
	struct promotion_job own, *j;

	job_status_read(object, &s);
	if (!*s.version_uid || !*s.uid || !*s.task || s.attempt == 0)
		return NULL;
	own = (struct promotion_job){
		.view = view_of(&s),
		.namespace = s.namespace,
		.app = app_of(&s, &context),
		.reason = s.reason,
		.message = s.message,
		.ttl_seconds = s.ttl_seconds,
		.resource_version = s.resource_version,
		.queue = s.queue,
		.queued = *s.queue && s.released && s.state == JOB_SUSPENDED,
		.refs = 1,
	};
	visit_texts(&own, &measure);
	j = xmalloc(sizeof(*j) + measure.size);
	copy.at = (char *)(j + 1);
	visit_texts(&own, &copy);
	*j = own;
	return j;
}

struct promotion_job *promotion_job_ref(struct promotion_job *j)
{
	j->refs++;
	return j;
}

void promotion_job_unref(struct promotion_job *j)
{
	if (j && --j->refs == 0)
		free(j);
}
