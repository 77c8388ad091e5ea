/*
 * Decodes a KeptnAppVersion and Jobs, plans, and writes the patches and Event texts. For any input,
 * what is written is valid JSON and decodes to what was meant. An input is lines of JSON: the
 * KeptnAppVersion, then Jobs.
 */
#include <assert.h>

#include "base/limits.h"
#include "job/name.h"
#include "kube/event.h"
#include "kube/names.h"
#include "promotion/event_text.h"
#include "promotion/promotion_job.h"
#include "promotion/statuspatch.h"
#include "promotion/version_tasks.h"
#include "tree.h"

#define NOW_TEXT "2026-11-24T12:00:00Z"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JOBS_MAX = 16, NOW = 1795521600 };

struct world {
	struct json *object;
	struct appversion *version;
	struct promotion_job *jobs[JOBS_MAX];
	struct view_job view_jobs[JOBS_MAX];
	size_t njobs;
	struct view_version judged;
	struct view_task tasks[2 * LIMIT_VERSION_TASKS + 1];
	struct view view;
};

static void world_release(struct world *w)
{
	while (w->njobs)
		promotion_job_unref(w->jobs[--w->njobs]);
	appversion_unref(w->version);
	json_free(w->object);
}

static void add_job(struct world *w, const char *text, size_t len)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	struct promotion_job *job;

	if (json_parse(text, len, &object, NULL) < 0)
		return;
	job = promotion_job_decode(object);
	if (!job)
		return;
	assert(job_name_attempt(job->view.name, job->view.task) == job->view.attempt);
	assert(job->view.attempt > 0 && *job->view.uid && *job->view.version_uid);
	w->view_jobs[w->njobs] = job->view;
	w->jobs[w->njobs++] = job;
}

static void world_read(struct world *w, const char *data, size_t size)
{
	const char *end = data + size;

	for (size_t line = 0; data < end && w->njobs < JOBS_MAX; line++) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *stop = newline ? newline : end;

		if (line > 0)
			add_job(w, data, (size_t)(stop - data));
		else if (json_parse(data, (size_t)(stop - data), &w->object, NULL) < 0)
			return;
		data = stop + 1;
	}
	w->version = appversion_decode(w->object);
}

static void check_version(const struct appversion *v)
{
	CLEANUP(json_free_p) struct json *metadata = NULL;

	assert(v->refs == 1 && *v->view.name && *v->view.uid && *v->app);
	assert((v->metadata == NULL) == view_absorbed(&v->view));
	assert(!v->oversized || (v->view.foreign && !v->view.ntasks && !v->view.nitems));
	for (size_t i = 0; i < v->view.nitems; i++) {
		assert(v->view.items[i].task == v->items[i].task);
		assert(v->view.items[i].job == v->items[i].job);
		assert(v->view.foreign || v->view.items[i].attempt > 0);
	}
	if (v->metadata && *v->metadata)
		assert(json_parse(v->metadata, strlen(v->metadata), &metadata, NULL) == 0);
}

/* All definitions exist, or none; a policy adds a task, or none. */
static void prepare(struct world *w, bool defined, bool adds)
{
	static const struct added_task audit = {.name = "audit", .since = 1};

	w->judged = w->version->view;
	w->judged.ntasks =
		version_tasks(&w->version->view, &(struct added_tasks){&audit, adds}, w->tasks);
	for (size_t i = 0; i < w->judged.ntasks; i++)
		w->tasks[i].defined = defined;
	w->judged.tasks = w->tasks;
	w->view = (struct view){.versions = &w->judged,
		.nversions = 1,
		.jobs = w->view_jobs,
		.njobs = w->njobs,
		.room = LIMIT_VERSION_TASKS,
		.max_age = 864000,
		.deadline = 3600,
		.namespace = w->version->namespace,
		.explain_after = 1};
	w->judged.waits_since = 1;
}

static struct json *reread(const struct buf *text)
{
	struct json *j = NULL;

	assert(!text->overflowed);
	assert(json_parse(buf_str(text), text->len, &j, NULL) == 0);
	return j;
}

/* The object with the status that the patch makes of it. */
static struct appversion *apply(const struct json *object, const struct json *patch)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(json_free_p) struct json *patched = NULL;
	const struct json *was = json_get(object, "status"), *is = json_get(patch, "status");
	struct emit e = EMIT_INIT(&text);

	emit_object_begin(&e);
	emit_key_json(&e, "metadata", json_get(object, "metadata"));
	emit_key_json(&e, "spec", json_get(object, "spec"));
	emit_key(&e, "status");
	emit_object_begin(&e);
	json_each (field, json_type(was) == JSON_OBJECT ? was : NULL)
		if (!json_get(is, json_key(field)))
			emit_key_json(&e, json_key(field), field);
	json_each (field, is)
		emit_key_json(&e, json_key(field), field);
	emit_object_end(&e);
	emit_object_end(&e);
	patched = reread(&text);
	return appversion_decode(patched);
}

static void check_patch(const struct world *w, const struct plan *p, const struct plan_action *a)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(json_free_p) struct json *patch = NULL;
	CLEANUP(appversion_unref_p) struct appversion *after = NULL;
	struct statuspatch s = {.version = w->version,
		.promotion = a->promotion,
		.changes = a->count ? &p->changes[a->first] : NULL,
		.count = a->count,
		.now = NOW_TEXT};

	statuspatch_encode(&s, &text);
	patch = reread(&text);
	assert(str_eq(json_string(json_at(patch, "metadata", "uid")), w->version->view.uid));
	after = apply(w->object, patch);
	check_version(after);
	assert(!after->view.foreign);
	for (size_t i = 0; i < a->count; i++) {
		const struct plan_change *change = &s.changes[i];
		bool there = false;

		for (size_t k = 0; k < after->view.nitems; k++)
			there |= str_eq(after->items[k].task, change->task) &&
				 str_eq(after->items[k].job, change->job) &&
				 after->view.items[k].state == change->state;
		assert(there);
	}
	if (a->promotion != VIEW_NONE) {
		assert(after->view.promotion == a->promotion);
		assert(view_active(&after->view) == (a->kind == PLAN_COMMIT));
	}
}

static struct event_text_end end_of(
	const struct world *w, const struct plan *p, const struct plan_action *a)
{
	return (struct event_text_end){.version = w->version,
		.action = a,
		.plan = p,
		.jobs = (const struct promotion_job *const *)w->jobs,
		.njobs = w->njobs};
}

/* What is annotated is read as that. */
static void check_notes(const struct world *w, const struct plan *p, const struct plan_action *a)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(buf_release) struct buf outcome = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(json_free_p) struct json *patch = NULL;
	const struct event_text_end end = end_of(w, p, a);
	const struct json *notes;

	event_text_outcome(&outcome, &end);
	statuspatch_annotate(w->version,
		&(struct statuspatch_notes){.waiting = a->waiting == PLAN_SET ? a->text : "",
			.outcome = buf_str(&outcome)},
		&text);
	patch = reread(&text);
	notes = json_at(patch, "metadata", "annotations");
	assert(json_string(json_get(notes, APPVERSION_OUTCOME)));
	assert(a->waiting != PLAN_SET ||
		strlen(json_string(json_get(notes, APPVERSION_WAITING))) <= LIMIT_MESSAGE_BYTES);
}

static void report(const struct world *w, const struct plan *p, const struct plan_action *a,
	struct event_text *t)
{
	const struct event_text_end end = end_of(w, p, a);

	if (a->kind == PLAN_COMMIT)
		event_text_started(t, w->version, a, p);
	else if (a->kind == PLAN_RECORD && a->promotion != VIEW_NONE)
		event_text_ended(t, &end);
	else if (a->kind == PLAN_REPORT && a->reason == PLAN_NOT_OURS)
		event_text_not_ours(t, w->version);
	else if (a->reason == PLAN_RETRY_IGNORED || a->reason == PLAN_ABORT_IGNORED)
		event_text_ignored(t, w->version, a);
	else if (a->kind == PLAN_REPORT)
		event_text_waits(t, w->version, &w->view, &p->wait);
}

static void check_telling(const struct appversion *v, const struct event_text *t)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(json_free_p) struct json *event = NULL;

	if (!*t->reason)
		return;
	event_encode(&(struct event){.namespace = v->namespace,
			     .api_version = APPVERSION_API_VERSION,
			     .kind = APPVERSION_KIND,
			     .name = v->view.name,
			     .uid = v->view.uid,
			     .resource_version = v->view.resource_version,
			     .warning = t->warning,
			     .reason = t->reason,
			     .message = buf_str(&t->message),
			     .component = "fuzz",
			     .now = NOW_TEXT},
		&text);
	event = reread(&text);
	if (name_is_subdomain(v->view.name))
		assert(name_is_subdomain(json_string(json_at(event, "metadata", "name"))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(world_release) struct world w = {.njobs = 0};
	CLEANUP(plan_release) struct plan p = PLAN_INIT;

	world_read(&w, (const char *)data, size);
	if (!w.version)
		return 0;
	check_version(w.version);
	for (int known = 0; known < 4; known++) {
		prepare(&w, known & 1, known & 2);
		plan(&w.view, NOW, size, &p);
		for (size_t i = 0; i < p.nactions; i++) {
			CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

			if (p.actions[i].kind == PLAN_COMMIT || p.actions[i].kind == PLAN_RECORD)
				check_patch(&w, &p, &p.actions[i]);
			if (p.actions[i].kind == PLAN_ANNOTATE)
				check_notes(&w, &p, &p.actions[i]);
			report(&w, &p, &p.actions[i], &t);
			check_telling(w.version, &t);
		}
	}
	return 0;
}
