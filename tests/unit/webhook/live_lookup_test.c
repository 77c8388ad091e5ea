#include "webhook/live_lookup.h"

#include "base/buf.h"

#include "fake_env.h"

#define GET_OF(name) "/apis/lifecycle.keptn.sh/v1/namespaces/ns/keptntaskdefinitions/" name

#define OBJECT(kind, ns, name)                                                                     \
	"{\"kind\":\"" kind "\",\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name "\"}}"
#define IS(name) OBJECT("KeptnTaskDefinition", "ns", name)

#define NO_GROUPS "{\"kind\":\"APIGroupList\",\"groups\":[]}"

struct stage {
	struct fake_env fake;
	struct live_lookup *lookup;
	struct buf said; /* the answers that the askers got */
};

struct asker {
	struct stage *stage;
	const char *name;
};

static void stage_up(struct stage *s)
{
	*s = (struct stage){.said = BUF_INIT(1000)};
	fake_env_init(&s->fake);
	s->lookup = live_lookup_new(&s->fake.env);
}

static void stage_down(struct stage *s)
{
	fake_env_release(&s->fake);
	live_lookup_free(s->lookup);
	buf_release(&s->said);
}

static void answered(void *ctx, const char *key, const struct json *object, const struct err *err)
{
	const struct asker *a = ctx;

	(void)buf_addf(&a->stage->said, "%s: %s %s\n", a->name, key,
		err      ? err_kind_name(err->kind)
		: object ? "present"
			 : "absent");
}

static void questions_about_one_name_share_a_get(void **state)
{
	struct stage s;
	struct asker a = {&s, "a"}, b = {&s, "b"}, c = {&s, "c"};

	(void)state;
	stage_up(&s);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &b);
	live_lookup_ask(s.lookup, "dev", "ns/y", answered, &c);
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 2);
	fake_answer_next(&s.fake, "GET", GET_OF("x"), IS("x"));
	fake_answer_next(&s.fake, "GET", GET_OF("y"), IS("y"));
	assert_string_equal(
		buf_str(&s.said), "a: ns/x present\nb: ns/x present\nc: ns/y present\n");
	stage_down(&s);
}

/* One that floods must not decide when another's question is sent. */
static void each_namespace_asks_on_its_own_turn(void **state)
{
	struct stage s;
	struct asker a = {&s, "a"}, b = {&s, "b"};
	struct fake_task *get;

	(void)state;
	stage_up(&s);
	live_lookup_ask(s.lookup, "flood", "ns/x", answered, &a);
	live_lookup_ask(s.lookup, "quiet", "ns/x", answered, &b);
	get = fake_expect(&s.fake, "GET", GET_OF("x"));
	assert_string_equal(get->fair_key, "flood");
	assert_non_null(get->next);
	assert_string_equal(get->next->fair_key, "quiet");
	fake_answer(&s.fake, get->next, IS("x"));
	assert_string_equal(buf_str(&s.said), "b: ns/x present\n");
	fake_answer_next(&s.fake, "GET", GET_OF("x"), IS("x"));
	assert_string_equal(buf_str(&s.said), "b: ns/x present\na: ns/x present\n");
	stage_down(&s);
}

static void absent_counts_only_for_questions_before_the_get(void **state)
{
	struct stage s;
	struct asker a = {&s, "a"}, b = {&s, "b"}, c = {&s, "c"};

	(void)state;
	stage_up(&s);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &b);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &c);
	fake_fail_next(&s.fake, "GET", GET_OF("x"), ERR_NOT_FOUND);
	assert_string_equal(buf_str(&s.said), "a: ns/x absent\n");
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 1);
	fake_answer_next(&s.fake, "GET", GET_OF("x"), IS("x"));
	assert_string_equal(buf_str(&s.said), "a: ns/x absent\nc: ns/x present\nb: ns/x present\n");
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 0);
	/* Nothing is cached: the next asker causes another GET. */
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 1);
	fake_fail_next(&s.fake, "GET", GET_OF("x"), ERR_NOT_FOUND);
	stage_down(&s);
}

static void a_failure_is_reported_to_all(void **state)
{
	struct stage s;
	struct asker a = {&s, "a"}, b = {&s, "b"};

	(void)state;
	stage_up(&s);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &b);
	fake_fail_next(&s.fake, "GET", GET_OF("x"), ERR_TIMEOUT);
	assert_string_equal(buf_str(&s.said), "a: ns/x Timeout\nb: ns/x Timeout\n");
	buf_reset(&s.said);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
	fake_answer_next(&s.fake, "GET", GET_OF("x"), "{\"a\":1,\"a\":2}");
	assert_string_equal(buf_str(&s.said), "a: ns/x Invalid\n");
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 0);
	stage_down(&s);
}

static void each_kind_has_a_path_of_its_own(void **state)
{
	struct stage s;
	struct asker a = {&s, "a"};

	(void)state;
	stage_up(&s);
	live_lookup_ask(s.lookup, "dev", "shop", answered, &a);
	live_lookup_ask(s.lookup, "dev", "shop/keptnappcontexts/cart", answered, &a);
	fake_answer_next(&s.fake, "GET", "/api/v1/namespaces/shop",
		"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"}}");
	fake_answer_next(&s.fake, "GET",
		"/apis/lifecycle.keptn.sh/v1/namespaces/shop/keptnappcontexts/cart",
		OBJECT("KeptnAppContext", "shop", "cart"));
	assert_string_equal(
		buf_str(&s.said), "a: shop present\na: shop/keptnappcontexts/cart present\n");
	buf_reset(&s.said);
	/* Namespaces are always served. */
	live_lookup_ask(s.lookup, "dev", "shop", answered, &a);
	fake_fail_next(&s.fake, "GET", "/api/v1/namespaces/shop", ERR_NOT_SERVED);
	assert_string_equal(buf_str(&s.said), "a: shop NotServed\n");
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 0);
	stage_down(&s);
}

/* A proxy, or another program on the API server's port, may answer 200. */
static void only_the_definition_asked_for_is_an_answer(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"[]",
		"{\"kind\":\"KeptnTaskDefinition\"}",
		OBJECT("Status", "ns", "x"),
		OBJECT("KeptnTaskDefinition", "ns", "y"),
		OBJECT("KeptnTaskDefinition", "other", "x"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct stage s;
		struct asker a = {&s, "a"};

		print_message("# %s\n", bodies[i]);
		stage_up(&s);
		live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
		fake_answer_next(&s.fake, "GET", GET_OF("x"), bodies[i]);
		assert_string_equal(buf_str(&s.said), "a: ns/x IO\n");
		stage_down(&s);
	}
}

/* A 404 that is not about the object is a proxy's, or that of a cluster without the kind. */
static void where_nothing_is_served_discovery_decides(void **state)
{
	struct stage s;
	struct asker a = {&s, "a"}, b = {&s, "b"}, c = {&s, "c"};

	(void)state;
	stage_up(&s);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &a);
	live_lookup_ask(s.lookup, "dev", "ns/y", answered, &b);
	fake_fail_next(&s.fake, "GET", GET_OF("x"), ERR_NOT_SERVED);
	assert_string_equal(buf_str(&s.said), "");
	/* This one ends while discovery is being asked: it is asked again. */
	fake_fail_next(&s.fake, "GET", GET_OF("y"), ERR_NOT_SERVED);
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 1);
	fake_answer_next(&s.fake, "GET", "/apis", NO_GROUPS);
	assert_string_equal(buf_str(&s.said), "a: ns/x absent\n");
	fake_answer_next(&s.fake, "GET", "/apis", NO_GROUPS);
	assert_string_equal(buf_str(&s.said), "a: ns/x absent\nb: ns/y absent\n");
	buf_reset(&s.said);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &c);
	fake_fail_next(&s.fake, "GET", GET_OF("x"), ERR_NOT_SERVED);
	fake_fail_next(&s.fake, "GET", "/apis", ERR_FORBIDDEN);
	assert_string_equal(buf_str(&s.said), "c: ns/x Forbidden\n");
	buf_reset(&s.said);
	live_lookup_ask(s.lookup, "dev", "ns/x", answered, &c);
	fake_fail_next(&s.fake, "GET", GET_OF("x"), ERR_NOT_SERVED);
	fake_answer_next(&s.fake, "GET", "/apis",
		"{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"lifecycle.keptn.sh\","
		"\"versions\":[{\"version\":\"v1\"}]}]}");
	fake_answer_next(&s.fake, "GET", "/apis/lifecycle.keptn.sh/v1",
		"{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"keptntaskdefinitions\"}]}");
	assert_string_equal(buf_str(&s.said), "c: ns/x NotServed\n");
	assert_int_equal(fake_count(&s.fake, FAKE_CALL), 0);
	stage_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_about_one_name_share_a_get),
		cmocka_unit_test(each_namespace_asks_on_its_own_turn),
		cmocka_unit_test(absent_counts_only_for_questions_before_the_get),
		cmocka_unit_test(a_failure_is_reported_to_all),
		cmocka_unit_test(each_kind_has_a_path_of_its_own),
		cmocka_unit_test(only_the_definition_asked_for_is_an_answer),
		cmocka_unit_test(where_nothing_is_served_discovery_decides),
	};

	return cmocka_run_group_tests_name("live_lookup", tests, NULL, NULL);
}
