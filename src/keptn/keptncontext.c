#include "keptn/keptncontext.h"

#include <string.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "json/gojson.h"
#include "keptn/traceparent.h"

static void put_if_set(struct strmap *to, const char *key, const struct json *value)
{
	if (*json_string_or(value, ""))
		strmap_put(to, key, (void *)json_string(value));
}

static void put_trace(struct strmap *to, const struct json *trace)
{
	const struct json *traceparent = json_get(trace, "traceparent");

	if (traceparent_is_valid(json_string_or(traceparent, ""))) {
		put_if_set(to, "traceparent", traceparent);
		put_if_set(to, "tracestate", json_get(trace, "tracestate"));
	}
	put_if_set(to, "baggage", json_get(trace, "baggage"));
}

void keptn_context_metadata(const struct json *appversion, struct buf *to)
{
	CLEANUP(strmap_release) struct strmap map = STRMAP_INIT(NULL);
	const struct json *spec = json_get(appversion, "spec");
	const struct json *metadata = json_get(spec, "metadata");
	const struct json *phase = json_at(appversion, "status", "phaseTraceIDs", "PromotionTasks");

	json_each (item, json_type(metadata) == JSON_OBJECT ? metadata : NULL)
		if (json_string(item))
			strmap_put(&map, json_key(item), (void *)json_string(item));
	put_trace(&map, json_count(phase) ? phase : json_get(spec, "traceId"));
	if (map.count)
		gojson_map(to, &map);
}

/* In JSON a '$' is only ever part of a string. */
static void add_without_dollars(struct buf *to, const char *json)
{
	for (const char *end; (end = strchr(json, '$')); json = end + 1) {
		(void)buf_addn(to, json, (size_t)(end - json));
		(void)buf_add(to, "\\u0024");
	}
	(void)buf_add(to, json);
}

static void add_member(struct buf *to, const char *before, const char *key, const char *value)
{
	(void)buf_addf(to, "%s\"%s\":", before, key);
	gojson_string(to, value);
}

static void encode(const struct keptn_context *c, struct buf *to)
{
	add_member(to, "{", "workloadName", "");
	add_member(to, ",", "appName", c->app);
	add_member(to, ",", "appVersion", c->version);
	add_member(to, ",", "workloadVersion", "");
	add_member(to, ",", "taskType", "promotion");
	add_member(to, ",", "objectType", "App");
	if (*c->metadata)
		(void)buf_addf(to, ",\"metadata\":%s", c->metadata);
	(void)buf_addc(to, '}');
}

void keptn_context_encode(const struct keptn_context *c, struct buf *to)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT(to->max);

	encode(c, &plain);
	add_without_dollars(to, buf_str(&plain));
	to->overflowed |= plain.overflowed;
}
