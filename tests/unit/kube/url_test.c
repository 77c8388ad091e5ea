#include "kube/url.h"

#include "base/mem.h"
#include "unit.h"

static void builds_the_paths_of_the_api(void **state)
{
	static const struct {
		struct url url;
		const char *path;
	} rows[] = {
		{{.version = "v1", .resource = "namespaces"}, "/api/v1/namespaces"},
		{{.version = "v1", .resource = "namespaces", .name = "a"}, "/api/v1/namespaces/a"},
		{{.version = "v1", .namespace = "a", .resource = "secrets", .name = "b"},
			"/api/v1/namespaces/a/secrets/b"},
		{{.group = "batch", .version = "v1", .resource = "jobs"}, "/apis/batch/v1/jobs"},
		{{.group = "batch", .version = "v1", .namespace = "", .resource = "jobs"},
			"/apis/batch/v1/jobs"},
		{{.group = "lifecycle.keptn.sh",
			 .version = "v1",
			 .namespace = "a",
			 .resource = "keptnappversions",
			 .name = "b",
			 .subresource = "status"},
			"/apis/lifecycle.keptn.sh/v1/namespaces/a/keptnappversions/b/status"},
		{{.version = "v1", .namespace = "a?b#c d\xc3\xa9", .resource = "pods"},
			"/api/v1/namespaces/a%3Fb%23c%20d%C3%A9/pods"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(1000);
		struct err err = ERR_INIT;

		assert_int_equal(url_add(&b, &rows[i].url, &err), 0);
		assert_string_equal(buf_str(&b), rows[i].path);
	}
}

static void rejects_what_would_change_the_path(void **state)
{
	static const struct {
		struct url url;
		const char *says;
	} rows[] = {
		{{.version = "v1", .namespace = "..", .resource = "pods"}, "\"..\" is not valid"},
		{{.version = "v1", .resource = "pods", .name = "."}, "\".\" is not valid"},
		{{.version = "v1", .resource = "pods", .name = "a/b"}, "\"a/b\" is not valid"},
		{{.version = "v1", .resource = "pods", .name = "a%2fb"}, "\"a%2fb\" is not valid"},
		{{.version = "v1"}, "needs a version and a resource"},
		{{.resource = "pods"}, "needs a version and a resource"},
		{{.version = "v1", .resource = "pods", .subresource = "log"},
			"\"log\" needs a name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(1000);
		struct err err = ERR_INIT;

		assert_int_equal(url_add(&b, &rows[i].url, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_says(err.msg, rows[i].says);
	}
}

static void keeps_to_the_maximum(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(10);
	struct url u = {.version = "v1", .resource = "namespaces"};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(url_add(&b, &u, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void escapes_values_of_a_query(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	(void)state;
	(void)buf_add(&b, "/api/v1/pods");
	url_add_query(&b, "labelSelector", "a=b,c in (d)");
	url_add_query_int(&b, "limit", 100);
	url_add_query(&b, "continue", "a+b/c==");
	assert_string_equal(buf_str(&b),
		"/api/v1/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=100"
		"&continue=a%2Bb%2Fc%3D%3D");
}

static void knows_the_collection_of_a_path(void **state)
{
	static const struct {
		const char *path, *collection;
	} rows[] = {
		{"/api/v1/namespaces", "/api/v1/namespaces"},
		{"/api/v1/namespaces?limit=1", "/api/v1/namespaces"},
		{"/api/v1/namespaces/a", "/api/v1/namespaces"},
		{"/api/v1/namespaces/a/secrets", "/api/v1/namespaces/a/secrets"},
		{"/api/v1/namespaces/a/secrets?x=/y", "/api/v1/namespaces/a/secrets"},
		{"/api/v1/namespaces/a/secrets/b", "/api/v1/namespaces/a/secrets"},
		{"/apis/batch/v1/jobs?watch=true", "/apis/batch/v1/jobs"},
		{"/apis/batch/v1/namespaces/a/jobs/b/status?x", "/apis/batch/v1/namespaces/a/jobs"},
		{"/apis", "/apis"},
		{"/apis/batch/v1", "/apis/batch/v1"},
		{"/api/v1?x", "/api/v1"},
		{"/ok?a=b", "/ok"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p)
		char *got = xstrndup(rows[i].path, url_collection_len(rows[i].path));

		assert_string_equal(got, rows[i].collection);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_the_paths_of_the_api),
		cmocka_unit_test(rejects_what_would_change_the_path),
		cmocka_unit_test(keeps_to_the_maximum),
		cmocka_unit_test(escapes_values_of_a_query),
		cmocka_unit_test(knows_the_collection_of_a_path),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
