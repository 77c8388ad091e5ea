#include "yaml/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* YAML 1.1's words, of which goyaml.v2 knows these spellings. */
static const struct {
	const char *word;
	enum scalar_type type;
	bool is_true;
} words[] = {
	{"", SCALAR_NULL, false},
	{"~", SCALAR_NULL, false},
	{"null", SCALAR_NULL, false},
	{"Null", SCALAR_NULL, false},
	{"NULL", SCALAR_NULL, false},
	{"y", SCALAR_BOOL, true},
	{"Y", SCALAR_BOOL, true},
	{"yes", SCALAR_BOOL, true},
	{"Yes", SCALAR_BOOL, true},
	{"YES", SCALAR_BOOL, true},
	{"true", SCALAR_BOOL, true},
	{"True", SCALAR_BOOL, true},
	{"TRUE", SCALAR_BOOL, true},
	{"on", SCALAR_BOOL, true},
	{"On", SCALAR_BOOL, true},
	{"ON", SCALAR_BOOL, true},
	{"n", SCALAR_BOOL, false},
	{"N", SCALAR_BOOL, false},
	{"no", SCALAR_BOOL, false},
	{"No", SCALAR_BOOL, false},
	{"NO", SCALAR_BOOL, false},
	{"false", SCALAR_BOOL, false},
	{"False", SCALAR_BOOL, false},
	{"FALSE", SCALAR_BOOL, false},
	{"off", SCALAR_BOOL, false},
	{"Off", SCALAR_BOOL, false},
	{"OFF", SCALAR_BOOL, false},
	{".nan", SCALAR_NOT_FINITE, false},
	{".NaN", SCALAR_NOT_FINITE, false},
	{".NAN", SCALAR_NOT_FINITE, false},
	{".inf", SCALAR_NOT_FINITE, false},
	{".Inf", SCALAR_NOT_FINITE, false},
	{".INF", SCALAR_NOT_FINITE, false},
	{"+.inf", SCALAR_NOT_FINITE, false},
	{"+.Inf", SCALAR_NOT_FINITE, false},
	{"+.INF", SCALAR_NOT_FINITE, false},
	{"-.inf", SCALAR_NOT_FINITE, false},
	{"-.Inf", SCALAR_NOT_FINITE, false},
	{"-.INF", SCALAR_NOT_FINITE, false},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(const char *s)
{
	const char *from, *to;

	s += *s == '-' || *s == '+';
	from = s;
	to = skip_digits(s);
	if (*to == '.') {
		if (to == from && !is_digit(to[1]))
			return false;
		to = skip_digits(to + 1);
	}
	if (to == from)
		return false;
	if (*to == 'e' || *to == 'E') {
		to++;
		to += *to == '-' || *to == '+';
		if (!is_digit(*to))
			return false;
		to = skip_digits(to);
	}
	return !*to;
}

/* The base that a prefix asks for, as in Go's strconv; *s is moved past it. */
static unsigned base_of(const char **s)
{
	if ((*s)[0] != '0' || !(*s)[1])
		return 10;
	*s += 2;
	switch ((*s)[-1]) {
	case 'x':
	case 'X':
		return 16;
	case 'o':
	case 'O':
		return 8;
	case 'b':
	case 'B':
		return 2;
	default:
		*s -= 1;
		return 8;
	}
}

static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A' + 10);
	return 16;
}

/* A whole number of 64 bits, of either sign. */
static bool read_integer(const char *s, bool *negative, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned base;

	*negative = *s == '-';
	s += *s == '-' || *s == '+';
	base = base_of(&s);
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned digit = digit_value(*s);

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	*ret = value;
	return !*negative || value <= (uint64_t)INT64_MAX + 1;
}

static bool read_number(const char *plain, struct scalar *ret)
{
	uint64_t value;
	bool negative;
	double d;

	if (read_integer(plain, &negative, &value)) {
		(void)snprintf(ret->number, sizeof(ret->number), "%s%" PRIu64,
			negative && value ? "-" : "", value);
		return true;
	}
	if (!looks_like_float(plain))
		return false;
	d = strtod(plain, NULL);
	/* As there, a number that overflows stays a string. */
	if (!isfinite(d))
		return false;
	(void)snprintf(ret->number, sizeof(ret->number), "%.17g", d);
	return true;
}

/* For free(). In a number they don't count. */
static char *without_underscores(const char *text)
{
	char *plain = xstrdup(text), *to = plain;

	for (const char *from = text; *from; from++)
		if (*from != '_')
			*to++ = *from;
	*to = '\0';
	return plain;
}

void scalar_resolve(const char *text, struct scalar *ret)
{
	CLEANUP(free_p) char *plain = NULL;

	*ret = (struct scalar){.type = SCALAR_STRING};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, text) != 0)
			continue;
		ret->type = words[i].type;
		ret->is_true = words[i].is_true;
		return;
	}
	if (!is_digit(*text) && !strchr("-+.", *text))
		return;
	/* ._5 is a string, 1_000 is not. */
	plain = *text == '.' ? xstrdup(text) : without_underscores(text);
	if (read_number(plain, ret))
		ret->type = SCALAR_NUMBER;
}
