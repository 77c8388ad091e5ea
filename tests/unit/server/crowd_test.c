#include "server/crowd.h"

#include "base/limits.h"
#include "base/mem.h"
#include "unit.h"

static void room_is_made_by_whoever_has_stalled_for_longest(void **state)
{
	static const struct {
		const char *when;
		struct crowd crowd;
		enum crowd_choice choice;
	} rows[] = {
		{"there is room", {.limit = 10, .unfinished = 4, .deciding = 3, .idle = 2},
			CROWD_ROOM},
		{"those on their way count", {.limit = 10, .arriving = 1, .unfinished = 9},
			CROWD_UNFINISHED},
		{"those being closed do not", {.limit = 10, .idle = 9, .closing = 99}, CROWD_ROOM},
		{"unless their threads lag behind",
			{.limit = 10, .idle = 9, .closing = LIMIT_SERVER_CLOSING + 1}, CROWD_WAIT},
		{"unless their threads have not begun with many",
			{.limit = 10, .arriving = 6, .idle = 2}, CROWD_WAIT},
		{"clients that stall displace one another",
			{.limit = 10, .unfinished = 6, .idle = 4}, CROWD_UNFINISHED},
		{"idle connections displace one another, and nobody who is connecting",
			{.limit = 10, .unfinished = 5, .idle = 5}, CROWD_IDLE},
		{"silent clients count as stalled",
			{.limit = 10,
				.silent = 3,
				.unfinished = 3,
				.idle = 4,
				.silent_ms = 1,
				.unfinished_ms = 2},
			CROWD_SILENT},
		{"a newer silent client stays",
			{.limit = 10,
				.silent = 3,
				.unfinished = 3,
				.idle = 4,
				.silent_ms = 2,
				.unfinished_ms = 1},
			CROWD_UNFINISHED},
		{"only silent clients", {.limit = 10, .silent = 10, .silent_ms = 5}, CROWD_SILENT},
		{"few have stalled and none is idle", {.limit = 10, .unfinished = 1, .deciding = 9},
			CROWD_UNFINISHED},
		{"none that decides ever goes", {.limit = 10, .deciding = 10}, CROWD_WAIT},
		{"short of files: those that have stalled first",
			{.limit = 0, .unfinished = 1, .deciding = 1, .idle = 1}, CROWD_UNFINISHED},
		{"short of files: then idle ones", {.limit = 0, .deciding = 1, .idle = 1},
			CROWD_IDLE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (crowd_choose(&rows[i].crowd) != rows[i].choice)
			fail_msg("%s: %d", rows[i].when, crowd_choose(&rows[i].crowd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_made_by_whoever_has_stalled_for_longest),
	};

	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
