/*
 * Whatever the objects hold, a Job is valid JSON, is suspended, has a legal name and legal labels
 * of ours, and says again what it is of. An input is lines of JSON,
 *
 *	{"version":{…},"source":{…},"attempt":1}
 *
 * and the KeptnTaskDefinitions: that of the task, and those of its functionRefs.
 */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "job/meta.h"
#include "job/name.h"
#include "job/spec.h"
#include "job/status.h"
#include "kube/labelvalue.h"
#include "kube/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct json *lines[8];
	struct job_definition *definitions[8]; /* of the lines after the first */
	size_t count;
};

static void input_release(struct input *in)
{
	while (in->count) {
		json_free(in->lines[--in->count]);
		free(in->definitions[in->count]);
	}
}

static void input_read(struct input *in, const char *data, size_t size)
{
	const char *end = data + size;

	while (data < end && in->count < ARRAY_SIZE(in->lines)) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *stop = newline ? newline : end;

		if (json_parse(data, (size_t)(stop - data), &in->lines[in->count], NULL) < 0)
			return;
		if (in->count > 0)
			in->definitions[in->count] = job_definition_decode(in->lines[in->count]);
		in->count++;
		data = stop + 1;
	}
}

static const char *text_at(const struct json *object, const char *key, const char *member)
{
	return json_string_or(json_at(object, key, member), "");
}

/* A definition counts as one of Keptn's namespace where it has another than the application. */
static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	const struct input *in = ctx;
	const char *app_ns = text_at(json_get(in->lines[0], "version"), "metadata", "namespace");

	for (size_t i = 1; i < in->count; i++) {
		const struct json *line = in->lines[i];
		bool beside = str_eq(text_at(line, "metadata", "namespace"), app_ns);

		if (in->definitions[i] && str_eq(text_at(line, "metadata", "name"), name) &&
			beside == str_eq(ns, app_ns))
			return (struct resolve_found){&in->definitions[i]->taskdef, true};
	}
	return (struct resolve_found){NULL, true};
}

static struct job_spec_version version_of(const struct json *version, struct buf *metadata)
{
	keptn_context_metadata(version, metadata);
	return (struct job_spec_version){
		.namespace = text_at(version, "metadata", "namespace"),
		.name = text_at(version, "metadata", "name"),
		.uid = text_at(version, "metadata", "uid"),
		.context = {text_at(version, "spec", "appName"),
			text_at(version, "spec", "version"), buf_str(metadata)},
	};
}

/* NULL where it nests deeper than we read: the definition was nearly so deep. */
static struct json *reread(const struct buf *text)
{
	struct err err = ERR_INIT;
	struct json *j = NULL;

	if (json_parse(buf_str(text), text->len, &j, &err) < 0)
		assert(err.kind == ERR_TOO_LARGE);
	return j;
}

static void check_job(const struct job_spec *s, const struct buf *text)
{
	static const char *const labels[] = {JOB_APP, JOB_VERSION, JOB_TASK, JOB_ATTEMPT};
	CLEANUP(json_free_p) struct json *job = reread(text);
	struct job_status status;

	if (!job)
		return;
	job_status_read(job, &status);
	assert(status.state == JOB_SUSPENDED && !status.ttl_set);
	assert(status.locked && str_eq(status.name, s->name));
	if (strlen(s->version.uid) > JOB_UID_BYTES || strchr(s->version.uid, '/'))
		return; /* not a uid */
	assert(str_eq(status.version_uid, s->version.uid));
	assert(str_eq(status.task, job_meta_task(s)));
	assert(str_eq(status.owner_uid, s->version.uid));
	assert(status.attempt == s->attempt);
	assert(status.on_failure == on_failure_choice(on_failure_name(s->on_failure)));
	assert(str_eq(status.decided_by, s->decided_by));
	assert(status.brings_code == job_spec_code(s).needed);
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		const char *value = json_string(json_at(job, "metadata", "labels", labels[i]));

		assert(value && str_eq(label_value_of(value).text, value));
	}
}

static void check_code(const struct job_spec *s, const struct json *source)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_JOB_BYTES);
	CLEANUP(json_free_p) struct json *map = NULL;
	struct err err = ERR_INIT;

	if (job_spec_encode_code(s, "uid", source, &text, &err) < 0) {
		assert(err.kind == ERR_INVALID || err.kind == ERR_TOO_LARGE);
		return;
	}
	map = reread(&text);
	assert(str_eq(json_string(json_at(map, "metadata", "name")), s->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(input_release) struct input in = {.count = 0};
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_JOB_BYTES);
	CLEANUP(buf_release) struct buf metadata = BUF_INIT(LIMIT_JOB_BYTES);
	struct resolution task;
	struct job_spec s = {.images = {"deno", "python"},
		.task = &task,
		.on_failure = size % 2 ? ON_FAILURE_BLOCK : ON_FAILURE_WARN,
		.decided_by = "policy prod@7"};
	struct resolver resolver = {.keptn_namespace = "keptn", .find = find, .ctx = &in};
	struct err err = ERR_INIT;
	struct job_name name;
	int64_t attempt = 0;

	input_read(&in, (const char *)data, size);
	if (in.count < 2)
		return 0;
	(void)json_int64(json_get(in.lines[0], "attempt"), &attempt);
	s.attempt = (uint32_t)attempt;
	s.version = version_of(json_get(in.lines[0], "version"), &metadata);
	name = job_name_make(text_at(in.lines[1], "metadata", "name"), s.attempt, size);
	s.name = name.text;
	assert(name_is_subdomain(s.name) && strlen(s.name) <= LIMIT_JOB_NAME_BYTES);
	resolver.namespace = s.version.namespace;
	resolve(&resolver, text_at(in.lines[1], "metadata", "name"), &task);
	if (task.outcome != RESOLVE_RUNS)
		return 0;
	if (job_spec_encode(&s, &text, &err) < 0) {
		assert(err.kind == ERR_INVALID || err.kind == ERR_TOO_LARGE);
		assert(err.msg[0]);
		return 0;
	}
	check_job(&s, &text);
	if (job_spec_code(&s).needed)
		check_code(&s, json_get(in.lines[0], "source"));
	return 0;
}
