#include "promotion/statuspatch.h"

#include "base/str.h"
#include "json/emit.h"

static void emit_begin(struct emit *e, const struct appversion *v)
{
	emit_object_begin(e);
	emit_key_object(e, "metadata");
	emit_key_string(e, "uid", v->view.uid);
	emit_key_string(e, "resourceVersion", v->view.resource_version);
}

static void emit_if_set(struct emit *e, const char *key, const char *value)
{
	if (*value)
		emit_key_string(e, key, value);
}

static void emit_item(struct emit *e, const struct appversion_item *item)
{
	emit_object_begin(e);
	emit_if_set(e, "definitionName", item->task);
	emit_if_set(e, "status", item->status);
	emit_if_set(e, "name", item->job);
	emit_if_set(e, "startTime", item->start);
	emit_if_set(e, "endTime", item->end);
	emit_object_end(e);
}

/* An item after a change; old: before it, or NULL. */
static void emit_change(const struct statuspatch *s, struct emit *e,
	const struct plan_change *change, const struct appversion_item *old)
{
	bool begins = change->state == VIEW_PROGRESSING;
	struct appversion_item item = {
		.task = change->task,
		.job = change->job,
		.status = appversion_state_name(change->state),
		.start = begins ? s->now : (old ? old->start : ""),
		.end = begins ? "" : s->now,
	};

	emit_item(e, &item);
}

static bool ends(const struct plan_change *change, const struct appversion_item *item)
{
	return change->state != VIEW_PROGRESSING && str_eq(change->task, item->task) &&
	       str_eq(change->job, item->job);
}

static bool replaces(const struct plan_change *change, const struct appversion_item *item)
{
	return change->state == VIEW_PROGRESSING && str_eq(change->task, item->task);
}

/* NULL if item i does not change. *ret_gone: another item of its task replaces it. */
static const struct plan_change *change_of(const struct statuspatch *s, size_t i, bool *ret_gone)
{
	const struct appversion_item *item = &s->version->items[i];

	*ret_gone = false;
	for (size_t k = 0; k < s->count; k++) {
		const struct plan_change *change = &s->changes[k];

		if (ends(change, item))
			return change;
		if (!replaces(change, item))
			continue;
		for (size_t before = 0; before < i; before++)
			*ret_gone |= replaces(change, &s->version->items[before]);
		return change;
	}
	return NULL;
}

static bool is_new(const struct statuspatch *s, const struct plan_change *change)
{
	for (size_t i = 0; i < s->version->view.nitems; i++)
		if (ends(change, &s->version->items[i]) || replaces(change, &s->version->items[i]))
			return false;
	return true;
}

/* A merge patch can't change one element, so it has the whole list. */
static void emit_items(const struct statuspatch *s, struct emit *e)
{
	emit_key_array(e, "promotionTaskStatus");
	for (size_t i = 0; i < s->version->view.nitems; i++) {
		const struct appversion_item *item = &s->version->items[i];
		bool gone;
		const struct plan_change *change = change_of(s, i, &gone);

		if (change && !gone)
			emit_change(s, e, change, item);
		else if (!change)
			emit_item(e, item);
	}
	for (size_t k = 0; k < s->count; k++)
		if (is_new(s, &s->changes[k]))
			emit_change(s, e, &s->changes[k], NULL);
	emit_array_end(e);
}

static void emit_promotion(const struct statuspatch *s, struct emit *e)
{
	static const struct {
		const char *phase, *status;
		bool ends;
	} rows[] = {
		[VIEW_PROGRESSING] = {"PromotionTasks", "Progressing", false},
		[VIEW_SUCCEEDED] = {"Completed", "Succeeded", true},
		[VIEW_FAILED] = {"PromotionTasks", "Failed", true},
		[VIEW_WARNING] = {"Completed", "Succeeded", true},
		[VIEW_UNKNOWN] = {NULL, NULL, false},
	};

	if (s->promotion == VIEW_NONE)
		return;
	emit_key_string(e, "promotionStatus", appversion_state_name(s->promotion));
	if (rows[s->promotion].phase) {
		emit_key_string(e, "currentPhase", rows[s->promotion].phase);
		emit_key_string(e, "status", rows[s->promotion].status);
	}
	if (rows[s->promotion].ends)
		emit_key_string(e, "endTime", s->now);
}

void statuspatch_encode(const struct statuspatch *s, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	emit_begin(&e, s->version);
	emit_object_end(&e);
	emit_key_object(&e, "status");
	if (s->count)
		emit_items(s, &e);
	emit_promotion(s, &e);
	emit_object_end(&e);
	emit_object_end(&e);
}

static void emit_note(struct emit *e, const char *key, const char *value)
{
	if (!value)
		return;
	emit_key(e, key);
	if (*value)
		emit_string(e, value);
	else
		emit_null(e);
}

void statuspatch_annotate(
	const struct appversion *v, const struct statuspatch_notes *notes, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	emit_begin(&e, v);
	emit_key_object(&e, "annotations");
	emit_note(&e, APPVERSION_SUPERSEDED_BY, notes->superseded_by);
	emit_note(&e, APPVERSION_CLAIM, notes->claim);
	emit_note(&e, APPVERSION_WAITING, notes->waiting);
	emit_note(&e, APPVERSION_OUTCOME, notes->outcome);
	emit_note(&e, APPVERSION_ADDED_TASKS, notes->added_tasks);
	emit_object_end(&e);
	emit_object_end(&e);
	emit_object_end(&e);
}
