#include "kube/names.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

bool name_is_subdomain(const char *name)
{
	size_t len = strnlen(name, LIMIT_NAME_BYTES + 1);
	char before = '.';

	if (len == 0 || len > LIMIT_NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c == '.' ? !str_is_lower_alnum(before)
			     : !str_is_lower_alnum(c) && (c != '-' || before == '.'))
			return false;
		before = c;
	}
	return str_is_lower_alnum(before);
}

char *name_namespace(const char *key)
{
	return xstrndup(key, strcspn(key, "/"));
}
