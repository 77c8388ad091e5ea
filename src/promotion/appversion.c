#include "promotion/appversion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/packing.h"
#include "base/str.h"
#include "base/strmap.h"
#include "job/name.h"
#include "keptn/keptncontext.h"
#include "kube/timestamp.h"

static const char *const state_names[] = {
	[VIEW_NONE] = "",
	[VIEW_PENDING] = "Pending",
	[VIEW_PROGRESSING] = "Progressing",
	[VIEW_SUCCEEDED] = "Succeeded",
	[VIEW_FAILED] = "Failed",
	[VIEW_WARNING] = "Warning",
	[VIEW_DEPRECATED] = "Deprecated",
	[VIEW_UNKNOWN] = "Unknown",
};

const char *appversion_state_name(enum view_state state)
{
	return state_names[state];
}

static enum view_state state_of(const char *text)
{
	int i = str_index(state_names, ARRAY_SIZE(state_names), text);

	return i < 0 ? VIEW_UNKNOWN : (enum view_state)i;
}

/* While it is decoded: it owns its arrays, and borrows strings of the object. */
struct draft {
	struct appversion v;
	struct view_task *tasks;
	struct view_item *seen_items;
	struct appversion_item *items;
	struct buf metadata;
};

static void draft_release(struct draft *d)
{
	free(d->tasks);
	free(d->seen_items);
	free(d->items);
	buf_release(&d->metadata);
}

static const char *text_of(const struct json *object, const char *key)
{
	return json_string_or(json_get(object, key), "");
}

static const struct json *list_of(const struct json *list)
{
	return json_type(list) == JSON_ARRAY ? list : NULL;
}

/* Seconds since 1970. */
static bool time_of(const char *text, int64_t *ret)
{
	int64_t ms;

	if (timestamp_parse(text, &ms) < 0)
		return false;
	*ret = ms / 1000;
	return true;
}

/* The attempt that an annotation names; 0 for none. */
static unsigned number_of(const struct json *annotation)
{
	const char *text = json_string(annotation);
	int64_t n;

	if (!text || str_to_int64(text, &n) < 0 || n < 0 || n > UINT32_MAX)
		return 0;
	return (unsigned)n;
}

/* One that Promogate did not write is about no attempt that exists, and is replaced. */
static unsigned attempt_of(const struct json *annotation)
{
	static const char before[] = ", attempt ";
	const char *text = json_string(annotation), *at = text ? strstr(text, before) : NULL;
	char number[12];
	int64_t n;

	if (!text)
		return 0;
	if (!at)
		return UINT32_MAX;
	at += sizeof(before) - 1;
	(void)snprintf(number, sizeof(number), "%.*s", (int)strspn(at, "0123456789"), at);
	return str_to_int64(number, &n) == 0 && n > 0 && n < UINT32_MAX ? (unsigned)n : UINT32_MAX;
}

/* Longer than Promogate writes: somebody else's, and replaced. */
static const char *waiting_of(const struct json *annotation)
{
	const char *text = json_string_or(annotation, "");

	return strlen(text) <= LIMIT_MESSAGE_BYTES ? text : "too long";
}

/* A claim that is not valid counts as none. */
static void read_claim(struct view_version *v, const char *claim)
{
	const char *dash = claim ? strchr(claim, '-') : NULL;
	char term[24];
	int64_t t, n;

	if (!dash || (size_t)(dash - claim) >= sizeof(term))
		return;
	memcpy(term, claim, (size_t)(dash - claim));
	term[dash - claim] = '\0';
	if (str_to_int64(term, &t) < 0 || str_to_int64(dash + 1, &n) < 0 || t < 0 || n < 0)
		return;
	v->claim_term = (uint64_t)t;
	v->claim_nonce = (uint64_t)n;
}

static void read_metadata(struct appversion *v, const struct json *metadata)
{
	const struct json *annotations = json_get(metadata, "annotations");

	v->namespace = text_of(metadata, "namespace");
	v->view.name = text_of(metadata, "name");
	v->view.uid = text_of(metadata, "uid");
	v->view.resource_version = text_of(metadata, "resourceVersion");
	(void)time_of(text_of(metadata, "creationTimestamp"), &v->view.created);
	(void)json_int64(json_get(metadata, "generation"), &v->view.generation);
	v->view.retry = number_of(json_get(annotations, APPVERSION_RETRY));
	v->view.abort = number_of(json_get(annotations, APPVERSION_ABORT));
	v->view.waiting = waiting_of(json_get(annotations, APPVERSION_WAITING));
	v->view.outcome = attempt_of(json_get(annotations, APPVERSION_OUTCOME));
	read_claim(&v->view, json_string(json_get(annotations, APPVERSION_CLAIM)));
	v->view.enrolled = json_string(json_get(annotations, APPVERSION_ADDED_TASKS)) != NULL;
	v->view.superseded = json_string(json_get(annotations, APPVERSION_SUPERSEDED_BY)) != NULL;
}

/* Each name once, where it appears first. */
static void read_tasks(struct draft *d, const struct json *names)
{
	CLEANUP(strmap_release) struct strmap view = STRMAP_INIT(NULL);

	d->v.view.tasks = d->tasks = xcalloc(json_count(names), sizeof(*d->tasks));
	json_each (item, names) {
		const char *name = json_string(item);

		if (!name || strmap_has(&view, name))
			continue;
		strmap_put(&view, name, NULL);
		d->tasks[d->v.view.ntasks++].name = name;
	}
}

static void read_item(struct draft *d, const struct json *object)
{
	struct appversion_item *item = &d->items[d->v.view.nitems];
	struct view_item *view = &d->seen_items[d->v.view.nitems++];

	item->task = text_of(object, "definitionName");
	item->job = text_of(object, "name");
	item->status = text_of(object, "status");
	item->start = text_of(object, "startTime");
	item->end = text_of(object, "endTime");
	view->state = state_of(item->status);
	if (view->state != VIEW_UNKNOWN)
		item->status = state_names[view->state];
	view->job = item->job;
	view->attempt = *item->job ? job_name_attempt(item->job, item->task) : 1;
}

static void read_items(struct draft *d, const struct json *items)
{
	d->items = xcalloc(json_count(items), sizeof(*d->items));
	d->v.view.items = d->seen_items = xcalloc(json_count(items), sizeof(*d->seen_items));
	json_each (item, items)
		if (json_type(item) == JSON_OBJECT)
			read_item(d, item);
}

/* Promogate opens items with a Job of its own; an item that never had a Job has failed. */
static bool is_ours(const struct appversion_item *item, const struct view_item *view)
{
	return *item->job ? view->attempt > 0 : view->state == VIEW_FAILED;
}

static bool is_foreign(const struct draft *d, bool promoting)
{
	enum view_state state = d->v.view.promotion;

	for (size_t i = 0; i < d->v.view.nitems; i++)
		if (!is_ours(&d->items[i], &d->seen_items[i]))
			return true;
	return d->v.view.nitems == 0 &&
	       (state == VIEW_PROGRESSING || (promoting && !view_ended(state)));
}

static void read_phase(struct draft *d, const struct json *object)
{
	const struct json *status = json_get(object, "status");
	const char *phase = text_of(status, "currentPhase");
	bool promoting = str_eq(phase, "PromotionTasks");
	struct view_version *view = &d->v.view;
	bool ended = time_of(text_of(status, "endTime"), &view->ended);
	bool completed;

	d->v.deleting = json_string(json_at(object, "metadata", "deletionTimestamp")) != NULL;
	view->promotion = state_of(text_of(status, "promotionStatus"));
	view->foreign = d->v.oversized || is_foreign(d, promoting);
	completed = str_eq(phase, "Completed") && str_eq(text_of(status, "status"), "Succeeded");
	promoting = promoting && !view->foreign &&
		    (view->nitems > 0 || view->promotion == VIEW_FAILED ||
			    view->promotion == VIEW_WARNING);
	view->delivered = ended && !d->v.deleting && (completed || promoting);
}

static void read_draft(struct draft *d, const struct json *object)
{
	const struct json *spec = json_get(object, "spec");
	const struct json *tasks = list_of(json_get(spec, "promotionTasks"));
	const struct json *items = list_of(json_at(object, "status", "promotionTaskStatus"));

	read_metadata(&d->v, json_get(object, "metadata"));
	d->v.app = text_of(spec, "appName");
	d->v.view.version = text_of(spec, "version");
	d->v.view.previous = text_of(spec, "previousVersion");
	d->v.view.revision = 1;
	(void)json_int64(json_get(spec, "revision"), &d->v.view.revision);
	d->v.oversized =
		json_count(tasks) > LIMIT_VERSION_TASKS || json_count(items) > LIMIT_VERSION_TASKS;
	if (!d->v.oversized) {
		read_tasks(d, tasks);
		read_items(d, items);
	}
	read_phase(d, object);
	if (!view_absorbed(&d->v.view)) {
		keptn_context_metadata(object, &d->metadata);
		d->v.metadata = d->metadata.overflowed ? NULL : buf_str(&d->metadata);
	}
}

/* Most items are in the order of the tasks, since they were opened together. */
static void visit_item(struct draft *d, size_t i, struct packing *p)
{
	const struct appversion_item *before = i > 0 ? &d->items[i - 1] : NULL;
	struct appversion_item *item = &d->items[i];

	packing_text_once(p, &item->task, i < d->v.view.ntasks ? d->tasks[i].name : NULL);
	packing_text(p, &item->job);
	if (d->seen_items[i].state == VIEW_UNKNOWN)
		packing_text(p, &item->status);
	packing_text_once(p, &item->start, before ? before->start : NULL);
	packing_text_once(p, &item->end, before ? before->end : NULL);
}

/* The strings of v, whose tasks and items are the draft's. */
static void visit_texts(struct appversion *v, struct draft *d, struct packing *p)
{
	packing_text(p, &v->view.name);
	packing_text(p, &v->view.uid);
	packing_text(p, &v->view.resource_version);
	packing_text(p, &v->namespace);
	packing_text(p, &v->app);
	packing_text(p, &v->view.version);
	packing_text(p, &v->view.previous);
	packing_text(p, &v->view.waiting);
	packing_text(p, &v->metadata);
	for (size_t i = 0; i < v->view.ntasks; i++)
		packing_text(p, &d->tasks[i].name);
	for (size_t i = 0; i < v->view.nitems; i++)
		visit_item(d, i, p);
}

/* The struct, the three arrays, and all strings, in this order. */
static struct appversion *pack(struct draft *d)
{
	size_t tasks = d->v.view.ntasks * sizeof(*d->tasks);
	size_t seen_items = d->v.view.nitems * sizeof(*d->seen_items);
	size_t items = d->v.view.nitems * sizeof(*d->items);
	struct packing measure = {NULL, 0}, copy = {NULL, 0};
	struct appversion *v;
	char *at;

	visit_texts(&d->v, d, &measure);
	v = xmalloc(sizeof(*v) + tasks + seen_items + items + measure.size);
	at = (char *)(v + 1);
	copy.at = at + tasks + seen_items + items;
	visit_texts(&d->v, d, &copy);
	for (size_t i = 0; i < d->v.view.nitems; i++) {
		d->seen_items[i].task = d->items[i].task;
		d->seen_items[i].job = d->items[i].job;
	}
	*v = d->v;
	v->refs = 1;
	v->view.tasks = NULL;
	v->view.items = NULL;
	if (tasks)
		v->view.tasks = memcpy(at, d->tasks, tasks);
	if (items) {
		v->view.items = memcpy(at + tasks, d->seen_items, seen_items);
		v->items = memcpy(at + tasks + seen_items, d->items, items);
	}
	return v;
}

struct appversion *appversion_decode(const struct json *object)
{
	CLEANUP(draft_release) struct draft d = {.metadata = BUF_INIT(LIMIT_JOB_BYTES)};

	read_draft(&d, object);
	if (!*d.v.view.name || !*d.v.view.uid || !*d.v.app)
		return NULL;
	return pack(&d);
}

char *appversion_key(const struct appversion *v)
{
	return xasprintf("%s/%s", v->namespace, v->view.name);
}

struct appversion *appversion_ref(struct appversion *v)
{
	v->refs++;
	return v;
}

void appversion_unref(struct appversion *v)
{
	if (v && --v->refs == 0)
		free(v);
}
