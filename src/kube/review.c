#include "kube/review.h"

#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/utf8.h"

static const char *const operations[] = {
	[REVIEW_CREATE] = "CREATE",
	[REVIEW_UPDATE] = "UPDATE",
	[REVIEW_DELETE] = "DELETE",
	[REVIEW_CONNECT] = "CONNECT",
};

const char *review_operation_name(enum review_operation operation)
{
	return operations[operation];
}

static int wrong_type(const char *field, const struct json *j, const char *want, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s: must be %s, not %s", field, want,
		json_type_name(json_type(j)));
}

/* A string that may be absent or null, "" then. */
static int optional(const struct json *of, const char *key, const char *field, const char **ret,
	struct err *err)
{
	const struct json *j = json_get(of, key);

	*ret = "";
	if (json_type(j) == JSON_NULL)
		return 0;
	if (json_type(j) != JSON_STRING)
		return wrong_type(field, j, "a string", err);
	*ret = json_string(j);
	return 0;
}

static int decode_operation(const struct json *request, enum review_operation *ret, struct err *err)
{
	const char *name;
	int i;

	if (optional(request, "operation", "request.operation", &name, err) < 0)
		return -1;
	i = str_index(operations, ARRAY_SIZE(operations), name);
	if (i < 0)
		return err_set(err, ERR_INVALID,
			"request.operation: must be CREATE, UPDATE, DELETE or CONNECT");
	*ret = (enum review_operation)i;
	return 0;
}

static int decode_object(const struct json *request, const char *key, const char *field,
	bool wanted, const struct json **ret, struct err *err)
{
	const struct json *j = json_get(request, key);

	*ret = NULL;
	if (json_type(j) == JSON_OBJECT)
		*ret = j;
	else if (json_type(j) != JSON_NULL || wanted)
		return wrong_type(field, j, "an object", err);
	return 0;
}

/* A name, checked to be short enough, as it is repeated in messages. */
static int optional_name(const struct json *of, const char *key, const char *field,
	const char **ret, struct err *err)
{
	if (optional(of, key, field, ret, err) < 0)
		return -1;
	if (strlen(*ret) > LIMIT_NAME_BYTES)
		return err_set(
			err, ERR_INVALID, "%s: longer than %d bytes", field, LIMIT_NAME_BYTES);
	return 0;
}

static int wanted_name(const struct json *of, const char *key, const char *field, const char **ret,
	struct err *err)
{
	if (optional_name(of, key, field, ret, err) < 0)
		return -1;
	return **ret ? 0 : err_set(err, ERR_INVALID, "%s: missing", field);
}

static int decode_envelope(const struct json *root, struct err *err)
{
	if (json_type(root) != JSON_OBJECT)
		return wrong_type("the body", root, "an AdmissionReview object", err);
	if (!str_eq(json_string(json_get(root, "kind")), "AdmissionReview"))
		return err_set(err, ERR_INVALID, "kind: must be \"AdmissionReview\"");
	if (!str_eq(json_string(json_get(root, "apiVersion")), "admission.k8s.io/v1"))
		return err_set(err, ERR_INVALID, "apiVersion: must be \"admission.k8s.io/v1\"");
	if (json_type(json_get(root, "request")) != JSON_OBJECT)
		return wrong_type("request", json_get(root, "request"), "an object", err);
	return 0;
}

static int decode_names(const struct json *request, struct review *r, struct err *err)
{
	const struct json *resource = json_get(request, "resource");
	const struct json *options = json_get(request, "options");
	const struct json *user = json_get(request, "userInfo");

	if (optional(resource, "group", "request.resource.group", &r->group, err) < 0 ||
		wanted_name(resource, "resource", "request.resource.resource", &r->resource, err) <
			0 ||
		optional(request, "subResource", "request.subResource", &r->subresource, err) < 0 ||
		optional_name(request, "name", "request.name", &r->name, err) < 0 ||
		optional_name(request, "namespace", "request.namespace", &r->namespace, err) < 0 ||
		optional(options, "fieldManager", "request.options.fieldManager", &r->field_manager,
			err) < 0 ||
		optional(user, "username", "request.userInfo.username", &r->user, err) < 0)
		return -1;
	return 0;
}

int review_decode(const struct json *root, struct review *ret, struct err *err)
{
	const struct json *request = json_get(root, "request");
	struct review r = {0};
	bool has_new, has_old;

	if (decode_envelope(root, err) < 0 ||
		wanted_name(request, "uid", "request.uid", &r.uid, err) < 0 ||
		decode_operation(request, &r.operation, err) < 0 ||
		decode_names(request, &r, err) < 0)
		return -1;
	has_new = r.operation == REVIEW_CREATE || r.operation == REVIEW_UPDATE;
	has_old = r.operation == REVIEW_UPDATE || r.operation == REVIEW_DELETE;
	if (decode_object(request, "object", "request.object", has_new, &r.object, err) < 0 ||
		decode_object(
			request, "oldObject", "request.oldObject", has_old, &r.old_object, err) < 0)
		return -1;
	r.dry_run = json_is_true(json_get(request, "dryRun"));
	*ret = r;
	return 0;
}

void review_answer_begin(struct emit *to, const char *uid, bool allowed)
{
	emit_object_begin(to);
	emit_key_string(to, "apiVersion", "admission.k8s.io/v1");
	emit_key_string(to, "kind", "AdmissionReview");
	emit_key_object(to, "response");
	emit_key_string(to, "uid", uid);
	emit_key_bool(to, "allowed", allowed);
}

static void status_begin(struct emit *to, int code, const char *reason, const char *message)
{
	emit_key_object(to, "status");
	emit_key_string(to, "status", "Failure");
	emit_key_int(to, "code", code);
	emit_key_string(to, "reason", reason);
	emit_key_string(to, "message", message);
}

static void details_begin(struct emit *to, const char *group, const char *kind, const char *name)
{
	emit_key_object(to, "details");
	emit_key_string(to, "group", group);
	emit_key_string(to, "kind", kind);
	emit_key_string(to, "name", name);
}

void review_answer_denial_begin(
	struct emit *to, const char *message, const char *group, const char *kind, const char *name)
{
	status_begin(to, 422, "Invalid", message);
	details_begin(to, group, kind, name);
	emit_key_array(to, "causes");
}

void review_answer_refusal(
	struct emit *to, const char *message, const char *group, const char *kind, const char *name)
{
	status_begin(to, 403, "Forbidden", message);
	details_begin(to, group, kind, name);
	emit_object_end(to);
	emit_object_end(to);
}

void review_answer_cause(
	struct emit *to, enum fielderr_type type, const char *field, const char *message)
{
	emit_object_begin(to);
	emit_key_string(to, "reason", fielderr_reason(type));
	emit_key_string(to, "field", field);
	emit_key_string(to, "message", message);
	emit_object_end(to);
}

void review_answer_denial_end(struct emit *to)
{
	emit_array_end(to);
	emit_object_end(to);
	emit_object_end(to);
}

/* Copies at most max characters; a longer text ends in an ellipsis. Returns how many. */
static size_t cut_warning(struct buf *to, const char *warning, size_t max)
{
	const unsigned char *start = (const unsigned char *)warning;
	const unsigned char *p = start, *end = start + strlen(warning);
	size_t kept = 0, chars = 0;

	for (; p < end; chars++) {
		size_t n = utf8_length(p, (size_t)(end - p));

		p += n ? n : 1;
		if (chars < max - 1)
			kept = (size_t)(p - start);
	}
	if (chars <= max) {
		(void)buf_add(to, warning);
		return chars;
	}
	(void)buf_addn(to, warning, kept);
	(void)buf_add(to, "…");
	return max;
}

void review_answer_warnings(struct emit *to, const char *const *warnings, size_t n)
{
	CLEANUP(buf_release) struct buf cut = BUF_INIT(LIMIT_WARNING_BYTES);
	size_t left = LIMIT_WARNINGS_CHARS;

	emit_key_array(to, "warnings");
	for (size_t i = 0; i < n && left >= LIMIT_WARNING_CHARS; i++) {
		buf_reset(&cut);
		left -= cut_warning(&cut, warnings[i], LIMIT_WARNING_CHARS);
		emit_string(to, buf_str(&cut));
	}
	emit_array_end(to);
}

void review_answer_audit_begin(struct emit *to)
{
	emit_key_object(to, "auditAnnotations");
}

void review_answer_audit(struct emit *to, const char *key, const char *value)
{
	emit_key_string(to, key, value);
}

void review_answer_audit_end(struct emit *to)
{
	emit_object_end(to);
}

void review_answer_patch(struct emit *to, const struct buf *patch)
{
	CLEANUP(buf_release) struct buf encoded = BUF_INIT(LIMIT_RESPONSE_BYTES);

	base64_encode(&encoded, buf_str(patch), patch->len);
	emit_key_string(to, "patchType", "JSONPatch");
	emit_key_string(to, "patch", buf_str(&encoded));
}

void review_answer_end(struct emit *to)
{
	emit_object_end(to);
	emit_object_end(to);
}
