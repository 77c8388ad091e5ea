/*
 * keptncontext - what a promotion task is told about what it promotes: the environment variable
 * KEPTN_CONTEXT, byte for byte as Keptn's operator writes it.
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

/* From a KeptnAppVersion. The trace is the promotion phase's, or else the application's. */
void keptn_context_read(const struct json *appversion, struct keptn_context *ret);

/*
 * Appends. The trace context is passed on as OpenTelemetry's propagators would: over metadata of
 * the same name; a malformed traceparent is dropped, and tracestate with it.
 */
void keptn_context_encode(const struct keptn_context *c, struct buf *to);

#endif
