#include "kube/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "json/emit.h"
#include "json/utf8.h"

/* A dot and a hash. */
enum { SUFFIX_BYTES = 17 };

/* A subdomain, as the object's name is: it must not be cut after a dot or a hyphen. */
static void make_name(const struct event *event, char name[static LIMIT_NAME_BYTES + 1])
{
	uint64_t h =
		hash_add(hash_add(hash_add(HASH_INIT, event->uid), event->reason), event->message);
	size_t n = strnlen(event->name, LIMIT_NAME_BYTES - SUFFIX_BYTES);

	memcpy(name, event->name, n);
	while (n > 0 && (name[n - 1] == '.' || name[n - 1] == '-'))
		n--;
	(void)snprintf(name + n, SUFFIX_BYTES + 1, "%s%016" PRIx64, n ? "." : "", h);
}

static void emit_involved(struct emit *e, const struct event *event)
{
	emit_key_object(e, "involvedObject");
	emit_key_string(e, "apiVersion", event->api_version);
	emit_key_string(e, "kind", event->kind);
	emit_key_string(e, "namespace", event->namespace);
	emit_key_string(e, "name", event->name);
	emit_key_string(e, "uid", event->uid);
	emit_key_string(e, "resourceVersion", event->resource_version);
	emit_object_end(e);
}

static void emit_said(struct emit *e, const struct event *event)
{
	char message[LIMIT_MESSAGE_BYTES + 1];

	(void)utf8_copy(message, sizeof(message), event->message);
	emit_key_string(e, "type", event->warning ? "Warning" : "Normal");
	emit_key_string(e, "reason", event->reason);
	emit_key_string(e, "message", message);
	emit_key_object(e, "source");
	emit_key_string(e, "component", event->component);
	emit_object_end(e);
	emit_key_string(e, "reportingComponent", event->component);
	emit_key_string(e, "firstTimestamp", event->now);
	emit_key_string(e, "lastTimestamp", event->now);
	emit_key_int(e, "count", 1);
}

void event_encode(const struct event *event, struct buf *to)
{
	struct emit e = EMIT_INIT(to);
	char name[LIMIT_NAME_BYTES + 1];

	make_name(event, name);
	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "v1");
	emit_key_string(&e, "kind", "Event");
	emit_key_object(&e, "metadata");
	emit_key_string(&e, "namespace", event->namespace);
	emit_key_string(&e, "name", name);
	emit_object_end(&e);
	emit_involved(&e, event);
	emit_said(&e, event);
	emit_object_end(&e);
}
