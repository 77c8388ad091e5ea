#include "client/credentials.h"

#include "base/base64.h"
#include "fixture.h"

static char folder[64];

#define PEM   "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
#define PEM64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

static char *write_file(const char *name, const char *text)
{
	char *path = fixture_path(folder, name);

	fixture_write(path, text);
	return path;
}

static const char good[] = "apiVersion: v1\n"
			   "kind: Config\n"
			   "current-context: one\n"
			   "contexts:\n"
			   "- name: one\n"
			   "  context: {cluster: a, user: files, namespace: ns}\n"
			   "- name: two\n"
			   "  context: {cluster: b, user: data}\n"
			   "- {name: three, context: {cluster: plain, user: data}}\n"
			   "- {name: five, context: {cluster: plain, user: files}}\n"
			   "- {name: four, context: {cluster: c}}\n"
			   "clusters:\n"
			   "- name: a\n"
			   "  cluster:\n"
			   "    server: https://a.test:6443\n"
			   "    certificate-authority: sub/ca.crt\n"
			   "- name: b\n"
			   "  cluster:\n"
			   "    server: https://[::1]:6443/prefix/\n"
			   "    certificate-authority-data: " PEM64 "\n"
			   "    tls-server-name: b.test\n"
			   "- {name: c, cluster: {server: https://c.test, "
			   "insecure-skip-tls-verify: true}}\n"
			   "- name: plain\n"
			   "  cluster: {server: http://127.0.0.1:8001, "
			   "certificate-authority: sub/ca.crt}\n"
			   "users:\n"
			   "- name: files\n"
			   "  user: {tokenFile: token, token: stale, exec: null, as-groups: []}\n"
			   "- name: data\n"
			   "  user:\n"
			   "    client-certificate-data: " PEM64 "\n"
			   "    client-key: sub/ca.crt\n";

static int make_folder(void **state)
{
	CLEANUP(free_p) char *sub = NULL, *a = NULL, *b = NULL;

	(void)state;
	fixture_folder(folder);
	sub = fixture_path(folder, "sub");
	assert_int_equal(mkdir(sub, 0700), 0);
	a = write_file("sub/ca.crt", PEM);
	b = write_file("good", good);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	fixture_remove_folder(folder);
	return 0;
}

static void reads_a_context_with_files(void **state)
{
	CLEANUP(credentials_release) struct credentials c = CREDENTIALS_INIT;
	CLEANUP(free_p) char *path = fixture_path(folder, "good");
	CLEANUP(free_p) char *ca = fixture_path(folder, "sub/ca.crt");
	CLEANUP(free_p) char *token = fixture_path(folder, "token");
	struct err err = ERR_INIT;

	(void)state;
	if (credentials_from_kubeconfig(path, NULL, &c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(c.server, "https://a.test:6443");
	assert_string_equal(c.ca.file, ca);
	assert_null(c.ca.data);
	assert_string_equal(c.token_file, token);
	assert_string_equal(c.token, "stale");
	assert_string_equal(c.namespace, "ns");
	assert_null(c.tls_server_name);
	assert_false(c.insecure);
	assert_says(c.source, "/good, context one");
}

static void reads_a_context_with_data(void **state)
{
	CLEANUP(credentials_release) struct credentials c = CREDENTIALS_INIT;
	CLEANUP(free_p) char *path = fixture_path(folder, "good");
	struct err err = ERR_INIT;

	(void)state;
	if (credentials_from_kubeconfig(path, "two", &c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(c.server, "https://[::1]:6443/prefix");
	assert_string_equal(c.ca.data, PEM);
	assert_string_equal(c.cert.data, PEM);
	assert_non_null(c.key.file);
	assert_string_equal(c.tls_server_name, "b.test");
	assert_string_equal(c.namespace, "default");
	assert_null(c.token);
}

static void keeps_no_secret_for_plain_http(void **state)
{
	/* A user with a certificate, and one with a token and a file that has one. */
	static const char *const contexts[] = {"three", "five"};
	CLEANUP(free_p) char *path = fixture_path(folder, "good");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
		CLEANUP(credentials_release) struct credentials c = CREDENTIALS_INIT;
		struct err err = ERR_INIT;

		if (credentials_from_kubeconfig(path, contexts[i], &c, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(c.server, "http://127.0.0.1:8001");
		assert_false(pem_given(&c.ca));
		assert_false(pem_given(&c.cert));
		assert_false(pem_given(&c.key));
		assert_null(c.token);
		assert_null(c.token_file);
	}
}

static void reads_a_context_without_a_user(void **state)
{
	CLEANUP(credentials_release) struct credentials c = CREDENTIALS_INIT;
	CLEANUP(free_p) char *path = fixture_path(folder, "good");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(credentials_from_kubeconfig(path, "four", &c, &err), 0);
	assert_true(c.insecure);
}

/* The fault, in an otherwise valid file; always in line 6 or 8. */
static char *broken(const char *cluster, const char *user)
{
	return xasprintf("current-context: x\n"
			 "contexts: [{name: x, context: {cluster: a, user: u}}]\n"
			 "clusters:\n"
			 "- name: a\n"
			 "  cluster:\n"
			 "    %s\n"
			 "users:\n"
			 "- {name: u, user: {%s}}\n",
		cluster, user);
}

static void says_what_can_not_be_followed(void **state)
{
	static const struct {
		const char *cluster, *user, *says;
	} rows[] = {
		{"server: https://a", "exec: {command: aws}",
			"line 8: user \"u\": exec: exec plugins are not supported; use a token"},
		{"server: https://a", "auth-provider: {name: gcp}",
			"line 8: user \"u\": auth-provider: auth providers are not supported"},
		{"server: https://a", "username: me, password: no",
			"line 8: user \"u\": username: "},
		{"server: https://a", "password: no", "line 8: user \"u\": password: "},
		{"server: https://a", "as: admin", "user \"u\": as: impersonation"},
		{"server: https://a", "as-groups: [a]", "user \"u\": as-groups: impersonation"},
		{"server: https://a", "client-certificate-data: " PEM64,
			"line 8: user \"u\": a client certificate needs its key, and a key its certificate"},
		{"server: https://a", "client-key-data: AA", "client-key-data: not valid base64"},
		{"server: https://a", "client-key-data: AAAA", "client-key-data: not PEM data"},
		{"server: https://a", "client-key: missing", "client-key: opening "},
		{"server: https://a", "token: 123",
			"token: must be a string, not a number; quote it"},
		{"{server: https://a, certificate-authority: sub/ca.crt, "
		 "certificate-authority-data: AA==}",
			"", "line 6: cluster \"a\": both certificate-authority and "},
		{"{server: https://a, proxy-url: http://p}", "",
			"line 6: cluster \"a\": proxy-url: proxies are not supported"},
		{"{server: https://a, insecure-skip-tls-verify: true, certificate-authority: "
		 "sub/ca.crt}",
			"",
			"insecure-skip-tls-verify and a certificate-authority are both set; remove one"},
		{"{server: https://a, insecure-skip-tls-verify: 'yes'}", "",
			"insecure-skip-tls-verify: must be true or false"},
		{"server: a.test", "",
			"line 6: cluster \"a\": server: must be https://HOST:PORT, not "},
		{"server: https://", "", "server: must be https://"},
		{"server: https://u@a", "", "server: must be https://"},
		{"server: 'https://a?b'", "", "server: must be https://"},
		{"tls-server-name: x", "", "server: must be https://HOST:PORT, not \"\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *text = broken(rows[i].cluster, rows[i].user);
		CLEANUP(free_p) char *path = write_file("broken", text);
		struct credentials c = CREDENTIALS_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(credentials_from_kubeconfig(path, NULL, &c, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_says(err.msg, rows[i].says);
		assert_says(err.msg, "/broken line ");
		assert_null(c.server);
	}
}

static void says_what_is_missing(void **state)
{
	static const struct {
		const char *text, *context, *says;
		enum err_kind kind;
	} rows[] = {
		{"{}", NULL, "no current-context", ERR_INVALID},
		{"current-context: ''", NULL, "no current-context", ERR_INVALID},
		{"{}", "x", "no context \"x\"", ERR_INVALID},
		{"contexts: [{name: x}]", "x", "context \"x\": no entries in \"context\"",
			ERR_INVALID},
		{"contexts: [{name: x, context: {user: u}}]", "x", "cluster: required",
			ERR_INVALID},
		{"contexts: [{name: x, context: {cluster: a}}]", "x", "context \"x\": kubeconfig ",
			ERR_INVALID},
		{"contexts: [{name: x, context: {cluster: a}}]", "x", "no cluster \"a\"",
			ERR_INVALID},
		{"contexts: [{name: x, context: {cluster: a, user: u}}]\n"
		 "clusters: [{name: a, cluster: {server: https://a}}]",
			"x", "no user \"u\"", ERR_INVALID},
		{"a: b: c", "x", "line 1: mapping values are not allowed", ERR_INVALID},
		{"- a", "x", "not a mapping", ERR_INVALID},
		{"", "x", "no YAML document", ERR_INVALID},
		{"users: 5\ncontexts: {a: b}", "x", "no context \"x\"", ERR_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(free_p) char *path = write_file("missing", rows[i].text);
		struct credentials c = CREDENTIALS_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(credentials_from_kubeconfig(path, rows[i].context, &c, &err), -1);
		assert_int_equal(err.kind, rows[i].kind);
		assert_says(err.msg, rows[i].says);
	}
}

static void merges_files_the_first_wins(void **state)
{
	CLEANUP(credentials_release) struct credentials c = CREDENTIALS_INIT;
	CLEANUP(free_p)
	char *a = write_file("merge-a",
		"current-context: ''\n"
		"contexts: [{name: x, context: {cluster: a, user: u, namespace: first}}]\n"
		"users: [{name: u, user: {token: first}}]\n");
	CLEANUP(free_p)
	char *b = write_file("merge-b",
		"current-context: x\n"
		"contexts: [{name: x, context: {cluster: z, namespace: second}}]\n"
		"users: [{name: u, user: {token: second, exec: {command: c}}}]\n"
		"clusters: [{name: a, cluster: {server: https://a}}]\n");
	CLEANUP(free_p) char *paths = xasprintf("%s/none:%s::%s", folder, a, b);
	CLEANUP(free_p) char *none = xasprintf("%s/none:%s/neither", folder, folder);
	struct err err = ERR_INIT;

	(void)state;
	if (credentials_from_kubeconfig(paths, NULL, &c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(c.server, "https://a");
	assert_string_equal(c.token, "first");
	assert_string_equal(c.namespace, "first");
	assert_int_equal(credentials_from_kubeconfig(none, NULL, &c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(credentials_from_kubeconfig("", NULL, &c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void set_env(const char *name, const char *value)
{
	assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void reads_a_service_account(void **state)
{
	CLEANUP(free_p) char *account = fixture_path(folder, "account");
	CLEANUP(credentials_release) struct credentials c = CREDENTIALS_INIT;
	CLEANUP(free_p) char *token = NULL, *ca = NULL, *namespace = NULL;
	struct err err = ERR_INIT;

	(void)state;
	set_env("KUBERNETES_SERVICE_HOST", NULL);
	set_env("KUBERNETES_SERVICE_PORT", "443");
	assert_int_equal(credentials_in_cluster(account, &c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	set_env("KUBERNETES_SERVICE_HOST", "fd00::1");
	assert_int_equal(credentials_in_cluster(account, &c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_says(err.msg, "no service account token");

	assert_int_equal(mkdir(account, 0700), 0);
	token = write_file("account/token", "t");
	assert_int_equal(credentials_in_cluster(account, &c, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_says(err.msg, "ca.crt");
	ca = write_file("account/ca.crt", PEM);
	namespace = write_file("account/namespace", "keptn-system\n");
	if (credentials_in_cluster(account, &c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(c.server, "https://[fd00::1]:443");
	assert_string_equal(c.token_file, token);
	assert_string_equal(c.ca.file, ca);
	assert_string_equal(c.namespace, "keptn-system");
	assert_null(c.token);
	set_env("KUBERNETES_SERVICE_HOST", NULL);
}

static void uses_the_first_that_exists(void **state)
{
	CLEANUP(free_p) char *good_path = fixture_path(folder, "good");
	CLEANUP(free_p) char *kube = fixture_path(folder, ".kube");
	CLEANUP(free_p) char *home_config = NULL;
	struct credentials c = CREDENTIALS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	set_env("KUBECONFIG", NULL);
	set_env("HOME", folder);
	assert_int_equal(credentials_find(NULL, NULL, &c, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_says(err.msg, "use --kubeconfig, set KUBECONFIG, or run in a pod");

	assert_int_equal(mkdir(kube, 0700), 0);
	home_config = write_file(".kube/config",
		"current-context: x\n"
		"contexts: [{name: x, context: {cluster: a}}]\n"
		"clusters: [{name: a, cluster: {server: https://home}}]\n");
	assert_int_equal(credentials_find(NULL, NULL, &c, &err), 0);
	assert_string_equal(c.server, "https://home");
	credentials_release(&c);

	set_env("KUBECONFIG", good_path);
	assert_int_equal(credentials_find("", "", &c, &err), 0);
	assert_string_equal(c.server, "https://a.test:6443");
	credentials_release(&c);

	assert_int_equal(credentials_find(home_config, NULL, &c, &err), 0);
	assert_string_equal(c.server, "https://home");
	credentials_release(&c);

	set_env("KUBECONFIG", "/nowhere");
	assert_int_equal(credentials_find(NULL, NULL, &c, &err), -1);
	assert_says(err.msg, "/nowhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_context_with_files),
		cmocka_unit_test(reads_a_context_with_data),
		cmocka_unit_test(keeps_no_secret_for_plain_http),
		cmocka_unit_test(reads_a_context_without_a_user),
		cmocka_unit_test(says_what_can_not_be_followed),
		cmocka_unit_test(says_what_is_missing),
		cmocka_unit_test(merges_files_the_first_wins),
		cmocka_unit_test(reads_a_service_account),
		cmocka_unit_test(uses_the_first_that_exists),
	};

	return cmocka_run_group_tests_name("credentials", tests, make_folder, remove_folder);
}
