/*
 * Keeps the annotations of each version true: why it waits, and what failed. Each is one write, of
 * a version that this plan does not write anyway: the resourceVersion changes with it.
 */
#include "promotion/planning.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/utf8.h"
#include "promotion/wait_text.h"

/* The action of this plan that writes v; NULL: none does. */
static struct plan_action *find_write(struct plan *p, const struct view_version *v)
{
	for (size_t i = 0; i < p->nactions; i++)
		if (p->actions[i].version == v && plan_writes_version(p->actions[i].kind))
			return &p->actions[i];
	return NULL;
}

bool plan_held_up(const struct plan *p, const struct view *view, const struct view_version *v)
{
	return v->rejected && (view_waits(view, v) || view_active(v) || v == p->start.version ||
				      v == p->wait.version);
}

/* Why v does not go on; NULL: nothing is in its way. */
static const char *obstacle(struct planning *p, const struct view_version *v)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(WAIT_TEXT_MAX);
	char cut[LIMIT_MESSAGE_BYTES + 1];

	if (v != p->to->wait.version || p->to->wait.reason == PLAN_CREATE_REFUSED)
		return plan_held_up(p->to, p->view, v) ? v->rejected : NULL;
	wait_text_annotation(&text, p->view, &p->to->wait);
	(void)utf8_copy(cut, sizeof(cut), buf_str(&text));
	p->to->text = xstrdup(cut);
	return p->to->text;
}

/* Whether it has waited long enough; otherwise it is planned again when it has. */
static bool has_lasted(struct planning *p, const struct view_version *v)
{
	int64_t from = (v->waits_since ? v->waits_since : p->now) + p->view->explain_after;

	if (p->now < from)
		plan_wake(p->to, from);
	return p->now >= from;
}

static bool has_reason(const struct view_version *v)
{
	return v->waiting && *v->waiting;
}

static enum plan_note plan_waiting(
	struct planning *p, const struct view_version *v, const char *text)
{
	if (text)
		return (has_reason(v) && str_eq(v->waiting, text)) || !has_lasted(p, v) ? PLAN_KEEP
											: PLAN_SET;
	/* What waits for nothing but its turn keeps the last reason until it has started. */
	return has_reason(v) && !view_waits(p->view, v) ? PLAN_REMOVE : PLAN_KEEP;
}

static enum plan_note plan_outcome(const struct view_version *v)
{
	if (view_active(v))
		return PLAN_KEEP;
	if (v->promotion == VIEW_FAILED || v->promotion == VIEW_WARNING)
		return v->outcome == view_attempt(v) ? PLAN_KEEP : PLAN_SET;
	return v->promotion == VIEW_SUCCEEDED && v->outcome ? PLAN_REMOVE : PLAN_KEEP;
}

static void explain(struct planning *p, const struct view_version *v)
{
	enum plan_note waiting, outcome = plan_outcome(v);
	struct plan_action *a;
	const char *text;

	if (!v->delivered || v->foreign)
		return;
	text = obstacle(p, v);
	if (!text && !has_reason(v) && outcome == PLAN_KEEP)
		return;
	a = find_write(p->to, v);
	if (a && a->kind != PLAN_SUPERSEDE)
		return;
	waiting = plan_waiting(p, v, text);
	if (waiting == PLAN_KEEP && outcome == PLAN_KEEP)
		return;
	if (!a)
		a = plan_add(p->to, PLAN_ANNOTATE, v);
	a->waiting = waiting;
	a->outcome = outcome;
	a->text = text;
	/* A create that is rejected again would drop what comes after it. */
	if (a->kind == PLAN_ANNOTATE && waiting == PLAN_SET)
		plan_move_first(p->to, p->to->nactions - 1);
}

void plan_explain(struct planning *p)
{
	for (size_t i = 0; p->view->explain_after > 0 && i < p->view->nversions; i++)
		explain(p, &p->view->versions[i]);
}
