/*
 * status - the body of an answer that says no: a Kubernetes Status, which kubectl and the API
 * server show to people.
 */
#ifndef PROMOGATE_SERVER_STATUS_H
#define PROMOGATE_SERVER_STATUS_H

#include "base/buf.h"

#define STATUS_CONTENT_TYPE "application/json"

/* Appends it; code is the HTTP status, reason a word from the API ("RequestEntityTooLarge"). */
void status_body(struct buf *to, int code, const char *reason, const char *message);

#endif
