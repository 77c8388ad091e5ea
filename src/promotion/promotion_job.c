#include "promotion/promotion_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/packing.h"
#include "job/status.h"

static enum seen_outcome outcome_of(enum job_state state)
{
	if (state == JOB_SUCCEEDED)
		return SEEN_COMPLETE;
	return state == JOB_FAILED ? SEEN_JOB_FAILED : SEEN_RUNNING;
}

static struct seen_job seen_of(const struct jobstatus *s)
{
	return (struct seen_job){
		.name = s->name,
		.uid = s->uid,
		.version_uid = s->owner_uid,
		.task = s->task,
		.attempt = s->attempt,
		.suspended = s->state == JOB_SUSPENDED,
		.deleting = s->deleting,
		.released = s->released,
		.expires = s->ttl_set,
		.ready = s->state != JOB_SUSPENDED || !s->brings_code,
		.outcome = outcome_of(s->state),
	};
}

static void visit_texts(struct ownjob *j, struct packing *p)
{
	packing_text(p, &j->seen.name);
	packing_text(p, &j->seen.uid);
	packing_text(p, &j->seen.version_uid);
	packing_text(p, &j->seen.task);
	packing_text(p, &j->namespace);
	packing_text(p, &j->app);
	packing_text(p, &j->start);
	packing_text(p, &j->reason);
	packing_text(p, &j->message);
	packing_text(p, &j->since);
}

struct ownjob *ownjob_decode(const struct json *object)
{
	CLEANUP(json_free_p) struct json *context = NULL;
	struct packing measure = {NULL, 0}, copy = {NULL, 0};
	struct jobstatus s;
	struct ownjob own, *j;

	jobstatus_read(object, &s);
	if (!*s.owner_uid || !*s.uid || !*s.task || s.attempt == 0)
		return NULL;
	(void)json_parse(s.context, strlen(s.context), &context, NULL);
	own = (struct ownjob){
		.seen = seen_of(&s),
		.namespace = s.namespace,
		.app = json_string_or(json_get(context, "appName"), s.app),
		.start = s.start,
		.reason = s.reason,
		.message = s.message,
		.since = s.since,
		.ttl_seconds = s.ttl_seconds,
		.brings_code = s.brings_code,
		.refs = 1,
	};
	visit_texts(&own, &measure);
	j = xmalloc(sizeof(*j) + measure.size);
	copy.at = (char *)(j + 1);
	visit_texts(&own, &copy);
	*j = own;
	return j;
}

struct ownjob *ownjob_keep(struct ownjob *j)
{
	j->refs++;
	return j;
}

void ownjob_drop(struct ownjob *j)
{
	if (j && --j->refs == 0)
		free(j);
}
