/*
 * status - metav1.Status, both ways: what the API server says went wrong, as a struct err; and the
 * body of an answer that says no, which kubectl and the API server show to people. Pure.
 *
 * The kind follows the reason, which is finer than the HTTP code: 409 is AlreadyExists or Conflict,
 * 403 is RBAC's or a quota's. Where a proxy answered, or the path does not exist at all, there is
 * no Status, and the code decides.
 */
#ifndef PROMOGATE_KUBE_STATUS_H
#define PROMOGATE_KUBE_STATUS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/*
 * Fills err from a response that was no success, and returns -1. body need not be JSON;
 * retry_after_ms is what the Retry-After header asked for, or 0. err->retry_after_ms is the longer
 * of that and the Status's own, at most LIMIT_RETRY_AFTER_MS.
 */
int status_error(
	int http_status, const char *body, size_t len, unsigned retry_after_ms, struct err *err);
/* The same from a Status that was parsed, such as the object of an ERROR event. */
int status_error_json(const struct json *status, struct err *err);

#define STATUS_CONTENT_TYPE "application/json"

/* Appends one; code is the HTTP status, reason a word from the API ("RequestEntityTooLarge"). */
void status_encode(struct buf *to, int code, const char *reason, const char *message);

#endif
