/* Why a version waits, and what the API server rejects. */
#include "reconciler/reports_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "json/utf8.h"
#include "promotion/wait_text.h"
#include "reconciler/api_requests.h"
#include "run/log.h"

/* Texts of one rejection that are reported: a webhook may answer with another one each time. */
enum { TEXTS_MAX = 8 };

/* The last report of a version, or of one task or Job of it. */
struct said {
	unsigned texts; /* how many reports there were */
	bool posted; /* it is on its way as an Event */
	char what[];
};

static struct said *said_new(const char *what, unsigned texts)
{
	size_t size = strlen(what) + 1;
	struct said *s = xcalloc(1, sizeof(*s) + size);

	s->texts = texts;
	memcpy(s->what, what, size);
	return s;
}

struct report {
	const struct appversion *v;
	const char *part; /* a task or Job of it; "": the version */
	enum log_level level;
	unsigned texts; /* that are reported at most; 0: any number */
};

/* The last report of this is another one, which is replaced; NULL: it is not. */
static struct said *news(
	struct report_memory *memory, const struct report *report, const char *what)
{
	CLEANUP(free_p)
	char *about =
		xasprintf("%s%s%s", report->v->view.name, *report->part ? "/" : "", report->part);
	struct said *last = strmap_get(&memory->reported, about), *now;

	if (last && str_eq(last->what, what))
		return last->posted ? NULL : last;
	if (last && report->texts && last->texts >= report->texts)
		return NULL;
	now = said_new(what, last ? last->texts + 1 : 1);
	strmap_put(&memory->reported, about, now);
	return now;
}

/* True unless it was said already. */
static bool say(struct reports *r, struct report_memory *memory, const struct event_text *t,
	const struct report *report)
{
	struct said *now = news(memory, report, buf_str(&t->message));
	CLEANUP(free_p) char *key = appversion_key(report->v);

	if (!now)
		return false;
	log_event(report->level, "promotion waiting", LOG_STR("promotion", key),
		LOG_STR("reason", t->reason), LOG_STR("because", buf_str(&t->message)), LOG_END);
	now->posted = reports_post(r, report->v, t, NULL);
	return true;
}

/* Keptn's operator promotes this version: nothing is written, not even an Event. */
static void stand_down(struct reports *r, const struct appversion *v)
{
	CLEANUP(free_p) char *key = appversion_key(v);

	if (!r->reported_foreign)
		log_event(LOG_WARN,
			"leaving versions alone that Keptn's operator promotes; disable its promotion tasks",
			LOG_STR("promotion", key), LOG_END);
	r->reported_foreign = true;
}

static void ignored(struct reports *r, struct report_memory *memory, const struct appversion *v,
	const struct plan_action *a)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	/* No task has such a name. */
	const char *part = a->reason == PLAN_RETRY_IGNORED ? "/retry" : "/abort";

	event_text_ignored(&t, v, a);
	(void)say(r, memory, &t, &(struct report){v, part, LOG_INFO, 0});
}

void reports_waits(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a)
{
	const struct appversion *v = snapshot_version(s, a->version);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	if (a->reason == PLAN_NOT_OURS && !v->oversized) {
		stand_down(r, v);
		return;
	}
	if (a->reason == PLAN_RETRY_IGNORED || a->reason == PLAN_ABORT_IGNORED) {
		ignored(r, memory, v, a);
		return;
	}
	if (a->reason == PLAN_NOT_OURS)
		event_text_not_ours(&t, v);
	else
		event_text_waits(&t, v, &s->view, &plan->wait);
	(void)say(r, memory, &t, &(struct report){v, "", LOG_INFO, 0});
}

/* --- rejections ------------------------------------------------------------------------------- */

static bool is_fence(const struct plan_action *a)
{
	return a->kind == PLAN_DEPRECATE || a->kind == PLAN_SUPERSEDE;
}

/* The version that does not go on: for a fence, the newer one. */
static const struct view_version *held_up(const struct plan_action *a)
{
	return is_fence(a) ? a->other : a->version;
}

/* What the action does, for free(). */
static char *doing(const struct plan_action *a)
{
	static const char *const words[] = {
		[PLAN_COMMIT] = "start the promotion",
		[PLAN_UNSUSPEND] = "resume a Job",
		[PLAN_QUEUE] = "hand a Job over to its queue",
		[PLAN_RECORD] = "record an outcome",
		[PLAN_SET_TTL] = "set the TTL of a Job",
		[PLAN_DELETE] = "delete a Job",
		[PLAN_GET_JOB] = "get a Job",
		[PLAN_CLAIM] = "delete Jobs that were not committed",
		[PLAN_ENROL] = "note the tasks that policies add",
		[PLAN_LEAVE] = "note that no policy adds tasks any more",
		[PLAN_ANNOTATE] = "annotate the version",
	};

	if (is_fence(a))
		return xasprintf("retire the older version %s", a->version->name);
	return xstrdup(a->kind < ARRAY_SIZE(words) && words[a->kind] ? words[a->kind] : "continue");
}

/* The task or Job that the action is about; "": none. */
static const char *part_of(const struct plan_action *a)
{
	if (a->task)
		return a->task;
	if (!a->job)
		return a->item ? a->item->job : "";
	return a->kind == PLAN_CREATE_CODE ? a->job->task : a->job->name;
}

static char *action_key(const struct plan_action *a)
{
	CLEANUP(free_p) char *what = doing(a);

	return xasprintf("%s %s", what, part_of(a));
}

/* The version is annotated with it if it lasts. */
static void reject(
	struct report_memory *memory, const struct plan_action *a, const struct event_text *t)
{
	CLEANUP(free_p)
	char *text = xasprintf(WAIT_TEXT_REJECTED ": %s", buf_str(&t->message));
	struct rejection *rejection = xcalloc(1, sizeof(*rejection));

	rejection->doing = action_key(a);
	rejection->text = xmalloc(LIMIT_MESSAGE_BYTES + 1);
	(void)utf8_copy(rejection->text, LIMIT_MESSAGE_BYTES + 1, text);
	strmap_put(&memory->rejected, held_up(a)->name, rejection);
}

void reports_accepted(struct report_memory *memory, const struct plan_action *a)
{
	CLEANUP(free_p) char *key = action_key(a);
	const char *version = held_up(a)->name;
	const struct rejection *rejection = strmap_get(&memory->rejected, version);

	if (rejection && (a->kind == PLAN_COMMIT || str_eq(rejection->doing, key)))
		(void)strmap_remove(&memory->rejected, version);
}

/* With the text of the last report, once there were too many others. */
static void report(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, bool annotates, const struct event_text *t)
{
	const char *version = held_up(a)->name;
	const struct report as = {snapshot_version(s, held_up(a)), part_of(a), LOG_WARN, TEXTS_MAX};
	bool is_new = say(r, memory, t, &as);

	if (annotates && (is_new || !strmap_has(&memory->rejected, version)))
		reject(memory, a, t);
}

void reports_refused(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, bool waits, const struct err *err)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	const char *job = a->kind == PLAN_CREATE_CODE ? a->job->name : a->name.text;
	CLEANUP(free_p) char *words = refusal_text(err, job, part_of(a));

	event_text_create_failed(&t, part_of(a), words);
	report(r, memory, s, a, !waits, &t);
}

void reports_failed(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, const char *what, const struct err *err)
{
	const char *job = a->job ? a->job->name : a->item ? a->item->job : "";
	CLEANUP(free_p) char *words = refusal_text(err, job, "the Job"), *by_kind = doing(a);
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	event_text_failed(&t, what ? what : by_kind, words);
	report(r, memory, s, a, a->kind != PLAN_ANNOTATE, &t);
}
