#include "kube/event.h"

#include "base/limits.h"
#include "json/json.h"
#include "kube/names.h"
#include "unit.h"

static struct event example(void)
{
	return (struct event){.namespace = "dev",
		.api_version = "lifecycle.keptn.sh/v1",
		.kind = "KeptnAppVersion",
		.name = "podtato-1.0",
		.uid = "u",
		.resource_version = "7",
		.reason = "PromotionTasksStarted",
		.message = "it \"started\"",
		.component = "promogate-reconciler",
		.now = "2026-11-24T01:02:03Z"};
}

static struct json *encode(const struct event *event)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	struct json *j = NULL;

	event_encode(event, &text);
	assert_int_equal(json_parse(buf_str(&text), text.len, &j, NULL), 0);
	return j;
}

static const char *name_of(const struct json *event)
{
	return json_string(json_at(event, "metadata", "name"));
}

static void says_all_that_an_event_has(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	struct event event = example();

	(void)state;
	event_encode(&event, &text);
	assert_string_equal(buf_str(&text),
		"{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"namespace\":\"dev\","
		"\"name\":\"podtato-1.0.b25c68d410af51e8\"},\"involvedObject\":{\"apiVersion\":"
		"\"lifecycle.keptn.sh/v1\",\"kind\":\"KeptnAppVersion\",\"namespace\":\"dev\","
		"\"name\":\"podtato-1.0\",\"uid\":\"u\",\"resourceVersion\":\"7\"},\"type\":"
		"\"Normal\",\"reason\":\"PromotionTasksStarted\",\"message\":\"it "
		"\\\"started\\\"\",\"source\":{\"component\":\"promogate-reconciler\"},"
		"\"reportingComponent\":\"promogate-reconciler\",\"firstTimestamp\":"
		"\"2026-11-24T01:02:03Z\",\"lastTimestamp\":\"2026-11-24T01:02:03Z\",\"count\":1}");
}

/* Time, resourceVersion and reporting instance may differ after a restart. */
static void the_same_event_has_the_same_name(void **state)
{
	struct event events[6] = {example(), example(), example(), example(), example(), example()};

	(void)state;
	events[1].now = "2026-11-24T09:09:09Z";
	events[1].resource_version = "9";
	events[2].uid = "other";
	events[3].reason = "PromotionTasksFinished";
	events[4].message = "it";
	events[5].reason = "PromotionTasksStartedi"; /* the same letters in all */
	events[5].message = "t \"started\"";
	for (size_t i = 1; i < ARRAY_SIZE(events); i++) {
		CLEANUP(json_free_p) struct json *a = encode(&events[0]);
		CLEANUP(json_free_p) struct json *b = encode(&events[i]);

		assert_int_equal(strcmp(name_of(a), name_of(b)) == 0, i == 1);
	}
}

static void a_name_is_legal_however_long_the_objects_is(void **state)
{
	struct event event = example();
	char name[LIMIT_NAME_BYTES + 1];

	(void)state;
	event.name = name;
	for (size_t dot = 0; dot < 20; dot++) {
		CLEANUP(json_free_p) struct json *j = NULL;

		memset(name, 'a', LIMIT_NAME_BYTES);
		name[LIMIT_NAME_BYTES] = '\0';
		name[LIMIT_NAME_BYTES - 2 - dot] = dot % 2 ? '.' : '-';
		assert_true(name_is_subdomain(name));
		j = encode(&event);
		assert_true(name_is_subdomain(name_of(j)));
	}
}

static void a_message_is_cut_between_characters(void **state)
{
	CLEANUP(buf_release) struct buf message = BUF_INIT(10000);
	CLEANUP(json_free_p) struct json *j = NULL;
	struct event event = example();

	(void)state;
	for (int i = 0; i < LIMIT_MESSAGE_BYTES; i++)
		(void)buf_add(&message, "€");
	event.message = buf_str(&message);
	event.warning = true;
	j = encode(&event);
	assert_int_equal(strlen(json_string(json_get(j, "message"))), LIMIT_MESSAGE_BYTES / 3 * 3);
	assert_string_equal(json_string(json_get(j, "type")), "Warning");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_all_that_an_event_has),
		cmocka_unit_test(the_same_event_has_the_same_name),
		cmocka_unit_test(a_name_is_legal_however_long_the_objects_is),
		cmocka_unit_test(a_message_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
