/*
 * satisfy - pairs of policies that no application can satisfy together: the status of both says so.
 * It looks at pairs only, and says nothing where it is not certain.
 */
#ifndef PROMOGATE_POLICY_SATISFY_H
#define PROMOGATE_POLICY_SATISFY_H

#include "base/buf.h"
#include "policy/policy.h"

/*
 * Whether no application that both match, and that promotes, can satisfy both: one requires a task
 * that the other does not allow, or more tasks than the other's `max`, or no value of on-failure is
 * allowed by both. Whatever their actions are, so that it is known before they deny. Symmetric.
 *
 * Appends why, as seen from p: `requires the task "a", which policy "other" does not allow`.
 */
bool satisfy_conflict(const struct policy *p, const struct policy *other, struct buf *why);

#endif
