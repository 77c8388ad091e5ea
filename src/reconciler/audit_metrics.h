/*
 * audit_metrics - shows the violations of each policy as promogate_policy_violations. A policy
 * that is gone, or has none any more, shows 0.
 *
 * On the client's thread alone (controller/env.h).
 */
#ifndef PROMOGATE_RECONCILER_AUDIT_METRICS_H
#define PROMOGATE_RECONCILER_AUDIT_METRICS_H

#include "reconciler/audit_pass.h"

struct audit_metrics;

struct audit_metrics *audit_metrics_new(void);
/* All show 0: the next leader shows them. */
void audit_metrics_free(struct audit_metrics *m);

/* What an audit of all policies has found. */
void audit_metrics_show(struct audit_metrics *m, const struct audit_pass *pass);
/* Whether a policy shows more than 0. */
bool audit_metrics_shows(const struct audit_metrics *m);

#endif
