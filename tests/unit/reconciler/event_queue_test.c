#include "reconciler/event_queue.h"

#include "base/limits.h"
#include "kube/event.h"
#include "run/metrics.h"

#include "cluster.h"

struct stage {
	struct cluster cluster;
	struct event_queue *queue;
	/* What a watcher was told. */
	int tried, forgotten, quiet;
	enum err_kind kind;
};

static int stage_up(void **state)
{
	struct stage *s = xcalloc(1, sizeof(*s));

	cluster_init(&s->cluster);
	s->queue = event_queue_new(&s->cluster.fake.env);
	*state = s;
	return 0;
}

static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->cluster.fake);
	event_queue_free(s->queue);
	free(s);
	return 0;
}

static void tried(void *ctx, const struct err *err)
{
	struct stage *s = ctx;

	s->tried++;
	s->kind = err ? err->kind : ERR_NONE;
}

static void forget(void *ctx)
{
	((struct stage *)ctx)->forgotten++;
}

static bool add_for(struct stage *s, const char *app, const char *message)
{
	const struct event event = {.namespace = "dev",
		.api_version = "v1",
		.kind = "K",
		.name = "n",
		.uid = "u",
		.resource_version = "1",
		.reason = "Testing",
		.message = message,
		.component = "c",
		.now = TIME};
	const struct event_queue_watcher watcher = {tried, forget, s};

	return event_queue_add(s->queue, app, &event, &watcher);
}

static bool add(struct stage *s, const char *message)
{
	return add_for(s, "dev/app", message);
}

/* The oldest post, which has this text. */
static struct fake_task *post_of(struct stage *s, const char *message)
{
	struct fake_task *t = cluster_call(&s->cluster, "POST", "/namespaces/dev/events");

	assert_non_null(t);
	assert_says(t->body, message);
	return t;
}

static void shows(const char *line)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);

	metrics_render(&text);
	assert_says(buf_str(&text), line);
}

static void events_of_an_application_are_posted_in_order(void **state)
{
	struct stage *s = *state;

	assert_true(add(s, "first"));
	assert_true(add(s, "second"));
	assert_true(add_for(s, "dev/other", "third"));
	shows("\npromogate_events_pending 3\n");
	fake_env_run(&s->cluster.fake, 99);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
	fake_env_run(&s->cluster.fake, 1);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 2);
	fake_answer(&s->cluster.fake, post_of(s, "first"), "{}");
	fake_answer(&s->cluster.fake, post_of(s, "third"), "{}");
	fake_fail(&s->cluster.fake, post_of(s, "second"), ERR_EXISTS);
	assert_true(event_queue_quiet(s->queue));
	assert_int_equal(s->tried, 3);
	assert_int_equal(s->forgotten, 3);
	assert_int_equal(s->kind, ERR_NONE); /* it was posted before */
	shows("\npromogate_events_pending 0\n");
}

static void what_fails_is_retried_and_not_overtaken(void **state)
{
	static const enum err_kind kinds[] = {
		ERR_IO, ERR_TIMEOUT, ERR_THROTTLED, ERR_NOT_SERVED, ERR_QUOTA, ERR_AUTH};
	struct stage *s = *state;

	assert_true(add(s, "first"));
	assert_true(add(s, "second"));
	fake_env_run(&s->cluster.fake, 100);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		fake_fail(&s->cluster.fake, post_of(s, "first"), kinds[i]);
		assert_int_equal(s->tried, 1);
		assert_int_equal(s->kind, ERR_IO);
		fake_env_run(&s->cluster.fake, (1000 << i) - 1);
		assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
		fake_env_run(&s->cluster.fake, 1);
	}
	fake_answer(&s->cluster.fake, post_of(s, "first"), "{}");
	fake_answer(&s->cluster.fake, post_of(s, "second"), "{}");
	assert_true(event_queue_quiet(s->queue));
}

static void what_will_never_be_taken_is_given_up_and_counted(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *line;
	} rows[] = {
		{ERR_FORBIDDEN, "outcome=\"Forbidden\"} 1\n"},
		{ERR_INVALID, "outcome=\"Invalid\"} 1\n"},
		{ERR_TERMINATING, "outcome=\"NamespaceTerminating\"} 1\n"},
	};
	struct stage *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(add(s, "it"));
		fake_env_run(&s->cluster.fake, 100);
		fake_fail(&s->cluster.fake, post_of(s, "it"), rows[i].kind);
		assert_true(event_queue_quiet(s->queue));
		assert_int_equal(s->kind, rows[i].kind);
		shows(rows[i].line);
	}
}

static void a_retry_ends_some_day(void **state)
{
	struct stage *s = *state;
	int n = 0;

	assert_true(add(s, "it"));
	fake_env_run(&s->cluster.fake, 100);
	for (struct fake_task *t; (t = cluster_call(&s->cluster, "POST", "/events")); n++) {
		fake_fail(&s->cluster.fake, t, ERR_IO);
		fake_env_run(&s->cluster.fake, 60 * 1000);
	}
	assert_int_equal(n, 15);
	assert_true(event_queue_quiet(s->queue));
	assert_int_equal(s->forgotten, 1);
}

/* All of one application wait for it alone. */
static void a_post_that_hangs_holds_up_no_other_application(void **state)
{
	struct stage *s = *state;

	for (int i = 0; i < 40; i++)
		assert_true(add_for(s, "dev/hangs", "hangs"));
	assert_true(add_for(s, "dev/quiet", "quiet"));
	fake_env_run(&s->cluster.fake, 100);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 2);
	fake_answer(&s->cluster.fake,
		fake_find(&s->cluster.fake, FAKE_CALL, "POST", "/events")->next, "{}");
	assert_int_equal(s->tried, 1);
}

static void posts_in_flight_are_few(void **state)
{
	struct stage *s = *state;

	for (int i = 0; i < 100; i++) {
		CLEANUP(free_p) char *app = xasprintf("dev/%d", i);

		assert_true(add_for(s, app, "it"));
	}
	fake_env_run(&s->cluster.fake, 100);
	for (int left = 100; left > 0; left--) {
		assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), left < 32 ? left : 32);
		fake_answer(&s->cluster.fake, post_of(s, "it"), "{}");
	}
	assert_true(event_queue_quiet(s->queue));
}

/* And the caller knows that it is not on its way. */
static void what_does_not_fit_is_refused_and_counted(void **state)
{
	struct stage *s = *state;

	for (int i = 0; i < LIMIT_EVENTS_OF_APP; i++)
		assert_true(add(s, "it"));
	assert_false(add(s, "one too many"));
	shows("outcome=\"Dropped\"} 1\n");
	for (int i = 0; i < LIMIT_EVENTS - LIMIT_EVENTS_OF_APP; i++) {
		CLEANUP(free_p) char *app = xasprintf("dev/%d", i);

		assert_true(add_for(s, app, "it"));
	}
	assert_false(add_for(s, "dev/another", "one too many"));
	assert_int_equal(s->tried, 0);
	assert_int_equal(s->forgotten, 0);
}

static void count(void *ctx)
{
	((struct stage *)ctx)->quiet++;
}

static void a_stop_posts_what_is_left_and_retries_nothing(void **state)
{
	struct stage *s = *state;

	assert_true(add_for(s, "dev/retries", "retries"));
	fake_env_run(&s->cluster.fake, 100);
	fake_fail(&s->cluster.fake, post_of(s, "retries"), ERR_IO);
	assert_true(add(s, "first"));
	assert_true(add(s, "second"));
	event_queue_stop(s->queue, count, s);
	assert_int_equal(s->forgotten, 1); /* the one that waited for its retry */
	fake_env_run(&s->cluster.fake, 100);
	fake_fail(&s->cluster.fake, post_of(s, "first"), ERR_IO);
	assert_int_equal(s->quiet, 0);
	fake_answer(&s->cluster.fake, post_of(s, "second"), "{}");
	assert_int_equal(s->quiet, 1);
	assert_true(event_queue_quiet(s->queue));
	fake_env_run(&s->cluster.fake, 60 * 1000);
	assert_int_equal(fake_count(&s->cluster.fake, FAKE_CALL), 0);
	assert_int_equal(s->quiet, 1);
}

/* Under asan: in each state that an Event can be in. */
static void nothing_is_told_once_the_client_is_freed(void **state)
{
	struct stage *s = *state;

	for (int i = 0; i < 40; i++) { /* in flight, and waiting for its turn */
		CLEANUP(free_p) char *app = xasprintf("dev/%d", i);

		assert_true(add_for(s, app, "it"));
		assert_true(add_for(s, app, "after it"));
	}
	fake_env_run(&s->cluster.fake, 100);
	fake_fail(&s->cluster.fake, post_of(s, "it"), ERR_IO); /* waiting for its retry */
	s->tried = 0;
	assert_true(add_for(s, "dev/late", "it")); /* its timer runs */
	event_queue_stop(s->queue, count, s);
	fake_env_release(&s->cluster.fake);
	assert_int_equal(s->tried, 0);
	assert_int_equal(s->quiet, 0);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(events_of_an_application_are_posted_in_order),
		ON_STAGE(what_fails_is_retried_and_not_overtaken),
		ON_STAGE(what_will_never_be_taken_is_given_up_and_counted),
		ON_STAGE(a_retry_ends_some_day),
		ON_STAGE(a_post_that_hangs_holds_up_no_other_application),
		ON_STAGE(posts_in_flight_are_few),
		ON_STAGE(what_does_not_fit_is_refused_and_counted),
		ON_STAGE(a_stop_posts_what_is_left_and_retries_nothing),
		ON_STAGE(nothing_is_told_once_the_client_is_freed),
	};

	return cmocka_run_group_tests_name("event_queue", tests, NULL, NULL);
}
