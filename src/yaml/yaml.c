#include "yaml/yaml.h"

#include <assert.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/limits.h"
#include "yaml/convert.h"
#include "yaml/tree.h"

struct yaml_stream {
	yaml_parser_t parser;
	bool over;
};

int yaml_open(const char *text, size_t len, struct yaml_stream **ret, struct err *err)
{
	struct yaml_stream *stream;

	if (len > LIMIT_YAML_BYTES)
		return err_set(err, ERR_TOO_LARGE, "YAML over %d bytes", LIMIT_YAML_BYTES);
	stream = xcalloc(1, sizeof(*stream));
	if (!yaml_parser_initialize(&stream->parser)) {
		free(stream);
		return err_set(err, ERR_INTERNAL, "libyaml failed to start");
	}
	yaml_parser_set_encoding(&stream->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&stream->parser, (const unsigned char *)text, len);
	*ret = stream;
	return 0;
}

void yaml_stream_free(struct yaml_stream *stream)
{
	if (!stream)
		return;
	yaml_parser_delete(&stream->parser);
	free(stream);
}

static void place(struct yaml_doc *doc, const struct json *value, const struct lines *lines)
{
	doc->places[doc->n_places] =
		(struct yaml_place){.value = value, .line = lines->line[doc->n_places]};
	doc->n_places++;
	json_each (item, value)
		place(doc, item, lines);
}

static int compare(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct yaml_place *)a)->value;
	uintptr_t y = (uintptr_t)((const struct yaml_place *)b)->value;

	return (x > y) - (x < y);
}

static int build(const struct node *root, struct yaml_doc *ret, struct err *err)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT(LIMIT_YAML_JSON_BYTES);
	CLEANUP(lines_release) struct lines lines = {.line = NULL};
	struct yaml_doc doc = YAML_DOC_INIT;

	if (convert(root, &json, &lines, err) < 0 ||
		json_parse(buf_str(&json), json.len, &doc.root, err) < 0)
		return -1;
	doc.places = xcalloc(lines.n, sizeof(*doc.places));
	place(&doc, doc.root, &lines);
	qsort(doc.places, doc.n_places, sizeof(*doc.places), compare);
	*ret = doc;
	return 0;
}

int yaml_next(struct yaml_stream *stream, struct yaml_doc *ret, struct err *err)
{
	struct node *root = NULL;
	int end;

	assert(stream);
	if (stream->over)
		return YAML_END;
	end = tree_read(&stream->parser, &root, err);
	if (end == 0) {
		end = build(root, ret, err);
		tree_free(root);
	}
	stream->over = end != 0;
	return end > 0 ? YAML_END : end;
}

int yaml_parse(const char *text, size_t len, struct yaml_doc *ret, struct err *err)
{
	CLEANUP(yaml_stream_free_p) struct yaml_stream *stream = NULL;
	CLEANUP(yaml_doc_release) struct yaml_doc doc = YAML_DOC_INIT;
	CLEANUP(yaml_doc_release) struct yaml_doc more = YAML_DOC_INIT;
	int end;

	if (yaml_open(text, len, &stream, err) < 0)
		return -1;
	end = yaml_next(stream, &doc, err);
	if (end < 0)
		return -1;
	if (end == YAML_END)
		return err_set(err, ERR_INVALID, "no YAML document");
	end = yaml_next(stream, &more, err);
	if (end < 0)
		return -1;
	if (end != YAML_END)
		return err_set(err, ERR_INVALID, "line %u: unexpected second YAML document",
			yaml_line(&more, more.root));
	*ret = doc;
	doc = (struct yaml_doc)YAML_DOC_INIT;
	return 0;
}

void yaml_doc_release(struct yaml_doc *doc)
{
	json_free(doc->root);
	free(doc->places);
	*doc = (struct yaml_doc)YAML_DOC_INIT;
}

unsigned yaml_line(const struct yaml_doc *doc, const struct json *value)
{
	struct yaml_place wanted = {.value = value};
	const struct yaml_place *found = NULL;

	if (value && doc->n_places)
		found = bsearch(&wanted, doc->places, doc->n_places, sizeof(wanted), compare);
	return found ? found->line : 0;
}
