#include "server/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "client.h"
#include "run/clock.h"
#include "run/log.h"
#include "server/server.h"
#include "testcert.h"
#include "unit.h"

static char dir[64], cert_path[128], key_path[128];
static struct testcert certs[4];

static int make_certs(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	for (size_t i = 0; i < ARRAY_SIZE(certs); i++)
		testcert_make(&certs[i], (unsigned char)(i + 1), 3600);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/promogate-tls-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(cert_path, sizeof(cert_path), "%s/tls.crt", dir);
	(void)snprintf(key_path, sizeof(key_path), "%s/tls.key", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command); /* NOLINT(cert-env33-c): a test, and our own path */
}

/*
 * --- a client that reports the serial number
 * ---------------------------------------------------------
 */

struct tls_client {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	int fd;
};

/* own: the client's certificate, or NULL. 0, or GnuTLS's error. */
static int tls_client_open_as(
	struct tls_client *c, uint16_t port, const char *priorities, const struct testcert *own)
{
	int ret;

	c->fd = client_connect(port);
	assert_int_equal(gnutls_certificate_allocate_credentials(&c->credentials), 0);
	if (own) {
		gnutls_datum_t cert = {(unsigned char *)own->cert, (unsigned)strlen(own->cert)};
		gnutls_datum_t key = {(unsigned char *)own->key, (unsigned)strlen(own->key)};

		assert_int_equal(gnutls_certificate_set_x509_key_mem(
					 c->credentials, &cert, &key, GNUTLS_X509_FMT_PEM),
			0);
	}
	assert_int_equal(gnutls_init(&c->session, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_priority_set_direct(c->session, priorities, NULL), 0);
	assert_int_equal(
		gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials), 0);
	gnutls_transport_set_int(c->session, c->fd);
	do {
		ret = gnutls_handshake(c->session);
	} while (ret < 0 && !gnutls_error_is_fatal(ret));
	return ret;
}

static int tls_client_open(struct tls_client *c, uint16_t port, const char *priorities)
{
	return tls_client_open_as(c, port, priorities, NULL);
}

static void tls_client_close(struct tls_client *c)
{
	gnutls_deinit(c->session);
	gnutls_certificate_free_credentials(c->credentials);
	(void)close(c->fd);
}

static int tls_client_serial(struct tls_client *c)
{
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(c->session, &count);
	unsigned char serial[20];
	size_t len = sizeof(serial);
	gnutls_x509_crt_t crt;

	assert_int_equal(count, 1);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, list, GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crt_get_serial(crt, serial, &len), 0);
	gnutls_x509_crt_deinit(crt);
	return serial[len - 1];
}

static void tls_client_get(struct tls_client *c)
{
	static const char get[] = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
	char text[4096];
	ssize_t n;

	assert_int_equal(gnutls_record_send(c->session, get, sizeof(get) - 1), sizeof(get) - 1);
	n = gnutls_record_recv(c->session, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	/* Headers and body are one record. */
	assert_says(text, "HTTP/1.1 404");
	assert_says(text, "\"code\":404}");
}

static int serial_now(const struct server *s)
{
	struct tls_client c;
	int serial;

	assert_int_equal(tls_client_open(&c, server_tls_port(s), "NORMAL"), 0);
	serial = tls_client_serial(&c);
	tls_client_close(&c);
	return serial;
}

static void wait_for_serial(const struct server *s, int serial)
{
	int64_t deadline = clock_mono_ms() + 30000;

	while (serial_now(s) != serial && clock_mono_ms() < deadline)
		(void)usleep(10000);
	assert_int_equal(serial_now(s), serial);
}

static struct server *start(const char *cert_file, const char *key_file)
{
	struct server_config config = {.limits = SERVER_LIMITS_INIT};
	struct err err = ERR_INIT;
	struct server *s = NULL;

	config.tls = (struct server_port){.address = "127.0.0.1:0", .threads = 2};
	config.cert_file = cert_file;
	config.key_file = key_file;
	config.cert_poll_ms = 10;
	if (server_start(&config, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

/*
 * --- tests
 * -----------------------------------------------------------------------------------------
 */

static void a_swap_leaves_connections_alone(void **state)
{
	CLEANUP(server_free_p) struct server *s = start(NULL, NULL);
	struct err err = ERR_INIT;
	struct tls_client none, old;

	(void)state;
	assert_true(tls_client_open(&none, server_tls_port(s), "NORMAL") < 0);
	tls_client_close(&none);
	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[0].key, &err), 0);
	assert_int_equal(tls_client_open(&old, server_tls_port(s), "NORMAL"), 0);
	assert_int_equal(tls_client_serial(&old), 1);
	assert_int_equal(server_set_certificate(s, certs[1].cert, certs[1].key, &err), 0);
	assert_int_equal(serial_now(s), 2);
	tls_client_get(&old);
	tls_client_get(&old);
	tls_client_close(&old);

	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[1].key, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_int_equal(server_set_certificate(s, "no", "good", &err), -1);
	assert_int_equal(serial_now(s), 2);
}

/* So that the client wakes up once for it, and the server makes one call. */
static void the_servers_flight_is_one_segment(void **state)
{
	CLEANUP(server_free_p) struct server *s = start(NULL, NULL);
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	struct err err = ERR_INIT;
	struct tls_client c;

	(void)state;
	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[0].key, &err), 0);
	assert_int_equal(
		tls_client_open(&c, server_tls_port(s), "NORMAL:-VERS-ALL:+VERS-TLS1.3"), 0);
	assert_int_equal(getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_data_segs_in, 1);
	tls_client_get(&c);
	tls_client_close(&c);
}

static int64_t cpu_ms(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static ssize_t no_answer(gnutls_transport_ptr_t ptr, void *to, size_t len)
{
	(void)ptr, (void)to, (void)len;
	errno = EAGAIN;
	return -1;
}

/* Processor time, not time: a busy machine does not matter. */
static void half_a_handshake_costs_nothing(void **state)
{
	CLEANUP(server_free_p) struct server *s = start(NULL, NULL);
	struct err err = ERR_INIT;
	struct tls_client c = {.fd = client_connect(server_tls_port(s))};
	int64_t before;

	(void)state;
	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[0].key, &err), 0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&c.credentials), 0);
	assert_int_equal(gnutls_init(&c.session, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_set_default_priority(c.session), 0);
	assert_int_equal(
		gnutls_credentials_set(c.session, GNUTLS_CRD_CERTIFICATE, c.credentials), 0);
	gnutls_transport_set_int(c.session, c.fd);
	gnutls_transport_set_pull_function(c.session, no_answer);
	assert_int_equal(gnutls_handshake(c.session), GNUTLS_E_AGAIN);
	(void)usleep(100000);
	before = cpu_ms();
	(void)usleep(1000000);
	assert_true(cpu_ms() - before < 300);
	assert_int_equal(serial_now(s), 1);
	tls_client_close(&c);
}

static void speaks_the_new_versions_only(void **state)
{
	static const struct {
		const char *priorities;
		bool works;
	} rows[] = {
		{"NORMAL:-VERS-ALL:+VERS-TLS1.3", true},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2", true},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT", false},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", false},
		{"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC", false},
	};
	CLEANUP(server_free_p) struct server *s = start(NULL, NULL);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[0].key, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tls_client c;
		int ret = tls_client_open(&c, server_tls_port(s), rows[i].priorities);

		assert_int_equal(ret == 0, rows[i].works);
		if (!ret)
			tls_client_get(&c);
		tls_client_close(&c);
	}
}

static void files_are_read_again(void **state)
{
	CLEANUP(server_free_p) struct server *s = NULL;
	char other[160];

	(void)state;
	write_file(cert_path, certs[0].cert);
	write_file(key_path, certs[0].key);
	s = start(cert_path, key_path);
	assert_int_equal(serial_now(s), 1);

	/* Written in place, the certificate first: for a moment it does not match the key. */
	write_file(cert_path, certs[1].cert);
	(void)usleep(50000);
	assert_int_equal(serial_now(s), 1);
	write_file(key_path, certs[1].key);
	wait_for_serial(s, 2);

	/* Written beside, and renamed. */
	(void)snprintf(other, sizeof(other), "%s/new", dir);
	write_file(other, certs[2].key);
	assert_int_equal(rename(other, key_path), 0);
	write_file(other, certs[2].cert);
	assert_int_equal(rename(other, cert_path), 0);
	wait_for_serial(s, 3);

	/* Gone, and back. */
	assert_int_equal(unlink(cert_path), 0);
	(void)usleep(50000);
	assert_int_equal(serial_now(s), 3);
	write_file(cert_path, certs[3].cert);
	write_file(key_path, certs[3].key);
	wait_for_serial(s, 4);
}

static void put_version(const char *name, const struct testcert *c)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/tls.crt", dir, name);
	write_file(path, c->cert);
	(void)snprintf(path, sizeof(path), "%s/%s/tls.key", dir, name);
	write_file(path, c->key);
}

static void swap_data(const char *name)
{
	char link[160], data[160];

	(void)snprintf(link, sizeof(link), "%s/..data_tmp", dir);
	(void)snprintf(data, sizeof(data), "%s/..data", dir);
	assert_int_equal(symlink(name, link), 0);
	assert_int_equal(rename(link, data), 0);
}

/* As the kubelet mounts a Secret: tls.crt -> ..data/tls.crt, ..data -> a directory. */
static void a_mounted_secret_changes(void **state)
{
	CLEANUP(server_free_p) struct server *s = NULL;

	(void)state;
	put_version("..1", &certs[0]);
	swap_data("..1");
	assert_int_equal(symlink("..data/tls.crt", cert_path), 0);
	assert_int_equal(symlink("..data/tls.key", key_path), 0);
	s = start(cert_path, key_path);
	assert_int_equal(serial_now(s), 1);
	put_version("..2", &certs[1]);
	swap_data("..2");
	wait_for_serial(s, 2);
}

static void expiry_is_known(void **state)
{
	struct tls_store store;
	struct err err = ERR_INIT;
	struct tls_pair *pair;
	gnutls_session_t session;
	int64_t now = clock_wall_ms();

	(void)state;
	tls_init(&store, NULL, NULL, NULL);
	assert_int_equal(tls_expired(&store, now), -1);
	assert_null(tls_current(&store));
	assert_int_equal(tls_set(&store, certs[0].cert, certs[0].key, &err), 0);
	assert_int_equal(tls_expired(&store, now), 0);
	assert_int_equal(tls_expired(&store, now + 3600 * 1000 + 1000), 1);
	/* A minute is left: its Service needs some of it. */
	assert_int_equal(tls_expired(&store, now + 3600 * 1000 - 70 * 1000), 0);
	assert_int_equal(tls_expired(&store, now + 3600 * 1000 - 50 * 1000), 1);
	pair = tls_current(&store);
	tls_release(&store);
	assert_int_equal(gnutls_init(&session, GNUTLS_SERVER), 0);
	tls_equip(session, pair);
	gnutls_deinit(session);
	tls_pair_unref(pair);
}

/* In TLS 1.3 the client learns from the first bytes that it reads. */
static bool may_ask(const struct server *s, const char *priorities, const struct testcert *own)
{
	static const char get[] = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
	struct tls_client c;
	char text[64];
	bool may = tls_client_open_as(&c, server_tls_port(s), priorities, own) == 0;

	may = may && gnutls_record_send(c.session, get, sizeof(get) - 1) > 0 &&
	      gnutls_record_recv(c.session, text, sizeof(text)) > 0;
	tls_client_close(&c);
	return may;
}

static void only_clients_of_their_ca_may_connect(void **state)
{
	static const char *const versions[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
	struct server_config config = {.limits = SERVER_LIMITS_INIT};
	CLEANUP(server_free_p) struct server *s = NULL;
	struct err err = ERR_INIT;

	(void)state;
	config.tls = (struct server_port){.address = "127.0.0.1:0"};
	config.client_ca_file = cert_path;
	config.cert_poll_ms = 10;
	assert_int_equal(server_start(&config, &s, &err), 0);
	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[0].key, &err), -1);
	assert_says(err.msg, cert_path);
	write_file(cert_path, certs[1].cert);
	assert_int_equal(server_set_certificate(s, certs[0].cert, certs[0].key, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		assert_true(may_ask(s, versions[i], &certs[1]));
		assert_false(may_ask(s, versions[i], &certs[2]));
		assert_false(may_ask(s, versions[i], NULL));
	}
}

/* The file of the clients' CA counts like those of the certificate. */
static void the_ca_of_clients_is_read_again(void **state)
{
	struct server_config config = {.limits = SERVER_LIMITS_INIT};
	CLEANUP(server_free_p) struct server *s = NULL;
	char ca_path[160];
	struct err err = ERR_INIT;

	(void)state;
	(void)snprintf(ca_path, sizeof(ca_path), "%s/ca.crt", dir);
	write_file(cert_path, certs[0].cert);
	write_file(key_path, certs[0].key);
	write_file(ca_path, certs[1].cert);
	config.tls = (struct server_port){.address = "127.0.0.1:0"};
	config.cert_file = cert_path;
	config.key_file = key_path;
	config.client_ca_file = ca_path;
	config.cert_poll_ms = 10;
	assert_int_equal(server_start(&config, &s, &err), 0);
	assert_true(may_ask(s, "NORMAL", &certs[1]));
	write_file(ca_path, certs[2].cert);
	for (int i = 0; i < 3000 && may_ask(s, "NORMAL", &certs[1]); i++)
		(void)usleep(10000);
	assert_true(may_ask(s, "NORMAL", &certs[2]));
	assert_false(may_ask(s, "NORMAL", &certs[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_swap_leaves_connections_alone),
		cmocka_unit_test(the_servers_flight_is_one_segment),
		cmocka_unit_test(half_a_handshake_costs_nothing),
		cmocka_unit_test(speaks_the_new_versions_only),
		cmocka_unit_test_setup_teardown(files_are_read_again, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_mounted_secret_changes, make_dir, remove_dir),
		cmocka_unit_test(expiry_is_known),
		cmocka_unit_test_setup_teardown(
			only_clients_of_their_ca_may_connect, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			the_ca_of_clients_is_read_again, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("tls", tests, make_certs, NULL);
}
