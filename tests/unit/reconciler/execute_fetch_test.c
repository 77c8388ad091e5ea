/* Definitions that are too large for the cache, and are fetched when a Job is made of them. */
#include "reconciler/execute.h"

#include "base/limits.h"

#include "fixture.h"

#define GET_A "/apis/lifecycle.keptn.sh/v1/namespaces/dev/keptntaskdefinitions/a"

/* A definition with this many bytes of code, as the API server has it; more: other members. */
static char *definition(const char *ns, const char *name, int bytes, const char *more)
{
	return xasprintf("{\"kind\":\"KeptnTaskDefinition\",\"metadata\":{\"namespace\":\"%s\","
			 "\"name\":\"%s\",\"resourceVersion\":\"9\"},\"spec\":{\"deno\":{%s"
			 "\"inline\":{\"code\":\"%0*d\"}}}}",
		ns, name, more, bytes, 7);
}

static void done(void *ctx, struct app *app, const struct execute_result *result)
{
	struct fixture *f = ctx;

	(void)app;
	f->done++;
	f->kind = result->err ? result->err->kind : ERR_NONE;
}

/* Begins to create the second Job of the task a. */
static void begin(struct fixture *f, const char *definitions)
{
	struct plan_action *a;

	fixture_init_with(f, definitions);
	a = fixture_add(f, PLAN_CREATE_JOB);
	a->task = "a";
	a->attempt = 2;
	a->name = job_name_make("a", 2, 1);
	execute(&f->x, f->app, STEAL(f->snapshot), &f->plan, done, f);
}

static void large_definition_is_kept(int bytes, bool kept)
{
	CLEANUP(free_p) char *a = definition("dev", "a", bytes, "");
	struct fixture f;

	begin(&f, a);
	assert_string_equal(fake_oldest(&f.cluster.fake)->method, kept ? "POST" : "GET");
	fixture_release(&f);
}

static void a_definition_is_kept_up_to_a_size(void **state)
{
	(void)state;
	large_definition_is_kept(1, true);
	large_definition_is_kept(LIMIT_DEFINITION_KEPT_BYTES / 2, true);
	large_definition_is_kept(LIMIT_DEFINITION_KEPT_BYTES, false);
}

static void a_job_is_made_of_what_is_fetched(void **state)
{
	CLEANUP(free_p) char *a = definition("dev", "a", LIMIT_DEFINITION_KEPT_BYTES, "");
	struct fixture f;

	(void)state;
	begin(&f, a);
	fake_answer_next(&f.cluster.fake, "GET", GET_A, a);
	assert_says(
		fake_expect(&f.cluster.fake, "POST", "/apis/batch/v1/namespaces/dev/jobs")->body,
		"\"image\":\"deno:1\"");
	assert_int_equal(fake_count(&f.cluster.fake, FAKE_CALL), 1);
	assert_int_equal(f.done, 0);
	fixture_release(&f);
}

static void its_code_is_what_is_fetched(void **state)
{
	CLEANUP(free_p) char *a = definition("dev", "a", LIMIT_DEFINITION_KEPT_BYTES, "");
	struct fixture f;

	(void)state;
	fixture_init_with(&f, a);
	plan_add_job(&f.plan, PLAN_CREATE_CODE, PLAN_NO_REASON, &f.snapshot->view.versions[0],
		view_named(&f.snapshot->view, &f.snapshot->view.versions[0], JOB_A));
	execute(&f.x, f.app, STEAL(f.snapshot), &f.plan, done, &f);
	fake_answer_next(&f.cluster.fake, "GET", GET_A, a);
	assert_says(fake_expect(&f.cluster.fake, "POST", "/api/v1/namespaces/dev/configmaps")->body,
		"0000000007");
	fixture_release(&f);
}

/* Its parent is in Keptn's namespace. */
static void each_large_one_of_a_chain_is_fetched(void **state)
{
	const char *ref =
		"\"functionRef\":{\"name\":\"b\"},\"parameters\":{\"map\":{\"own\":\"1\"}},";
	CLEANUP(free_p) char *a = definition("dev", "a", LIMIT_DEFINITION_KEPT_BYTES, ref);
	CLEANUP(free_p) char *b = definition("keptn-system", "b", LIMIT_DEFINITION_KEPT_BYTES, "");
	CLEANUP(free_p) char *both = xasprintf("%s,%s", a, b);
	struct fixture f;

	(void)state;
	begin(&f, both);
	fake_answer_next(&f.cluster.fake, "GET", GET_A, a);
	fake_answer_next(&f.cluster.fake, "GET",
		"/apis/lifecycle.keptn.sh/v1/namespaces/keptn-system/keptntaskdefinitions/b", b);
	assert_says(
		fake_expect(&f.cluster.fake, "POST", "/apis/batch/v1/namespaces/dev/jobs")->body,
		"{\\\"own\\\":\\\"1\\\"}");
	fixture_release(&f);
}

static void nothing_is_made_of_anything_else(void **state)
{
	CLEANUP(free_p) char *a = definition("dev", "a", LIMIT_DEFINITION_KEPT_BYTES, "");
	CLEANUP(free_p) char *other = definition("dev", "b", 1, "");
	CLEANUP(free_p)
	char *changed = definition("dev", "a", 1, "\"functionRef\":{\"name\":\"c\"},");
	const struct {
		const char *body; /* NULL: it fails so */
		enum err_kind kind, ends;
	} rows[] = {
		{NULL, ERR_NOT_FOUND, ERR_CONFLICT},
		{NULL, ERR_FORBIDDEN, ERR_FORBIDDEN},
		{NULL, ERR_IO, ERR_IO},
		{"{}", ERR_NONE, ERR_IO},
		{"<html>", ERR_NONE, ERR_IO},
		{other, ERR_NONE, ERR_IO},
		{changed, ERR_NONE, ERR_CONFLICT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fixture f;

		begin(&f, a);
		if (rows[i].body)
			fake_answer_next(&f.cluster.fake, "GET", GET_A, rows[i].body);
		else
			fake_fail_next(&f.cluster.fake, "GET", GET_A, rows[i].kind);
		assert_int_equal(f.done, 1);
		assert_int_equal(f.kind, rows[i].ends);
		assert_int_equal(fake_count(&f.cluster.fake, FAKE_CALL), 0);
		fixture_release(&f);
	}
}

static void it_may_be_deleted_meanwhile(void **state)
{
	CLEANUP(free_p) char *a = definition("dev", "a", LIMIT_DEFINITION_KEPT_BYTES, "");
	struct fixture f;

	(void)state;
	begin(&f, a);
	cluster_event(&f.cluster, "keptntaskdefinitions", "DELETED", a);
	fake_answer_next(&f.cluster.fake, "GET", GET_A, a);
	assert_int_equal(f.kind, ERR_NOT_FOUND);
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_definition_is_kept_up_to_a_size),
		cmocka_unit_test(a_job_is_made_of_what_is_fetched),
		cmocka_unit_test(its_code_is_what_is_fetched),
		cmocka_unit_test(each_large_one_of_a_chain_is_fetched),
		cmocka_unit_test(nothing_is_made_of_anything_else),
		cmocka_unit_test(it_may_be_deleted_meanwhile),
	};

	return cmocka_run_group_tests_name("execute_fetch", tests, NULL, NULL);
}
