/* Many threads start and cancel at once, and the client is freed while everything is in flight. */
#include "client/api.h"

#include <stdatomic.h>

#include "outcome.h"
#include "run/thread.h"
#include "served.h"

enum { THREADS = 4, ROUNDS = 150 };

struct load {
	struct api *api;
	struct outcome *outcome;
	atomic_int started;
};

static void work(void *ctx)
{
	static const char *const paths[] = {"/ok", "/hang", "/drop", "/status?code=404", "/lines"};
	struct load *l = ctx;
	api_id ids[5] = {0};

	for (int i = 0; i < ROUNDS; i++) {
		struct api_request request = {.path = paths[i % 5]};
		api_id *id = &ids[i % 5];

		/* Whatever was started in the round before the last, over or not. */
		api_cancel(l->api, *id);
		if (i % 5 == 4)
			*id = api_watch(l->api, &request, outcome_line, outcome_done, l->outcome);
		else if (i % 7 == 3)
			*id = api_timer(l->api, (unsigned)i % 20, outcome_done, l->outcome);
		else
			*id = api_call(l->api, &request, outcome_done, l->outcome);
		atomic_fetch_add(&l->started, 1);
	}
}

static void everything_ends_once(void **state)
{
	static const struct api_options options = {.user_agent = "promogate-test/1"};
	struct credentials c = {.server = server.url};
	struct thread *threads[THREADS];
	struct outcome outcome;
	struct load l = {.outcome = &outcome};
	struct err err = ERR_INIT;

	(void)state;
	outcome_init(&outcome);
	assert_int_equal(api_new(&c, &options, &l.api, &err), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(thread_start("load", work, &l, &threads[i], &err), 0);
	for (int i = 0; i < THREADS; i++)
		thread_join(threads[i]);
	api_free(l.api);
	assert_int_equal(atomic_load(&l.started), THREADS * ROUNDS);
	assert_int_equal(outcome.done, THREADS * ROUNDS);
	outcome_release(&outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_ends_once),
	};

	return served_run("stress", tests);
}
