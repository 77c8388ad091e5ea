/*
 * verdict - the webhook's decision: an admission request and what is known, in; the response, out.
 * It does no I/O, so tests replay it without a cluster.
 */
#ifndef PROMOGATE_ADMISSION_VERDICT_H
#define PROMOGATE_ADMISSION_VERDICT_H

#include "admission/findings.h"
#include "admission/lookup.h"
#include "kube/patch.h"
#include "kube/review.h"

struct verdict {
	bool allowed;
	struct findings findings;
	const char *warning; /* about the request as a whole; NULL for none */
	const char *hint; /* another one */
	bool is_policy; /* a PromotionPolicy that is allowed: say what it would do */
	bool too_large; /* over LIMIT_CONTEXT_VALUES: denied, and not judged */
	bool defaults_missing; /* /mutate was not asked: neither allow nor deny it */
	struct patch patch; /* of /mutate */
};

/* In place: a struct verdict must not be moved afterwards. */
void verdict_init(struct verdict *v);
void verdict_release(struct verdict *v); /* for CLEANUP() too */

enum { VERDICT_PENDING = 1 };

/*
 * /validate. 0: the verdict is filled. VERDICT_PENDING: look up the needs live, add the answers to
 * k->confirmed, release v and needs, and call again without k->ask_wording. That ends: each round
 * confirms at least one more name, and the names are those in the object and their functionRefs.
 *
 * Without k->ask_wording, it is pending only if a name that is not confirmed could deny the request
 * (needs_decide()). Where look-ups fail, call it so: the answer is certain, and findings that were
 * not looked up say that they are not confirmed.
 */
int verdict_validate(
	const struct review *r, const struct known *k, struct needs *needs, struct verdict *v);

/*
 * /mutate. 0: allowed, perhaps with a patch. VERDICT_PENDING: as above, but whatever it needs only
 * words the answer, so it is never pending without k->ask_wording.
 */
int verdict_mutate(
	const struct review *r, const struct known *k, struct needs *needs, struct verdict *v);

/* Appends "PG101,PG106": each rule with a finding, once. */
void verdict_rules(const struct verdict *v, struct buf *to);

/* Writes the AdmissionReview of the response. */
void verdict_encode(const struct review *r, struct verdict *v, struct buf *to);

#endif
