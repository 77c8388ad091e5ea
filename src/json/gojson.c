#include "json/gojson.h"

#include <string.h>

#include "json/utf8.h"

/* The letter after the backslash; 0 where there is no short form. */
static char short_form(unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = strchr(from, c);

	if (!at)
		return '\0';
	return letters[at - from];
}

static void add_ascii(struct buf *to, unsigned char c)
{
	char letter = short_form(c);

	if (letter)
		(void)buf_addf(to, "\\%c", letter);
	else if (c < 0x20 || c == '<' || c == '>' || c == '&')
		(void)buf_addf(to, "\\u%04x", c);
	else
		(void)buf_addc(to, (char)c);
}

static void add_character(struct buf *to, const unsigned char *p, size_t n)
{
	if (n == 0)
		(void)buf_add(to, "\\ufffd");
	else if (n == 1)
		add_ascii(to, *p);
	else if (n == 3 && memcmp(p, "\xe2\x80\xa8", 3) == 0)
		(void)buf_add(to, "\\u2028");
	else if (n == 3 && memcmp(p, "\xe2\x80\xa9", 3) == 0)
		(void)buf_add(to, "\\u2029");
	else
		(void)buf_addn(to, p, n);
}

void gojson_string(struct buf *to, const char *s)
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

struct members {
	struct buf *to;
	const char *before; /* the next one */
};

static void add_member(void *ctx, const char *key, void *value)
{
	struct members *m = ctx;

	(void)buf_add(m->to, m->before);
	m->before = ",";
	gojson_string(m->to, key);
	(void)buf_addc(m->to, ':');
	gojson_string(m->to, value);
}

void gojson_map(struct buf *to, const struct strmap *m)
{
	struct members members = {to, ""};

	(void)buf_addc(to, '{');
	strmap_walk(m, add_member, &members);
	(void)buf_addc(to, '}');
}
