#include "job/status.h"

#include <string.h>

#include "base/str.h"
#include "job/meta.h"
#include "job/name.h"

static const char *text_of(const struct json *object, const char *key)
{
	return json_string_or(json_get(object, key), "");
}

static int64_t number_of(const struct json *map, const char *key, int64_t otherwise)
{
	const char *text = json_string(json_get(map, key));

	if (text)
		(void)str_to_int64(text, &otherwise);
	return otherwise;
}

static const char *owner_of(const struct json *metadata)
{
	json_each (owner, json_get(metadata, "ownerReferences"))
		if (str_eq(json_string(json_get(owner, "kind")), "KeptnAppVersion") &&
			json_is_true(json_get(owner, "controller")))
			return text_of(owner, "uid");
	return "";
}

/* From the environment of its pods, which is immutable; "" for none. */
static const char *variable_of(const struct json *job, const char *name)
{
	json_each (container, json_at(job, "spec", "template", "spec", "containers"))
		json_each (variable, json_get(container, "env"))
			if (str_eq(text_of(variable, "name"), name))
				return text_of(variable, "value");
	return "";
}

/* PROMOGATE_ID is "<uid of the version>/<task>". */
static void read_id(const struct json *job, struct job_status *ret)
{
	const char *id = variable_of(job, JOB_ID_VARIABLE);
	size_t len = strcspn(id, "/");

	ret->version_uid[0] = '\0';
	ret->task = "";
	if (len > JOB_UID_BYTES || id[len] != '/')
		return;
	memcpy(ret->version_uid, id, len);
	ret->version_uid[len] = '\0';
	ret->task = id + len + 1;
}

static const char *app_of(const struct json *metadata)
{
	const char *annotation = text_of(json_get(metadata, "annotations"), JOB_KEPTN_APP);

	return *annotation ? annotation : text_of(json_get(metadata, "labels"), JOB_APP);
}

static bool mounts_own_code(const struct json *spec, const char *name)
{
	json_each (volume, json_at(spec, "template", "spec", "volumes"))
		if (str_eq(json_string(json_at(volume, "configMap", "name")), name))
			return true;
	return false;
}

static const char *queue_of(const struct json *metadata, const struct json *spec)
{
	const char *kept = text_of(json_get(metadata, "annotations"), JOB_KEPT_QUEUE);

	if (*kept || !json_is_true(json_get(spec, "suspend")))
		return kept;
	return text_of(json_get(metadata, "labels"), JOB_QUEUE);
}

static const struct json *find_true(const struct json *conditions, const char *type)
{
	json_each (condition, conditions)
		if (str_eq(json_string(json_get(condition, "type")), type) &&
			str_eq(json_string(json_get(condition, "status")), "True"))
			return condition;
	return NULL;
}

static bool is_locked(const struct json *spec)
{
	int64_t n;

	return json_int64(json_get(spec, "parallelism"), &n) && n == 0;
}

static void read_state(const struct json *job, struct job_status *ret)
{
	const struct json *conditions = json_at(job, "status", "conditions");
	const struct json *failed = find_true(conditions, "Failed");
	const struct json *end = failed ? failed : find_true(conditions, "Complete");

	if (end)
		ret->state = failed ? JOB_FAILED : JOB_SUCCEEDED;
	else
		ret->state = ret->locked || json_is_true(json_at(job, "spec", "suspend"))
				     ? JOB_SUSPENDED
				     : JOB_RUNNING;
	ret->reason = text_of(end, "reason");
	ret->message = text_of(end, "message");
}

void job_status_read(const struct json *job, struct job_status *ret)
{
	const struct json *metadata = json_get(job, "metadata");
	const struct json *annotations = json_get(metadata, "annotations");
	const struct json *spec = json_get(job, "spec");

	ret->namespace = text_of(metadata, "namespace");
	ret->name = text_of(metadata, "name");
	ret->uid = text_of(metadata, "uid");
	ret->resource_version = text_of(metadata, "resourceVersion");
	ret->owner_uid = owner_of(metadata);
	read_id(job, ret);
	ret->attempt = job_name_attempt(ret->name, ret->task);
	ret->app = app_of(metadata);
	ret->context = variable_of(job, JOB_CONTEXT_VARIABLE);
	ret->term = number_of(annotations, JOB_TERM, 0);
	ret->on_failure = on_failure_choice(variable_of(job, JOB_ON_FAILURE_VARIABLE));
	ret->decided_by = text_of(annotations, JOB_DECIDED_BY);
	ret->ttl_seconds = number_of(annotations, JOB_TTL, DEFAULT_TTL_SECONDS);
	ret->ttl_set = json_type(json_get(spec, "ttlSecondsAfterFinished")) == JSON_NUMBER;
	ret->locked = is_locked(spec);
	ret->released = !ret->locked && json_get(annotations, JOB_RELEASED) != NULL;
	ret->queue = queue_of(metadata, spec);
	ret->deleting = json_get(metadata, "deletionTimestamp") != NULL;
	ret->brings_code = mounts_own_code(spec, ret->name);
	read_state(job, ret);
}
