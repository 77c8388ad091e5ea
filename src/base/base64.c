#include "base/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *to, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned bits = (unsigned)p[i] << 16;
		char four[4] = {'=', '=', '=', '='};

		if (left > 1)
			bits |= (unsigned)p[i + 1] << 8;
		if (left > 2)
			bits |= p[i + 2];
		four[0] = alphabet[bits >> 18];
		four[1] = alphabet[bits >> 12 & 63];
		if (left > 1)
			four[2] = alphabet[bits >> 6 & 63];
		if (left > 2)
			four[3] = alphabet[bits & 63];
		(void)buf_addn(to, four, sizeof(four));
	}
}

static int value_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Four characters at the start of text, skipping line breaks; returns the bytes consumed, or 0. */
static size_t next_four(const char *text, char four[static 4])
{
	size_t used = 0;

	for (int n = 0; n < 4; used++) {
		if (!text[used])
			return 0;
		if (text[used] != '\r' && text[used] != '\n')
			four[n++] = text[used];
	}
	return used;
}

static int decode_four(struct buf *to, const char four[static 4])
{
	size_t padding = four[3] != '=' ? 0 : four[2] != '=' ? 1 : 2;
	unsigned bits = 0;
	char bytes[3];

	for (size_t i = 0; i < 4 - padding; i++) {
		int value = value_of(four[i]);

		if (value < 0)
			return -1;
		bits |= (unsigned)value << (18 - 6 * i);
	}
	for (size_t i = 0; i < 3; i++)
		bytes[i] = (char)(bits >> (16 - 8 * i) & 0xff);
	return buf_addn(to, bytes, 3 - padding) < 0 ? -1 : (int)padding;
}

int base64_decode(struct buf *to, const char *text)
{
	int padding = 0;

	for (;;) {
		char four[4];
		size_t used;

		text += strspn(text, "\r\n");
		if (!*text)
			return 0;
		used = next_four(text, four);
		if (padding || !used)
			return -1;
		padding = decode_four(to, four);
		if (padding < 0)
			return -1;
		text += used;
	}
}
