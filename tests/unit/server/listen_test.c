/* Addresses to listen on. */
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "client.h"
#include "server/listen.h"
#include "unit.h"

static void listens_on_what_is_an_address(void **state)
{
	static const char *const good[] = {"127.0.0.1:0", "localhost:0", ":0"};
	static const char *const bad[] = {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1:x", "::1:80", "[::1]", "[::1:80", "example.org:80",
		"1.2.3.4.5:80",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:80"};
	struct err err = ERR_INIT;
	uint16_t port;
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (listen_open(good[i], &fd, &port, &err) < 0)
			fail_msg("%s: %s", good[i], err.msg);
		assert_true(port);
		(void)close(fd);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(listen_open(bad[i], &fd, &port, &err), -1);
		assert_int_equal(err.kind, ERR_INVALID);
		assert_says(err.msg, "listen address");
	}
}

static void a_taken_port_is_an_error(void **state)
{
	struct err err = ERR_INIT;
	char again[32];
	uint16_t port;
	int fd, other;

	(void)state;
	assert_int_equal(listen_open("127.0.0.1:0", &fd, &port, &err), 0);
	(void)snprintf(again, sizeof(again), "127.0.0.1:%u", port);
	assert_int_equal(listen_open(again, &other, &port, &err), -1);
	assert_says(err.msg, "in use");
	(void)close(fd);
}

static void the_kernel_keeps_little_for_a_silent_reader(void **state)
{
	struct err err = ERR_INIT;
	int fd, near, far, bytes = 0;
	socklen_t len = sizeof(bytes);
	uint16_t port;

	(void)state;
	assert_int_equal(listen_open("127.0.0.1:0", &fd, &port, &err), 0);
	far = client_connect(port);
	do {
		near = accept(fd, NULL, NULL);
	} while (near < 0);
	assert_int_equal(getsockopt(near, SOL_SOCKET, SO_SNDBUF, &bytes, &len), 0);
	/* Twice what was asked for: socket(7). */
	assert_int_equal(bytes, 2 * LIMIT_SERVER_UNSENT_BYTES);
	(void)close(near);
	(void)close(far);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listens_on_what_is_an_address),
		cmocka_unit_test(a_taken_port_is_an_error),
		cmocka_unit_test(the_kernel_keeps_little_for_a_silent_reader),
	};

	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
