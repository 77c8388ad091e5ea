/*
 * keptncontext - the environment variable KEPTN_CONTEXT, by which a promotion task learns what it
 * promotes: byte for byte as Keptn's operator writes it, except that a '$' is escaped. The
 * kubelet would expand $(NAME) in the value of a variable, also where NAME is a secret of the task.
 */
#ifndef PROMOGATE_KEPTN_KEPTNCONTEXT_H
#define PROMOGATE_KEPTN_KEPTNCONTEXT_H

#include "base/buf.h"
#include "json/json.h"

/* Borrowed. */
struct keptn_context {
	const char *app, *version;
	const char *metadata; /* as keptn_context_metadata() writes it */
};

/*
 * Appends the metadata of a KeptnAppVersion with its trace, as JSON; nothing if there is neither.
 * The trace is the promotion phase's if it has one, else the application's. It is passed on as by
 * OpenTelemetry's propagators: it overrides metadata of the same key; a malformed traceparent is
 * dropped together with tracestate.
 */
void keptn_context_metadata(const struct json *appversion, struct buf *to);

/* Appends. */
void keptn_context_encode(const struct keptn_context *c, struct buf *to);

#endif
