#include "keptn/traceparent.h"

#include <string.h>

/* Steps over n lowercase hex digits; with nonzero, not all of them may be 0. */
static bool take_hex(const char **s, size_t n, bool nonzero)
{
	bool zero = true;

	for (size_t i = 0; i < n; i++) {
		char c = (*s)[i];

		if (!c || !strchr("0123456789abcdef", c))
			return false;
		zero &= c == '0';
	}
	*s += n;
	return !(nonzero && zero);
}

static bool take_hyphen(const char **s)
{
	return *(*s)++ == '-';
}

bool traceparent_is_valid(const char *s)
{
	const char *version = s;

	if (!take_hex(&s, 2, false) || !take_hyphen(&s) || !take_hex(&s, 32, true) ||
		!take_hyphen(&s) || !take_hex(&s, 16, true) || !take_hyphen(&s) ||
		!take_hex(&s, 2, false) || strncmp(version, "ff", 2) == 0)
		return false;
	return !*s || (*s == '-' && strncmp(version, "00", 2) != 0);
}
