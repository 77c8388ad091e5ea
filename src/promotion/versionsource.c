#include "promotion/versionsource.h"

#include "job/spec.h"
#include "json/emit.h"

/* The strings of a map, whatever else is in it. */
static void emit_strings(struct emit *e, const char *key, const struct json *map)
{
	if (json_type(map) != JSON_OBJECT)
		return;
	emit_key(e, key);
	emit_object_begin(e);
	json_each (item, map)
		if (json_string(item))
			emit_key_string(e, json_key(item), json_string(item));
	emit_object_end(e);
}

void versionsource_encode(const struct json *appversion, struct buf *to)
{
	struct emit e = EMIT_INIT(to);
	struct job_spec_version v;

	job_spec_version_read(appversion, &v);
	emit_object_begin(&e);
	emit_key(&e, "metadata");
	emit_object_begin(&e);
	emit_key_string(&e, "namespace", v.namespace);
	emit_key_string(&e, "name", v.name);
	emit_key_string(&e, "uid", v.uid);
	emit_object_end(&e);
	emit_key(&e, "spec");
	emit_object_begin(&e);
	emit_key_string(&e, "appName", v.context.app);
	emit_key_string(&e, "version", v.context.version);
	emit_strings(&e, "metadata", v.context.metadata);
	/* Of the traces, the one that was chosen. */
	emit_strings(&e, "traceId", v.context.trace);
	emit_object_end(&e);
	emit_object_end(&e);
}
