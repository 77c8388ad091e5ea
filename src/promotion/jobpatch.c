#include "promotion/jobpatch.h"

#include "json/emit.h"

static void begin(struct emit *e, const char *uid)
{
	emit_object_begin(e);
	emit_key(e, "metadata");
	emit_object_begin(e);
	emit_key_string(e, "uid", uid);
	emit_object_end(e);
	emit_key(e, "spec");
	emit_object_begin(e);
}

static void end(struct emit *e)
{
	emit_object_end(e);
	emit_object_end(e);
}

void jobpatch_unsuspend(const char *uid, struct buf *to)
{
	struct emit e = EMIT_INIT(to);

	begin(&e, uid);
	emit_key_bool(&e, "suspend", false);
	end(&e);
}

void jobpatch_expire(const char *uid, int64_t ttl_seconds, struct buf *to)
{
	struct emit e = EMIT_INIT(to);
	int64_t ttl = ttl_seconds < 0 ? 0 : ttl_seconds;

	begin(&e, uid);
	emit_key_int(&e, "ttlSecondsAfterFinished", ttl > INT32_MAX ? INT32_MAX : ttl);
	end(&e);
}
