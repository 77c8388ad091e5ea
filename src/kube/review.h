/*
 * review - AdmissionReview, admission.k8s.io/v1: the API server's request to a webhook, and the
 * response (Kubernetes: "Dynamic Admission Control").
 */
#ifndef PROMOGATE_KUBE_REVIEW_H
#define PROMOGATE_KUBE_REVIEW_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/emit.h"
#include "json/json.h"
#include "kube/fielderr.h"

enum review_operation { REVIEW_CREATE, REVIEW_UPDATE, REVIEW_DELETE, REVIEW_CONNECT };

/* Borrows from the decoded JSON. A missing string is "". */
struct review {
	const char *uid;
	enum review_operation operation;
	const char *group, *resource, *subresource;
	const char *name, *namespace; /* name: "" where the API server generates one */
	const char *field_manager; /* the field manager; a hint, not an identity */
	const char *user; /* who made the request, as the API server authenticated it */
	bool dry_run;
	const struct json *object; /* NULL on DELETE */
	const struct json *old_object; /* NULL on CREATE */
};

/* ERR_INVALID, naming the field, for anything but an AdmissionReview of this version. */
int review_decode(const struct json *root, struct review *ret, struct err *err);

/* "CREATE", …. */
const char *review_operation_name(enum review_operation operation);

/*
 * The response is written in this order: review_answer_begin(); for a denial, _denial_begin(), each
 * _cause(), _denial_end(); then _warnings(), _audit() and _patch() as needed; review_answer_end().
 * Audit annotations are between _audit_begin() and _audit_end().
 */
void review_answer_begin(struct emit *to, const char *uid, bool allowed);
/* Status 422, reason Invalid, as the API server rejects an invalid object. */
void review_answer_denial_begin(struct emit *to, const char *message, const char *group,
	const char *kind, const char *name);
void review_answer_cause(
	struct emit *to, enum fielderr_type type, const char *field, const char *message);
void review_answer_denial_end(struct emit *to);
/* Instead of these three: status 403, reason Forbidden, for an object that is valid. */
void review_answer_refusal(struct emit *to, const char *message, const char *group,
	const char *kind, const char *name);
/* Cut to what the API server passes on: LIMIT_WARNING_CHARS each, LIMIT_WARNINGS_CHARS in all. */
void review_answer_warnings(struct emit *to, const char *const *warnings, size_t n);
void review_answer_audit_begin(struct emit *to);
void review_answer_audit(struct emit *to, const char *key, const char *value);
void review_answer_audit_end(struct emit *to);
void review_answer_patch(struct emit *to, const struct buf *patch);
void review_answer_end(struct emit *to);

#endif
