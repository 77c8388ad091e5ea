/* The table of connections on sockets that no server serves: the test says what happens when. */
#include "server/conn.h"

#include <stdatomic.h>
#include <sys/ioctl.h>

#include "client.h"
#include "server/exchange_internal.h"
#include "unit.h"

METRIC_GAUGE(gauge, "conn_test_connections", "Connections of this test.");

enum { BODY = 100, REPLY = LIMIT_SERVER_CORK_BYTES + 1, MOST = 8 };

static struct {
	struct server_limits limits;
	struct conns table;
	int listening;
	uint16_t port;
	struct conn *conns[MOST];
	int near[MOST], far[MOST], sent[MOST];
	struct exchange *exchanges[MOST];
	size_t count;
} t;

static int setup(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	(void)state;
	memset(&t, 0, sizeof(t));
	t.limits = (struct server_limits)SERVER_LIMITS_INIT;
	t.limits.first_request_ms = 10000;
	t.limits.request_ms = 9000;
	t.limits.idle_ms = 100000;
	t.limits.body_ms = 1000;
	conns_init(&t.table, &t.limits, metric_at(&gauge));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	t.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(t.listening, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(t.listening, MOST), 0);
	assert_int_equal(getsockname(t.listening, (struct sockaddr *)&a, &len), 0);
	t.port = ntohs(a.sin_port);
	return 0;
}

static void end_request(size_t i, int64_t now_ms)
{
	struct exchange *x = STEAL(t.exchanges[i]);

	conn_end(t.conns[i], x->state == EXCHANGE_SENT, now_ms);
	exchange_over(x);
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < t.count; i++) {
		if (t.exchanges[i])
			end_request(i, 0);
		conn_free(t.conns[i]);
		(void)close(t.near[i]);
		(void)close(t.far[i]);
	}
	(void)close(t.listening);
	assert_int_equal(atomic_load(&t.table.reply_bytes), 0);
	conns_release(&t.table);
	return 0;
}

/* What a connection does; each returns or takes its number. */

static size_t connects(int64_t now_ms)
{
	size_t i = t.count++;

	assert_true(i < MOST);
	t.far[i] = client_connect(t.port);
	t.near[i] = accept(t.listening, NULL, NULL);
	assert_true(t.near[i] >= 0);
	t.conns[i] = conn_new(&t.table, t.near[i], NULL, now_ms);
	return i;
}

static void begins(size_t i, int64_t now_ms)
{
	struct exchange *x = exchange_new(NULL, t.conns[i], "POST");

	buf_init(&x->body, t.limits.body_bytes);
	t.exchanges[i] = x;
	conn_begin(t.conns[i], x, now_ms);
}

static void sends_body(size_t i, size_t len)
{
	static const char bytes[1024 * 1024];

	assert_true(len <= sizeof(bytes));
	t.exchanges[i]->body_seen += len;
	assert_int_equal(exchange_body_add(t.exchanges[i], bytes, len, INT64_MAX), 0);
}

static void decides(size_t i, int64_t now_ms)
{
	conn_decide(t.conns[i], now_ms);
	t.exchanges[i]->state = EXCHANGE_RUNNING;
	t.exchanges[i]->owners++;
}

static int status_of_reply(size_t i, size_t len)
{
	CLEANUP(buf_release) struct buf reply = BUF_INIT(len);

	(void)buf_reserve(&reply, len);
	while (reply.len < len)
		(void)buf_addc(&reply, ' ');
	exchange_reply(t.exchanges[i], 200, "text/plain", &reply);
	return t.exchanges[i]->status;
}

static void is_sent(size_t i, int64_t now_ms)
{
	assert_true(exchange_sending(t.exchanges[i]));
	conn_send(t.conns[i], now_ms);
}

static void asks(size_t i, int64_t now_ms, size_t reply)
{
	begins(i, now_ms);
	decides(i, now_ms);
	assert_int_equal(status_of_reply(i, reply), 200);
	is_sent(i, now_ms);
}

/* Connects and has a small response. */
static size_t proves(int64_t now_ms)
{
	size_t i = connects(now_ms);

	asks(i, now_ms, 2);
	end_request(i, now_ms);
	return i;
}

/* Bytes that TCP has and nobody reads. */
static void sends(size_t i, const char *text)
{
	int have = 0;

	client_send(t.far[i], text);
	t.sent[i] += (int)strlen(text);
	while (have < t.sent[i])
		assert_int_equal(ioctl(t.near[i], FIONREAD, &have), 0);
}

/* Whether the client sees the end of it, and that the record says the same. */
static bool is_cut(size_t i)
{
	char c;
	bool seen = recv(t.far[i], &c, 1, MSG_DONTWAIT) == 0;

	assert_int_equal(seen, t.conns[i]->cut);
	return seen;
}

static void sweep(int64_t now_ms)
{
	conns_sweep(&t.table, now_ms);
}

static void the_oldest_unfinished_goes_first(void **state)
{
	size_t idle = proves(0), asking = proves(1), first = connects(2), second = connects(3);
	struct crowd crowd = {0};

	(void)state;
	begins(asking, 4);
	conns_describe(&t.table, &crowd);
	assert_int_equal(crowd.unfinished, 3);
	assert_int_equal(crowd.unfinished_ms, 2);
	assert_int_equal(crowd.idle, 1);
	conns_cut_oldest(&t.table, CONNS_UNFINISHED);
	assert_true(is_cut(first));
	assert_false(is_cut(second));
	conns_cut_oldest(&t.table, CONNS_UNFINISHED);
	assert_true(is_cut(second));
	conns_cut_oldest(&t.table, CONNS_UNFINISHED);
	assert_true(is_cut(asking));
	assert_false(is_cut(idle));
	conns_describe(&t.table, &crowd);
	assert_int_equal(crowd.closing, 3);
	assert_int_equal(crowd.unfinished, 0);
}

static void a_client_counts_from_its_accept_until_its_request_is_whole(void **state)
{
	size_t a = connects(0), b = connects(1);

	(void)state;
	begins(a, 5);
	conns_cut_oldest(&t.table, CONNS_UNFINISHED);
	assert_true(is_cut(a));
	assert_false(is_cut(b));
}

static void the_one_that_is_idle_for_longest_goes_first(void **state)
{
	size_t a = proves(0), b = proves(1);

	(void)state;
	asks(a, 2, 2);
	end_request(a, 3);
	conns_cut_oldest(&t.table, CONNS_IDLE);
	assert_true(is_cut(b));
	assert_false(is_cut(a));
}

static void one_that_is_being_decided_is_never_cut(void **state)
{
	size_t i = connects(0);

	(void)state;
	begins(i, 0);
	sends_body(i, BODY);
	decides(i, 0);
	conns_cut_oldest(&t.table, CONNS_UNFINISHED);
	conns_cut_oldest(&t.table, CONNS_IDLE);
	assert_false(conn_displace_body(t.conns[connects(0)]));
	sweep(1000000);
	assert_false(is_cut(i));
	exchange_fail(t.exchanges[i], 500, "InternalError", "over");
}

static void the_first_response_has_a_time_from_the_accept_on(void **state)
{
	size_t silent = connects(0), slow = connects(0), proven = proves(0);

	(void)state;
	begins(slow, 9500);
	sweep(10000);
	assert_false(is_cut(silent) || is_cut(slow));
	sweep(10001);
	assert_true(is_cut(silent) && is_cut(slow));
	assert_false(is_cut(proven));
}

static void the_time_of_a_request_counts_from_its_own_start(void **state)
{
	size_t reading = proves(0), sending = proves(0);

	(void)state;
	t.limits.body_ms = t.limits.request_ms;
	begins(reading, 50000);
	asks(sending, 50000, 2);
	sweep(59000);
	assert_false(is_cut(reading) || is_cut(sending));
	sweep(59001);
	assert_true(is_cut(reading) && is_cut(sending));
}

static void a_body_has_to_keep_arriving(void **state)
{
	size_t stalled = proves(0), steady = proves(0);

	(void)state;
	begins(stalled, 50000);
	begins(steady, 50000);
	sends_body(steady, 1024 * 1024);
	sweep(51000);
	assert_false(is_cut(stalled) || is_cut(steady));
	sweep(51001);
	assert_true(is_cut(stalled));
	sweep(52024);
	assert_false(is_cut(steady));
	sweep(52025);
	assert_true(is_cut(steady));
}

static void slow_headers_end_a_proven_connection(void **state)
{
	size_t slow = proves(0), idle = proves(0);

	(void)state;
	sends(slow, "a whole request");
	sends(idle, "a whole request");
	sweep(1000);
	sends(slow, "POST /");
	sweep(2000);
	sweep(11000);
	assert_false(is_cut(slow));
	sweep(11001);
	assert_true(is_cut(slow));
	assert_false(is_cut(idle));
	sweep(100000);
	assert_false(is_cut(idle));
	sweep(100001);
	assert_true(is_cut(idle));
}

static void slow_headers_count_as_part_of_their_request(void **state)
{
	size_t i = proves(0);

	(void)state;
	sends(i, "a whole request");
	sweep(1000);
	sends(i, "POST /");
	sweep(2000);
	begins(i, 10000);
	sends_body(i, BODY);
	sweep(10001);
	assert_true(is_cut(i));
}

static void the_oldest_stalled_body_makes_room(void **state)
{
	size_t without = connects(0), first = connects(1), second = connects(2),
	       third = connects(3);

	(void)state;
	for (size_t i = 0; i < t.count; i++)
		begins(i, 10);
	for (size_t i = first; i < t.count; i++)
		sends_body(i, BODY);
	assert_true(conn_displace_body(t.conns[first]));
	assert_true(is_cut(second));
	assert_null(t.exchanges[second]->body.data);
	assert_false(is_cut(without) || is_cut(first) || is_cut(third));
	assert_true(conn_displace_body(t.conns[third]));
	assert_true(is_cut(first));
	assert_false(conn_displace_body(t.conns[third]));
	assert_int_equal(t.exchanges[third]->body.len, BODY);
	/* What still arrives of a body that was dropped is not kept, and nobody answers it. */
	sends_body(first, BODY);
	assert_int_equal(t.exchanges[first]->body.len, 0);
	exchange_refuse(t.exchanges[first], 413, "RequestEntityTooLarge", "too late");
	assert_false(exchange_sending(t.exchanges[first]));
}

static void the_oldest_unread_response_makes_room(void **state)
{
	size_t small = connects(0), first = connects(0), second = connects(0), third = connects(0);
	char byte;

	(void)state;
	t.limits.replies_bytes = 2 * REPLY;
	asks(small, 1, LIMIT_SERVER_CORK_BYTES);
	asks(first, 2, REPLY);
	asks(second, 3, REPLY);
	assert_int_equal(exchange_reply_read(t.exchanges[first], REPLY - 1, &byte, 9), 1);
	assert_false(is_cut(first));
	asks(third, 4, REPLY);
	assert_true(is_cut(first));
	assert_null(t.exchanges[first]->reply.data);
	assert_int_equal(exchange_reply_read(t.exchanges[first], 0, &byte, 1), -1);
	assert_false(is_cut(small) || is_cut(second) || is_cut(third));
	end_request(second, 5);
	assert_int_equal(atomic_load(&t.table.reply_bytes), REPLY);
}

static void responses_that_wait_for_their_thread_have_a_limit_too(void **state)
{
	(void)state;
	t.limits.replies_bytes = REPLY;
	for (int i = 0; i < 4; i++) {
		begins(connects(0), 0);
		decides((size_t)i, 0);
	}
	assert_int_equal(status_of_reply(0, REPLY), 200);
	assert_int_equal(status_of_reply(1, REPLY), 200);
	assert_int_equal(status_of_reply(2, REPLY), 503);
	assert_int_equal(status_of_reply(3, LIMIT_SERVER_CORK_BYTES), 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_unfinished_goes_first),
		TEST(a_client_counts_from_its_accept_until_its_request_is_whole),
		TEST(the_one_that_is_idle_for_longest_goes_first),
		TEST(one_that_is_being_decided_is_never_cut),
		TEST(the_first_response_has_a_time_from_the_accept_on),
		TEST(the_time_of_a_request_counts_from_its_own_start),
		TEST(a_body_has_to_keep_arriving),
		TEST(slow_headers_end_a_proven_connection),
		TEST(slow_headers_count_as_part_of_their_request),
		TEST(the_oldest_stalled_body_makes_room),
		TEST(the_oldest_unread_response_makes_room),
		TEST(responses_that_wait_for_their_thread_have_a_limit_too),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
