#include "reconciler/api_requests.h"

#include "fake_env.h"

#define VERSION_PATH "/apis/lifecycle.keptn.sh/v1/namespaces/dev/keptnappversions/v"
#define JOB_PATH     "/apis/batch/v1/namespaces/dev/jobs/a-1-bcdfghjk"
#define MERGE        "application/merge-patch+json"
#define RV           "9007199254740993" /* not exact as a double */

static const struct appversion version = {.view = {.name = "v", .uid = "u", .resource_version = RV},
	.namespace = "dev",
	.app = "app"};
static const struct promotion_job job = {
	.view = {.name = "a-1-bcdfghjk", .uid = "ju", .task = "a", .outcome = VIEW_COMPLETE},
	.namespace = "dev",
	.reason = "",
	.message = "",
	.ttl_seconds = 60};

/* --- what each makes of them ------------------------------------------------------------------ */

static void deprecate(struct kube_request *c)
{
	kube_request_status_patch(c, &version, VIEW_DEPRECATED, NULL, 0, 1795482123004);
}

static void commit(struct kube_request *c)
{
	const struct plan_change change = {"a", "a-1-bcdfghjk", VIEW_PROGRESSING, PLAN_NO_REASON};

	kube_request_status_patch(c, &version, VIEW_PROGRESSING, &change, 1, 1795482123004);
}

static void supersede(struct kube_request *c)
{
	kube_request_annotate(c, &version, &(struct statuspatch_notes){.superseded_by = "w"});
}

static void claim(struct kube_request *c)
{
	kube_request_claim(c, &version, 9007199254740993, 8);
}

static void unsuspend(struct kube_request *c)
{
	kube_request_unsuspend(c, &job);
}

static void set_ttl(struct kube_request *c)
{
	kube_request_set_ttl(c, &job);
}

static void adopt(struct kube_request *c)
{
	kube_request_adopt(c, &version, "a-1-bcdfghjk");
}

static void delete(struct kube_request *c)
{
	kube_request_delete(c, "dev", "a-1-bcdfghjk", "ju");
}

static void get_job(struct kube_request *c)
{
	c->url = url_of_jobs("dev", "a-1-bcdfghjk");
}

static void create_job(struct kube_request *c)
{
	c->method = "POST";
	c->url = url_of_jobs("dev", NULL);
}

static void get_config_map(struct kube_request *c)
{
	c->url = url_of_config_map("dev", "a-1-bcdfghjk");
}

static void ignore(void *ctx, const struct api_response *response, const struct err *err)
{
	(void)ctx;
	(void)response;
	(void)err;
}

static void each_has_its_method_path_and_body(void **state)
{
	static const struct {
		void (*make)(struct kube_request *c);
		const char *method, *path, *type, *body;
	} rows[] = {
		{deprecate, "PATCH", VERSION_PATH "/status", MERGE,
			"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"" RV "\"},"
			"\"status\":{\"promotionStatus\":\"Deprecated\"}}"},
		{commit, "PATCH", VERSION_PATH "/status", MERGE,
			"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"" RV "\"},"
			"\"status\":{\"promotionTaskStatus\":[{\"definitionName\":\"a\","
			"\"status\":\"Progressing\",\"name\":\"a-1-bcdfghjk\","
			"\"startTime\":\"2026-11-24T01:02:03Z\"}],"
			"\"promotionStatus\":\"Progressing\","
			"\"currentPhase\":\"PromotionTasks\",\"status\":\"Progressing\"}}"},
		{supersede, "PATCH", VERSION_PATH, MERGE,
			"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"" RV "\","
			"\"annotations\":{\"promogate.dev/superseded-by\":\"w\"}}}"},
		{claim, "PATCH", VERSION_PATH, MERGE,
			"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"" RV "\","
			"\"annotations\":{\"promogate.dev/claim\":\"9007199254740993-8\"}}}"},
		{unsuspend, "PATCH", JOB_PATH, MERGE,
			"{\"metadata\":{\"uid\":\"ju\","
			"\"annotations\":{\"promogate.dev/released\":\"true\"}},"
			"\"spec\":{\"suspend\":false,\"parallelism\":1,"
			"\"ttlSecondsAfterFinished\":null}}"},
		{set_ttl, "PATCH", JOB_PATH, MERGE,
			"{\"metadata\":{\"uid\":\"ju\",\"annotations\":{"
			"\"promogate.dev/outcome\":\"Succeeded\"}},"
			"\"spec\":{\"ttlSecondsAfterFinished\":60}}"},
		{adopt, "PATCH", JOB_PATH, MERGE,
			"{\"metadata\":{\"labels\":{"
			"\"app.kubernetes.io/managed-by\":\"promogate\"}}}"},
		{delete, "DELETE", JOB_PATH, NULL,
			"{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
			"\"propagationPolicy\":\"Background\","
			"\"preconditions\":{\"uid\":\"ju\"}}"},
		{get_job, "GET", JOB_PATH, NULL, ""},
		{create_job, "POST", "/apis/batch/v1/namespaces/dev/jobs", NULL, ""},
		{get_config_map, "GET", "/api/v1/namespaces/dev/configmaps/a-1-bcdfghjk", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(kube_request_release) struct kube_request c = KUBE_REQUEST_INIT;
		struct fake_env fake;

		fake_env_init(&fake);
		rows[i].make(&c);
		kube_request_send(&fake.env, &c, ignore, NULL);
		(void)fake_expect(&fake, rows[i].method, rows[i].path);
		assert_string_equal(fake.first->body, rows[i].body);
		assert_int_equal(c.content_type == NULL, rows[i].type == NULL);
		if (rows[i].type)
			assert_string_equal(c.content_type, rows[i].type);
		fake_env_release(&fake);
	}
}

/* --- responses -------------------------------------------------------------------------------- */

static struct api_response response_of(const char *body)
{
	return (struct api_response){.status = 200, .body = body, .len = strlen(body)};
}

static void resource_versions_are_64_bits(void **state)
{
	static const struct {
		const char *body;
		uint64_t want;
	} rows[] = {
		{"{\"metadata\":{\"resourceVersion\":\"7\"}}", 7},
		{"{\"metadata\":{\"resourceVersion\":\"2147483648\"}}", 2147483648},
		{"{\"metadata\":{\"resourceVersion\":\"4294967296\"}}", 4294967296},
		{"{\"metadata\":{\"resourceVersion\":\"" RV "\"}}", 9007199254740993},
		{"{\"metadata\":{\"resourceVersion\":\"9223372036854775807\"}}", INT64_MAX},
		{"{\"metadata\":{\"resourceVersion\":\"9223372036854775808\"}}", 0},
		{"{\"metadata\":{\"resourceVersion\":\"-7\"}}", 0},
		{"{\"metadata\":{\"resourceVersion\":\"v7\"}}", 0},
		{"{\"metadata\":{\"resourceVersion\":7}}", 0},
		{"{}", 0},
		{"oops", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct api_response response = response_of(rows[i].body);
		CLEANUP(json_free_p) struct json *object = response_object(&response);

		assert_true(object_resource_version(object) == rows[i].want);
	}
}

#define LABEL   "\"labels\":{\"app.kubernetes.io/managed-by\":\"promogate\"}"
#define OTHER   "\"labels\":{\"app.kubernetes.io/managed-by\":\"helm\"}"
#define OWNER   "\"ownerReferences\":[{\"uid\":\"x\"},{\"uid\":\"u\"}]"
#define FOREIGN "\"ownerReferences\":[{\"uid\":\"x\"}]"

static void a_job_without_its_label_is_a_stray(void **state)
{
	static const struct {
		const char *body;
		bool stray, owned;
	} rows[] = {
		{"{\"metadata\":{" LABEL "," OWNER "}}", false, true},
		{"{\"metadata\":{" OWNER "}}", true, true},
		{"{\"metadata\":{" OTHER "," OWNER "}}", true, true},
		{"{\"metadata\":{" LABEL "}}", false, false},
		{"{\"metadata\":{" LABEL "," FOREIGN "}}", false, false},
		{"{\"metadata\":{}}", true, false},
		{"oops", false, false}, /* a reply that is not understood says nothing */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct api_response response = response_of(rows[i].body);
		CLEANUP(json_free_p) struct json *object = response_object(&response);

		assert_int_equal(job_is_stray(object), rows[i].stray);
		assert_int_equal(response_owner_is(&response, "u"), rows[i].owned);
	}
}

#define OF(id)                                                                                     \
	"\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"env\":[{\"name\":\"PROMOGATE_ID\","  \
	"\"value\":\"" id "\"}]}]}}}"

/* Somebody has deleted the Job of a task, and created another one of its name. */
static void a_job_of_another_task_is_told_apart_by_its_id(void **state)
{
	static const struct {
		const char *body;
		bool other;
	} rows[] = {
		{"{\"metadata\":{\"name\":\"a-1-x\",\"uid\":\"1\"}," OF("u/a") "}", false},
		{"{\"metadata\":{\"name\":\"a-1-x\",\"uid\":\"1\"}," OF("u/b") "}", true},
		{"{\"metadata\":{\"name\":\"a-1-x\",\"uid\":\"1\"}," OF("v/a") "}", true},
		{"{\"metadata\":{\"name\":\"a-1-x\",\"uid\":\"1\"}}", true},
		{"{\"metadata\":{\"name\":\"a-1-y\",\"uid\":\"1\"}}", false},
		{"{\"metadata\":{\"name\":\"a-1-x\"}}", false},
		{"{}", false},
		{"oops", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct api_response response = response_of(rows[i].body);
		CLEANUP(json_free_p) struct json *object = response_object(&response);

		assert_int_equal(job_is_other(object, "a-1-x", "u", "a"), rows[i].other);
	}
}

/* Each retry has another name; the message must be the same. */
static void leaves_the_name_of_the_job_out_of_an_error(void **state)
{
	static const struct {
		const char *msg;
		int http_status;
		const char *name, *want;
	} rows[] = {
		{"POST https://x/jobs: jobs.batch \"a-1-x\" is forbidden: quota, a-1-x", 403,
			"a-1-x", "jobs.batch \"a\" is forbidden: quota, a"},
		{"\"a\": no definition", 0, "a-1-x", "\"a\": no definition"},
		{"no", 0, "", "no"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		CLEANUP(free_p) char *text = NULL;

		(void)err_set(&err, ERR_FORBIDDEN, "%s", rows[i].msg);
		err.http_status = rows[i].http_status;
		text = refusal_text(&err, rows[i].name, "a");
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_method_path_and_body),
		cmocka_unit_test(resource_versions_are_64_bits),
		cmocka_unit_test(a_job_without_its_label_is_a_stray),
		cmocka_unit_test(a_job_of_another_task_is_told_apart_by_its_id),
		cmocka_unit_test(leaves_the_name_of_the_job_out_of_an_error),
	};

	return cmocka_run_group_tests_name("api_requests", tests, NULL, NULL);
}
