#include "policy/glob.h"

#include <string.h>

#include "base/limits.h"
#include "kube/names.h"

bool glob_matches(const char *glob, const char *name)
{
	const char *star = NULL, *again = NULL;

	while (*name) {
		if (*glob == '*') {
			star = ++glob;
			again = name;
		} else if (*glob == *name) {
			glob++;
			name++;
		} else if (star) {
			/* The last '*' takes one byte more; those before it need no other. */
			glob = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

/* If it matches a valid name, it also matches one in which each '*' is an 'x'. */
bool glob_is_valid(const char *glob)
{
	char name[LIMIT_NAME_BYTES + 2];
	size_t len = strnlen(glob, LIMIT_NAME_BYTES + 1);

	for (size_t i = 0; i < len; i++)
		name[i] = (char)(glob[i] == '*' ? 'x' : glob[i]);
	name[len] = '\0';
	return name_is_subdomain(name);
}

bool glob_is_literal(const char *glob)
{
	return !strchr(glob, '*');
}
