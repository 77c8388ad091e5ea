#include "pki/material.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "unit.h"

#define HOUR_MS (60 * 60 * INT64_C(1000))
#define NOW_MS  INT64_C(1795482123000)

static const char *const names[] = {"promogate-webhook.promogate-system.svc", "127.0.0.1", NULL};
static const struct renewal_config config = {.serving_ms = HOUR_MS, .ca_ms = 10 * HOUR_MS};

static struct json *parse(const struct buf *b)
{
	struct json *j = NULL;

	assert_int_equal(json_parse(buf_str(b), b->len, &j, NULL), 0);
	return j;
}

static void step(struct material *m, enum renewal_step what, size_t keep, bool serving)
{
	const struct renewal r = {.step = what, .keep = keep, .with_serving = serving};
	struct err err = ERR_INIT;

	if (material_step(m, &r, &config, names, NOW_MS, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct renewal_stored describe(const struct material *m)
{
	struct renewal_stored s;

	material_describe(m, names, &s);
	return s;
}

static void what_is_made_is_valid_and_can_be_stored(void **state)
{
	CLEANUP(material_release) struct material m = MATERIAL_INIT, read = MATERIAL_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(json_free_p) struct json *secret = NULL;
	struct renewal_stored s;

	(void)state;
	step(&m, RENEWAL_CA, 0, true);
	material_write(&m, "ns", "name", &b);
	secret = parse(&b);
	material_read(secret, &read);
	assert_string_equal(json_string_or(json_get(secret, "type"), ""), "kubernetes.io/tls");
	s = describe(&read);
	assert_int_equal(s.ca_count, 1);
	assert_true(s.has_ca_key && s.has_serving);
	assert_int_equal(s.issuer, 0);
	assert_int_equal(s.serving.from_s, (NOW_MS - HOUR_MS / 10) / 1000);
	assert_int_equal(s.serving.until_s, (NOW_MS + HOUR_MS) / 1000);
	assert_int_equal(s.cas[0].until_s, (NOW_MS + 10 * HOUR_MS) / 1000);
}

static void a_new_ca_keeps_the_serving_certificate_until_it_signs_one(void **state)
{
	CLEANUP(material_release) struct material m = MATERIAL_INIT;

	(void)state;
	step(&m, RENEWAL_CA, 0, true);
	step(&m, RENEWAL_CA, 1, false);
	assert_int_equal(describe(&m).ca_count, 2);
	assert_int_equal(describe(&m).issuer, 1);
	step(&m, RENEWAL_SERVING, 0, false);
	assert_int_equal(describe(&m).issuer, 0);
	step(&m, RENEWAL_FORGET, 1, false);
	assert_int_equal(describe(&m).ca_count, 1);
	assert_true(describe(&m).has_serving);
}

static void a_certificate_for_other_names_or_with_another_key_is_not_used(void **state)
{
	static const char *const others[] = {"elsewhere.svc", NULL};
	CLEANUP(material_release) struct material m = MATERIAL_INIT, other = MATERIAL_INIT;
	struct renewal_stored s;
	char *key;

	(void)state;
	step(&m, RENEWAL_CA, 0, true);
	material_describe(&m, others, &s);
	assert_false(s.has_serving);
	step(&other, RENEWAL_CA, 0, true);
	key = m.serving.key;
	m.serving.key = other.serving.key;
	other.serving.key = key;
	assert_false(describe(&m).has_serving);
	key = m.ca_key;
	m.ca_key = other.ca_key;
	other.ca_key = key;
	assert_false(describe(&m).has_ca_key);
}

static void it_does_not_outlive_its_ca(void **state)
{
	CLEANUP(material_release) struct material m = MATERIAL_INIT;
	const struct renewal_config longer = {.serving_ms = 20 * HOUR_MS};
	const struct renewal r = {.step = RENEWAL_SERVING};

	(void)state;
	step(&m, RENEWAL_CA, 0, true);
	assert_int_equal(material_step(&m, &r, &longer, names, NOW_MS, NULL), 0);
	assert_int_equal(describe(&m).serving.until_s, describe(&m).cas[0].until_s);
}

static void what_is_spoiled_counts_as_missing(void **state)
{
	static const char text[] =
		"{\"type\":\"Opaque\",\"metadata\":{\"resourceVersion\":\"7\","
		"\"creationTimestamp\":\"2026-11-24T01:02:03Z\","
		"\"managedFields\":[{\"time\":\"2026-11-25T01:02:03Z\"},{\"time\":1}]},"
		"\"data\":{\"ca.crt\":\"AAAA\",\"ca.key\":\"?\",\"tls.crt\":\"YQ==\",\"tls.key\":1}}";
	CLEANUP(json_free_p) struct json *secret = NULL;
	CLEANUP(material_release) struct material m = MATERIAL_INIT;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &secret, NULL), 0);
	material_read(secret, &m);
	assert_string_equal(m.type, "Opaque");
	assert_string_equal(m.version, "7");
	assert_int_equal(m.seen_ms, INT64_C(1795568523000));
	assert_int_equal(describe(&m).ca_count, 0);
	assert_false(describe(&m).has_serving || describe(&m).has_ca_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_valid_and_can_be_stored),
		cmocka_unit_test(a_new_ca_keeps_the_serving_certificate_until_it_signs_one),
		cmocka_unit_test(a_certificate_for_other_names_or_with_another_key_is_not_used),
		cmocka_unit_test(it_does_not_outlive_its_ca),
		cmocka_unit_test(what_is_spoiled_counts_as_missing),
	};

	return cmocka_run_group_tests_name("material", tests, NULL, NULL);
}
