#include "job/name.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

enum { RANDOM_BYTES = 8 };

/* As in Kubernetes' generated names: no vowels, and no digits that look like letters. */
static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";

struct job_name job_name_make(const char *definition, uint32_t attempt, uint64_t random)
{
	struct job_name name = {""};
	char tail[RANDOM_BYTES + 1] = "", suffix[32];
	size_t n = 0, cut;

	for (size_t i = 0; i < RANDOM_BYTES; i++) {
		tail[i] = alphabet[random % (sizeof(alphabet) - 1)];
		random /= sizeof(alphabet) - 1;
	}
	(void)snprintf(suffix, sizeof(suffix), "-%u-%s", attempt, tail);
	cut = LIMIT_JOB_NAME_BYTES - strlen(suffix);
	for (const char *s = definition; *s && n < cut; s++)
		if (n > 0 || str_is_lower_alnum(*s))
			name.text[n++] = (char)(str_is_lower_alnum(*s) ? *s : '-');
	while (n > 0 && name.text[n - 1] == '-')
		n--;
	(void)snprintf(name.text + n, sizeof(name.text) - n, "%s%s", n ? "" : "task", suffix);
	return name;
}

/* The number that ends at end; any number above UINT32_MAX if it is larger. */
static uint64_t number_before(const char *name, const char *end)
{
	const char *start = end;
	uint64_t n = 0;

	while (start > name && start[-1] >= '0' && start[-1] <= '9')
		start--;
	for (; start < end && n <= UINT32_MAX; start++)
		n = n * 10 + (uint64_t)(*start - '0');
	return n;
}

uint32_t job_name_attempt(const char *name, const char *definition)
{
	size_t len = strlen(name), head = len - RANDOM_BYTES;
	struct job_name made;
	uint64_t attempt;

	if (len <= RANDOM_BYTES || name[head - 1] != '-' ||
		strspn(name + head, alphabet) != RANDOM_BYTES)
		return 0;
	attempt = number_before(name, name + head - 1);
	if (attempt > UINT32_MAX)
		return 0;
	/* What precedes the random part must match exactly, so no leading zeros either. */
	made = job_name_make(definition, (uint32_t)attempt, 0);
	if (strlen(made.text) != len || strncmp(made.text, name, head) != 0)
		return 0;
	return (uint32_t)attempt;
}
