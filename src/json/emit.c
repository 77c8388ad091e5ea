#include "json/emit.h"

#include <math.h>
#include <string.h>

#include "json/printable.h"
#include "json/utf8.h"

static void separate(struct emit *e)
{
	if (e->comma)
		(void)buf_addc(e->to, ',');
	e->comma = true;
}

static void open_with(struct emit *e, char bracket)
{
	separate(e);
	(void)buf_addc(e->to, bracket);
	e->comma = false;
}

static void close_with(struct emit *e, char bracket)
{
	(void)buf_addc(e->to, bracket);
	e->comma = true;
}

void emit_object_begin(struct emit *e)
{
	open_with(e, '{');
}

void emit_object_end(struct emit *e)
{
	close_with(e, '}');
}

void emit_array_begin(struct emit *e)
{
	open_with(e, '[');
}

void emit_array_end(struct emit *e)
{
	close_with(e, ']');
}

static void add_escaped(struct buf *to, uint32_t code)
{
	static const char from[] = "\"\\\n\t\r", letters[] = "\"\\ntr";
	const char *at = code && code < 0x80 ? strchr(from, (int)code) : NULL;

	if (at)
		(void)buf_addf(to, "\\%c", letters[at - from]);
	else if (code < 0x10000)
		(void)buf_addf(to, "\\u%04x", code);
	else /* a surrogate pair */
		(void)buf_addf(
			to, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

static void add_character(struct buf *to, const unsigned char *p, size_t n)
{
	uint32_t code = n ? printable_code(p, n) : 0xfffd;

	if (n && printable(code) && *p != '"' && *p != '\\')
		(void)buf_addn(to, p, n);
	else
		add_escaped(to, code);
}

static void add_quoted(struct buf *to, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	const unsigned char *end = p + strlen(s);

	(void)buf_addc(to, '"');
	while (p < end) {
		size_t n = utf8_length(p, (size_t)(end - p));

		add_character(to, p, n);
		p += n ? n : 1;
	}
	(void)buf_addc(to, '"');
}

void emit_key(struct emit *e, const char *key)
{
	separate(e);
	add_quoted(e->to, key);
	(void)buf_addc(e->to, ':');
	e->comma = false;
}

void emit_string(struct emit *e, const char *s)
{
	separate(e);
	add_quoted(e->to, s);
}

void emit_int(struct emit *e, int64_t n)
{
	separate(e);
	(void)buf_addf(e->to, "%lld", (long long)n);
}

void emit_bool(struct emit *e, bool b)
{
	separate(e);
	(void)buf_add(e->to, b ? "true" : "false");
}

void emit_null(struct emit *e)
{
	separate(e);
	(void)buf_add(e->to, "null");
}

static void emit_number(struct emit *e, const struct json *j)
{
	double d = json_double(j);
	int64_t n;
	char text[32];

	if (json_int64(j, &n)) {
		emit_int(e, n);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.15g", d);
	if (isinf(d)) /* JSON has no literal for it, but numbers that are read as it */
		(void)snprintf(text, sizeof(text), "%s", d > 0 ? "1e999" : "-1e999");
	else if (strtod(text, NULL) != d)
		(void)snprintf(text, sizeof(text), "%.17g", d);
	separate(e);
	(void)buf_add(e->to, text);
}

static void emit_items(struct emit *e, const struct json *j)
{
	json_each (item, j) {
		if (json_key(item))
			emit_key(e, json_key(item));
		emit_json(e, item);
	}
}

/* Recursion is bounded by LIMIT_JSON_DEPTH. */
void emit_json(struct emit *e, const struct json *j)
{
	switch (json_type(j)) {
	case JSON_NULL:
		emit_null(e);
		break;
	case JSON_BOOL:
		emit_bool(e, json_is_true(j));
		break;
	case JSON_NUMBER:
		emit_number(e, j);
		break;
	case JSON_STRING:
		emit_string(e, json_string(j));
		break;
	case JSON_ARRAY:
		emit_array_begin(e);
		emit_items(e, j);
		emit_array_end(e);
		break;
	case JSON_OBJECT:
		emit_object_begin(e);
		emit_items(e, j);
		emit_object_end(e);
		break;
	}
}

void emit_raw(struct emit *e, const char *text)
{
	if (!*text)
		return;
	separate(e);
	(void)buf_add(e->to, text);
}

void emit_key_object(struct emit *e, const char *key)
{
	emit_key(e, key);
	emit_object_begin(e);
}

void emit_key_array(struct emit *e, const char *key)
{
	emit_key(e, key);
	emit_array_begin(e);
}

void emit_key_string(struct emit *e, const char *key, const char *s)
{
	emit_key(e, key);
	emit_string(e, s);
}

void emit_key_int(struct emit *e, const char *key, int64_t n)
{
	emit_key(e, key);
	emit_int(e, n);
}

void emit_key_bool(struct emit *e, const char *key, bool b)
{
	emit_key(e, key);
	emit_bool(e, b);
}

void emit_key_json(struct emit *e, const char *key, const struct json *j)
{
	emit_key(e, key);
	emit_json(e, j);
}
