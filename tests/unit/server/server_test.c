#include "server/server.h"

#include <pthread.h>

#include "client.h"
#include "cond.h"
#include "run/clock.h"
#include "run/lock.h"
#include "run/metrics.h"
#include "run/thread.h"
#include "unit.h"

static char answer[ANSWER_BYTES];

/*
 * --- handlers
 * -------------------------------------------------------------------------------------
 */

static void reply_body(struct exchange *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_REVIEW_BYTES);
	size_t len;
	const char *body = exchange_body(x, &len);

	(void)buf_addn(&b, body, len);
	exchange_reply(x, 200, "application/json", &b);
}

static void echo(void *ctx, struct exchange *x)
{
	(void)ctx;
	reply_body(x);
}

/* Replies from another thread as soon as it can: before, while or after the handler returns. */
static struct {
	struct lock lock;
	pthread_cond_t more;
	struct exchange *queue[64];
	size_t count;
	bool over;
} pool = {.lock = LOCK_INIT};

static void pool_work(void *ctx)
{
	(void)ctx;
	for (;;) {
		struct exchange *x;

		lock_lock(&pool.lock);
		while (!pool.count && !pool.over)
			cond_wait(&pool.more, &pool.lock);
		x = pool.count ? pool.queue[--pool.count] : NULL;
		lock_unlock(&pool.lock);
		if (!x)
			return;
		reply_body(x);
	}
}

static void hand_over(void *ctx, struct exchange *x)
{
	(void)ctx;
	lock_lock(&pool.lock);
	assert_true(pool.count < ARRAY_SIZE(pool.queue));
	pool.queue[pool.count++] = x;
	(void)pthread_cond_signal(&pool.more);
	lock_unlock(&pool.lock);
}

static struct exchange *_Atomic kept;

static void keep(void *ctx, struct exchange *x)
{
	(void)ctx;
	kept = x;
}

static struct exchange *take_kept(void)
{
	while (!kept)
		(void)usleep(1000);
	return __atomic_exchange_n((struct exchange **)&kept, NULL, __ATOMIC_SEQ_CST);
}

static const struct route routes[] = {
	{"/echo", "POST", "application/json", echo, NULL},
	{"/pool", "POST", "application/json", hand_over, NULL},
	{"/keep", "POST", "application/json", keep, NULL},
	{"/get", "GET", NULL, echo, NULL},
};

static struct server_config config_of(void)
{
	struct server_config config = {.limits = SERVER_LIMITS_INIT};

	config.plain = (struct server_port){"127.0.0.1:0", routes, ARRAY_SIZE(routes), 2};
	config.limits.sweep_ms = 20;
	return config;
}

static struct server *start(const struct server_config *config)
{
	struct server *s = NULL;
	struct err err = ERR_INIT;

	if (server_start(config, &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

/*
 * --- tests
 * ----------------------------------------------------------------------------------------
 */

static void answers_by_path_method_and_type(void **state)
{
	static const struct {
		const char *request;
		int status;
		const char *says;
	} rows[] = {
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		 "Content-Length: 2\r\n\r\n{}",
			200, "\r\n\r\n{}"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: APPLICATION/json ; "
		 "charset=utf-8\r\n"
		 "Content-Length: 0\r\n\r\n",
			200, "Content-Length: 0"},
		{"POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 404,
			"\"reason\":\"NotFound\",\"code\":404"},
		{"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405,
			"\r\nAllow: POST\r\n"},
		{"POST /get HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405,
			"\r\nAllow: GET, HEAD\r\n"},
		{"GET /get HTTP/1.1\r\nHost: x\r\n\r\n", 200, "HTTP/1.1 200"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 415,
			"/echo accepts a body of type application/json"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/jsonx\r\n"
		 "Content-Length: 2\r\n\r\n{}",
			415, "UnsupportedMediaType"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		 "Content-Length: 7340033\r\n\r\n",
			413, "the body is over 7340032 bytes"},
		{"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\nok\n"},
		{"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\r\n\r\nok\n"},
		{"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200,
			"\npromogate_http_requests_total{path=\"/echo\",code=\"415\"} 2\n"},
	};
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = client_connect(server_plain_port(s));

		client_send(fd, rows[i].request);
		assert_int_equal(client_answer(fd, answer), rows[i].status);
		assert_says(answer, rows[i].says);
		(void)close(fd);
	}
}

enum { CLIENTS = 8, ROUNDS = 200 };

static void *many_requests(void *arg)
{
	int fd = client_connect(*(uint16_t *)arg);
	char own[ANSWER_BYTES];

	for (int i = 0; i < ROUNDS; i++) {
		client_post(fd, i % 3 ? "/pool" : "/echo", "{\"a\":1}");
		if (client_answer(fd, own) != 200 || !strstr(own, "\r\n\r\n{\"a\":1}"))
			return arg;
	}
	(void)close(fd);
	return NULL;
}

static void a_body_that_has_no_meaning_is_not_awaited(void **state)
{
	static const char *const requests[] = {
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{",
		"GET /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
		"GET /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		fd = client_connect(server_plain_port(s));
		client_send(fd, requests[i]);
		assert_int_equal(client_answer(fd, answer), 400);
		assert_says(answer, "\"message\":\"unexpected body\"");
		assert_true(client_closed(fd));
		(void)close(fd);
	}
	fd = client_connect(server_plain_port(s));
	client_send(fd, "HEAD /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
	assert_true(recv(fd, answer, 12, MSG_WAITALL) == 12 && !memcmp(answer, "HTTP/1.1 400", 12));
	(void)close(fd);
	fd = client_connect(server_plain_port(s));
	client_send(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(client_answer(fd, answer), 200);
	(void)close(fd);
}

static void replies_race_with_suspension(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);
	struct thread *workers[3];
	pthread_t clients[CLIENTS];
	uint16_t port = server_plain_port(s);
	struct err err = ERR_INIT;

	(void)state;
	(void)pthread_cond_init(&pool.more, NULL);
	pool.over = false;
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		assert_int_equal(thread_start("pool", pool_work, NULL, &workers[i], &err), 0);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&clients[i], NULL, many_requests, &port), 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		void *failed;

		assert_int_equal(pthread_join(clients[i], &failed), 0);
		assert_null(failed);
	}
	lock_lock(&pool.lock);
	pool.over = true;
	(void)pthread_cond_broadcast(&pool.more);
	lock_unlock(&pool.lock);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		thread_join(workers[i]);
	(void)pthread_cond_destroy(&pool.more);
}

static void a_wait_has_a_deadline(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);
	int fd = client_connect(server_plain_port(s));
	struct exchange *x;
	size_t len;

	(void)state;
	client_post(fd, "/keep?timeout=50ms", "{\"b\":2}");
	assert_int_equal(client_answer(fd, answer), 504);
	assert_says(answer, "\"reason\":\"Timeout\",\"code\":504");
	/* The connection continues, and the handler still owns its exchange. */
	client_post(fd, "/echo", "{}");
	assert_int_equal(client_answer(fd, answer), 200);
	x = take_kept();
	assert_string_equal(exchange_body(x, &len), "{\"b\":2}");
	assert_true(exchange_deadline_ms(x) <= clock_mono_ms());
	reply_body(x);
	client_post(fd, "/echo", "{}");
	assert_int_equal(client_answer(fd, answer), 200);
	(void)close(fd);
}

static void a_client_may_hang_up(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);

	(void)state;
	for (int i = 0; i < 20; i++) {
		int fd = client_connect(server_plain_port(s));
		struct exchange *x;

		client_post(fd, "/keep", "{}");
		x = take_kept();
		(void)close(fd);
		reply_body(x);
	}
}

static void stopping_answers_pending_requests(void **state)
{
	struct server_config config = config_of();
	struct server *s;
	struct exchange *x;
	int fd;

	(void)state;
	config.limits.stop_ms = 50;
	s = start(&config);
	fd = client_connect(server_plain_port(s));
	client_post(fd, "/keep", "{}");
	x = take_kept();
	server_stop(s);
	assert_int_equal(client_answer(fd, answer), 504);
	assert_says(answer, "\r\nConnection: close\r\n");
	assert_true(client_closed(fd));
	server_free(s);
	reply_body(x); /* dropped */
	(void)close(fd);
}

static void draining_shows_and_closes(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);
	int fd = client_connect(server_plain_port(s));

	(void)state;
	client_post(fd, "/echo", "{}");
	assert_int_equal(client_answer(fd, answer), 200);
	assert_null(strstr(answer, "Connection: close"));
	server_drain(s);
	client_post(fd, "/echo", "{}");
	assert_int_equal(client_answer(fd, answer), 200);
	assert_says(answer, "\r\nConnection: close\r\n");
	assert_true(client_closed(fd));
	(void)close(fd);

	fd = client_connect(server_plain_port(s));
	client_send(fd, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_answer(fd, answer), 503);
	assert_says(answer, "\r\n\r\nshutting down\n");
	(void)close(fd);
}

static int not_ready(void *ctx, struct buf *reasons)
{
	(void)buf_addf(reasons, "%s\n", (const char *)ctx);
	return -1;
}

static void readiness_gives_reasons(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	int fd;

	(void)state;
	config.ready = not_ready;
	config.ready_ctx = (void *)"the cache of moons is empty";
	config.tls.address = "127.0.0.1:0";
	s = start(&config);
	fd = client_connect(server_plain_port(s));
	client_send(fd, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_answer(fd, answer), 503);
	assert_says(answer, "\r\n\r\nthe cache of moons is empty\nno serving certificate yet\n");
	(void)close(fd);
}

static int ready_with_a_remark(void *ctx, struct buf *reasons)
{
	(void)buf_addf(reasons, "%s\n", (const char *)ctx);
	return 0;
}

static void a_remark_does_not_end_readiness(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	int fd;

	(void)state;
	config.ready = ready_with_a_remark;
	config.ready_ctx = (void *)"one moon is skipped";
	s = start(&config);
	fd = client_connect(server_plain_port(s));
	client_send(fd, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_answer(fd, answer), 200);
	assert_says(answer, "\r\n\r\nok\none moon is skipped\n");
	(void)close(fd);
}

static void times_are_limited(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	int silent, slow, idle;

	(void)state;
	config.limits.first_request_ms = 2000;
	config.limits.request_ms = 2000;
	config.limits.idle_ms = 6000;
	s = start(&config);
	silent = client_connect(server_plain_port(s));
	slow = client_connect(server_plain_port(s));
	idle = client_connect(server_plain_port(s));
	client_post(idle, "/echo", "{}");
	assert_int_equal(client_answer(idle, answer), 200);
	client_send(slow, "POST /echo HTTP/1.1\r\nHost: x\r\n");
	assert_true(client_closed(silent));
	assert_true(client_closed(slow));
	client_post(idle, "/echo", "{}");
	assert_int_equal(client_answer(idle, answer), 200);
	assert_true(client_closed(idle));
	(void)close(silent);
	(void)close(slow);
	(void)close(idle);
}

/* A request that is never complete, with one byte of its body. */
#define HALF_POST                                                                                  \
	"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"                     \
	"Content-Length: 9\r\n\r\n{"

/* How many requests to /echo were answered, and their connections are idle again. */
static long answered(void)
{
	static const char series[] = "promogate_http_requests_total{path=\"/echo\",code=\"200\"} ";
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	const char *at;

	metrics_render(&text);
	at = strstr(buf_str(&text), series);
	return at ? strtol(at + strlen(series), NULL, 10) : 0;
}

static void the_full_server_makes_room(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	long before = answered();
	int silent[20], proven, fd;

	(void)state;
	config.limits.connections = 5;
	s = start(&config);
	proven = client_connect(server_plain_port(s));
	client_post(proven, "/echo", "{}");
	assert_int_equal(client_answer(proven, answer), 200);
	while (answered() == before)
		(void)usleep(1000);
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		silent[i] = client_connect(server_plain_port(s));
	fd = client_connect(server_plain_port(s));
	client_post(fd, "/echo", "{}");
	assert_int_equal(client_answer(fd, answer), 200);
	client_post(proven, "/echo", "{}");
	assert_int_equal(client_answer(proven, answer), 200);
	assert_true(client_closed(silent[0]));
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		(void)close(silent[i]);
	(void)close(proven);
	(void)close(fd);
}

static void wait_for_metric(int fd, const char *line)
{
	do {
		client_send(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(client_answer(fd, answer), 200);
	} while (!strstr(answer, line));
}

static void half_requests_make_room(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	int half[20], fd;

	(void)state;
	config.limits.connections = 5;
	s = start(&config);
	for (size_t i = 0; i < ARRAY_SIZE(half); i++) {
		half[i] = client_connect(server_plain_port(s));
		client_send(half[i], HALF_POST);
	}
	fd = client_connect(server_plain_port(s));
	client_post(fd, "/echo", "{}");
	assert_int_equal(client_answer(fd, answer), 200);
	assert_true(client_closed(half[0]));
	for (size_t i = 0; i < ARRAY_SIZE(half); i++)
		(void)close(half[i]);
	(void)close(fd);
}

static void a_stalled_body_makes_room_for_another(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	int stalled, fd;

	(void)state;
	config.limits.bodies_bytes = 10;
	config.limits.body_ms = config.limits.request_ms;
	s = start(&config);
	stalled = client_connect(server_plain_port(s));
	fd = client_connect(server_plain_port(s));
	client_send(stalled, HALF_POST "12345");
	wait_for_metric(fd, "\npromogate_http_request_body_bytes 6\n");
	client_post(fd, "/echo", "1234");
	assert_int_equal(client_answer(fd, answer), 200);
	client_post(fd, "/echo", "12345");
	assert_int_equal(client_answer(fd, answer), 200);
	assert_true(client_closed(stalled));
	wait_for_metric(fd, "\npromogate_http_request_body_bytes 0\n");
	wait_for_metric(fd, "\npromogate_http_connections_cut_total{why=\"bodies_full\"} 1\n");
	(void)close(stalled);
	(void)close(fd);
}

static void a_body_that_stops_arriving_ends_its_connection(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	int fd;

	(void)state;
	config.limits.body_ms = 100;
	s = start(&config);
	fd = client_connect(server_plain_port(s));
	client_send(fd, HALF_POST);
	assert_true(client_closed(fd));
	(void)close(fd);
}

static void large_responses_arrive_whole(void **state)
{
	static char large[ANSWER_BYTES - 200];
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = start(&config);
	int fd = client_connect(server_plain_port(s));

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(large); i++)
		large[i] = (char)('a' + i * 7 % 26);
	for (int i = 0; i < 2; i++) {
		client_post(fd, "/echo", large);
		assert_int_equal(client_answer(fd, answer), 200);
		assert_string_equal(strstr(answer, "\r\n\r\n") + 4, large);
	}
	(void)close(fd);
}

static void large_bodies_leave_room_for_small_ones(void **state)
{
	static char large[3 * LIMIT_SERVER_SMALL_BODY_BYTES];
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	struct exchange *held;
	int fd, other;

	(void)state;
	config.limits.bodies_bytes = 4 * LIMIT_SERVER_SMALL_BODY_BYTES;
	config.limits.body_bytes = sizeof(large);
	s = start(&config);
	fd = client_connect(server_plain_port(s));
	other = client_connect(server_plain_port(s));
	memset(large, ' ', sizeof(large) - 1);
	client_post(fd, "/keep", large);
	held = take_kept();
	large[LIMIT_SERVER_SMALL_BODY_BYTES + 1] = '\0';
	client_post(other, "/echo", large);
	assert_int_equal(client_answer(other, answer), 503);
	client_post(other, "/echo", "{}");
	assert_int_equal(client_answer(other, answer), 200);
	reply_body(held);
	(void)close(fd);
	(void)close(other);
}

static void bodies_have_a_limit_together(void **state)
{
	struct server_config config = config_of();
	CLEANUP(server_free_p) struct server *s = NULL;
	struct exchange *held;
	int fd, other;

	(void)state;
	config.limits.bodies_bytes = 10;
	s = start(&config);
	fd = client_connect(server_plain_port(s));
	other = client_connect(server_plain_port(s));
	client_post(fd, "/keep", "12345678");
	held = take_kept();
	client_post(other, "/echo", "12");
	assert_int_equal(client_answer(other, answer), 200);
	client_post(other, "/echo", "123");
	assert_int_equal(client_answer(other, answer), 503);
	assert_says(answer, "\"reason\":\"ServiceUnavailable\"");
	reply_body(held);
	assert_int_equal(client_answer(fd, answer), 200);
	client_post(other, "/echo", "123");
	assert_int_equal(client_answer(other, answer), 200);
	(void)close(fd);
	(void)close(other);
}

static void a_bad_configuration_says_so(void **state)
{
	struct server_config config = config_of();
	struct server *s = NULL;
	struct err err = ERR_INIT;

	(void)state;
	config.plain.address = "no-such-host:1";
	assert_int_equal(server_start(&config, &s, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_says(err.msg, "listen address \"no-such-host:1\"");

	config.plain.address = "127.0.0.1:0";
	config.cert_file = config.key_file = "/nowhere";
	config.tls.address = "127.0.0.1:0";
	assert_int_equal(server_start(&config, &s, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);

	config.key_file = NULL;
	assert_int_equal(server_start(&config, &s, &err), -1);
	assert_int_equal(err.kind, ERR_INVALID);

	config = config_of();
	config.plain.address = NULL;
	assert_int_equal(server_start(&config, &s, &err), -1);
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_by_path_method_and_type),
		cmocka_unit_test(a_body_that_has_no_meaning_is_not_awaited),
		cmocka_unit_test(replies_race_with_suspension),
		cmocka_unit_test(a_wait_has_a_deadline),
		cmocka_unit_test(a_client_may_hang_up),
		cmocka_unit_test(stopping_answers_pending_requests),
		cmocka_unit_test(draining_shows_and_closes),
		cmocka_unit_test(readiness_gives_reasons),
		cmocka_unit_test(a_remark_does_not_end_readiness),
		cmocka_unit_test(times_are_limited),
		cmocka_unit_test(the_full_server_makes_room),
		cmocka_unit_test(half_requests_make_room),
		cmocka_unit_test(a_stalled_body_makes_room_for_another),
		cmocka_unit_test(a_body_that_stops_arriving_ends_its_connection),
		cmocka_unit_test(large_responses_arrive_whole),
		cmocka_unit_test(bodies_have_a_limit_together),
		cmocka_unit_test(large_bodies_leave_room_for_small_ones),
		cmocka_unit_test(a_bad_configuration_says_so),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
