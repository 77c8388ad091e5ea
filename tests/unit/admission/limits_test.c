/*
 * Hostile sizes: objects that fill a whole request get an answer, cut to a useful length.
 */
#include "admission/verdict.h"

#include <time.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

/* Far more than any case takes; a quadratic algorithm takes minutes. */
/* CPU time of this process, so that a busy machine does not matter; a second is usual. */
enum { CPU_SECONDS_MAX = 60 };

struct case_ {
	struct json *object;
	struct json *answer;
	struct verdict v;
	struct definitions nothing;
};

static void case_release(struct case_ *c)
{
	json_free(c->object);
	json_free(c->answer);
	verdict_release(&c->v);
	definitions_release(&c->nothing);
}

/* Runs the rules once, for a create or an update without a change; nothing is looked up. */
static void judge(struct case_ *c, const struct buf *object, bool update, bool dry_run)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(strmap_release) struct strmap nobody = STRMAP_INIT(NULL);
	CLEANUP(needs_release) struct needs needs = NEEDS_INIT;
	struct err err = ERR_INIT;
	struct known known;
	struct review r;

	*c = (struct case_){.nothing = DEFINITIONS_INIT};
	verdict_init(&c->v);
	definitions_put(&c->nothing, "dev", "something", NULL);
	if (json_parse(buf_str(object), object->len, &c->object, &err) < 0)
		fail_msg("%s", err.msg);
	known = (struct known){.keptn_namespace = "keptn",
		.cached = &c->nothing,
		.confirmed = &c->nothing,
		.lenient_managers = &nobody,
		.lenient_users = &nobody};
	r = (struct review){.uid = "u",
		.operation = update ? REVIEW_UPDATE : REVIEW_CREATE,
		.group = "lifecycle.keptn.sh",
		.resource = "keptnappcontexts",
		.subresource = "",
		.name = "",
		.namespace = "dev",
		.field_manager = "",
		.user = "",
		.dry_run = dry_run,
		.object = c->object,
		.old_object = update ? c->object : NULL};
	(void)verdict_validate(&r, &known, &needs, &c->v);
	c->v.allowed &= findings_errors(&c->v.findings) == 0;
	verdict_encode(&r, &c->v, &text);
	assert_false(text.overflowed);
	assert_int_equal(json_parse(buf_str(&text), text.len, &c->answer, &err), 0);
}

static const char *message(const struct case_ *c)
{
	return json_string(json_at(c->answer, "response", "status", "message"));
}

static size_t count(const struct case_ *c, const char *a, const char *b, const char *d)
{
	return json_count(
		d ? json_at(c->answer, "response", a, b, d) : json_at(c->answer, "response", a));
}

static void begin(struct buf *b, const char *list)
{
	buf_reset(b);
	(void)buf_addf(b, "{\"metadata\":{\"name\":\"app\"},\"spec\":{\"%s\":[\"first\"", list);
}

static void end(struct buf *b)
{
	(void)buf_add(b, "]}}");
}

/* Each of these made the rules quadratic in the length of a list. */
static void long_lists_take_linear_time(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	clock_t started = clock();

	(void)state;
	/* Updates, since only what is that large already is judged. */
	for (int kind = 0; kind < 3; kind++) {
		CLEANUP(case_release) struct case_ c;

		begin(&b, kind == 2 ? "postDeploymentTasks" : "promotionTasks");
		for (int i = 0; i < 200000; i++)
			(void)buf_addf(&b, ",\"n%d\"", i);
		if (kind == 2)
			(void)buf_add(&b, "],\"promotionTasks\":[\"z\"");
		for (int i = 0; i < 200000; i++)
			(void)buf_addf(&b, ",\"n%d\"", kind ? i : 199999);
		end(&b);
		judge(&c, &b, true, false);
		assert_false(c.v.allowed);
		assert_true(c.v.findings.overflowed);
	}
	assert_true((clock() - started) / CLOCKS_PER_SEC < CPU_SECONDS_MAX);
}

/* An update carries two such objects. */
static void an_object_too_large_to_be_updated_is_denied(void **state)
{
	static const struct {
		int items;
		bool update, denied;
	} rows[] = {
		{LIMIT_CONTEXT_VALUES, false, true},
		{LIMIT_CONTEXT_VALUES - 10, false, false},
		{LIMIT_CONTEXT_VALUES, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
		CLEANUP(case_release) struct case_ c;

		begin(&b, "others");
		for (int k = 0; k < rows[i].items; k++)
			(void)buf_add(&b, ",0");
		end(&b);
		judge(&c, &b, rows[i].update, false);
		assert_int_equal(c.v.allowed, !rows[i].denied);
		if (rows[i].denied)
			assert_string_equal(message(&c),
				"KeptnAppContext \"app\" is invalid: must have at most 24576 values, "
				"since an update carries it twice; use fewer fields and list items");
	}
}

static void reports_a_hundred_findings_and_counts_the_rest(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(case_release) struct case_ c;

	(void)state;
	begin(&b, "promotionTasks");
	for (int i = 0; i < 250; i++)
		(void)buf_addf(&b, ",\"N%d\"", i);
	end(&b);
	judge(&c, &b, false, false);
	assert_int_equal(count(&c, "status", "details", "causes"), LIMIT_FINDINGS_REPORTED);
	assert_says(message(&c), "* spec.promotionTasks[99]: ");
	assert_null(strstr(message(&c), "promotionTasks[100]"));
	assert_says(message(&c), "\n* and 151 more");
}

static void warnings_leave_room_for_errors(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(case_release) struct case_ c;

	(void)state;
	begin(&b, "preDeploymentTasks");
	for (int i = 0; i < 2 * LIMIT_FINDINGS; i++)
		(void)buf_addf(&b, ",\"n%d\"", i);
	(void)buf_add(&b, "],\"promotionTasks\":[\"B!\"");
	end(&b);
	judge(&c, &b, false, false);
	assert_false(c.v.allowed);
	assert_says(message(&c), "is invalid: spec.promotionTasks[0]: Invalid value: \"B!\"");
	assert_int_equal(count(&c, "status", "details", "causes"), 1);
}

/* As many existing errors as fit are ratcheted; one more can't be distinguished from a new one. */
static void ratcheting_ends_where_the_list_of_findings_does(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
		CLEANUP(case_release) struct case_ c;

		begin(&b, "promotionTasks");
		for (int i = 0; i < LIMIT_FINDINGS - 1 + more; i++)
			(void)buf_addf(&b, ",\"N%d\"", i);
		end(&b);
		judge(&c, &b, true, false);
		assert_int_equal(c.v.allowed, !more);
		if (more)
			assert_says(message(&c), "\n* more than 1000 errors; list fewer tasks");
	}
}

static void the_longest_texts_fit_into_an_answer(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(case_release) struct case_ c;

	(void)state;
	begin(&b, "promotionTasks");
	for (int i = 0; i < LIMIT_FINDINGS_REPORTED; i++) {
		(void)buf_addf(&b, ",\"%d", i);
		for (int k = 0; k < 2 * LIMIT_QUOTED_BYTES; k++)
			(void)buf_add(&b, "\\u0001");
		(void)buf_addc(&b, '"');
	}
	end(&b);
	judge(&c, &b, false, false);
	assert_int_equal(count(&c, "status", "details", "causes"), LIMIT_FINDINGS_REPORTED);
	assert_says(message(&c), "\\x01…\"");
}

/* With ours, the annotations may be as large as the API server accepts, and not a byte larger. */
static void an_annotation_without_room_is_left_out(void **state)
{
	static const size_t ours = sizeof(RESOLVED_ON_FAILURE_ANNOTATION "Block") - 1;
	static const char *const others[] = {
		"", "\"" RESOLVED_ON_FAILURE_ANNOTATION "\":\"an old value\","};

	(void)state;
	for (size_t row = 0; row < 4; row++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
		CLEANUP(verdict_release) struct verdict v;
		CLEANUP(json_free_p) struct json *object = NULL;
		const struct definitions none = DEFINITIONS_INIT;
		const struct known known = {
			.keptn_namespace = "keptn", .cached = &none, .confirmed = &none};
		struct needs needs = NEEDS_INIT;
		size_t bytes = LIMIT_ANNOTATIONS_BYTES - ours - strlen("key") + row % 2;
		struct review r = {.group = "lifecycle.keptn.sh",
			.resource = "keptnappcontexts",
			.subresource = "",
			.namespace = "apps"};

		(void)buf_addf(&b, "{\"metadata\":{\"annotations\":{%s\"key\":\"", others[row / 2]);
		for (size_t i = 0; i < bytes; i++)
			(void)buf_addc(&b, 'a');
		(void)buf_add(&b, "\"}}}");
		assert_int_equal(json_parse(buf_str(&b), b.len, &object, NULL), 0);
		r.object = object;
		verdict_init(&v);
		assert_int_equal(verdict_mutate(&r, &known, &needs, &v), 0);
		assert_true(v.allowed);
		assert_int_equal(v.patch.empty, row % 2);
		assert_int_equal(v.warning != NULL, row % 2);
	}
}

static void a_name_longer_than_any_is_left_out(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(case_release) struct case_ c;

	(void)state;
	(void)buf_add(&b, "{\"metadata\":{\"name\":\"");
	for (int i = 0; i < 2 * 1024 * 1024; i++)
		(void)buf_addc(&b, 'a');
	(void)buf_add(&b, "\"},\"spec\":{\"promotionTasks\":[\"B!\"]}}");
	judge(&c, &b, false, false);
	assert_says(message(&c), "KeptnAppContext \"\" is invalid: ");
}

static void warnings_are_cut_to_what_is_passed_on(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(case_release) struct case_ c;

	(void)state;
	begin(&b, "promotionTasks");
	for (int i = 0; i < 300; i++)
		(void)buf_addf(&b, ",\"name-number-%d\"", i);
	end(&b);
	judge(&c, &b, false, true);
	assert_true(c.v.allowed);
	assert_in_range(count(&c, "warnings", NULL, NULL), 16, 40);
}

static void a_list_of_optional_tasks_that_is_too_long_is_denied(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(case_release) struct case_ c;

	(void)state;
	(void)buf_addf(&b,
		"{\"metadata\":{\"name\":\"app\",\"annotations\":"
		"{\"promogate.dev/optional-tasks\":\"%0*d\"}}}",
		LIMIT_OPTIONAL_TASKS_BYTES + 1, 0);
	judge(&c, &b, false, false);
	assert_false(c.v.allowed);
	assert_non_null(strstr(message(&c), "must have at most 16384 bytes; list fewer tasks"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_lists_take_linear_time),
		cmocka_unit_test(an_object_too_large_to_be_updated_is_denied),
		cmocka_unit_test(reports_a_hundred_findings_and_counts_the_rest),
		cmocka_unit_test(warnings_leave_room_for_errors),
		cmocka_unit_test(ratcheting_ends_where_the_list_of_findings_does),
		cmocka_unit_test(the_longest_texts_fit_into_an_answer),
		cmocka_unit_test(a_name_longer_than_any_is_left_out),
		cmocka_unit_test(an_annotation_without_room_is_left_out),
		cmocka_unit_test(warnings_are_cut_to_what_is_passed_on),
		cmocka_unit_test(a_list_of_optional_tasks_that_is_too_long_is_denied),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
