/* The properties of thousands of worlds. PROPERTIES_SEED repeats one that failed. */
#include "properties.h"
#include "unit.h"

enum { WORLDS = 3000 };

static void for_all_worlds(void **state)
{
	void (*property)(struct world *w) = (void (*)(struct world *))*state;
	const char *only = getenv("PROPERTIES_SEED");
	struct world *w = xmalloc(sizeof(*w));

	for (uint64_t i = 1; i <= (only ? 1 : WORLDS); i++) {
		CLEANUP(buf_release) struct buf broken = BUF_INIT(300000);
		uint64_t seed = only ? strtoull(only, NULL, 10) : i;

		draw(w, (struct dice){.seed = seed}, &broken);
		property(w);
		if (broken.len)
			fail_msg("PROPERTIES_SEED=%" PRIu64 ": %s", seed, buf_str(&broken));
	}
	free(w);
}

#define PROPERTY(f) {#f, for_all_worlds, NULL, NULL, (void *)(f)}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROPERTY(order_does_not_matter),
		PROPERTY(a_policy_without_deny_changes_nothing),
		PROPERTY(one_more_policy_never_allows_what_was_denied),
		PROPERTY(the_text_explains_the_decision),
		PROPERTY(the_audit_counts_what_the_check_reports),
	};

	return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
