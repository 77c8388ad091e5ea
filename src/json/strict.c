#include "json/strict.h"

#include <string.h>

#include "json/utf8.h"

struct scan {
	const unsigned char *start;
	const unsigned char *at;
	const unsigned char *end;
	size_t values_left;
	int depth_left;
	bool has_nul;
	struct err *err;
};

static int fail(const struct scan *s, const char *what)
{
	return err_set(s->err, ERR_INVALID, "not JSON: %s at byte %td", what, s->at - s->start);
}

/* 0 at the end: no JSON token begins with a NUL byte. */
static unsigned char peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : 0;
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end &&
		(*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static bool hex4(const struct scan *s, const unsigned char *p, unsigned *ret)
{
	unsigned value = 0;

	if (s->end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned char c = p[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

/* At the backslash. A lone surrogate is an error: UTF-8 can't represent it. */
static int scan_escape(struct scan *s)
{
	unsigned unit, low;

	if (s->end - s->at < 2)
		return fail(s, "unterminated string");
	if (s->at[1] != 'u') {
		if (!s->at[1] || !strchr("\"\\/bfnrt", s->at[1]))
			return fail(s, "unknown escape");
		s->at += 2;
		return 0;
	}
	if (!hex4(s, s->at + 2, &unit))
		return fail(s, "\\u without four hex digits");
	if (unit == 0)
		s->has_nul = true;
	if (unit < 0xD800 || unit > 0xDFFF) {
		s->at += 6;
		return 0;
	}
	if (unit > 0xDBFF || s->end - s->at < 12 || s->at[6] != '\\' || s->at[7] != 'u' ||
		!hex4(s, s->at + 8, &low) || low < 0xDC00 || low > 0xDFFF)
		return fail(s, "unpaired surrogate");
	s->at += 12;
	return 0;
}

static int scan_string(struct scan *s)
{
	s->at++;
	while (s->at < s->end) {
		unsigned char c = *s->at;

		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c == '\\') {
			if (scan_escape(s) < 0)
				return -1;
		} else if (c < 0x20) {
			return fail(s, "control character in a string");
		} else {
			size_t n = utf8_length(s->at, (size_t)(s->end - s->at));

			if (!n)
				return fail(s, "invalid UTF-8");
			s->at += n;
		}
	}
	return fail(s, "unterminated string");
}

static bool scan_digits(struct scan *s)
{
	const unsigned char *from = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at > from;
}

static int scan_number(struct scan *s)
{
	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0')
		s->at++;
	else if (!scan_digits(s))
		return fail(s, "malformed number");
	if (peek(s) == '.') {
		s->at++;
		if (!scan_digits(s))
			return fail(s, "malformed number");
	}
	if ((peek(s) | 0x20) == 'e') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (!scan_digits(s))
			return fail(s, "malformed number");
	}
	return 0;
}

static int scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return fail(s, "unknown literal");
	s->at += len;
	return 0;
}

static int scan_value(struct scan *s);

static int scan_key(struct scan *s)
{
	skip_space(s);
	if (peek(s) != '"')
		return fail(s, "expected a key");
	if (scan_string(s) < 0)
		return -1;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "expected a colon");
	s->at++;
	return 0;
}

/* At the opening bracket. Recursion is bounded by the depth. */
static int scan_container(struct scan *s, unsigned char close)
{
	if (s->depth_left-- == 0)
		return err_set(s->err, ERR_TOO_LARGE, "JSON nested too deeply at byte %td",
			s->at - s->start);
	s->at++;
	skip_space(s);
	if (peek(s) == close) {
		s->at++;
		s->depth_left++;
		return 0;
	}
	for (;;) {
		if (close == '}' && scan_key(s) < 0)
			return -1;
		skip_space(s);
		if (scan_value(s) < 0)
			return -1;
		skip_space(s);
		if (peek(s) == close)
			break;
		if (peek(s) != ',')
			return fail(s, "expected a comma or a closing bracket");
		s->at++;
	}
	s->at++;
	s->depth_left++;
	return 0;
}

static int scan_value(struct scan *s)
{
	if (s->values_left-- == 0)
		return err_set(s->err, ERR_TOO_LARGE, "JSON with too many values at byte %td",
			s->at - s->start);
	switch (peek(s)) {
	case '{':
		return scan_container(s, '}');
	case '[':
		return scan_container(s, ']');
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

int strict_check(const char *text, size_t len, int max_depth, size_t max_values, struct strict *ret,
	struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct scan s = {
		.start = bytes,
		.at = bytes,
		.end = bytes + len,
		.values_left = max_values,
		.depth_left = max_depth,
		.err = err,
	};

	skip_space(&s);
	if (s.at == s.end)
		return fail(&s, "nothing");
	if (scan_value(&s) < 0)
		return -1;
	skip_space(&s);
	if (s.at != s.end)
		return fail(&s, "trailing data");
	*ret = (struct strict){.values = max_values - s.values_left, .has_nul = s.has_nul};
	return 0;
}
