#include "reconciler/certificate_keeper.h"

#include "base/base64.h"
#include "base/limits.h"
#include "fake_env.h"
#include "json/emit.h"
#include "kube/timestamp.h"
#include "pki/certificate.h"

#define HOUR_MS (60 * 60 * INT64_C(1000))
#define DAY_MS  (24 * HOUR_MS)
#define SECRET  "/api/v1/namespaces/ns/secrets/tls"

static const char *const names[] = {"webhook.ns.svc", NULL};

/* An API server with the three objects, and a clock of its own. */
struct server {
	struct fake_env fake;
	struct certificate_keeper *keeper;
	bool leads, refuses; /* refuses every write */
	char *data; /* of the Secret, as JSON; NULL: it does not exist */
	char *bundle[2]; /* base64, of both configurations; NULL: it does not exist */
	int64_t ahead_ms; /* its clock, compared with the leader's */
	int version, secret_writes, bundle_writes;
};

static bool leads(void *ctx)
{
	return ((struct server *)ctx)->leads;
}

static void set(char **to, const char *value)
{
	free(*to);
	*to = value ? xstrdup(value) : NULL;
}

static void start(struct server *s, int64_t serving_ms, int64_t ca_ms)
{
	const struct certificate_config config = {.namespace = "ns",
		.secret = "tls",
		.names = names,
		.lifetimes = {.serving_ms = serving_ms, .ca_ms = ca_ms}};

	s->leads = true;
	s->keeper = certificate_keeper_new(&s->fake.env, &config, leads, s);
}

static void begin(struct server *s)
{
	*s = (struct server){.version = 1};
	fake_env_init(&s->fake);
	set(&s->bundle[0], "");
	set(&s->bundle[1], "");
	start(s, 90 * DAY_MS, 3650 * DAY_MS);
}

static void end(struct server *s)
{
	fake_env_release(&s->fake);
	certificate_keeper_free(s->keeper);
	free(s->data);
	free(s->bundle[0]);
	free(s->bundle[1]);
}

/* --- the server's answers ----------------------------------------------------------------------- */

static char *secret_text(const struct server *s)
{
	const struct timestamp now = timestamp_format(s->fake.wall_ms + s->ahead_ms);

	return xasprintf("{\"type\":\"kubernetes.io/tls\",\"metadata\":{\"resourceVersion\":\"%d\","
			 "\"managedFields\":[{\"time\":\"%s\"}]},\"data\":%s}",
		s->version, s->secret_writes ? now.text : "2026-01-01T00:00:00Z", s->data);
}

static char *config_text(const struct server *s, int which)
{
	return xasprintf("{\"metadata\":{\"resourceVersion\":\"%d\"},\"webhooks\":["
			 "{\"clientConfig\":{\"caBundle\":\"%s\"}},"
			 "{\"clientConfig\":{\"caBundle\":\"%s\"}}]}",
		s->version, s->bundle[which], s->bundle[which]);
}

static void write_secret(struct server *s, const struct json *body)
{
	CLEANUP(buf_release) struct buf data = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct emit e = EMIT_INIT(&data);

	emit_json(&e, json_get(body, "data"));
	set(&s->data, buf_str(&data));
	s->secret_writes++;
	s->version++;
}

static void write_bundle(struct server *s, int which, const struct json *body)
{
	const struct json *last = NULL;

	assert_int_equal(json_count(body), 3); /* a test and both webhooks */
	json_each (operation, body)
		last = operation;
	set(&s->bundle[which], json_string(json_get(last, "value")));
	s->bundle_writes++;
	s->version++;
}

static void answer(struct server *s, struct fake_task *t)
{
	bool secret = str_starts(t->path, SECRET), writes = str_eq(t->method, "PATCH");
	int which = strstr(t->path, "mutating") != NULL;
	CLEANUP(json_free_p) struct json *body = NULL;
	CLEANUP(free_p) char *text = NULL;

	if (writes && s->refuses) {
		fake_fail(&s->fake, t, ERR_FORBIDDEN);
		return;
	}
	if (!writes && !(secret ? s->data : s->bundle[which])) {
		fake_fail(&s->fake, t, ERR_NOT_FOUND);
		return;
	}
	(void)json_parse(t->body, strlen(t->body), &body, NULL);
	if (writes && secret)
		write_secret(s, body);
	else if (writes)
		write_bundle(s, which, body);
	text = secret ? secret_text(s) : config_text(s, which);
	fake_answer(&s->fake, t, text);
}

/* Time passes in which the server answers at once. */
static void run(struct server *s, int64_t ms)
{
	int64_t until_ms = s->fake.mono_ms + ms;
	struct fake_task *t;

	for (;;) {
		while ((t = fake_find(&s->fake, FAKE_CALL, "", "")))
			answer(s, t);
		t = fake_next_timer(&s->fake, until_ms);
		if (!t)
			break;
		fake_env_run_next(&s->fake);
	}
	fake_env_run(&s->fake, until_ms - s->fake.mono_ms);
}

/* --- what is stored ------------------------------------------------------------------------------ */

static char *value_of(const struct server *s, const char *key)
{
	CLEANUP(json_free_p) struct json *data = NULL;
	struct buf b = BUF_INIT(LIMIT_OBJECT_BYTES);

	assert_int_equal(json_parse(s->data, strlen(s->data), &data, NULL), 0);
	assert_int_equal(base64_decode(&b, json_string_or(json_get(data, key), "")), 0);
	return b.len ? buf_steal(&b) : xstrdup("");
}

/* Whether a pod that serves this now is trusted by both configurations. */
static bool is_trusted(const struct server *s, const struct key_pair *pair, int64_t *left_ms)
{
	int64_t now_s = (s->fake.wall_ms + s->ahead_ms) / 1000;
	bool trusted = true;

	for (int i = 0; i < 2; i++) {
		CLEANUP(authorities_release) struct authorities cas = {.count = 0};
		CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_OBJECT_BYTES);
		struct validity v = {0};
		size_t issuer = 0;

		assert_int_equal(base64_decode(&b, s->bundle[i]), 0);
		certificate_add_authorities(buf_str(&b), &cas);
		trusted = trusted && certificate_serves(pair, names, &cas, &v, &issuer) &&
			  issuer < cas.count && v.from_s <= now_s && now_s < v.until_s;
		*left_ms = (v.until_s - now_s) * 1000;
	}
	return trusted;
}

static struct key_pair served(const struct server *s)
{
	return (struct key_pair){.cert = value_of(s, "tls.crt"), .key = value_of(s, "tls.key")};
}

static void assert_serves(const struct server *s)
{
	CLEANUP(key_pair_release) struct key_pair pair = served(s);
	int64_t left_ms;

	assert_true(is_trusted(s, &pair, &left_ms));
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void all_is_made_and_then_left_alone(void **state)
{
	struct server s;

	(void)state;
	begin(&s);
	run(&s, 0);
	assert_serves(&s);
	assert_int_equal(s.secret_writes, 1);
	assert_int_equal(s.bundle_writes, 2);
	run(&s, DAY_MS / 24);
	assert_int_equal(s.secret_writes + s.bundle_writes, 3);
	end(&s);
}

/*
 * With each step of the clock, what any pod may serve is trusted: the certificate of now, and the
 * one before, which the kubelet has replaced within its lifetime.
 */
static void years_pass_and_what_is_served_is_always_trusted(void **state)
{
	CLEANUP(key_pair_release) struct key_pair former = KEY_PAIR_INIT;
	struct server s;
	int64_t left_ms;

	(void)state;
	begin(&s);
	run(&s, 0);
	/* Restarted with shorter lifetimes, so that years are short. */
	fake_env_release(&s.fake);
	certificate_keeper_free(s.keeper);
	set(&s.data, NULL);
	set(&s.bundle[0], "");
	set(&s.bundle[1], "");
	start(&s, 10 * 60 * 1000, HOUR_MS);
	run(&s, 0);
	for (int i = 0; i < 1000; i++) {
		struct key_pair now = served(&s);

		assert_true(is_trusted(&s, &now, &left_ms));
		assert_true(left_ms > 3 * 60 * 1000);
		/* A pod that has not heard of the renewal for half a minute. */
		assert_true(!former.cert || is_trusted(&s, &former, &left_ms));
		key_pair_release(&former);
		former = now;
		run(&s, 30 * 1000);
	}
	assert_true(s.secret_writes > 80);
	end(&s);
}

static void what_is_deleted_or_spoiled_is_repaired(void **state)
{
	CLEANUP(key_pair_release) struct key_pair former = KEY_PAIR_INIT;
	struct server s;
	int64_t left_ms;

	(void)state;
	begin(&s);
	run(&s, 60 * 1000);
	former = served(&s);
	set(&s.bundle[1], "eA==");
	run(&s, 20 * 1000);
	assert_serves(&s);
	set(&s.data, NULL); /* pods still serve what they have read */
	run(&s, 11 * 1000);
	assert_true(is_trusted(&s, &former, &left_ms));
	run(&s, 30 * 1000);
	assert_serves(&s);
	assert_true(is_trusted(&s, &former, &left_ms));
	set(&s.data, "{\"ca.crt\":\"?\"}");
	run(&s, 60 * 1000);
	assert_serves(&s);
	assert_true(is_trusted(&s, &former, &left_ms));
	set(&s.bundle[0], NULL); /* no such configuration */
	run(&s, 20 * 1000);
	set(&s.bundle[0], "");
	run(&s, 20 * 1000);
	assert_serves(&s);
	end(&s);
}

static void a_wrong_clock_is_corrected_by_the_server(void **state)
{
	static const int64_t ahead_ms[] = {-800 * DAY_MS, 800 * DAY_MS, -2 * 60 * 1000};
	struct server s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ahead_ms); i++) {
		begin(&s);
		s.ahead_ms = ahead_ms[i];
		run(&s, 60 * 1000);
		assert_serves(&s);
		/* Somebody sets the clock. */
		s.fake.wall_ms += s.ahead_ms;
		s.ahead_ms = 0;
		run(&s, 60 * 1000);
		assert_serves(&s);
		end(&s);
	}
}

/* The monotonic clock does not count the sleep of a laptop. */
static void a_long_sleep_is_noticed_within_seconds(void **state)
{
	struct server s;

	(void)state;
	begin(&s);
	run(&s, 60 * 1000);
	s.fake.wall_ms += 85 * DAY_MS;
	run(&s, 20 * 1000);
	assert_serves(&s);
	s.fake.wall_ms += 4000 * DAY_MS;
	run(&s, 60 * 1000);
	assert_serves(&s);
	end(&s);
}

static void a_failed_write_is_retried_and_a_lost_lease_writes_nothing(void **state)
{
	struct server s;

	(void)state;
	begin(&s);
	s.refuses = true;
	run(&s, 60 * 1000);
	assert_null(s.data);
	s.refuses = false;
	s.leads = false;
	run(&s, 60 * 1000);
	assert_null(s.data);
	end(&s);
	begin(&s);
	s.refuses = true;
	run(&s, 60 * 1000);
	s.refuses = false;
	run(&s, 60 * 1000);
	assert_serves(&s);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_made_and_then_left_alone),
		cmocka_unit_test(years_pass_and_what_is_served_is_always_trusted),
		cmocka_unit_test(what_is_deleted_or_spoiled_is_repaired),
		cmocka_unit_test(a_wrong_clock_is_corrected_by_the_server),
		cmocka_unit_test(a_long_sleep_is_noticed_within_seconds),
		cmocka_unit_test(a_failed_write_is_retried_and_a_lost_lease_writes_nothing),
	};

	return cmocka_run_group_tests_name("certificate_keeper", tests, fake_env_quiet, NULL);
}
