/*
 * reports - Events, metrics and log lines about promotions, on transitions only. An own write makes
 * a transition, so a restart repeats nothing. Why a version waits is reported once, until the
 * reason changes.
 *
 * In the log, one promotion has one value of "promotion": "namespace/version".
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_REPORTS_H
#define PROMOGATE_RECONCILER_REPORTS_H

#include "controller/env.h"
#include "promotion/plan.h"
#include "reconciler/report_memory.h"
#include "reconciler/snapshot.h"

struct reports;

struct reports *reports_new(const struct env *env);
/* After api_free(). */
void reports_free(struct reports *r);

/* No Event is pending; see event_queue.h. */
bool reports_quiet(const struct reports *r);
typedef void reports_quiet_fn(void *ctx);
void reports_stop(struct reports *r, reports_quiet_fn *quiet, void *ctx);

/* A plan was made of this view. */
void reports_planned(struct reports *r, struct report_memory *memory, const struct view *view,
	const struct plan *plan);
/* An action was executed. */
void reports_done(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a);
/*
 * The replies to the actions of this plan were lost. What they changed is reported once a view shows
 * that they reached their versions.
 */
void reports_lost(
	struct report_memory *memory, struct snapshot *snapshot_take, struct plan *plan_take);
/* A PLAN_REPORT. */
void reports_waits(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a);
/*
 * The Job of a PLAN_CREATE_JOB, or its ConfigMap, was refused. waits: the version then waits for its
 * definition, so that is what it is annotated with.
 */
void reports_refused(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, bool waits, const struct err *err);

/* Anything else was refused, by a missing right or by admission. what it does; NULL: the action. */
void reports_failed(struct reports *r, struct report_memory *memory, const struct snapshot *s,
	const struct plan_action *a, const char *what, const struct err *err);

#endif
