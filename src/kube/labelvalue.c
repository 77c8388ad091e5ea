#include "kube/labelvalue.h"

#include <stdint.h>
#include <string.h>

enum { HASH_BYTES = 8, CUT_BYTES = LIMIT_LABEL_VALUE_BYTES - HASH_BYTES - 1 };

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_inner(char c)
{
	return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool is_legal(const char *s, size_t len)
{
	if (len > LIMIT_LABEL_VALUE_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_inner(s[i]))
			return false;
	return len == 0 || (is_alnum(s[0]) && is_alnum(s[len - 1]));
}

bool label_value_is_valid(const char *text)
{
	return is_legal(text, strnlen(text, LIMIT_LABEL_VALUE_BYTES + 1));
}

/* FNV-1a, as in Kubernetes' own hash labels. */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

struct label_value label_value_of(const char *text)
{
	struct label_value v = {""};
	size_t len = strnlen(text, LIMIT_LABEL_VALUE_BYTES + 1);
	size_t n = 0;

	if (is_legal(text, len)) {
		memcpy(v.text, text, len);
		return v;
	}
	for (const char *s = text; *s && n < CUT_BYTES; s++)
		if (n > 0 || is_alnum(*s))
			v.text[n++] = (char)(is_inner(*s) ? *s : '-');
	while (n > 0 && !is_alnum(v.text[n - 1]))
		n--;
	(void)snprintf(v.text + n, sizeof(v.text) - n, "%s%08x", n ? "-" : "", hash(text));
	return v;
}
