#include "webhook/preview.h"

#include "fake_env.h"

#define POLICIES   "/apis/promogate.dev/v1alpha1/promotionpolicies"
#define NAMESPACES "/api/v1/namespaces"
#define CONTEXTS   "/apis/lifecycle.keptn.sh/v1/keptnappcontexts"

#define NAMESPACE(name, env)                                                                       \
	"{\"metadata\":{\"name\":\"" name "\",\"labels\":{\"env\":\"" env "\"}}}"

/* Its clock advances by some ms whenever it is read. */
struct stage {
	struct fake_env fake;
	struct env ticking;
	int64_t ms, step;
	struct cache *cache;
	struct request_config config;
};

static int64_t tick(void *ctx)
{
	struct stage *s = ctx;

	return s->ms += s->step;
}

static void stage_up(struct stage *s)
{
	*s = (struct stage){.ms = 0};
	fake_env_init(&s->fake);
	s->cache = cache_new(&s->fake.env, "keptn");
	fake_env_run(&s->fake, 0);
	s->ticking = (struct env){.ctx = s, .mono_ms = tick};
	s->config = (struct request_config){
		.env = &s->ticking, .cache = s->cache, .keptn_namespace = "keptn"};
}

static void stage_down(struct stage *s)
{
	fake_env_release(&s->fake);
	cache_free(s->cache);
}

static void lists(struct stage *s, const char *path, const char *items)
{
	CLEANUP(free_p)
	char *body = xasprintf("{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[%s]}", items);

	fake_answer(&s->fake, fake_find(&s->fake, FAKE_CALL, "GET", path), body);
}

/* app-0 … in each of both namespaces, which promote with "a". */
static void list_contexts(struct stage *s, int of_each)
{
	CLEANUP(buf_release) struct buf items = BUF_INIT(1024 * 1024);

	lists(s, NAMESPACES, NAMESPACE("dev", "dev") "," NAMESPACE("prod", "prod"));
	for (int i = 0; i < 2 * of_each; i++)
		(void)buf_addf(&items,
			"%s{\"metadata\":{\"namespace\":\"%s\",\"name\":\"app-%d\"},"
			"\"spec\":{\"promotionTasks\":[\"a\"]}}",
			i ? "," : "", i % 2 ? "prod" : "dev", i / 2);
	lists(s, CONTEXTS, buf_str(&items));
}

static struct policy *policy_of(const char *name, const char *tasks)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{"
			       "\"namespaceSelector\":{\"matchLabels\":{\"env\":\"prod\"}},"
			       "\"validationActions\":[\"Deny\"],\"promotionTasks\":%s}}",
		name, tasks);
	CLEANUP(json_free_p) struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), 0);
	return policy_decode(j);
}

static void check(struct stage *s, const char *tasks, const char *impact, const char *conflict)
{
	CLEANUP(policy_unref_p) struct policy *p = policy_of("new", tasks);
	CLEANUP(preview_release) struct preview preview = PREVIEW_INIT;

	preview_make(&s->config, p, &preview);
	assert_says(buf_str(&preview.impact), impact);
	assert_string_equal(buf_str(&preview.conflict), conflict);
}

static void says_what_a_policy_would_deny(void **state)
{
	struct stage s;

	(void)state;
	stage_up(&s);
	list_contexts(&s, 3);
	check(&s, "{\"required\":[{\"name\":\"b\",\"source\":\"Any\"}]}",
		"would deny 3 of 3 KeptnAppContexts, first prod/app-0: PG112 ", "");
	check(&s, "{\"allowed\":[\"a\"]}", "would deny none of 3 KeptnAppContexts", "");
	/* what the cache has of definitions counts too */
	check(&s, "{\"added\":[{\"name\":\"b\"}]}",
		"would deny 3 of 3 KeptnAppContexts, first prod/app-0: PG114 ", "");
	stage_down(&s);
}

/* It looks on where it was, whatever the slices. */
static void slices_make_no_difference(void **state)
{
	struct stage s;

	(void)state;
	stage_up(&s);
	list_contexts(&s, 5);
	for (s.step = 0; s.step < 3; s.step++)
		check(&s, "{\"max\":1,\"allowed\":[]}",
			"would deny 5 of 5 KeptnAppContexts, first prod/app-0: PG113 ", "");
	stage_down(&s);
}

static void time_is_limited(void **state)
{
	struct stage s;

	(void)state;
	stage_up(&s);
	list_contexts(&s, 500);
	s.step = 1;
	check(&s, "{\"allowed\":[]}", "(looked at the first ", "");
	assert_in_range(s.ms, LIMIT_PREVIEW_MS / 2, LIMIT_PREVIEW_MS + 4);
	stage_down(&s);
}

static void names_a_policy_that_contradicts_it(void **state)
{
	struct stage s;

	(void)state;
	stage_up(&s);
	list_contexts(&s, 1);
	lists(&s, POLICIES,
		"{\"metadata\":{\"name\":\"new\"},\"spec\":{\"namespaceSelector\":{},"
		"\"validationActions\":[\"Audit\"],\"promotionTasks\":{\"allowed\":[]}}},"
		"{\"metadata\":{\"name\":\"old\"},\"spec\":{\"namespaceSelector\":{},"
		"\"validationActions\":[\"Audit\"],\"promotionTasks\":{\"allowed\":[\"b\"]}}}");
	check(&s, "{\"allowed\":[\"a\"]}", "would deny none of 1 KeptnAppContexts", "");
	check(&s, "{\"required\":[{\"name\":\"a\",\"source\":\"Any\"}]}",
		"would deny none of 1 KeptnAppContexts",
		"no application can satisfy both policies: this one requires the task \"a\", "
		"which policy \"old\" does not allow");
	stage_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_policy_would_deny),
		cmocka_unit_test(slices_make_no_difference),
		cmocka_unit_test(time_is_limited),
		cmocka_unit_test(names_a_policy_that_contradicts_it),
	};

	return cmocka_run_group_tests_name("preview", tests, NULL, NULL);
}
