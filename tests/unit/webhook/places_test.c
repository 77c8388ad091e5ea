#include "webhook/places.h"

#include "unit.h"

/* How many places each takes, one after the other, until it gets no more. */
static size_t fill(struct places *p, const char *ns)
{
	size_t n = 0;

	while (places_take(p, ns))
		n++;
	return n;
}

static void a_namespace_has_fewer_than_are_free(void **state)
{
	struct places p;

	(void)state;
	places_init(&p, 8);
	assert_int_equal(fill(&p, "a"), 4);
	assert_int_equal(fill(&p, "b"), 2);
	assert_int_equal(fill(&p, "c"), 1);
	assert_int_equal(fill(&p, "d"), 1);
	assert_int_equal(fill(&p, "e"), 0);
	assert_int_equal(p.taken, 8);
	places_release(&p);
}

static void a_place_that_is_given_back_goes_to_who_has_least(void **state)
{
	struct places p;

	(void)state;
	places_init(&p, 4);
	assert_int_equal(fill(&p, "a"), 2);
	assert_int_equal(fill(&p, "b"), 1);
	assert_int_equal(fill(&p, "c"), 1);
	places_give(&p, "a");
	assert_false(places_take(&p, "a"));
	assert_false(places_take(&p, "b"));
	assert_true(places_take(&p, "d"));
	places_give(&p, "a");
	places_give(&p, "b");
	places_give(&p, "c");
	places_give(&p, "d");
	assert_int_equal(p.taken, 0);
	assert_int_equal(p.by_namespace.count, 0);
	places_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_namespace_has_fewer_than_are_free),
		cmocka_unit_test(a_place_that_is_given_back_goes_to_who_has_least),
	};

	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
