/* Every document is rejected with a reason, or is JSON in which each value has a line. */
#include <assert.h>

#include "base/buf.h"
#include "tree.h"
#include "yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const struct yaml_doc *doc, const struct json *value, size_t lines)
{
	unsigned line = yaml_line(doc, value);

	assert(line >= 1 && line <= lines);
	json_each (item, value)
		check_lines(doc, item, lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(yaml_stream_free_p) struct yaml_stream *stream = NULL;
	struct err err = ERR_INIT;
	size_t lines = 2;
	int ret = 0;

	/* YAML has more line breaks: U+0085, U+2028 and U+2029 end in these bytes. */
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 ||
			 data[i] == 0xa9;
	assert(yaml_open((const char *)data, size, &stream, &err) == 0);
	while (ret == 0) {
		CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;

		ret = yaml_next(stream, &doc, &err);
		if (ret == 0)
			check_lines(&doc, doc.root, lines);
	}
	assert(ret == YAML_END || (err.kind != ERR_NONE && err.msg[0]));
	return 0;
}
