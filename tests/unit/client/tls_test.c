#include "client/api.h"

#include "base/limits.h"
#include "base/str.h"
#include "outcome.h"
#include "run/file.h"
#include "served.h"

static char *file_in(const char *name)
{
	return fixture_path(server.folder, name);
}

static char *bytes_of(const char *name)
{
	CLEANUP(free_p) char *path = file_in(name);
	struct buf b = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);
	struct err err = ERR_INIT;

	if (file_read(path, &b, &err) < 0)
		fail_msg("%s", err.msg);
	return buf_steal(&b);
}

/* 0 and what the server saw of its client, or -1. */
static int who(const struct credentials *c, struct json **ret, struct err *err)
{
	static const struct api_options options = {.user_agent = "promogate-test/1"};
	CLEANUP(api_free_p) struct api *api = NULL;

	if (api_new(c, &options, &api, err) < 0)
		return -1;
	return outcome_get(api, "/who", ret, err);
}

static void expect_who(const struct credentials *c, const char *cn)
{
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;
	const char *version;

	if (who(c, &j, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(json_string(json_get(j, "cn")), cn);
	version = json_string(json_get(j, "version"));
	assert_true(str_eq(version, "TLSv1.3") || str_eq(version, "TLSv1.2"));
	assert_string_equal(json_string(json_get(j, "host")), server.url + strlen("https://"));
}

static void expect_failure(const struct credentials *c, const char *says)
{
	CLEANUP(json_free_p) struct json *j = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(who(c, &j, &err), -1);
	assert_true(err.kind == ERR_IO || err.kind == ERR_AUTH);
	assert_says(err.msg, says);
}

static void takes_certificates_as_bytes(void **state)
{
	struct credentials c = {.server = server.url};

	(void)state;
	c.ca.data = bytes_of("ca.crt");
	expect_who(&c, "");
	c.cert.data = bytes_of("client.crt");
	c.key.data = bytes_of("client.key");
	expect_who(&c, "test-client");
	pem_release(&c.ca);
	pem_release(&c.cert);
	pem_release(&c.key);
}

static void takes_certificates_in_files(void **state)
{
	struct credentials c = {.server = server.url};

	(void)state;
	c.ca.file = file_in("ca.crt");
	c.cert.file = file_in("client.crt");
	c.key.file = file_in("client.key");
	expect_who(&c, "test-client");
	pem_release(&c.ca);
	pem_release(&c.cert);
	pem_release(&c.key);
}

static void trusts_the_given_ca_alone(void **state)
{
	struct credentials c = {.server = server.url};

	(void)state;
	/* None given: the system's, which never heard of it. */
	expect_failure(&c, "certificate");
	c.ca.data = bytes_of("other-ca.crt");
	expect_failure(&c, "certificate");
	pem_release(&c.ca);
	c.insecure = true;
	expect_who(&c, "");
}

static void checks_the_servers_name(void **state)
{
	CLEANUP(free_p) char *good = xstrdup("api.test");
	CLEANUP(free_p) char *bad = xstrdup("other.test");
	struct credentials c = {.server = server.url};

	(void)state;
	c.ca.data = bytes_of("ca.crt");
	c.tls_server_name = good;
	expect_who(&c, "");
	c.tls_server_name = bad;
	expect_failure(&c, "other.test");
	pem_release(&c.ca);
}

static void refuses_a_key_that_does_not_fit(void **state)
{
	struct credentials c = {.server = server.url};

	(void)state;
	c.ca.data = bytes_of("ca.crt");
	c.cert.data = bytes_of("client.crt");
	c.key.data = bytes_of("server.key");
	expect_failure(&c, "/who: ");
	pem_release(&c.key);
	c.key.data = xstrdup("-----BEGIN nothing");
	expect_failure(&c, "/who: ");
	pem_release(&c.key);
	pem_release(&c.cert);
	pem_release(&c.ca);
}

static void a_rotated_certificate_serves_the_next_connection(void **state)
{
	CLEANUP(free_p) char *ca = bytes_of("ca.crt");
	CLEANUP(free_p) char *other = bytes_of("other-ca.crt");
	struct credentials c = {.server = server.url};

	(void)state;
	c.ca.file = file_in("rotated.crt");
	fixture_write(c.ca.file, other);
	expect_failure(&c, "certificate");
	fixture_write(c.ca.file, ca);
	expect_who(&c, "");
	pem_release(&c.ca);
}

static void speaks_the_protocol_of_its_url(void **state)
{
	CLEANUP(free_p) char *plain = xasprintf("http%s", server.url + strlen("https"));
	struct credentials c = {.server = plain};

	(void)state;
	expect_failure(&c, "/who: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_certificates_as_bytes),
		cmocka_unit_test(takes_certificates_in_files),
		cmocka_unit_test(trusts_the_given_ca_alone),
		cmocka_unit_test(checks_the_servers_name),
		cmocka_unit_test(refuses_a_key_that_does_not_fit),
		cmocka_unit_test(a_rotated_certificate_serves_the_next_connection),
		cmocka_unit_test(speaks_the_protocol_of_its_url),
	};

	return served_run_tls("tls", tests);
}
