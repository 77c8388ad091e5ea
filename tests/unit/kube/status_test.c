#include "kube/status.h"

#include <string.h>

#include "base/limits.h"
#include "unit.h"

#define JOB "/apis/batch/v1/namespaces/ns/jobs/a"
#define NOT_FOUND(details)                                                                         \
	"{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"m\",\"details\":{" details "}}"
#define OF(kind, name) "\"kind\":\"" kind "\",\"name\":\"" name "\""
#define STATUS(reason, message)                                                                    \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"" reason   \
	"\",\"message\":\"" message "\"}"

#define CAUSES(one, two)                                                                               \
	"{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"m\",\"details\":{\"causes\":[{" one \
	"},{" two "}]}}"
/* As the API server answers a create there. */
#define TERMINATING(cause)                                                                            \
	"{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"events \\\"e\\\" is forbidden: " \
	"unable to create new content in namespace ns because it is being terminated\","              \
	"\"details\":{\"causes\":[{\"reason\":\"Other\"},{\"reason\":\"" cause "\"}]}}"

static void the_reason_decides_the_kind(void **state)
{
	static const struct {
		int code;
		const char *body;
		enum err_kind kind;
		const char *says;
	} rows[] = {
		{404, NOT_FOUND(OF("jobs", "a")), ERR_NOT_FOUND, "NotFound: m"},
		{409, STATUS("AlreadyExists", "m"), ERR_EXISTS, "AlreadyExists: m"},
		{409, STATUS("Conflict", "m"), ERR_CONFLICT, "Conflict: m"},
		{410, STATUS("Expired", "m"), ERR_GONE, "Expired: m"},
		{410, STATUS("Gone", "m"), ERR_GONE, "Gone: m"},
		{403, STATUS("Forbidden", "User \\\"u\\\" cannot list"), ERR_FORBIDDEN,
			"cannot list"},
		{403, STATUS("Forbidden", "jobs \\\"a\\\" is forbidden: exceeded quota: q, used"),
			ERR_QUOTA, "exceeded quota"},
		{403, STATUS("Forbidden", "is forbidden: status unknown for quota: q"), ERR_QUOTA,
			"unknown"},
		{403, STATUS("Forbidden", "failed quota: q: must specify cpu"), ERR_FORBIDDEN,
			"must"},
		{403, TERMINATING("NamespaceTerminating"), ERR_TERMINATING, "being terminated"},
		{403, TERMINATING("SomethingElse"), ERR_FORBIDDEN, "being terminated"},
		{401, STATUS("Unauthorized", "Unauthorized"), ERR_AUTH, "Unauthorized"},
		{422, STATUS("Invalid", "m"), ERR_INVALID, "Invalid: m"},
		{400, STATUS("BadRequest", "m"), ERR_INVALID, "BadRequest: m"},
		{422, CAUSES("\"field\":\"spec.a\"", "\"field\":\"spec.b\""), ERR_INVALID, "m"},
		{422, CAUSES("\"field\":\"spec.a\"", "\"message\":\"m\""), ERR_FORBIDDEN, "m"},
		{422, STATUS("Invalid", "admission webhook \\\"w\\\" denied the request: no"),
			ERR_FORBIDDEN, "denied"},
		{400, STATUS("BadRequest", "admission webhook \\\"w\\\" denied the request"),
			ERR_FORBIDDEN, "denied"},
		{413, STATUS("RequestEntityTooLarge", "admission webhook \\\"w\\\" denied it"),
			ERR_FORBIDDEN, "denied"},
		{409, STATUS("Conflict", "admission webhook \\\"w\\\" denied it"), ERR_CONFLICT,
			"denied"},
		{429, STATUS("TooManyRequests", "m"), ERR_THROTTLED, "m"},
		{413, STATUS("RequestEntityTooLarge", "m"), ERR_TOO_LARGE, "m"},
		{500, STATUS("ServerTimeout", "m"), ERR_TIMEOUT, "m"},
		{504, STATUS("Timeout", "m"), ERR_TIMEOUT, "m"},
		{500, STATUS("InternalError", "m"), ERR_IO, "m"},
		{503, STATUS("ServiceUnavailable", "m"), ERR_IO, "m"},
		{409, STATUS("SomethingNew", "m"), ERR_CONFLICT, "SomethingNew: m"},
		{404, STATUS("", "m"), ERR_NOT_SERVED, "unknown reason: m"},
		{404, "404 page not found\n", ERR_NOT_SERVED, "not a Status: 404 page not found"},
		{410, "", ERR_GONE, "not a Status"},
		{502, "<html>\x1b[31m", ERR_IO, "not a Status: <html>"},
		{418, "{}", ERR_INVALID, "not a Status: {}"},
		{301, "moved", ERR_IO, "moved"},
		{408, "", ERR_TIMEOUT, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(status_error(rows[i].code, JOB, rows[i].body, strlen(rows[i].body),
					 0, &err),
			-1);
		if (err.kind != rows[i].kind)
			fail_msg("%d %s: %s", rows[i].code, rows[i].body, err_kind_name(err.kind));
		assert_int_equal(err.http_status, rows[i].code);
		assert_says(err.msg, rows[i].says);
		assert_null(strchr(err.msg, '\x1b'));
	}
}

/* A code alone, or a Status about another object, proves nothing. */
static void a_404_must_be_about_the_object_that_was_asked_for(void **state)
{
	static const struct {
		const char *path, *body;
		bool found;
	} rows[] = {
		{JOB, NOT_FOUND(OF("jobs", "a")), true},
		{JOB "?x=/y", NOT_FOUND(OF("jobs", "a")), true},
		{JOB "/status", NOT_FOUND(OF("jobs", "a")), true},
		{"/apis/batch/v1/namespaces/jobs/jobs/a", NOT_FOUND(OF("jobs", "a")), true},
		{"/apis/batch/v1/namespaces/ns/jobs", NOT_FOUND(OF("namespaces", "ns")), true},
		{JOB, NOT_FOUND(OF("jobs", "b")), false},
		{JOB, NOT_FOUND(OF("jobs", "")), false},
		{JOB "b", NOT_FOUND(OF("jobs", "a")), false},
		{JOB, NOT_FOUND(OF("jobs", "ab")), false},
		{JOB, NOT_FOUND(OF("pods", "a")), false},
		{JOB, NOT_FOUND(OF("obs", "a")), false},
		{JOB, NOT_FOUND(OF("namespaces", "ns")), false},
		{JOB, NOT_FOUND("\"kind\":\"jobs\""), false},
		{JOB, NOT_FOUND("\"name\":\"a\""), false},
		{JOB, NOT_FOUND(""), false},
		{JOB, STATUS("", "m"), false},
		{JOB,
			"{\"kind\":\"Job\",\"reason\":\"NotFound\",\"details\":{" OF(
				"jobs", "a") "}}",
			false},
		{JOB, "404 page not found\n", false},
		{JOB, "", false},
		{"/apis/batch/v1/jobs?limit=100", NOT_FOUND("\"kind\":\"jobs\""), false},
		{"/x?/jobs/a", NOT_FOUND(OF("jobs", "a")), false},
		{"", NOT_FOUND(OF("jobs", "a")), false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		(void)status_error(404, rows[i].path, rows[i].body, strlen(rows[i].body), 0, &err);
		if (err.kind != (rows[i].found ? ERR_NOT_FOUND : ERR_NOT_SERVED))
			fail_msg("%s %s: %s", rows[i].path, rows[i].body, err_kind_name(err.kind));
	}
}

static void the_longer_wait_counts(void **state)
{
	static const struct {
		unsigned header_ms;
		const char *seconds;
		unsigned want_ms;
	} rows[] = {
		{0, "0", 0},
		{1000, "0", 1000},
		{0, "2", 2000},
		{5000, "2", 5000},
		{0, "86400", LIMIT_RETRY_AFTER_MS},
		{0, "-5", 0},
		{0, "9007199254740991", LIMIT_RETRY_AFTER_MS},
		{4000000000u, "1", LIMIT_RETRY_AFTER_MS},
		{1000, "\"7\"", 1000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *body = xasprintf("{\"kind\":\"Status\",\"reason\":"
				       "\"TooManyRequests\",\"details\":"
				       "{\"retryAfterSeconds\":%s}}",
			rows[i].seconds);
		struct err err = ERR_INIT;

		(void)status_error(429, JOB, body, strlen(body), rows[i].header_ms, &err);
		assert_int_equal(err.kind, ERR_THROTTLED);
		assert_int_equal(err.retry_after_ms, rows[i].want_ms);
	}
}

static void works_without_a_callback(void **state)
{
	(void)state;
	assert_int_equal(status_error(500, "/", "", 0, 0, NULL), -1);
	assert_int_equal(status_error(500, "/", NULL, 0, 0, NULL), -1);
	assert_int_equal(status_error_json(NULL, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_decides_the_kind),
		cmocka_unit_test(a_404_must_be_about_the_object_that_was_asked_for),
		cmocka_unit_test(the_longer_wait_counts),
		cmocka_unit_test(works_without_a_callback),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
