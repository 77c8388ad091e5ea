/* Runs the scenarios of tests/corpus/verdict; scenario.h has their language. */
#include "admission/verdict.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "admission/scenario.h"
#include "page.h"
#include "tree.h"

/* More rounds of look-ups than any scenario has names. */
enum { ROUNDS_MAX = 100 };

/* A scenario on its way through the webhook. */
struct run {
	const struct scenario *s;
	struct json *root;
	struct review review;
	struct definitions cached, confirmed;
	struct policies policies;
	struct strmap labels, confirmed_namespaces;
	struct strmap contexts, confirmed_contexts;
	struct needs needs;
	struct strmap failed; /* look-ups */
	struct buf said;
};

static void run_release(struct run *run)
{
	json_free(run->root);
	definitions_release(&run->cached);
	definitions_release(&run->confirmed);
	policies_release(&run->policies);
	strmap_release(&run->labels);
	strmap_release(&run->confirmed_namespaces);
	strmap_release(&run->contexts);
	strmap_release(&run->confirmed_contexts);
	needs_release(&run->needs);
	strmap_release(&run->failed);
	buf_release(&run->said);
}

static struct json *parse(const char *text, size_t len)
{
	struct err err = ERR_INIT;
	struct json *j = NULL;

	if (json_parse(text, len, &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static struct taskdef *decode_spec(const char *spec)
{
	CLEANUP(free_p) char *text = xasprintf("{\"spec\":%s}", spec);
	CLEANUP(json_free_p) struct json *j = parse(text, strlen(text));

	return taskdef_decode(j);
}

static void put(struct definitions *d, const char *key, struct taskdef *t_take)
{
	CLEANUP(free_p) char *ns = xstrndup(key, strcspn(key, "/"));

	definitions_put(d, ns, key + strlen(ns) + 1, t_take);
}

static void put_spec(void *ctx, const char *key, void *spec)
{
	put(ctx, key, decode_spec(spec));
}

static void put_policy(void *ctx, const char *name, void *spec)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"resourceVersion\":"
			       "\"1\",\"generation\":1},\"spec\":%s}",
		name, (char *)spec);
	CLEANUP(json_free_p) struct json *j = parse(text, strlen(text));
	struct policy *p = policy_decode(j);

	if (!p)
		fail_msg("policy %s: not valid", name);
	policies_put(ctx, p);
}

static void put_labels(void *ctx, const char *ns, void *labels)
{
	CLEANUP(json_free_p) struct json *j = parse(labels, strlen(labels));

	strmap_put(ctx, ns, labels_decode(j));
}

/* A surroundings' labels. */
static const struct labels *cached_labels(const void *ctx, const char *ns)
{
	const struct run *run = ctx;

	return strmap_get(&run->labels, ns);
}

static struct subject *decode_context(const char *key, const char *object)
{
	CLEANUP(free_p) char *ns = xstrndup(key, strcspn(key, "/"));
	CLEANUP(json_free_p) struct json *j = parse(object, strlen(object));

	return subject_decode(j, ns);
}

static void put_context(void *ctx, const char *key, void *object)
{
	strmap_put(ctx, key, decode_context(key, object));
}

struct visit {
	known_visit_fn *visit;
	void *ctx;
};

static bool visit_context(void *ctx, const char *key, void *subject)
{
	const struct visit *v = ctx;

	(void)key;
	return v->visit(v->ctx, subject);
}

/* A surroundings' contexts. */
static void cached_contexts(const void *ctx, const char *ns, known_visit_fn *visit, void *visit_ctx)
{
	CLEANUP(free_p) char *prefix = ns ? xasprintf("%s/", ns) : xstrdup("");
	const struct run *run = ctx;
	struct visit v = {visit, visit_ctx};

	strmap_walk_prefix(&run->contexts, prefix, visit_context, &v);
}

static void make_review(const struct scenario *s, struct buf *to)
{
	(void)buf_addf(to,
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
		"\"uid\":\"a-uid\",\"operation\":\"%s\",\"resource\":{\"group\":"
		"\"%s\",\"version\":\"v1\",\"resource\":\"%s\"},"
		"\"subResource\":\"%s\",\"namespace\":\"%s\",\"dryRun\":%s,"
		"\"userInfo\":{\"username\":\"%s\"},"
		"\"options\":{\"fieldManager\":\"%s\"},\"object\":%s,\"oldObject\":%s}}",
		s->operation, str_eq(s->resource, POLICY_RESOURCE) ? POLICY_GROUP : KEPTN_GROUP,
		s->resource, s->subresource, s->namespace, s->dry_run ? "true" : "false", s->user,
		s->manager, s->object, s->old);
}

static void load_review(const char *name, struct buf *to)
{
	CLEANUP(free_p) char *path = xasprintf("tests/corpus/review/%s.json", name);

	read_whole(path, to);
}

static void run_init(struct run *run, const struct scenario *s)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_REVIEW_BYTES);
	struct err err = ERR_INIT;

	*run = (struct run){.s = s, .needs = NEEDS_INIT, .failed = STRMAP_INIT(NULL)};
	run->cached = run->confirmed = (struct definitions)DEFINITIONS_INIT;
	run->labels = (struct strmap)STRMAP_INIT(free);
	run->confirmed_namespaces = (struct strmap)STRMAP_INIT(namespace_state_free);
	run->contexts = run->confirmed_contexts = (struct strmap)STRMAP_INIT(free);
	strmap_walk(&s->policies, put_policy, &run->policies);
	strmap_walk(&s->labels, put_labels, &run->labels);
	strmap_walk(&s->contexts, put_context, &run->contexts);
	buf_init(&run->said, LIMIT_RESPONSE_BYTES);
	strmap_walk(&s->cached, put_spec, &run->cached);
	if (s->review)
		load_review(s->review, &text);
	else
		make_review(s, &text);
	run->root = parse(buf_str(&text), text.len);
	if (review_decode(run->root, &run->review, &err) < 0)
		fail_msg("%s", err.msg);
}

static void learn_namespace(struct run *run, const char *ns)
{
	char *labels = strmap_get(&run->s->live_labels, ns);
	struct namespace_state *state = NULL;

	if (labels) {
		CLEANUP(json_free_p) struct json *j = parse(labels, strlen(labels));

		state = xcalloc(1, sizeof(*state));
		state->labels = labels_decode(j);
		state->terminating = strmap_has(&run->s->terminating, ns);
	}
	strmap_put(&run->confirmed_namespaces, ns, state);
}

static void learn_context(struct run *run, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	const char *object = strmap_get(&run->s->live_contexts, key);

	strmap_put(&run->confirmed_contexts, key, object ? decode_context(key, object) : NULL);
}

/* Asks the API server for one name. */
static void look_up(void *ctx, const char *key, void *value)
{
	struct run *run = ctx;
	const char *spec = strmap_get(&run->s->live, key);
	const char *first = strchr(key, '/'), *last = strrchr(key, '/');
	CLEANUP(free_p) char *ns = xstrndup(key, strcspn(key, "/"));

	(void)value;
	(void)buf_addf(&run->said, " %s", key);
	if (strmap_has(&run->s->fails, key)) {
		strmap_put(&run->failed, key, NULL);
		return;
	}
	if (!first)
		learn_namespace(run, key);
	else if (first != last)
		learn_context(run, ns, last + 1);
	else
		put(&run->confirmed, key, spec ? decode_spec(spec) : NULL);
}

/* False: it can't be decided, since a look-up failed. */
static bool decide(struct run *run, struct verdict *v)
{
	const struct scenario *s = run->s;
	const struct surroundings around = {&run->policies, cached_labels, cached_contexts, run};
	struct known known = {
		.keptn_namespace = s->keptn_namespace,
		.cached = &run->cached,
		.unheard = s->unheard,
		.confirmed = &run->confirmed,
		.confirmed_namespaces = &run->confirmed_namespaces,
		.confirmed_contexts = &run->confirmed_contexts,
		.around = &around,
		.lenient_managers = &s->lenient,
		.lenient_users = &s->lenient_users,
		.block_deployment = s->block_deployment,
		.max_promotion_tasks = (size_t)s->max_promotion_tasks,
		.ask_wording = true,
	};

	verdict_init(v);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		needs_release(&run->needs);
		if ((s->mutate ? verdict_mutate : verdict_validate)(
			    &run->review, &known, &run->needs, v) == 0)
			return true;
		if (needs_decide_any(&run->needs, &run->failed))
			return false;
		(void)buf_add(&run->said, "asks");
		strmap_walk(&run->needs.names, look_up, run);
		(void)buf_add(&run->said, "\n");
		known.ask_wording = false;
		verdict_release(v);
		verdict_init(v);
	}
	fail_msg("it never ends");
	return false;
}

/* The message has each cause as well. */
static void say_denial(struct run *run, const struct json *response)
{
	const struct json *status = json_get(response, "status");
	const char *message = json_string(json_get(status, "message"));
	bool deletes = run->review.operation == REVIEW_DELETE;
	int64_t code = 0;

	assert_true(json_int64(json_get(status, "code"), &code));
	assert_int_equal(code, deletes ? 403 : 422);
	assert_string_equal(
		json_string(json_get(status, "reason")), deletes ? "Forbidden" : "Invalid");
	assert_string_equal(json_string(json_get(status, "status")), "Failure");
	(void)buf_addf(&run->said, "denied: %s\n", message);
	json_each (cause, json_at(status, "details", "causes")) {
		CLEANUP(free_p)
		char *line = xasprintf("%s: %s", json_string(json_get(cause, "field")),
			json_string(json_get(cause, "message")));

		assert_says(message, line);
	}
}

static void say_answer(struct run *run, struct verdict *v)
{
	CLEANUP(buf_release) struct buf answer = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(json_free_p) struct json *root = NULL;
	const struct json *response, *audit;

	verdict_encode(&run->review, v, &answer);
	assert_false(answer.overflowed);
	if (v->defaults_missing) {
		(void)buf_add(&run->said, "defaults missing\n");
		return;
	}
	root = parse(buf_str(&answer), answer.len);
	assert_string_equal(json_string(json_get(root, "apiVersion")), "admission.k8s.io/v1");
	assert_string_equal(json_string(json_get(root, "kind")), "AdmissionReview");
	response = json_get(root, "response");
	assert_string_equal(json_string(json_get(response, "uid")), run->review.uid);
	assert_int_equal(json_is_true(json_get(response, "allowed")), v->allowed);
	if (v->allowed)
		(void)buf_add(&run->said, "allowed\n");
	else
		say_denial(run, response);
	json_each (warning, json_get(response, "warnings"))
		(void)buf_addf(&run->said, "warning: %s\n", json_string(warning));
	audit = json_at(response, "auditAnnotations", "findings");
	if (audit)
		(void)buf_addf(&run->said, "audit: %s\n", json_string(audit));
	audit = json_at(response, "auditAnnotations", "violations");
	if (audit)
		(void)buf_addf(&run->said, "violations: %s\n", json_string(audit));
	if (json_get(response, "patch")) {
		assert_string_equal(json_string(json_get(response, "patchType")), "JSONPatch");
		(void)buf_addf(&run->said, "patch: %s\n", buf_str(patch_text(&v->patch)));
	}
}

/* The same world with another request. What it says is of no interest. */
static void decide_again(
	struct run *run, const struct scenario *s, const struct json *object, struct verdict *ret)
{
	const struct run before = *run;

	run->s = s;
	run->review.object = object;
	buf_init(&run->said, LIMIT_RESPONSE_BYTES);
	(void)decide(run, ret);
	buf_release(&run->said);
	run->s = before.s;
	run->review = before.review;
	run->said = before.said;
}

/* The patched object must not be patched again, and nothing is missing in it. */
static void check_idempotence(struct run *run, struct verdict *v)
{
	CLEANUP(verdict_release) struct verdict again;
	CLEANUP(verdict_release) struct verdict validated;
	CLEANUP(json_free_p) struct json *patch = NULL;
	CLEANUP(json_free_p) struct json *patched = NULL;
	struct scenario validates = *run->s;

	validates.mutate = false;
	patch = parse(buf_str(patch_text(&v->patch)), patch_text(&v->patch)->len);
	patched = tree_patched(run->review.object, patch);
	decide_again(run, run->s, patched, &again);
	assert_true(again.patch.empty);
	decide_again(run, &validates, patched, &validated);
	assert_false(validated.defaults_missing);
}

static void scenario_holds(void **state)
{
	CLEANUP(run_release) struct run run;
	CLEANUP(verdict_release) struct verdict v;
	const struct scenario *s = *state;

	run_init(&run, s);
	if (decide(&run, &v))
		say_answer(&run, &v);
	else
		(void)buf_add(&run.said, "undecided\n");
	if (!v.patch.empty)
		check_idempotence(&run, &v);
	if (!str_eq(buf_str(&run.said), buf_str(&s->want))) {
		/* cmocka cuts its messages. */
		(void)fprintf(stderr, "--- said\n%s--- wanted\n%s", buf_str(&run.said),
			buf_str(&s->want));
		fail_msg("the answer differs");
	}
}

struct suite {
	struct CMUnitTest *tests;
	size_t count;
};

static void *add_scenario(void *ctx, const char *title)
{
	struct suite *suite = ctx;
	struct scenario *s = scenario_new(title);

	suite->tests = xreallocarray(suite->tests, suite->count + 1, sizeof(*suite->tests));
	suite->tests[suite->count++] = (struct CMUnitTest){
		.name = s->title, .test_func = scenario_holds, .initial_state = s};
	return s;
}

int main(void)
{
	struct suite suite = {NULL, 0};
	glob_t files;
	int failed;

	if (glob("tests/corpus/verdict/*.txt", 0, NULL, &files) != 0)
		return 1;
	for (size_t i = 0; i < files.gl_pathc; i++)
		scenario_file_read(files.gl_pathv[i], add_scenario, scenario_line, &suite);
	globfree(&files);
	failed = _cmocka_run_group_tests("verdict", suite.tests, suite.count, NULL, NULL);
	for (size_t i = 0; i < suite.count; i++)
		scenario_free(suite.tests[i].initial_state);
	free(suite.tests);
	return failed;
}
