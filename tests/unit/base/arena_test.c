#include "base/arena.h"

#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"

static void arrays_are_aligned_whatever_is_before_them(void **state)
{
	struct arena arena;
	CLEANUP(free_p) char *all = arena_new(8, 4 + sizeof(long) + ARENA_PADDING, &arena);
	const char *text = arena_text(&arena, "abc");
	long *array = arena_array(&arena, 1, sizeof(*array));

	(void)state;
	assert_ptr_equal(text, all + 8);
	assert_string_equal(text, "abc");
	assert_int_equal((uintptr_t)array % sizeof(long), 0);
	assert_int_equal(*array, 0);
	assert_null(arena_text(&arena, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_are_aligned_whatever_is_before_them),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
