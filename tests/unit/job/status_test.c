/* The state of a Job, and the two patches of a Job. */
#include "job/status.h"

#include "base/limits.h"
#include "base/mem.h"
#include "job/patch.h"
#include "unit.h"

static struct json *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static void only_complete_and_failed_end_a_job(void **state)
{
	static const struct {
		const char *job;
		enum job_state state;
		const char *reason, *message;
	} cases[] = {
		{"null", JOB_RUNNING, "", ""},
		{"{\"spec\":{\"suspend\":true}}", JOB_SUSPENDED, "", ""},
		{"{\"spec\":{\"suspend\":false},\"status\":{\"active\":1}}", JOB_RUNNING, "", ""},
		/* somebody resumed it before its release: no pod starts */
		{"{\"spec\":{\"suspend\":false,\"parallelism\":0}}", JOB_SUSPENDED, "", ""},
		{"{\"spec\":{\"suspend\":true,\"parallelism\":0}}", JOB_SUSPENDED, "", ""},
		{"{\"spec\":{\"suspend\":true,\"parallelism\":1}}", JOB_SUSPENDED, "", ""},
		{"{\"spec\":{\"suspend\":false,\"parallelism\":2}}", JOB_RUNNING, "", ""},
		{"{\"spec\":{\"parallelism\":0},\"status\":{\"conditions\":[{\"type\":"
		 "\"Failed\",\"status\":\"True\",\"reason\":\"DeadlineExceeded\"}]}}",
			JOB_FAILED, "DeadlineExceeded", ""},
		/* it was unsuspended, but the Job controller has not seen it yet */
		{"{\"spec\":{\"suspend\":false},\"status\":{\"conditions\":[{\"type\":"
		 "\"Suspended\",\"status\":\"True\",\"reason\":\"JobSuspended\"}]}}",
			JOB_RUNNING, "", ""},
		{"{\"status\":{\"conditions\":[{\"type\":\"SuccessCriteriaMet\",\"status\":"
		 "\"True\",\"reason\":\"CompletionsReached\"}]}}",
			JOB_RUNNING, "", ""},
		{"{\"status\":{\"conditions\":[{\"type\":\"FailureTarget\",\"status\":\"True\","
		 "\"reason\":\"BackoffLimitExceeded\"}]}}",
			JOB_RUNNING, "", ""},
		{"{\"status\":{\"conditions\":[{\"type\":\"Complete\",\"status\":\"False\"},"
		 "{\"type\":\"Failed\",\"status\":\"Unknown\"}]}}",
			JOB_RUNNING, "", ""},
		{"{\"status\":{\"conditions\":[{\"type\":\"SuccessCriteriaMet\",\"status\":"
		 "\"True\",\"reason\":\"Other\"},{\"type\":\"Complete\",\"status\":\"True\","
		 "\"lastTransitionTime\":\"2025-01-01T00:00:00Z\",\"reason\":"
		 "\"CompletionsReached\",\"message\":\"Reached expected number of succeeded "
		 "pods\"}]}}",
			JOB_SUCCEEDED, "CompletionsReached",
			"Reached expected number of succeeded pods"},
		/* the failed condition counts, not the first one */
		{"{\"spec\":{\"suspend\":true},\"status\":{\"conditions\":[{\"type\":"
		 "\"Suspended\",\"status\":\"False\",\"reason\":\"JobResumed\",\"message\":\"Job "
		 "resumed\"},{\"type\":\"Failed\",\"status\":\"True\",\"reason\":"
		 "\"DeadlineExceeded\",\"message\":\"Job was active longer than specified "
		 "deadline\"}]}}",
			JOB_FAILED, "DeadlineExceeded",
			"Job was active longer than specified deadline"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(json_free_p) struct json *job = parse(cases[i].job);
		struct job_status status;

		job_status_read(job, &status);
		assert_int_equal(status.state, cases[i].state);
		assert_string_equal(status.reason, cases[i].reason);
		assert_string_equal(status.message, cases[i].message);
	}
}

static void reads_what_it_is_of(void **state)
{
	CLEANUP(json_free_p)
	struct json *job = parse(
		"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"a-2-bcdfghjk\",\"uid\":\"u\","
		"\"deletionTimestamp\":\"2025-01-01T00:00:00Z\","
		"\"labels\":{\"promogate.dev/attempt\":\"2\",\"promogate.dev/task\":\"cut\"},"
		"\"annotations\":{\"promogate.dev/task\":\"a\","
		"\"promogate.dev/ttl-seconds-after-finished\":\"60\","
		"\"promogate.dev/term\":\"4294967296\"},"
		"\"ownerReferences\":[{\"kind\":\"Other\",\"uid\":\"1\",\"controller\":true},"
		"{\"kind\":\"KeptnAppVersion\",\"uid\":\"2\"},"
		"{\"kind\":\"KeptnAppVersion\",\"uid\":\"3\",\"controller\":true}]},"
		"\"spec\":{\"ttlSecondsAfterFinished\":0,\"template\":{\"spec\":{\"containers\":["
		"{\"env\":[{\"name\":\"PROMOGATE_ID\",\"value\":\"4/a\"}]}],\"volumes\":["
		"{\"name\":\"v\",\"emptyDir\":{}},"
		"{\"name\":\"f\",\"configMap\":{\"name\":\"a-2-bcdfghjk\"}}]}}}}");
	struct job_status status;

	(void)state;
	job_status_read(job, &status);
	assert_string_equal(status.namespace, "dev");
	assert_string_equal(status.name, "a-2-bcdfghjk");
	assert_string_equal(status.uid, "u");
	assert_string_equal(status.owner_uid, "3");
	assert_string_equal(status.version_uid, "4");
	assert_string_equal(status.task, "a");
	assert_int_equal(status.attempt, 2);
	assert_int_equal(status.ttl_seconds, 60);
	assert_int_equal(status.term, 4294967296);
	assert_true(status.ttl_set);
	assert_true(status.deleting);
	assert_true(status.brings_code);
}

static void reads_a_job_that_somebody_made_or_changed(void **state)
{
	CLEANUP(json_free_p)
	struct json *job = parse(
		"{\"metadata\":{\"name\":\"a\",\"labels\":{\"promogate.dev/attempt\":\"two\"},"
		"\"annotations\":{\"promogate.dev/ttl-seconds-after-finished\":\"\"}},"
		"\"spec\":{\"template\":{\"spec\":{\"volumes\":[{\"name\":\"f\",\"configMap\":"
		"{\"name\":\"b\"}}]}}}}");
	struct job_status status;

	(void)state;
	job_status_read(job, &status);
	assert_string_equal(status.owner_uid, "");
	assert_string_equal(status.version_uid, "");
	assert_string_equal(status.task, "");
	assert_int_equal(status.attempt, 0);
	assert_int_equal(status.ttl_seconds, 300);
	assert_int_equal(status.term, 0);
	assert_false(status.ttl_set);
	assert_false(status.deleting);
	assert_false(status.brings_code);
}

static void patches_name_the_job_by_its_uid(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	(void)state;
	job_patch_release("u", &b);
	assert_string_equal(buf_str(&b), "{\"metadata\":{\"uid\":\"u\",\"annotations\":{"
					 "\"promogate.dev/released\":\"true\"}},"
					 "\"spec\":{\"suspend\":false,\"parallelism\":1,"
					 "\"ttlSecondsAfterFinished\":null}}");
	buf_reset(&b);
	job_patch_record(
		&(struct job_patch_record){.uid = "u", .ttl_seconds = 60, .message = ""}, &b);
	assert_string_equal(buf_str(&b), "{\"metadata\":{\"uid\":\"u\",\"annotations\":{}},"
					 "\"spec\":{\"ttlSecondsAfterFinished\":60}}");
}

static void a_queued_job_stays_suspended_at_its_release(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	(void)state;
	job_patch_queue("u", "7", "team-a", &b);
	assert_string_equal(buf_str(&b),
		"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"7\","
		"\"labels\":{\"kueue.x-k8s.io/queue-name\":\"team-a\"},"
		"\"annotations\":{\"promogate.dev/released\":\"true\"}},"
		"\"spec\":{\"suspend\":true,\"parallelism\":1,\"ttlSecondsAfterFinished\":null}}");
}

/* Kueue sets the label of a namespace's default queue at the creation. */
static void reads_the_queue(void **state)
{
#define KEPT  "\"annotations\":{\"promogate.dev/queue-name\":\"kept\"}"
#define LABEL "\"labels\":{\"kueue.x-k8s.io/queue-name\":\"label\"}"
	static const struct {
		const char *metadata;
		bool suspended;
		const char *queue;
	} rows[] = {
		{"", true, ""},
		{KEPT, true, "kept"},
		{KEPT, false, "kept"},
		{KEPT "," LABEL, true, "kept"},
		{LABEL, true, "label"},
		{LABEL, false, ""},
		{"\"labels\":{\"kueue.x-k8s.io/queue-name\":\"\"}", true, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *text = xasprintf("{\"metadata\":{%s},\"spec\":{\"suspend\":%s}}",
			rows[i].metadata, rows[i].suspended ? "true" : "false");
		CLEANUP(json_free_p) struct json *job = parse(text);
		struct job_status status;

		job_status_read(job, &status);
		assert_string_equal(status.queue, rows[i].queue);
	}
}

static void a_record_says_what_happened(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	(void)state;
	job_patch_record(&(struct job_patch_record){.uid = "u",
				 .outcome = "Failed",
				 .reason = "BackoffLimitExceeded",
				 .message = "it \"failed\""},
		&b);
	assert_says(buf_str(&b), "\"annotations\":{"
				 "\"promogate.dev/outcome\":\"Failed\","
				 "\"promogate.dev/reason\":\"BackoffLimitExceeded\","
				 "\"promogate.dev/message\":\"it \\\"failed\\\"\"}");
}

static void patches_hold_what_the_api_server_takes(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(4000), message = BUF_INIT(4000);
	CLEANUP(json_free_p) struct json *patch = NULL;
	struct job_patch_record r = {.uid = "u", .ttl_seconds = -1};
	const char *said;

	(void)state;
	job_patch_record(&r, &b);
	assert_says(buf_str(&b), "{\"ttlSecondsAfterFinished\":0}");
	r.ttl_seconds = INT64_MAX;
	buf_reset(&b);
	for (int i = 0; i < LIMIT_MESSAGE_BYTES; i++)
		(void)buf_add(&message, "€");
	r.message = buf_str(&message);
	job_patch_record(&r, &b);
	assert_says(buf_str(&b), "{\"ttlSecondsAfterFinished\":2147483647}");
	patch = parse(buf_str(&b));
	said = json_string(json_at(patch, "metadata", "annotations", "promogate.dev/message"));
	assert_int_equal(strlen(said), LIMIT_MESSAGE_BYTES / 3 * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_complete_and_failed_end_a_job),
		cmocka_unit_test(reads_what_it_is_of),
		cmocka_unit_test(reads_a_job_that_somebody_made_or_changed),
		cmocka_unit_test(patches_name_the_job_by_its_uid),
		cmocka_unit_test(a_queued_job_stays_suspended_at_its_release),
		cmocka_unit_test(reads_the_queue),
		cmocka_unit_test(a_record_says_what_happened),
		cmocka_unit_test(patches_hold_what_the_api_server_takes),
	};

	return cmocka_run_group_tests_name("jobstatus", tests, NULL, NULL);
}
