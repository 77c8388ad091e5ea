/*
 * fielderr - errors about a field, worded as those of the API server (apimachinery's field.Error),
 * so that users and tools know them:
 *
 *	spec.promotionTasks[1]: Not found: "open-pr": the detail
 */
#ifndef PROMOGATE_KUBE_FIELDERR_H
#define PROMOGATE_KUBE_FIELDERR_H

#include "base/buf.h"

enum fielderr_type {
	FIELDERR_NOT_FOUND,
	FIELDERR_DUPLICATE,
	FIELDERR_INVALID,
	FIELDERR_TYPE_INVALID,
	FIELDERR_NOT_SUPPORTED,
	FIELDERR_TOO_MANY, /* the value is a number and not quoted */
	FIELDERR_REQUIRED, /* the value, which is missing, is not in the text */
	FIELDERR_FORBIDDEN, /* whatever the value */
};

/* The reason of a StatusCause: "FieldValueNotFound", …. */
const char *fielderr_reason(enum fielderr_type type);

/*
 * Appends `Not found: "value": detail`, without the field. The value is quoted as by Go's %q, and cut
 * to LIMIT_QUOTED_BYTES.
 */
void fielderr_body(struct buf *to, enum fielderr_type type, const char *value, const char *detail);

/* Appends the value quoted and cut, as above. */
void fielderr_quote(struct buf *to, const char *value);

#endif
