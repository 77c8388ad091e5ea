/*
 * policing - what the policies that match a KeptnAppContext find in it, as findings. Each is judged
 * alone, and its own actions say what that means for the request:
 *
 *	Deny, enforced at Admission	an error
 *	Deny otherwise, or Warn		a warning: the promotion will not start, or the author is told
 *	Audit				neither, if it is alone; always an entry in the audit log
 */
#ifndef PROMOGATE_ADMISSION_POLICING_H
#define PROMOGATE_ADMISSION_POLICING_H

#include "admission/applied.h"
#include "admission/findings.h"
#include "json/emit.h"

void police(const struct applied *a, const struct resolver *resolver, struct findings *to);
/*
 * Adds the namespace, if its labels are not known and a policy may match by them. f: what was found
 * without them; the look-up decides, unless the request is denied whatever they are.
 */
void policing_needs(const struct review *r, const struct applied *a, const struct known *k,
	const struct findings *f, struct needs *to);

/* What a violation of this policy means for the request. */
enum severity policing_severity(const struct policy *p);
/* "Deny", "Warn", "Audit": what a finding of a policy did to the request. */
const char *policing_action(const struct finding *item);
/*
 * Appends the violations of policies with Audit among their actions, in JSON: [{"policy":"prod",
 * "rule":"PG112","field":"spec.promotionTasks","action":"Audit"}]; as many as LIMIT_AUDIT_BYTES
 * take. Nothing if there is none.
 */
void policing_audit(const struct findings *f, struct buf *to);

#endif
