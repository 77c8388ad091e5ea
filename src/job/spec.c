#include "job/spec.h"

#include "base/limits.h"
#include "job/meta.h"
#include "job/pod.h"
#include "json/emit.h"

static bool is_function(const struct job_spec *s)
{
	return !job_spec_definition(s)->taskdef.container;
}

static int emit_spec(
	const struct job_spec *s, const struct function *f, struct emit *e, struct err *err)
{
	const struct job_definition *d = job_spec_definition(s);

	emit_key_object(e, "spec");
	emit_key_bool(e, "suspend", true);
	emit_key_int(e, "parallelism", 0);
	emit_key_int(e, "completions", 1);
	emit_key_int(e, "backoffLimit", d->retries);
	emit_key_int(e, "activeDeadlineSeconds", d->timeout_seconds);
	emit_key_object(e, "template");
	job_meta_emit_pod(s, e);
	if (job_pod_emit(s, f, e, err) < 0)
		return -1;
	emit_object_end(e);
	emit_object_end(e);
	return 0;
}

static int check_size(
	const struct job_spec *s, const struct buf *to, size_t before, struct err *err)
{
	if (!to->overflowed && to->len - before <= LIMIT_JOB_BYTES)
		return 0;
	return err_set(err, ERR_TOO_LARGE, "task \"%s\" can't run: its Job is too large",
		job_meta_task(s));
}

/* NULL for a container. */
static int read_function(
	const struct job_spec *s, struct function *f, const struct function **ret, struct err *err)
{
	*ret = NULL;
	if (!is_function(s))
		return 0;
	function_read(s->task, f);
	*ret = f;
	if (!s->images[f->runtime] || !*s->images[f->runtime])
		return err_set(err, ERR_INVALID,
			"task \"%s\" can't run: no image is configured for the %s runtime",
			job_meta_task(s), runtime_name(f->runtime));
	return 0;
}

int job_spec_encode(const struct job_spec *s, struct buf *to, struct err *err)
{
	CLEANUP(function_release) struct function storage = {.code = NULL};
	const struct function *f;
	struct emit e = EMIT_INIT(to);
	size_t before = to->len;

	if (read_function(s, &storage, &f, err) < 0)
		return -1;
	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "batch/v1");
	emit_key_string(&e, "kind", "Job");
	job_meta_emit_job(s, &e);
	if (emit_spec(s, f, &e, err) < 0)
		return -1;
	emit_object_end(&e);
	return check_size(s, to, before, err);
}

struct job_spec_code job_spec_code(const struct job_spec *s)
{
	CLEANUP(function_release) struct function f = {.code = NULL};

	if (!is_function(s))
		return (struct job_spec_code){.needed = false};
	function_read(s->task, &f);
	if (!job_pod_brings_code(s, &f))
		return (struct job_spec_code){.needed = false};
	if (f.origin == CODE_INLINE)
		return (struct job_spec_code){.needed = true};
	return (struct job_spec_code){true, f.namespace, f.code};
}

/* Unchanged: text in data, or base64 in binaryData for bytes that are not UTF-8. */
static int emit_copied(
	const struct job_spec *s, const struct json *source, struct emit *e, struct err *err)
{
	static const char *const fields[] = {"data", "binaryData"};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct json *code = json_at(source, fields[i], FUNCTION_KEY);

		if (!json_string(code))
			continue;
		emit_key_object(e, fields[i]);
		emit_key_json(e, FUNCTION_KEY, code);
		emit_object_end(e);
		return 0;
	}
	return err_set(err, ERR_INVALID,
		"task \"%s\" can't run: the ConfigMap \"%s\" has no key \"" FUNCTION_KEY "\"",
		job_meta_task(s), json_string_or(json_at(source, "metadata", "name"), ""));
}

static int emit_code(
	const struct job_spec *s, const struct json *source, struct emit *e, struct err *err)
{
	CLEANUP(function_release) struct function f = {.code = NULL};

	function_read(s->task, &f);
	if (f.origin != CODE_INLINE)
		return emit_copied(s, source, e, err);
	emit_key_object(e, "data");
	emit_key_string(e, FUNCTION_KEY, f.code);
	emit_object_end(e);
	return 0;
}

int job_spec_encode_code(const struct job_spec *s, const char *job_uid, const struct json *source,
	struct buf *to, struct err *err)
{
	struct emit e = EMIT_INIT(to);
	size_t before = to->len;

	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "v1");
	emit_key_string(&e, "kind", "ConfigMap");
	job_meta_emit_code(s, job_uid, &e);
	emit_key_bool(&e, "immutable", true);
	if (emit_code(s, source, &e, err) < 0)
		return -1;
	emit_object_end(&e);
	return check_size(s, to, before, err);
}
