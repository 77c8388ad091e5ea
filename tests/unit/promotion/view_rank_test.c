/* view_newer() after view_rank(): a strict total order that follows spec.previousVersion. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "promotion/view.h"
#include "unit.h"

enum { VERSIONS = 9, GROUPS = 20000, MANY = 10000 };

struct group {
	struct view_version versions[VERSIONS];
	size_t n;
};

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % below;
}

/* Strings from few, so that groups have revisions, forks and circles. */
static void draw_group(struct group *g, uint32_t number)
{
	static const char *const strings[] = {"", "1.9.0", "1.10.0", "2", "3", "4"};
	static const char *const names[VERSIONS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};

	seed = number;
	memset(g, 0, sizeof(*g));
	g->n = 1 + draw(VERSIONS);
	for (size_t i = 0; i < g->n; i++)
		g->versions[i] = (struct view_version){
			.name = names[i],
			.version = strings[draw(ARRAY_SIZE(strings))],
			.previous = strings[draw(ARRAY_SIZE(strings))],
			.created = draw(2),
			.revision = draw(2),
			.generation = draw(2),
		};
}

static void shuffle(struct group *g)
{
	for (size_t i = g->n; i > 1; i--) {
		size_t j = draw((uint32_t)i);
		struct view_version v = g->versions[i - 1];

		g->versions[i - 1] = g->versions[j];
		g->versions[j] = v;
	}
}

static void check_three(
	const struct view_version *a, const struct view_version *b, const struct view_version *c)
{
	if (a == b)
		assert_false(view_newer(a, b));
	else
		assert_int_equal(view_newer(a, b) + view_newer(b, a), 1);
	if (view_newer(a, b) && view_newer(b, c))
		assert_true(view_newer(a, c));
}

static void it_is_a_strict_total_order(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < GROUPS; number++) {
		struct group g;

		draw_group(&g, number);
		view_rank(g.versions, g.n);
		for (size_t i = 0; i < g.n * g.n * g.n; i++)
			check_three(&g.versions[i % g.n], &g.versions[i / g.n % g.n],
				&g.versions[i / g.n / g.n]);
	}
}

static const struct view_version *find(const struct group *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (str_eq(g->versions[i].name, name))
			return &g->versions[i];
	fail_msg("no version %s", name);
	return NULL;
}

/* Each replica has them in an order of its own. */
static void it_does_not_depend_on_the_order_in_memory(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < GROUPS; number++) {
		struct group g, other;

		draw_group(&g, number);
		other = g;
		shuffle(&other);
		view_rank(g.versions, g.n);
		view_rank(other.versions, other.n);
		for (size_t i = 0; i < g.n; i++)
			assert_int_equal(
				g.versions[i].rank, find(&other, g.versions[i].name)->rank);
	}
}

static void one_version_string_is_ordered_by_revision_and_generation(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < GROUPS; number++) {
		struct group g;

		draw_group(&g, number);
		view_rank(g.versions, g.n);
		for (size_t i = 0; i < g.n * g.n; i++) {
			const struct view_version *a = &g.versions[i % g.n];
			const struct view_version *b = &g.versions[i / g.n];

			if (a->created == b->created && str_eq(a->version, b->version))
				assert_int_equal(a->rank, b->rank);
		}
	}
}

/* Each version string once, its previous one any of those before it: no circles. */
static void a_version_is_newer_than_all_that_it_comes_from(void **state)
{
	static const char *const strings[VERSIONS] = {
		"7", "1.10", "1.9", "b", "2", "10", "c", "a", "9"};

	(void)state;
	for (uint32_t number = 0; number < GROUPS; number++) {
		struct group g;

		draw_group(&g, number);
		for (size_t i = 0; i < g.n; i++) {
			g.versions[i].created = 1;
			g.versions[i].name = g.versions[i].version = strings[i];
			g.versions[i].previous =
				i > 0 && draw(4) ? strings[draw((uint32_t)i)] : "1.8";
		}
		shuffle(&g);
		view_rank(g.versions, g.n);
		for (size_t i = 0; i < g.n; i++) {
			const struct view_version *at = &g.versions[i];

			while (!str_eq(at->previous, "1.8")) {
				at = find(&g, at->previous);
				assert_true(view_newer(&g.versions[i], at));
			}
		}
	}
}

/* One that was taken from a backup: thousands in one second, the first of them in a circle or not. */
static void it_ranks_long_chains(void **state)
{
	static struct view_version versions[MANY];
	static char names[MANY][12];

	(void)state;
	for (int circle = 0; circle < 2; circle++) {
		for (size_t i = 0; i < MANY; i++) {
			(void)snprintf(names[i], sizeof(names[i]), "%zu", i);
			versions[i].name = versions[i].version = names[i];
			versions[i].previous = i > 0 ? names[i - 1] : circle ? "7" : "";
		}
		view_rank(versions, MANY);
		for (size_t i = 0; i < MANY; i++)
			assert_int_equal(versions[i].rank, circle ? MANY : i);
	}
	view_rank(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_a_strict_total_order),
		cmocka_unit_test(it_does_not_depend_on_the_order_in_memory),
		cmocka_unit_test(one_version_string_is_ordered_by_revision_and_generation),
		cmocka_unit_test(a_version_is_newer_than_all_that_it_comes_from),
		cmocka_unit_test(it_ranks_long_chains),
	};

	return cmocka_run_group_tests_name("view_rank", tests, NULL, NULL);
}
