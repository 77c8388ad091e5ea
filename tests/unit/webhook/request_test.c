#include "webhook/request.h"

#include "stage.h"

static void a_body_that_is_not_a_review_is_refused(void **state)
{
	static const struct {
		const char *body, *message;
	} rows[] = {
		{"", "not an AdmissionReview: "},
		{"{\"a\":1,\"a\":2}", "not an AdmissionReview: "},
		{"{}", "not an AdmissionReview: kind: must be \\\"AdmissionReview\\\""},
		{"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
		 "\"request\":{}}",
			"not an AdmissionReview: request.uid: missing"},
	};
	struct stage s;

	(void)state;
	stage_up(&s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exchange *x = stage_exchange(&s, rows[i].body);

		assert_null(request_receive(&s.config, x, i % 2));
		stage_expect(x, 400, rows[i].message);
		assert_says(buf_str(&x->reply), "\"reason\":\"BadRequest\"");
		exchange_over(x);
	}
	stage_down(&s);
}

/* What a verdict rests on comes from the cache and from the configuration. */
static void a_request_is_judged_at_once(void **state)
{
	static const struct {
		const char *tasks, *manager;
		bool mutates;
		const char *answer, *part;
	} rows[] = {
		{"", "kubectl", false, ALLOWED, ""},
		{"\"known\"", "kubectl", false, ALLOWED, ""},
		{"\"known\",\"known\"", "kubectl", false, DENIED, "promotionTasks[1]"},
		{"\"known\",\"other\",\"third\"", "kubectl", false, DENIED, "Too many: 3"},
		{"\"known\"", "kubectl", true, ALLOWED, "\"patchType\":\"JSONPatch\""},
		{"\"missing\"", "kubectl", true, ALLOWED, ""},
	};
	struct stage s;

	(void)state;
	stage_up(&s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *body = stage_review(rows[i].tasks, rows[i].manager);
		CLEANUP(request_free_p) struct request *r = NULL;
		struct exchange *x = stage_exchange(&s, body);

		print_message("# %s\n", rows[i].tasks);
		r = request_receive(&s.config, x, rows[i].mutates);
		assert_non_null(r);
		assert_false(stage_answered(x));
		assert_int_equal(request_judge(r), 0);
		stage_expect(x, 200, rows[i].answer);
		assert_says(buf_str(&x->reply), rows[i].part);
		exchange_over(x);
	}
	stage_down(&s);
}

/* One name, which the cache does not have or which can't run, and what the API server says of it. */
static void a_cache_miss_is_judged_by_live_answers(void **state)
{
	static const struct {
		const char *task, *manager;
		const char *live; /* NULL: absent, also in Keptn's namespace */
		const char *answer, *part;
	} rows[] = {
		{"missing", "kubectl", NULL, DENIED, "promotionTasks[0]"},
		{"missing", "argocd", NULL, ALLOWED, "\"warnings\":["},
		{"missing", "kubectl",
			"{\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}", ALLOWED, ""},
		{"missing", "kubectl", "{\"spec\":{}}", DENIED, "promotionTasks[0]"},
		{"broken", "kubectl", "{\"spec\":{}}", DENIED, "promotionTasks[0]"},
		{"broken", "kubectl", "{\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}",
			ALLOWED, ""},
	};
	struct stage s;

	(void)state;
	stage_up(&s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *tasks = xasprintf("\"%s\"", rows[i].task);
		CLEANUP(free_p) char *key = xasprintf("apps/%s", rows[i].task);
		CLEANUP(free_p) char *keptns = xasprintf("keptn/%s", rows[i].task);
		CLEANUP(free_p) char *body = stage_review(tasks, rows[i].manager);
		CLEANUP(request_free_p) struct request *r = NULL;
		CLEANUP(json_free_p) struct json *live = NULL;
		struct exchange *x = stage_exchange(&s, body);

		print_message("# %s %s\n", rows[i].task, rows[i].live);
		if (rows[i].live)
			assert_int_equal(
				json_parse(rows[i].live, strlen(rows[i].live), &live, NULL), 0);
		r = request_receive(&s.config, x, false);
		assert_int_equal(request_judge(r), VERDICT_PENDING);
		assert_false(stage_answered(x));
		assert_true(strmap_has(&r->needs.names, key));
		request_learn(r, key, live);
		if (strmap_has(&r->needs.names, keptns))
			request_learn(r, keptns, NULL);
		needs_release(&r->needs);
		assert_int_equal(request_judge(r), 0);
		stage_expect(x, 200, rows[i].answer);
		assert_says(buf_str(&x->reply), rows[i].part);
		exchange_over(x);
	}
	stage_down(&s);
}

/* No list succeeds, and no bookmark comes: what the cache has may have been deleted since. */
static void what_a_silent_cache_has_is_looked_up_too(void **state)
{
	CLEANUP(free_p) char *body = stage_review("\"known\"", "kubectl");
	struct stage s;

	(void)state;
	stage_up(&s);
	for (int silent = 0; silent < 2; silent++) {
		CLEANUP(request_free_p) struct request *r = NULL;
		struct exchange *x;

		fake_env_skip(&s.fake, LIMIT_UNHEARD_MS - 1 + silent * 2);
		x = stage_exchange(&s, body);
		r = request_receive(&s.config, x, false);
		assert_int_equal(request_judge(r), silent ? VERDICT_PENDING : 0);
		if (silent) {
			request_learn(r, "apps/known", NULL);
			request_learn(r, "keptn/known", NULL);
			assert_int_equal(request_judge_again(r), 0);
		}
		stage_expect(x, 200, silent ? DENIED : ALLOWED);
		exchange_over(x);
		if (!silent)
			fake_line(&s.fake, fake_find(&s.fake, FAKE_WATCH, "GET", DEFINITIONS),
				"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{"
				"\"resourceVersion\":\"2\"}}}");
	}
	stage_down(&s);
}

#define DEFAULTS                                                                                      \
	"{\"metadata\":{\"name\":\"prod\",\"uid\":\"u\",\"resourceVersion\":\"1\",\"generation\":1}," \
	"\"spec\":{\"namespaceSelector\":{\"matchLabels\":{\"env\":\"prod\"}},"                       \
	"\"validationActions\":[\"Deny\"],\"promotionTasks\":{\"default\":[\"known\"]}}}"

static struct request *receive(
	struct stage *s, const char *ns, bool mutates, struct exchange **ret_exchange)
{
	CLEANUP(free_p)
	char *body = stage_review_in(ns, "{}", "kubectl", "\"operation\":\"CREATE\"");

	*ret_exchange = stage_exchange(s, body);
	return request_receive(&s->config, *ret_exchange, mutates);
}

static void a_default_that_is_missing_is_an_error(void **state)
{
	struct stage s;

	(void)state;
	stage_up_with(&s, DEFAULTS);
	for (int mutates = 0; mutates < 2; mutates++) {
		CLEANUP(request_free_p) struct request *r = NULL;
		struct exchange *x;

		r = receive(&s, "apps", mutates, &x);
		assert_int_equal(request_judge(r), 0);
		if (mutates)
			stage_expect(x, 200, "\"patchType\":\"JSONPatch\"");
		else
			stage_expect(x, 500, "defaults were not written, try again");
		exchange_over(x);
	}
	stage_down(&s);
}

/* A namespace that was created a moment ago, and its labels; NULL: it does not exist. */
static void a_new_namespace_is_read(void **state)
{
	static const struct {
		const char *live;
		bool mutates;
		int status;
		const char *part;
	} rows[] = {
		{"{\"metadata\":{\"labels\":{\"env\":\"prod\"}}}", false, 500, "try again"},
		{"{\"metadata\":{\"labels\":{\"env\":\"prod\"}}}", true, 200, "JSONPatch"},
		{"{\"metadata\":{\"labels\":{\"env\":\"dev\"}}}", false, 200, ALLOWED},
		{NULL, false, 200, ALLOWED},
	};
	struct stage s;

	(void)state;
	stage_up_with(&s, DEFAULTS);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(request_free_p) struct request *r = NULL;
		CLEANUP(json_free_p) struct json *live = NULL;
		struct exchange *x;

		if (rows[i].live)
			assert_int_equal(
				json_parse(rows[i].live, strlen(rows[i].live), &live, NULL), 0);
		r = receive(&s, "new", rows[i].mutates, &x);
		assert_int_equal(request_judge(r), VERDICT_PENDING);
		assert_true(strmap_has(&r->needs.names, "new"));
		request_learn(r, "new", live);
		assert_int_equal(request_judge_again(r), 0);
		stage_expect(x, rows[i].status, rows[i].part);
		exchange_over(x);
	}
	stage_down(&s);
}

/* Whatever a look-up could say, /mutate answers. */
static void defaults_do_not_insist_on_a_namespace(void **state)
{
	CLEANUP(request_free_p) struct request *r = NULL;
	struct exchange *x;
	struct stage s;

	(void)state;
	stage_up_with(&s, DEFAULTS);
	r = receive(&s, "new", true, &x);
	assert_int_equal(request_judge(r), VERDICT_PENDING);
	assert_int_equal(request_judge_again(r), 0);
	stage_expect(x, 200, ALLOWED);
	exchange_over(x);
	stage_down(&s);
}

static void a_request_that_waits_keeps_its_body_alone(void **state)
{
	CLEANUP(free_p) char *body = stage_review("\"missing\"", "kubectl");
	CLEANUP(request_free_p) struct request *r = NULL;
	struct exchange *x;
	struct stage s;

	(void)state;
	stage_up(&s);
	x = stage_exchange(&s, body);
	r = request_receive(&s.config, x, false);
	assert_int_equal(request_judge(r), VERDICT_PENDING);
	request_unparse(r);
	assert_null(r->tree);
	assert_null(r->review.uid);
	assert_int_equal(r->needs.names.count, 2);
	request_learn(r, "apps/missing", NULL);
	request_learn(r, "keptn/missing", NULL);
	needs_release(&r->needs);
	request_parse(r);
	assert_string_equal(r->review.uid, "a-uid");
	assert_int_equal(request_judge(r), 0);
	stage_expect(x, 200, DENIED);
	exchange_over(x);
	stage_down(&s);
}

static void a_failure_is_a_status(void **state)
{
	CLEANUP(free_p) char *body = stage_review("\"missing\"", "kubectl");
	CLEANUP(request_free_p) struct request *r = NULL;
	struct err err = ERR_INIT;
	struct exchange *x;
	struct stage s;

	(void)state;
	stage_up(&s);
	x = stage_exchange(&s, body);
	r = request_receive(&s.config, x, false);
	(void)err_set(&err, ERR_TIMEOUT, "no answer");
	request_fail(r, 500, "InternalError", "a message", &err);
	stage_expect(x, 500, "\"message\":\"a message\",\"reason\":\"InternalError\"");
	exchange_over(x);
	stage_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_is_not_a_review_is_refused),
		cmocka_unit_test(a_request_is_judged_at_once),
		cmocka_unit_test(a_cache_miss_is_judged_by_live_answers),
		cmocka_unit_test(what_a_silent_cache_has_is_looked_up_too),
		cmocka_unit_test(a_default_that_is_missing_is_an_error),
		cmocka_unit_test(a_new_namespace_is_read),
		cmocka_unit_test(defaults_do_not_insist_on_a_namespace),
		cmocka_unit_test(a_request_that_waits_keeps_its_body_alone),
		cmocka_unit_test(a_failure_is_a_status),
	};

	return cmocka_run_group_tests_name("request", tests, fake_env_quiet, NULL);
}
