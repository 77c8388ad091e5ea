#include "job/patch.h"

#include "base/limits.h"
#include "base/mem.h"
#include "job/meta.h"
#include "json/emit.h"
#include "json/utf8.h"

/* Opens the patch and its "metadata". */
static void begin(struct emit *e, const char *uid)
{
	emit_object_begin(e);
	emit_key_object(e, "metadata");
	emit_key_string(e, "uid", uid);
}

/* Closes "metadata" and opens "spec". */
static void begin_spec(struct emit *e)
{
	emit_object_end(e);
	emit_key_object(e, "spec");
}

static void end(struct emit *e)
{
	emit_object_end(e);
	emit_object_end(e);
}

static void emit_member(struct emit *e, const char *map, const char *key, const char *value)
{
	emit_key_object(e, map);
	emit_key_string(e, key, value);
	emit_object_end(e);
}

/* The rest of a release, after the uid. */
static void release(struct emit *e, bool suspend)
{
	emit_member(e, "annotations", JOB_RELEASED, "true");
	begin_spec(e);
	emit_key_bool(e, "suspend", suspend);
	emit_key_int(e, "parallelism", 1);
	emit_key_json(e, "ttlSecondsAfterFinished", NULL);
	end(e);
}

void job_patch_release(const char *uid, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	begin(&e, uid);
	release(&e, false);
}

void job_patch_queue(
	const char *uid, const char *resource_version, const char *queue, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	begin(&e, uid);
	emit_key_string(&e, "resourceVersion", resource_version);
	emit_member(&e, "labels", JOB_QUEUE, queue);
	release(&e, true);
}

static void emit_annotation(struct emit *e, const char *key, const char *value)
{
	char text[LIMIT_MESSAGE_BYTES + 1];

	if (!value || !*value)
		return;
	(void)utf8_copy(text, sizeof(text), value);
	emit_key_string(e, key, text);
}

void job_patch_record(const struct job_patch_record *r, struct buf *to)
{
	struct emit e = EMIT_INIT(to);
	int64_t ttl = r->ttl_seconds < 0 ? 0 : r->ttl_seconds;

	begin(&e, r->uid);
	emit_key_object(&e, "annotations");
	emit_annotation(&e, JOB_OUTCOME, r->outcome);
	emit_annotation(&e, JOB_REASON, r->reason);
	emit_annotation(&e, JOB_MESSAGE, r->message);
	emit_object_end(&e);
	begin_spec(&e);
	emit_key_int(&e, "ttlSecondsAfterFinished", ttl > INT32_MAX ? INT32_MAX : ttl);
	end(&e);
}
