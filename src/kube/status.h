/*
 * status - metav1.Status, both ways: an error of the API server as a struct err; and the body of an
 * error response, which kubectl and the API server show to users. Pure.
 *
 * The reason decides the kind, since it is more precise than the HTTP code: 409 is AlreadyExists or
 * Conflict, 403 comes from RBAC or from a quota. If a proxy responded, or the path does not exist
 * at all, there is no Status, and the code decides.
 *
 * A denial by an admission policy or webhook is ERR_FORBIDDEN, also where its reason is Invalid:
 * ERR_INVALID means that the object itself is not valid.
 *
 * A 404 is ERR_NOT_FOUND only if it is a Status that says so of the very object that was asked
 * for; else it is ERR_NOT_SERVED, which proves nothing and is retried.
 */
#ifndef PROMOGATE_KUBE_STATUS_H
#define PROMOGATE_KUBE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/*
 * Fills err from an error response to a request with this path, and returns -1. body need not be
 * JSON; retry_after_ms is from the Retry-After header, or 0. err->retry_after_ms is the longer of
 * that and the Status's own, at most LIMIT_RETRY_AFTER_MS.
 */
int status_error(int http_status, const char *path, const char *body, size_t len,
	unsigned retry_after_ms, struct err *err);
/*
 * The same from a parsed Status, such as the object of an ERROR event, which is about no object in
 * particular: never ERR_NOT_FOUND.
 */
int status_error_json(const struct json *status, struct err *err);

/*
 * Whether a Status with reason NotFound is about the object that path names: its details.kind and
 * details.name are the path's last resource and name, or those before one more segment, which is a
 * subresource, or the resource of a create whose namespace is missing. path may have a query.
 */
bool status_is_about(const struct json *status, const char *path);

#define STATUS_CONTENT_TYPE "application/json"

/* Appends one; code is the HTTP status, reason is the API's ("RequestEntityTooLarge"). */
void status_encode(struct buf *to, int code, const char *reason, const char *message);

#endif
