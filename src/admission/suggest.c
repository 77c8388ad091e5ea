#include "admission/suggest.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/* Shorter ones would match too many names, as do those under a third of the word. */
enum { SHORTEST_ABBREVIATION = 3, ABBREVIATION_PARTS = 3 };

struct search {
	const struct definitions *confirmed;
	const char *namespace; /* the one being searched */
	const char *written;
	char name[LIMIT_NAME_BYTES + 1]; /* as a valid one would be written */
	size_t len;
	const char *best;
	size_t best_distance;
	unsigned *names_left;
};

/* word has all letters of abbreviation in this order, and begins with the first of them. */
static bool abbreviates(const char *abbreviation, const char *word)
{
	size_t len = strlen(abbreviation);

	if (*abbreviation != *word || len < SHORTEST_ABBREVIATION ||
		len * ABBREVIATION_PARTS < strlen(word))
		return false;
	for (; *word && *abbreviation; word++)
		if (*word == *abbreviation)
			abbreviation++;
	return !*abbreviation;
}

static bool is_better(const struct search *s, const char *candidate, size_t distance, size_t most)
{
	if (distance > most || str_eq(candidate, s->written))
		return false;
	return !s->best || distance < s->best_distance ||
	       (distance == s->best_distance && strcmp(candidate, s->best) < 0);
}

/* Until no more names may be measured. */
static bool consider(void *ctx, const char *candidate, const struct taskdef *t)
{
	struct search *s = ctx;
	size_t len = strlen(candidate);
	size_t longer = len > s->len ? len : s->len;
	size_t shorter = len > s->len ? s->len : len;
	bool abbreviated = abbreviates(s->name, candidate) || abbreviates(candidate, s->name);
	size_t distance;

	if (!*s->names_left)
		return false;
	if (!abbreviated && longer - shorter > longer / 3)
		return true;
	--*s->names_left;
	distance = str_distance(s->name, candidate);
	if (is_better(s, candidate, distance, abbreviated ? SIZE_MAX : longer / 3) &&
		definitions_find(s->confirmed, s->namespace, candidate, &t) != DEFINITIONS_ABSENT) {
		s->best = candidate;
		s->best_distance = distance;
	}
	return true;
}

/* "Open_PR" reads as "open-pr". */
static char valid_letter(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if (c == '_' || c == ' ')
		return '-';
	return c;
}

/* False if it is longer than any name. */
static bool read_name(struct search *s, const char *name)
{
	s->len = strnlen(name, LIMIT_NAME_BYTES + 1);
	if (s->len > LIMIT_NAME_BYTES)
		return false;
	for (size_t i = 0; i < s->len; i++)
		s->name[i] = valid_letter(name[i]);
	return true;
}

const char *suggest_definition(
	const struct known *k, const char *app_ns, const char *name, unsigned *names_left)
{
	const struct definitions *const sets[] = {k->cached, k->confirmed};
	const char *const namespaces[] = {app_ns, k->keptn_namespace};
	struct search s = {
		.confirmed = k->confirmed,
		.written = name,
		.names_left = names_left,
	};

	if (!read_name(&s, name))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		s.namespace = namespaces[i];
		for (size_t j = 0; j < ARRAY_SIZE(sets); j++)
			definitions_walk(sets[j], s.namespace, consider, &s);
	}
	return s.best;
}
