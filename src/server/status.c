#include "server/status.h"

#include "json/emit.h"

void status_body(struct buf *to, int code, const char *reason, const char *message)
{
	struct emit e = EMIT_INIT(to);

	emit_object_begin(&e);
	emit_key_string(&e, "kind", "Status");
	emit_key_string(&e, "apiVersion", "v1");
	emit_key(&e, "metadata");
	emit_object_begin(&e);
	emit_object_end(&e);
	emit_key_string(&e, "status", "Failure");
	emit_key_string(&e, "message", message);
	emit_key_string(&e, "reason", reason);
	emit_key_int(&e, "code", code);
	emit_object_end(&e);
}
