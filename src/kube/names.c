#include "kube/names.h"

#include <string.h>

#include "base/limits.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool name_is_subdomain(const char *name)
{
	size_t len = strnlen(name, LIMIT_NAME_BYTES + 1);
	char before = '.';

	if (len == 0 || len > LIMIT_NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c == '.' ? !is_alnum(before) : !is_alnum(c) && (c != '-' || before == '.'))
			return false;
		before = c;
	}
	return is_alnum(before);
}
