/*
 * What the server relies on in libmicrohttpd without finding it in its documentation, one test for
 * each. Where one fails with a new version, the header that it names has the code to look at.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "base/mem.h"
#include "run/clock.h"
#include "server/mhd_version.h"
#include "unit.h"

enum { WAIT_MS = 20, LONG_MS = 20000 };

/* One daemon with one connection: the near end of a pair of sockets; the test writes to the far. */
static struct {
	struct MHD_Daemon *daemon;
	struct MHD_Connection *connection;
	gnutls_session_t session;
	int near, far;
	bool tls, closed, open_at_close;
	int pulls;
	char order[16]; /* s: started, r: request, c: completed, x: closed */
} t;

static void note(char c)
{
	size_t len = strlen(t.order);

	if (len + 1 < sizeof(t.order))
		t.order[len] = c;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **ctx)
{
	struct MHD_Response *response;
	enum MHD_Result ret;

	(void)cls, (void)url, (void)method, (void)version, (void)data, (void)len;
	note('r');
	if (!*ctx) {
		*ctx = &t;
		return MHD_YES;
	}
	response = MHD_create_response_from_buffer(2, (char[]){"ok"}, MHD_RESPMEM_MUST_COPY);
	ret = MHD_queue_response(mhd, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return ret;
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode why)
{
	(void)cls, (void)mhd, (void)ctx, (void)why;
	note('c');
}

/* Suspends as tls_io.c does, while the handshake waits for its client. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t len)
{
	ssize_t n = recv(t.near, to, len, 0);

	(void)ptr;
	t.pulls++;
	if (n < 0 && errno == EAGAIN) {
		MHD_suspend_connection(t.connection);
		errno = EAGAIN;
	}
	return n;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	(void)cls, (void)socket_context;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		note('x');
		t.closed = true;
		t.open_at_close = fcntl(t.near, F_GETFD) >= 0;
		return;
	}
	note('s');
	t.connection = mhd;
	if (!t.tls)
		return;
	t.session = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
	gnutls_transport_set_pull_function(t.session, pull);
}

static int no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
	gnutls_pcert_st **certs, unsigned *count, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count,
	gnutls_privkey_t *key, unsigned *flags)
{
	(void)session, (void)info, (void)certs, (void)count;
	(void)ocsp, (void)ocsp_count, (void)key, (void)flags;
	return -1;
}

static enum MHD_Result add(int fd)
{
	static const struct sockaddr_in address = {.sin_family = AF_INET};

	return MHD_add_connection(t.daemon, fd, (const struct sockaddr *)&address, sizeof(address));
}

/* Started as http.c does, for one connection. */
static void start(bool tls)
{
	struct MHD_OptionItem options[] = {
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, NULL},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, 1, NULL},
		{tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END, 0,
			tls ? (void *)no_certificate : NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	int pair[2];

	memset(&t, 0, sizeof(t));
	t.tls = tls;
	t.daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
					    MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, on_request, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	assert_non_null(t.daemon);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	t.near = pair[0];
	t.far = pair[1];
	assert_int_equal(add(t.near), MHD_YES);
}

static void stop(void)
{
	MHD_stop_daemon(t.daemon);
	(void)close(t.far);
}

static void turn(int times)
{
	while (times--)
		assert_int_equal(MHD_run_wait(t.daemon, WAIT_MS), MHD_YES);
}

static void put(const void *bytes, size_t len)
{
	assert_int_equal(send(t.far, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* worker.h: an eventfd in its epoll set wakes it. */
static void an_event_without_data_wakes_it_and_is_skipped(void **state)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	int64_t started = clock_mono_ms();

	(void)state;
	start(false);
	turn(2);
	assert_int_equal(
		epoll_ctl(MHD_get_daemon_info(t.daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			EPOLL_CTL_ADD, fd, &event),
		0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(MHD_run_wait(t.daemon, LONG_MS), MHD_YES);
	assert_true(clock_mono_ms() - started < LONG_MS);
	stop();
	(void)close(fd);
}

/* worker.h: 0.9.75 starts it in the call; 1.0 in the next run, which does not wait. */
static void a_connection_starts_at_once(void **state)
{
	int64_t started = clock_mono_ms();

	(void)state;
	start(false);
	if (!t.order[0])
		assert_int_equal(MHD_run_wait(t.daemon, LONG_MS), MHD_YES);
	assert_string_equal(t.order, "s");
	assert_true(clock_mono_ms() - started < LONG_MS);
	stop();
}

/* worker.h: the descriptor is taken, whatever happens. */
static void a_connection_over_the_limit_is_closed(void **state)
{
	int pair[2];

	(void)state;
	start(false);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	(void)add(pair[0]);
	turn(1);
	assert_string_equal(t.order, "s");
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	(void)close(pair[1]);
	stop();
}

/* worker.h: half a handshake and silence costs nothing, and continues when the client does. */
static void a_connection_can_be_suspended_inside_its_handshake(void **state)
{
	/* The header of a ClientHello of 256 bytes, and a part of it. */
	static const unsigned char hello[] = {0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3};
	int pulls;

	(void)state;
	start(true);
	put(hello, sizeof(hello));
	turn(5);
	pulls = t.pulls;
	assert_in_range(pulls, 1, 10);
	put("x", 1);
	turn(5);
	assert_int_equal(t.pulls, pulls);
	MHD_resume_connection(t.connection);
	turn(5);
	assert_true(t.pulls > pulls);
	assert_false(t.closed);
	MHD_resume_connection(t.connection);
	stop();
	assert_true(t.closed);
}

/* http.c: an exchange is over before its connection is, and both are heard of while polling. */
static void a_request_is_completed_before_its_connection_is_closed(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

	(void)state;
	start(false);
	put(request, strlen(request));
	for (int64_t end = clock_mono_ms() + LONG_MS; !t.closed && clock_mono_ms() < end;)
		turn(1);
	assert_string_equal(t.order, "srrcx");
	stop();
}

/* conn.h: shutdown(2) cuts a connection, and its record goes before its descriptor does. */
static void a_connection_that_is_shut_down_is_closed_after_its_notification(void **state)
{
	(void)state;
	start(false);
	turn(2);
	assert_int_equal(shutdown(t.near, SHUT_RDWR), 0);
	for (int64_t end = clock_mono_ms() + LONG_MS; !t.closed && clock_mono_ms() < end;)
		turn(1);
	assert_true(t.closed);
	assert_true(t.open_at_close);
	turn(2);
	assert_int_equal(fcntl(t.near, F_GETFD), -1);
	stop();
}

static void only_known_versions_are_supported(void **state)
{
	static const struct {
		const char *version, *refused;
	} cases[] = {
		{"0.9.74", "0.9.74 is not supported; install 0.9.75 to 1.0"},
		{"1.1.0", "1.1.0 is not supported"},
		{"2.0.0", "2.0.0 is not supported"},
		{"", "is not supported"},
		{"none", "is not supported"},
		{"1.0.99", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(
			mhd_version_check(cases[i].version, &err), cases[i].refused ? -1 : 0);
		if (cases[i].refused)
			assert_says(err.msg, cases[i].refused);
	}
	if (MHD_VERSION >= 0x01000000) {
		struct err err = ERR_INIT;

		assert_int_equal(mhd_version_check("0.9.75", &err), -1);
		assert_says(err.msg, "0.9.75 is older than the build's, 1.0.");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_without_data_wakes_it_and_is_skipped),
		cmocka_unit_test(a_connection_starts_at_once),
		cmocka_unit_test(a_connection_over_the_limit_is_closed),
		cmocka_unit_test(a_connection_can_be_suspended_inside_its_handshake),
		cmocka_unit_test(a_request_is_completed_before_its_connection_is_closed),
		cmocka_unit_test(a_connection_that_is_shut_down_is_closed_after_its_notification),
		cmocka_unit_test(only_known_versions_are_supported),
	};

	return cmocka_run_group_tests_name("mhd", tests, NULL, NULL);
}
