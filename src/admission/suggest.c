#include "admission/suggest.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Shorter ones would match too many names. */
enum { SHORTEST_ABBREVIATION = 3 };

struct search {
	const struct definitions *confirmed;
	const char *namespace; /* the one being searched */
	const char *name;
	size_t len;
	const char *best;
	size_t best_distance;
	unsigned *names_left;
};

/* word has all letters of abbreviation in this order, and begins with the first of them. */
static bool abbreviates(const char *abbreviation, const char *word)
{
	if (*abbreviation != *word || strlen(abbreviation) < SHORTEST_ABBREVIATION)
		return false;
	for (; *word && *abbreviation; word++)
		if (*word == *abbreviation)
			abbreviation++;
	return !*abbreviation;
}

static void consider(void *ctx, const char *candidate, const struct taskdef *t)
{
	struct search *s = ctx;
	size_t len = strlen(candidate);
	size_t longer = len > s->len ? len : s->len;
	size_t shorter = len > s->len ? s->len : len;
	bool abbreviated = abbreviates(s->name, candidate) || abbreviates(candidate, s->name);
	size_t distance;

	if ((!abbreviated && longer - shorter > longer / 3) || !*s->names_left)
		return;
	--*s->names_left;
	distance = str_distance(s->name, candidate);
	if (!abbreviated && distance > longer / 3)
		return;
	if (s->best && (distance > s->best_distance ||
			       (distance == s->best_distance && strcmp(candidate, s->best) >= 0)))
		return;
	if (definitions_find(s->confirmed, s->namespace, candidate, &t) == DEFINITIONS_ABSENT)
		return;
	s->best = candidate;
	s->best_distance = distance;
}

const char *suggest_definition(
	const struct known *k, const char *app_ns, const char *name, unsigned *names_left)
{
	const struct definitions *const sets[] = {k->cached, k->confirmed};
	const char *const namespaces[] = {app_ns, k->keptn_namespace};
	struct search s = {
		.confirmed = k->confirmed,
		.name = name,
		.len = strlen(name),
		.names_left = names_left,
	};

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		s.namespace = namespaces[i];
		for (size_t j = 0; j < ARRAY_SIZE(sets); j++)
			definitions_walk(sets[j], s.namespace, consider, &s);
	}
	return s.best;
}
