/* A document that is accepted can be written and read again, and is the same. */
#include <assert.h>

#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(json_free_p) struct json *first = NULL;
	CLEANUP(json_free_p) struct json *again = NULL;
	struct emit e = EMIT_INIT(&text);
	struct err err = ERR_INIT;

	if (json_parse((const char *)data, size, &first, &err) < 0) {
		assert(err.kind == ERR_INVALID || err.kind == ERR_TOO_LARGE);
		assert(err.msg[0] && !first);
		return 0;
	}
	emit_json(&e, first);
	assert(!text.overflowed);
	assert(json_parse(buf_str(&text), text.len, &again, &err) == 0);
	assert(tree_equal(first, again));
	return 0;
}
