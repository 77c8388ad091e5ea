#include "yaml/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* YAML 1.1's words, of which goyaml.v2 knows these spellings. */
static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {
	"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL};
static const char *const falses[] = {
	"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL};
static const char *const not_finite[] = {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf",
	"+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", NULL};

static const struct {
	const char *const *words;
	enum scalar_type type;
	bool is_true;
} meanings[] = {
	{nulls, SCALAR_NULL, false},
	{trues, SCALAR_BOOL, true},
	{falses, SCALAR_BOOL, false},
	{not_finite, SCALAR_NOT_FINITE, false},
};

static bool is_one_of(const char *const *words, const char *text)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words;
}

static const char *skip_digits(const char *s)
{
	while (str_is_digit(*s))
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
		if (to == from && !str_is_digit(to[1]))
			return false;
		to = skip_digits(to + 1);
	}
	if (to == from)
		return false;
	if (*to == 'e' || *to == 'E') {
		to++;
		to += *to == '-' || *to == '+';
		if (!str_is_digit(*to))
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
	if (str_is_digit(c))
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
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (!is_one_of(meanings[i].words, text))
			continue;
		ret->type = meanings[i].type;
		ret->is_true = meanings[i].is_true;
		return;
	}
	if (!str_is_digit(*text) && !strchr("-+.", *text))
		return;
	/* ._5 is a string, 1_000 is not. */
	plain = *text == '.' ? xstrdup(text) : without_underscores(text);
	if (read_number(plain, ret))
		ret->type = SCALAR_NUMBER;
}
