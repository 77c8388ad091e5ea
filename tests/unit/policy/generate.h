/*
 * generate - policies, labels and applications by chance, from a seed; few names, so that they meet
 * often.
 */
#ifndef PROMOGATE_TESTS_POLICY_GENERATE_H
#define PROMOGATE_TESTS_POLICY_GENERATE_H

#include <stdio.h>

#include "base/mem.h"
#include "policy/policy.h"
#include "policy/subject.h"

enum { GENERATE_LIST = 3 };

static const char *const generate_tasks[] = {"a", "b", "ab", "trail"};
static const char *const generate_globs[] = {"a", "b", "a*", "*b", "*", "trail"};

/* Everything that one policy points to. It must not move. */
struct generated {
	struct policy p;
	char name[16];
	const char *names[GENERATE_LIST][2], *allowed[GENERATE_LIST], *preferred[GENERATE_LIST];
	struct policy_failure_of failures[GENERATE_LIST];
	struct policy_task required[GENERATE_LIST], added[GENERATE_LIST];
};

static inline uint32_t generate_below(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

static inline const char *generate_task(uint64_t *seed)
{
	return generate_tasks[generate_below(seed, ARRAY_SIZE(generate_tasks))];
}

static inline const char *generate_glob(uint64_t *seed)
{
	return generate_globs[generate_below(seed, ARRAY_SIZE(generate_globs))];
}

static inline struct policy_failure generate_failure(uint64_t *seed)
{
	return (struct policy_failure){generate_below(seed, 3), generate_below(seed, 4)};
}

static inline void generate_failures(struct generated *g, uint64_t *seed)
{
	g->p.failure = generate_failure(seed);
	g->p.failures = g->failures;
	g->p.nfailures = generate_below(seed, GENERATE_LIST + 1);
	for (size_t i = 0; i < g->p.nfailures; i++) {
		size_t count = 1 + generate_below(seed, 2);

		for (size_t j = 0; j < count; j++)
			g->names[i][j] = generate_glob(seed);
		g->failures[i] =
			(struct policy_failure_of){{g->names[i], count}, generate_failure(seed)};
	}
}

/* Some are silent, some say that none is meant. */
static inline struct policy_names generate_names(
	const char **at, uint64_t *seed, const char *(*one)(uint64_t *seed))
{
	size_t count = generate_below(seed, GENERATE_LIST + 1);

	if (generate_below(seed, 2))
		return (struct policy_names){NULL, 0};
	for (size_t i = 0; i < count; i++)
		at[i] = one(seed);
	return (struct policy_names){at, count};
}

static inline struct policy_tasks generate_task_list(struct policy_task *at, uint64_t *seed)
{
	struct policy_tasks list = {at, 0};

	for (size_t i = 0; i < ARRAY_SIZE(generate_tasks) && list.count < GENERATE_LIST; i++)
		if (generate_below(seed, 4) == 0)
			at[list.count++] = (struct policy_task){generate_tasks[i],
				generate_below(seed, 2), generate_below(seed, 3) * 100};
	return list;
}

/* selectors: of namespaces and applications, to choose from. */
static inline void generate_policy(struct generated *g, uint64_t *seed, size_t number,
	const struct selector *selectors, uint32_t count)
{
	static const unsigned actions[] = {POLICY_DENY, POLICY_DENY | POLICY_AUDIT, POLICY_WARN,
		POLICY_AUDIT, POLICY_WARN | POLICY_AUDIT};

	*g = (struct generated){.p.name = g->name, .p.refs = 1000};
	(void)snprintf(g->name, sizeof(g->name), "p%zu", number);
	g->p.generation = generate_below(seed, 9);
	g->p.priority = generate_below(seed, 3);
	g->p.actions = actions[generate_below(seed, ARRAY_SIZE(actions))];
	g->p.enforced_at = 1 + generate_below(seed, 3);
	g->p.namespaces = &selectors[generate_below(seed, count)];
	g->p.apps = generate_below(seed, 2) ? &selectors[generate_below(seed, count)] : NULL;
	generate_failures(g, seed);
	g->p.required = generate_task_list(g->required, seed);
	g->p.added = generate_task_list(g->added, seed);
	g->p.preferred = generate_names(g->preferred, seed, generate_task);
	g->p.allowed = generate_names(g->allowed, seed, generate_glob);
	g->p.max = generate_below(seed, 4);
	g->p.missing = generate_below(seed, 4);
	g->p.deletion = generate_below(seed, 4);
}

#endif
