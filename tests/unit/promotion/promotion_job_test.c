#include "promotion/promotion_job.h"

#include "base/buf.h"
#include "unit.h"

#define OWNER                                                                                      \
	"\"ownerReferences\":[{\"kind\":\"KeptnAppVersion\",\"uid\":\"v\",\"controller\":true}]"
#define POD(env, volumes)                                                                          \
	"\"template\":{\"spec\":{\"containers\":[{\"env\":[{\"name\":\"OTHER\",\"value\":\"v/x\"}" \
	"," env "]}],\"volumes\":[" volumes "]}}"
#define ID(id)  "{\"name\":\"PROMOGATE_ID\",\"value\":\"" id "\"}"
#define ID_OF_A ID("v/a")
#define LONG    "0123456789012345678901234567890123456789012345678901234567890123"
#define CONTEXT "{\"name\":\"KEPTN_CONTEXT\",\"value\":\"{\\\"appName\\\":\\\"Real\\\"}\"}"
#define CODE    "{\"configMap\":{\"name\":\"a-2-bcdfghjk\"}}"
#define ANNOTATIONS                                                                                \
	"\"annotations\":{\"keptn.sh/app\":\"App\",\"promogate.dev/task\":\"a\","                  \
	"\"promogate.dev/ttl-seconds-after-finished\":\"60\"}"

/* Named a-2-bcdfghjk; more metadata, spec and status, a comma before each member. */
static struct promotion_job *decode(const char *metadata, const char *spec, const char *status)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	CLEANUP(json_free_p) struct json *object = NULL;
	struct err err = ERR_INIT;

	(void)buf_addf(&text,
		"{\"metadata\":{\"name\":\"a-2-bcdfghjk\",\"namespace\":\"dev\",\"uid\":\"u\"%s},"
		"\"spec\":{\"completions\":1%s},\"status\":{\"x\":1%s}}",
		metadata, spec, status);
	if (json_parse(buf_str(&text), text.len, &object, &err) < 0)
		fail_msg("%s: %s", buf_str(&text), err.msg);
	return promotion_job_decode(object);
}

static void reads_a_job_that_waits(void **state)
{
	CLEANUP(promotion_job_unref_p)
	struct promotion_job *j =
		decode("," OWNER "," ANNOTATIONS, ",\"suspend\":true," POD(ID_OF_A, ""), "");

	(void)state;
	assert_string_equal(j->view.name, "a-2-bcdfghjk");
	assert_string_equal(j->view.uid, "u");
	assert_string_equal(j->view.version_uid, "v");
	assert_string_equal(j->view.task, "a");
	assert_int_equal(j->view.attempt, 2);
	assert_true(j->view.suspended);
	assert_true(j->view.ready);
	assert_false(j->view.deleting);
	assert_false(j->view.expires);
	assert_int_equal(j->view.outcome, VIEW_RUNNING);
	assert_string_equal(j->namespace, "dev");
	assert_string_equal(j->app, "App");
	assert_string_equal(j->reason, "");
	assert_int_equal(j->ttl_seconds, 60);
}

static void reads_a_job_that_failed(void **state)
{
	CLEANUP(promotion_job_unref_p)
	struct promotion_job *j = decode("," OWNER "," ANNOTATIONS
					 ",\"deletionTimestamp\":\"2026-11-24T01:02:03Z\"",
		",\"ttlSecondsAfterFinished\":60," POD(ID_OF_A, CODE),
		",\"startTime\":\"2026-11-24T01:00:00Z\",\"conditions\":[{\"type\":\"Failed\","
		"\"status\":\"True\",\"reason\":\"DeadlineExceeded\",\"message\":\"too long\","
		"\"lastTransitionTime\":\"2026-11-24T01:01:00Z\"}]");

	(void)state;
	assert_int_equal(j->view.outcome, VIEW_JOB_FAILED);
	assert_false(j->view.suspended);
	assert_true(j->view.deleting);
	assert_true(j->view.expires);
	assert_string_equal(j->reason, "DeadlineExceeded");
	assert_string_equal(j->message, "too long");
}

static void a_job_with_code_is_ready_once_it_runs(void **state)
{
	(void)state;
	for (int suspended = 0; suspended < 2; suspended++) {
		CLEANUP(promotion_job_unref_p)
		struct promotion_job *j = decode("," OWNER,
			suspended ? ",\"suspend\":true," POD(ID_OF_A, CODE)
				  : "," POD(ID_OF_A, CODE),
			"");

		assert_int_equal(j->view.ready, !suspended);
	}
}

/* What is released, and paused again, is suspended and not locked; anybody may write the annotation. */
static void a_job_is_locked_until_its_release(void **state)
{
	static const struct {
		const char *spec;
		bool annotated, suspended, locked, released;
	} rows[] = {
		{",\"suspend\":true,\"parallelism\":0,", false, true, true, false},
		{",\"suspend\":true,\"parallelism\":0,", true, true, true, false},
		{",\"suspend\":false,\"parallelism\":0,", false, true, true, false},
		{",\"suspend\":false,\"parallelism\":1,", true, false, false, true},
		{",\"suspend\":true,\"parallelism\":1,", true, true, false, true},
		{",\"suspend\":true,\"parallelism\":1,", false, true, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf spec = BUF_INIT(1000);
		CLEANUP(promotion_job_unref_p) struct promotion_job *j = NULL;

		(void)buf_addf(&spec, "%s" POD(ID_OF_A, CODE), rows[i].spec);
		j = decode(rows[i].annotated ? "," OWNER ",\"annotations\":{\"promogate.dev/"
					       "released\":\"true\"}"
					     : "," OWNER,
			buf_str(&spec), "");
		assert_int_equal(j->view.suspended, rows[i].suspended);
		assert_int_equal(j->view.locked, rows[i].locked);
		assert_int_equal(j->view.released, rows[i].released);
		assert_int_equal(j->view.ready, !rows[i].suspended);
	}
}

static void its_queue_is_known_before_and_after_its_release(void **state)
{
	static const struct {
		const char *annotations, *spec, *queue;
		bool queued;
	} rows[] = {
		{"", "\"suspend\":true,\"parallelism\":0", "", false},
		{"\"promogate.dev/queue-name\":\"q\"", "\"suspend\":true,\"parallelism\":0", "q",
			false},
		/* Kueue has resumed it before its commit, as in a namespace with a default queue */
		{"\"promogate.dev/queue-name\":\"q\"", "\"suspend\":false,\"parallelism\":0", "q",
			false},
		{"\"promogate.dev/queue-name\":\"q\",\"promogate.dev/released\":\"true\"",
			"\"suspend\":true,\"parallelism\":1", "q", true},
		{"\"promogate.dev/queue-name\":\"q\",\"promogate.dev/released\":\"true\"",
			"\"suspend\":false,\"parallelism\":1", "q", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *metadata =
			xasprintf("," OWNER ",\"resourceVersion\":\"7\",\"annotations\":{%s}",
				rows[i].annotations);
		CLEANUP(free_p) char *spec = xasprintf(",%s," POD(ID_OF_A, ""), rows[i].spec);
		CLEANUP(promotion_job_unref_p) struct promotion_job *j = decode(metadata, spec, "");

		assert_string_equal(j->queue, rows[i].queue);
		assert_string_equal(j->resource_version, "7");
		assert_int_equal(j->view.has_queue, *rows[i].queue != '\0');
		assert_int_equal(j->queued, rows[i].queued);
	}
}

static void a_term_that_is_not_a_number_counts_as_none(void **state)
{
	static const struct {
		const char *annotation;
		uint64_t term;
	} rows[] = {{"\"7\"", 7}, {"\"9223372036854775807\"", INT64_MAX}, {"\"-7\"", 0},
		{"\"9223372036854775808\"", 0}, {"7", 0}, {"\"\"", 0}, {"null", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf metadata = BUF_INIT(1000);
		CLEANUP(promotion_job_unref_p) struct promotion_job *j = NULL;

		(void)buf_addf(&metadata, ",\"annotations\":{\"promogate.dev/term\":%s}",
			rows[i].annotation);
		j = decode(buf_str(&metadata), "," POD(ID_OF_A, ""), "");
		assert_true(j->view.term == rows[i].term);
	}
}

static void a_job_is_recognized_despite_manual_changes(void **state)
{
	static const struct {
		const char *metadata, *env, *app;
	} rows[] = {
		{"," OWNER, ID_OF_A, ""},
		{"", ID_OF_A, ""}, /* somebody has removed the owner */
		{",\"ownerReferences\":[{\"kind\":\"KeptnAppVersion\",\"uid\":\"v\"}]", ID_OF_A,
			""}, /* it controls it no longer */
		{",\"ownerReferences\":[{\"kind\":\"KeptnAppVersion\",\"uid\":\"w\","
		 "\"controller\":true}]",
			ID_OF_A, ""},
		{"," OWNER ",\"annotations\":{\"promogate.dev/task\":\"b\"}", ID_OF_A, ""},
		{"," OWNER ",\"labels\":{\"promogate.dev/attempt\":\"7\","
		 "\"promogate.dev/app\":\"podtato\"}",
			ID_OF_A, "podtato"},
		{"," OWNER "," ANNOTATIONS, ID_OF_A "," CONTEXT, "Real"},
		{"," OWNER "," ANNOTATIONS,
			ID_OF_A ",{\"name\":\"KEPTN_CONTEXT\",\"value\":\"{x\"}", "App"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf spec = BUF_INIT(1000);
		CLEANUP(promotion_job_unref_p) struct promotion_job *j = NULL;

		(void)buf_addf(&spec, "," POD("%s", ""), rows[i].env);
		j = decode(rows[i].metadata, buf_str(&spec), "");
		assert_non_null(j);
		assert_string_equal(j->view.version_uid, "v");
		assert_string_equal(j->view.task, "a");
		assert_int_equal(j->view.attempt, 2);
		assert_string_equal(j->app, rows[i].app);
		assert_int_equal(j->ttl_seconds, strstr(rows[i].metadata, "ttl-") ? 60 : 300);
	}
}

static void other_jobs_are_ignored(void **state)
{
	static const struct {
		const char *metadata, *spec;
	} rows[] = {
		{"", ""},
		{"," OWNER "," ANNOTATIONS, ""}, /* of no version and task */
		{"," OWNER "," ANNOTATIONS, "," POD(ID(""), "")},
		{"," OWNER "," ANNOTATIONS, "," POD(ID("/a"), "")},
		{"," OWNER "," ANNOTATIONS, "," POD(ID("v"), "")},
		{"," OWNER "," ANNOTATIONS, "," POD(ID("v/"), "")},
		{"," OWNER "," ANNOTATIONS, "," POD(ID("v/b"), "")}, /* no such name */
		{"," OWNER "," ANNOTATIONS, "," POD(ID(LONG "/a"), "")}, /* no such uid */
		{",\"ownerReferences\":{},\"annotations\":[]", ",\"template\":{\"spec\":[]}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_null(decode(rows[i].metadata, rows[i].spec, ""));
	assert_null(promotion_job_decode(NULL));
}

static void it_lives_as_long_as_it_has_a_reference(void **state)
{
	struct promotion_job *j = decode("," OWNER, "," POD(ID_OF_A, ""), "");

	(void)state;
	assert_ptr_equal(promotion_job_ref(j), j);
	promotion_job_unref(j);
	assert_string_equal(j->view.task, "a");
	promotion_job_unref(j);
	promotion_job_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_job_that_waits),
		cmocka_unit_test(reads_a_job_that_failed),
		cmocka_unit_test(a_job_with_code_is_ready_once_it_runs),
		cmocka_unit_test(a_job_is_locked_until_its_release),
		cmocka_unit_test(its_queue_is_known_before_and_after_its_release),
		cmocka_unit_test(a_term_that_is_not_a_number_counts_as_none),
		cmocka_unit_test(a_job_is_recognized_despite_manual_changes),
		cmocka_unit_test(other_jobs_are_ignored),
		cmocka_unit_test(it_lives_as_long_as_it_has_a_reference),
	};

	return cmocka_run_group_tests_name("promotion_job", tests, NULL, NULL);
}
