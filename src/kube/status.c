#include "kube/status.h"

#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "json/emit.h"

static const struct {
	const char *reason; /* metav1.StatusReason */
	int code; /* its HTTP code; the first row of a code is for a response without a reason */
	enum err_kind kind;
} reasons[] = {
	{"BadRequest", 400, ERR_INVALID},
	{"Unauthorized", 401, ERR_AUTH},
	{"Forbidden", 403, ERR_FORBIDDEN},
	{"NotFound", 404, ERR_NOT_FOUND},
	{"MethodNotAllowed", 405, ERR_INVALID},
	{"NotAcceptable", 406, ERR_INVALID},
	{"Conflict", 409, ERR_CONFLICT},
	{"AlreadyExists", 409, ERR_EXISTS},
	{"Expired", 410, ERR_GONE},
	{"Gone", 410, ERR_GONE},
	{"RequestEntityTooLarge", 413, ERR_TOO_LARGE},
	{"UnsupportedMediaType", 415, ERR_INVALID},
	{"Invalid", 422, ERR_INVALID},
	{"TooManyRequests", 429, ERR_THROTTLED},
	{"InternalError", 500, ERR_IO},
	{"ServerTimeout", 500, ERR_TIMEOUT},
	{"StoreReadError", 500, ERR_IO},
	{"ServiceUnavailable", 503, ERR_IO},
	{"Timeout", 504, ERR_TIMEOUT},
};

static enum err_kind kind_of_code(int code)
{
	if (code == 404)
		return ERR_NOT_SERVED;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].kind;
	if (code == 408)
		return ERR_TIMEOUT;
	return code >= 400 && code < 500 ? ERR_INVALID : ERR_IO;
}

static enum err_kind kind_of(const char *reason, int code)
{
	for (size_t i = 0; reason && i < ARRAY_SIZE(reasons); i++)
		if (strcmp(reasons[i].reason, reason) == 0)
			return reasons[i].kind;
	return kind_of_code(code);
}

/*
 * Quota admission returns 403 Forbidden as RBAC does, and only its message differs (apiserver,
 * admission/plugin/resourcequota). "failed quota: must specify …" is not matched: waiting won't
 * help.
 */
static bool is_quota(const char *message)
{
	return strstr(message, "exceeded quota: ") || strstr(message, "status unknown for quota: ");
}

/*
 * An admission webhook, or a ValidatingAdmissionPolicy, may give any reason; that of a policy is
 * Invalid by default (apiserver, admission/plugin/policy/validating). But only the validation of
 * the object itself names a field in each cause. A policy's denial must be told apart, because it
 * is no fault of the object: the policy may be changed.
 */
static bool is_denial(const struct json *status, const char *message)
{
	json_each (cause, json_at(status, "details", "causes"))
		if (!json_string(json_get(cause, "field")))
			return true;
	return str_starts(message, "admission webhook \"");
}

/* Admission's answer to a create (apiserver, admission/plugin/namespace/lifecycle). */
static bool is_terminating(const struct json *status)
{
	json_each (cause, json_at(status, "details", "causes"))
		if (str_eq(json_string(json_get(cause, "reason")), "NamespaceTerminating"))
			return true;
	return false;
}

static unsigned longer_wait(unsigned header_ms, const struct json *status)
{
	int64_t seconds = 0;
	uint64_t ms = header_ms;

	if (json_int64(json_at(status, "details", "retryAfterSeconds"), &seconds) && seconds > 0 &&
		seconds <= LIMIT_RETRY_AFTER_MS / 1000 && (uint64_t)seconds * 1000 > ms)
		ms = (uint64_t)seconds * 1000;
	else if (seconds > LIMIT_RETRY_AFTER_MS / 1000)
		ms = LIMIT_RETRY_AFTER_MS;
	return (unsigned)(ms < LIMIT_RETRY_AFTER_MS ? ms : LIMIT_RETRY_AFTER_MS);
}

/* The end of the segment that begins at path. */
static const char *segment_end(const char *path)
{
	return path + strcspn(path, "/?");
}

/* The rest of path after "/segment"; NULL if it does not begin so. */
static const char *after_segment(const char *path, const char *segment)
{
	size_t len = strlen(segment);

	if (*path != '/' || segment_end(path + 1) != path + 1 + len ||
		strncmp(path + 1, segment, len) != 0)
		return NULL;
	return path + 1 + len;
}

static bool is_at_most_one_segment(const char *rest)
{
	return *rest != '/' || *segment_end(rest + 1) != '/';
}

bool status_is_about(const struct json *status, const char *path)
{
	const char *kind = json_string(json_at(status, "details", "kind"));
	const char *name = json_string(json_at(status, "details", "name"));
	const char *rest;

	if (!kind || !name)
		return false;
	for (; *path == '/'; path = segment_end(path + 1)) {
		rest = after_segment(path, kind);
		if (rest && (rest = after_segment(rest, name)) && is_at_most_one_segment(rest))
			return true;
	}
	return false;
}

static int from_status(const struct json *status, int code, const char *path,
	unsigned retry_after_ms, struct err *err)
{
	const char *reason = json_string(json_get(status, "reason"));
	const char *message = json_string(json_get(status, "message"));
	enum err_kind kind = kind_of(reason, code);

	if (!message || !*message)
		message = "no message";
	if (kind == ERR_FORBIDDEN && is_quota(message))
		kind = ERR_QUOTA;
	if ((kind == ERR_INVALID || kind == ERR_TOO_LARGE) && is_denial(status, message))
		kind = ERR_FORBIDDEN;
	if (kind == ERR_FORBIDDEN && is_terminating(status))
		kind = ERR_TERMINATING;
	if (kind == ERR_NOT_FOUND && !status_is_about(status, path))
		kind = ERR_NOT_SERVED;
	(void)err_set(err, kind, "%s: %s", reason && *reason ? reason : "unknown reason", message);
	if (err) {
		err->http_status = code;
		err->retry_after_ms = longer_wait(retry_after_ms, status);
	}
	return -1;
}

int status_error_json(const struct json *status, struct err *err)
{
	int64_t code = 0;

	if (!json_int64(json_get(status, "code"), &code) || code < 100 || code > 999)
		code = 0;
	return from_status(status, (int)code, "", 0, err);
}

/* The first line, without control characters: it goes into logs and messages. */
static size_t printable(const char *body, size_t len)
{
	size_t n = 0;

	while (n < len && n < LIMIT_QUOTED_BYTES && (unsigned char)body[n] >= 0x20 &&
		body[n] != 0x7f)
		n++;
	return n;
}

int status_error(int http_status, const char *path, const char *body, size_t len,
	unsigned retry_after_ms, struct err *err)
{
	CLEANUP(json_free_p) struct json *status = NULL;

	if (len && json_parse(body, len, &status, NULL) == 0 &&
		str_eq(json_string(json_get(status, "kind")), "Status"))
		return from_status(status, http_status, path, retry_after_ms, err);
	(void)err_set(err, kind_of_code(http_status), "not a Status: %.*s",
		(int)printable(body, len), len ? body : "");
	if (err) {
		err->http_status = http_status;
		err->retry_after_ms = longer_wait(retry_after_ms, NULL);
	}
	return -1;
}

void status_encode(struct buf *to, int code, const char *reason, const char *message)
{
	struct emit e = EMIT_INIT(to);

	emit_object_begin(&e);
	emit_key_string(&e, "kind", "Status");
	emit_key_string(&e, "apiVersion", "v1");
	emit_key_object(&e, "metadata");
	emit_object_end(&e);
	emit_key_string(&e, "status", "Failure");
	emit_key_string(&e, "message", message);
	emit_key_string(&e, "reason", reason);
	emit_key_int(&e, "code", code);
	emit_object_end(&e);
}
