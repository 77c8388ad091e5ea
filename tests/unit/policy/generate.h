/*
 * generate - policies, labels and applications by chance; few names, so that they meet often.
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

/* Where chance comes from: these bytes, a fuzzer's, then the seed. */
struct dice {
	uint64_t seed;
	const uint8_t *at;
	size_t left;
};

static inline uint32_t generate_below(struct dice *dice, uint32_t below)
{
	if (dice->left) {
		dice->left--;
		return *dice->at++ % below;
	}
	dice->seed = dice->seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(dice->seed >> 33) % below;
}

static inline const char *generate_task(struct dice *dice)
{
	return generate_tasks[generate_below(dice, ARRAY_SIZE(generate_tasks))];
}

static inline const char *generate_glob(struct dice *dice)
{
	return generate_globs[generate_below(dice, ARRAY_SIZE(generate_globs))];
}

static inline struct policy_failure generate_failure(struct dice *dice)
{
	return (struct policy_failure){generate_below(dice, 3), generate_below(dice, 4)};
}

static inline void generate_failures(struct generated *g, struct dice *dice)
{
	g->p.failure = generate_failure(dice);
	g->p.failures = g->failures;
	g->p.nfailures = generate_below(dice, GENERATE_LIST + 1);
	for (size_t i = 0; i < g->p.nfailures; i++) {
		size_t count = 1 + generate_below(dice, 2);

		for (size_t j = 0; j < count; j++)
			g->names[i][j] = generate_glob(dice);
		g->failures[i] =
			(struct policy_failure_of){{g->names[i], count}, generate_failure(dice)};
	}
}

/* Some are silent, some say that none is meant. */
static inline struct policy_names generate_names(
	const char **at, struct dice *dice, const char *(*one)(struct dice *dice))
{
	size_t count = generate_below(dice, GENERATE_LIST + 1);

	if (generate_below(dice, 2))
		return (struct policy_names){NULL, 0};
	for (size_t i = 0; i < count; i++)
		at[i] = one(dice);
	return (struct policy_names){at, count};
}

static inline struct policy_tasks generate_task_list(struct policy_task *at, struct dice *dice)
{
	struct policy_tasks list = {at, 0};

	for (size_t i = 0; i < ARRAY_SIZE(generate_tasks) && list.count < GENERATE_LIST; i++)
		if (generate_below(dice, 4) == 0)
			at[list.count++] = (struct policy_task){generate_tasks[i],
				generate_below(dice, 2), generate_below(dice, 3) * 100};
	return list;
}

/* selectors: of namespaces and applications, to choose from. */
static inline void generate_policy(struct generated *g, struct dice *dice, size_t number,
	const struct selector *selectors, uint32_t count)
{
	static const unsigned actions[] = {POLICY_DENY, POLICY_DENY | POLICY_AUDIT, POLICY_WARN,
		POLICY_AUDIT, POLICY_WARN | POLICY_AUDIT};

	*g = (struct generated){.p.name = g->name, .p.refs = 1000};
	(void)snprintf(g->name, sizeof(g->name), "p%zu", number);
	g->p.generation = generate_below(dice, 9);
	g->p.priority = generate_below(dice, 3);
	g->p.actions = actions[generate_below(dice, ARRAY_SIZE(actions))];
	g->p.enforced_at = 1 + generate_below(dice, 3);
	g->p.namespaces = &selectors[generate_below(dice, count)];
	g->p.apps = generate_below(dice, 2) ? &selectors[generate_below(dice, count)] : NULL;
	generate_failures(g, dice);
	g->p.required = generate_task_list(g->required, dice);
	g->p.added = generate_task_list(g->added, dice);
	g->p.preferred = generate_names(g->preferred, dice, generate_task);
	g->p.allowed = generate_names(g->allowed, dice, generate_glob);
	g->p.max = generate_below(dice, 4);
	g->p.missing = generate_below(dice, 4);
	g->p.deletion = generate_below(dice, 4);
}

#endif
