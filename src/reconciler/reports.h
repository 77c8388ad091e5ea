/*
 * reports - what is told of promotions: Events, metrics and log lines, on transitions alone. A
 * transition is what an own write made, so a restart tells nothing again; what is said of waiting
 * is said once, until it changes.
 *
 * In the log, "promotion" is the key by which one promotion is followed: "namespace/version".
 *
 * On the client's thread alone.
 */
#ifndef PROMOGATE_RECONCILER_REPORTS_H
#define PROMOGATE_RECONCILER_REPORTS_H

#include "controller/env.h"
#include "promotion/plan.h"
#include "reconciler/apps.h"
#include "reconciler/snapshot.h"

struct reports;

struct reports *reports_new(const struct env *env);
/* After api_free(). */
void reports_free(struct reports *r);
DEFINE_CLEANUP(struct reports, reports_free)

/* Whether no Event is on its way, and whom to tell when none is any more. */
bool reports_quiet(const struct reports *r);
typedef void reports_quiet_fn(void *ctx);
void reports_when_quiet(struct reports *r, reports_quiet_fn *quiet, void *ctx);

/* An action was carried out. */
void reports_done(struct reports *r, struct app *app, const struct snapshot *s,
	const struct plan *plan, const struct plan_action *a);
/* A PLAN_REPORT. */
void reports_told(
	struct reports *r, struct app *app, const struct snapshot *s, const struct plan_action *a);
/* The Job of a PLAN_CREATE_JOB, or its ConfigMap, was refused. */
void reports_refused(struct reports *r, struct app *app, const struct snapshot *s,
	const struct plan_action *a, const struct err *err);

/* Anything else was refused: by a right that is missing, or by admission. */
void reports_failed(struct reports *r, struct app *app, const struct snapshot *s,
	const struct plan_action *a, const struct err *err);

#endif
