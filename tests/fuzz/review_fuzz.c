/* A request is rejected, or all fields that the rules need are set and can be written out again. */
#include <assert.h>

#include "kube/review.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoded(const struct review *r)
{
	assert(*r->uid && *r->resource);
	assert(r->group && r->subresource && r->name && r->namespace && r->field_manager);
	assert(*review_operation_name(r->operation));
	if (r->operation == REVIEW_CREATE || r->operation == REVIEW_UPDATE)
		assert(json_type(r->object) == JSON_OBJECT);
	if (r->operation == REVIEW_UPDATE || r->operation == REVIEW_DELETE)
		assert(json_type(r->old_object) == JSON_OBJECT);
}

static void check_answer(const struct review *r)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(json_free_p) struct json *answer = NULL;
	const char *const warnings[] = {r->name, r->field_manager};
	struct emit e = EMIT_INIT(&text);
	const struct json *response;
	struct err err = ERR_INIT;

	review_answer_begin(&e, r->uid, false);
	review_answer_denial_begin(&e, r->namespace, "group", "kind", r->name);
	review_answer_cause(&e, FIELDERR_INVALID, "field", r->namespace);
	review_answer_denial_end(&e);
	review_answer_warnings(&e, warnings, ARRAY_SIZE(warnings));
	review_answer_end(&e);
	assert(json_parse(buf_str(&text), text.len, &answer, &err) == 0);
	response = json_get(answer, "response");
	assert(str_eq(json_string(json_get(response, "uid")), r->uid));
	assert(json_type(json_get(response, "allowed")) == JSON_BOOL);
	assert(!json_is_true(json_get(response, "allowed")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(json_free_p) struct json *root = NULL;
	struct err err = ERR_INIT;
	struct review r;

	if (json_parse((const char *)data, size, &root, &err) < 0)
		return 0;
	if (review_decode(root, &r, &err) < 0) {
		assert(err.kind == ERR_INVALID && err.msg[0]);
		return 0;
	}
	check_decoded(&r);
	check_answer(&r);
	return 0;
}
