#include "kube/duration.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* "ms" before its prefix "m". Go accepts both spellings of micro. */
static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"\xce\xbcs", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
};

static const struct unit *take_unit(const char **s)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!str_starts(*s, units[i].name))
			continue;
		*s += strlen(units[i].name);
		return &units[i];
	}
	return NULL;
}

/* True if *n took the digit, false on overflow. */
static bool take_digit(int64_t *n, char digit)
{
	int64_t m;

	if (__builtin_mul_overflow(*n, 10, &m) || __builtin_add_overflow(m, digit - '0', &m))
		return false;
	*n = m;
	return true;
}

/* "1.5": whole 1, fraction 5, scale 10. Digits below what int64_t can hold don't count. */
struct number {
	int64_t whole, fraction;
	double scale;
};

static int take_number(const char **s, struct number *n)
{
	const char *p = *s;
	bool digits = false, full = false;

	*n = (struct number){.scale = 1};
	for (; str_is_digit(*p); p++, digits = true)
		if (!take_digit(&n->whole, *p))
			return -1;
	if (*p == '.') {
		for (p++; str_is_digit(*p); p++, digits = true) {
			full = full || !take_digit(&n->fraction, *p);
			n->scale *= full ? 1 : 10;
		}
	}
	*s = p;
	return digits ? 0 : -1;
}

/* One "1.5h" of "1.5h3m": added to *sum. */
static int take_term(const char **s, int64_t *sum)
{
	const struct unit *unit;
	struct number n;
	int64_t scaled;
	double rest;

	if (take_number(s, &n) < 0)
		return -1;
	unit = take_unit(s);
	if (!unit || __builtin_mul_overflow(n.whole, unit->ns, &scaled))
		return -1;
	rest = (double)n.fraction * ((double)unit->ns / n.scale);
	if (__builtin_add_overflow(scaled, (int64_t)rest, &scaled) ||
		__builtin_add_overflow(*sum, scaled, sum))
		return -1;
	return 0;
}

int duration_parse(const char *s, int64_t *ret_ns)
{
	bool negative = *s == '-';
	int64_t sum = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (str_eq(s, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!*s)
		return -1;
	while (*s)
		if (take_term(&s, &sum) < 0)
			return -1;
	*ret_ns = negative ? -sum : sum;
	return 0;
}
