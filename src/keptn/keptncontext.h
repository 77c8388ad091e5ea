/*
 * keptncontext - the environment variable KEPTN_CONTEXT, by which a promotion task learns what it
 * promotes: byte for byte as Keptn's operator writes it.
 */
#ifndef PROMOGATE_KEPTN_KEPTNCONTEXT_H
#define PROMOGATE_KEPTN_KEPTNCONTEXT_H

#include "base/buf.h"
#include "json/json.h"

/* Borrowed. */
struct keptn_context {
	const char *app, *version;
	const struct json *metadata; /* of the application's context; NULL for none */
	const struct json *trace; /* traceparent, tracestate, baggage; NULL for none */
};

/* From a KeptnAppVersion. The trace is the promotion phase's if it has one, else the application's. */
void keptn_context_read(const struct json *appversion, struct keptn_context *ret);

/*
 * Appends. The trace context is passed on as by OpenTelemetry's propagators: it overrides metadata
 * of the same key; a malformed traceparent is dropped together with tracestate.
 */
void keptn_context_encode(const struct keptn_context *c, struct buf *to);

#endif
