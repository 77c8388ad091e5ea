/*
 * served - the frame of a test program whose tests all talk to one server.py: `server` is started
 * before the first and ended after the last.
 */
#ifndef PROMOGATE_TESTS_CLIENT_SERVED_H
#define PROMOGATE_TESTS_CLIENT_SERVED_H

#include "fixture.h"

static struct fixture server;

static inline int served_start(void **state)
{
	(void)state;
	fixture_start(&server, 0);
	return 0;
}

static inline int served_start_tls(void **state)
{
	(void)state;
	fixture_start(&server, 1);
	return 0;
}

static inline int served_stop(void **state)
{
	(void)state;
	fixture_stop(&server);
	return 0;
}

/* What main() returns. tests: an array of struct CMUnitTest. */
#define served_run(name, tests) cmocka_run_group_tests_name(name, tests, served_start, served_stop)
#define served_run_tls(name, tests)                                                                \
	cmocka_run_group_tests_name(name, tests, served_start_tls, served_stop)

#endif
