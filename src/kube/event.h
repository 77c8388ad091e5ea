/*
 * event - an Event (core/v1) about one object, shown by `kubectl describe`.
 *
 * Its name is a hash of its content, so the same Event is created once: a second attempt, after a
 * restart or by another replica, is rejected as AlreadyExists, which is not a failure.
 */
#ifndef PROMOGATE_KUBE_EVENT_H
#define PROMOGATE_KUBE_EVENT_H

#include <stdbool.h>

#include "base/buf.h"

struct event {
	/* The object that it is about; the Event is in the same namespace. */
	const char *namespace;
	const char *api_version, *kind, *name, *uid, *resource_version;
	bool warning; /* its type: Warning, or else Normal */
	const char *reason; /* "PromotionTasksStarted": machine-readable */
	const char *message; /* cut to LIMIT_MESSAGE_BYTES */
	const char *component; /* the reporting component */
	const char *now; /* RFC 3339, in whole seconds */
};

/* Appends it as JSON. */
void event_encode(const struct event *event, struct buf *to);

#endif
