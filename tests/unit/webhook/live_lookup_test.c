#include "webhook/live_lookup.h"

#include <string.h>

#include "base/buf.h"
#include "unit.h"

/* The GETs that were sent and not answered yet, in order. */
struct wire {
	struct {
		api_done_fn *done;
		void *done_ctx;
	} sent[8];
	int count;
	struct buf said; /* what the askers were told */
	struct env env;
};

static api_id call(void *ctx, const struct api_request *request, api_done_fn *done, void *done_ctx)
{
	struct wire *w = ctx;

	(void)request;
	w->sent[w->count].done = done;
	w->sent[w->count++].done_ctx = done_ctx;
	return 1;
}

#define WIRE_INIT(w)                                                                               \
	{                                                                                          \
		.said = BUF_INIT(1000), .env = {.ctx = &(w), .call = call }                        \
	}

/* Answers the oldest: with this body, or with an error of this kind where there is none. */
static void answer(struct wire *w, const char *body, enum err_kind kind)
{
	const struct api_response response = {
		.status = 200, .body = body, .len = body ? strlen(body) : 0};
	api_done_fn *done = w->sent[0].done;
	void *done_ctx = w->sent[0].done_ctx;
	struct err err = ERR_INIT;

	assert_true(w->count > 0);
	w->count--;
	memmove(w->sent, w->sent + 1, sizeof(w->sent) - sizeof(w->sent[0]));
	(void)err_set(&err, kind, "as the test has it");
	done(done_ctx, body ? &response : NULL, body ? NULL : &err);
}

struct asker {
	struct wire *wire;
	const char *name;
};

static void told(void *ctx, const char *key, const struct json *object, const struct err *err)
{
	const struct asker *a = ctx;

	(void)buf_addf(&a->wire->said, "%s: %s %s\n", a->name, key,
		err      ? err_kind_name(err->kind)
		: object ? "present"
			 : "absent");
}

static void askers_of_one_name_share_a_get(void **state)
{
	struct wire w = WIRE_INIT(w);
	struct asker a = {&w, "a"}, b = {&w, "b"}, c = {&w, "c"};
	CLEANUP(live_lookup_free_p) struct live_lookup *lookup = live_lookup_new(&w.env);

	(void)state;
	live_lookup_ask(lookup, "ns/x", told, &a);
	live_lookup_ask(lookup, "ns/x", told, &b);
	live_lookup_ask(lookup, "ns/y", told, &c);
	assert_int_equal(w.count, 2);
	answer(&w, "{}", ERR_NONE);
	answer(&w, "{}", ERR_NONE);
	assert_string_equal(
		buf_str(&w.said), "a: ns/x present\nb: ns/x present\nc: ns/y present\n");
	buf_release(&w.said);
}

static void absent_counts_only_for_those_who_asked_before_it_was_sent(void **state)
{
	struct wire w = WIRE_INIT(w);
	struct asker a = {&w, "a"}, b = {&w, "b"}, c = {&w, "c"};
	CLEANUP(live_lookup_free_p) struct live_lookup *lookup = live_lookup_new(&w.env);

	(void)state;
	live_lookup_ask(lookup, "ns/x", told, &a);
	live_lookup_ask(lookup, "ns/x", told, &b);
	live_lookup_ask(lookup, "ns/x", told, &c);
	answer(&w, NULL, ERR_NOT_FOUND);
	assert_string_equal(buf_str(&w.said), "a: ns/x absent\n");
	assert_int_equal(w.count, 1);
	answer(&w, "{}", ERR_NONE);
	assert_string_equal(buf_str(&w.said), "a: ns/x absent\nc: ns/x present\nb: ns/x present\n");
	assert_int_equal(w.count, 0);
	/* Nothing is remembered: the next one asks anew. */
	live_lookup_ask(lookup, "ns/x", told, &a);
	assert_int_equal(w.count, 1);
	answer(&w, NULL, ERR_NOT_FOUND);
	buf_release(&w.said);
}

static void a_failure_is_told_to_all(void **state)
{
	struct wire w = WIRE_INIT(w);
	struct asker a = {&w, "a"}, b = {&w, "b"};
	CLEANUP(live_lookup_free_p) struct live_lookup *lookup = live_lookup_new(&w.env);

	(void)state;
	live_lookup_ask(lookup, "ns/x", told, &a);
	live_lookup_ask(lookup, "ns/x", told, &b);
	answer(&w, NULL, ERR_TIMEOUT);
	assert_string_equal(buf_str(&w.said), "a: ns/x Timeout\nb: ns/x Timeout\n");
	buf_reset(&w.said);
	live_lookup_ask(lookup, "ns/x", told, &a);
	answer(&w, "{\"a\":1,\"a\":2}", ERR_NONE);
	assert_string_equal(buf_str(&w.said), "a: ns/x Invalid\n");
	assert_int_equal(w.count, 0);
	buf_release(&w.said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(askers_of_one_name_share_a_get),
		cmocka_unit_test(absent_counts_only_for_those_who_asked_before_it_was_sent),
		cmocka_unit_test(a_failure_is_told_to_all),
	};

	return cmocka_run_group_tests_name("live_lookup", tests, NULL, NULL);
}
