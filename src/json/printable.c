#include "json/printable.h"

#include <string.h>

#include "json/utf8.h"

/* Categories C (assigned) and Z, and noncharacters, of Unicode 14; without the space. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x0, 0x1f},
	{0x7f, 0xa0},
	{0xad, 0xad},
	{0x600, 0x605},
	{0x61c, 0x61c},
	{0x6dd, 0x6dd},
	{0x70f, 0x70f},
	{0x890, 0x891},
	{0x8e2, 0x8e2},
	{0x1680, 0x1680},
	{0x180e, 0x180e},
	{0x2000, 0x200f},
	{0x2028, 0x202f},
	{0x205f, 0x206f},
	{0x3000, 0x3000},
	{0xe000, 0xf8ff},
	{0xfdd0, 0xfdef},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0x110bd, 0x110bd},
	{0x110cd, 0x110cd},
	{0x13430, 0x13438},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0000, 0xe007f},
	{0xf0000, 0x10ffff},
};

uint32_t printable_code(const unsigned char *p, size_t n)
{
	uint32_t code = n == 1 ? *p : *p & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3f);
	return code;
}

bool printable(uint32_t code)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code <= hidden[i].last)
			return code < hidden[i].first && (code & 0xfffe) != 0xfffe;
	return true;
}

static void add_escaped(struct buf *to, uint32_t code)
{
	static const char from[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
	const char *at = code && code < 0x80 ? strchr(from, (int)code) : NULL;

	if (at)
		(void)buf_addf(to, "\\%c", letters[at - from]);
	else if (code < 0x80)
		(void)buf_addf(to, "\\x%02x", code);
	else
		(void)buf_addf(to, code > 0xffff ? "\\U%08x" : "\\u%04x", code);
}

static void add(struct buf *to, const unsigned char *p, size_t n)
{
	uint32_t code = n ? printable_code(p, n) : 0;

	if (n == 0)
		(void)buf_addf(to, "\\x%02x", *p);
	else if (!printable(code))
		add_escaped(to, code);
	else
		(void)buf_addn(to, p, n);
}

void printable_add(struct buf *to, const unsigned char *p, size_t n)
{
	if (*p == '"' || *p == '\\')
		(void)buf_addc(to, '\\');
	add(to, p, n);
}

void printable_add_text(struct buf *to, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	const unsigned char *end = p + strlen(s);

	while (p < end) {
		size_t n = utf8_length(p, (size_t)(end - p));

		add(to, p, n);
		p += n ? n : 1;
	}
}
