/* What is written at each step of a promotion, for what was there before. */
#include "promotion/statuspatch.h"

#include "base/limits.h"
#include "unit.h"

#define NOW  "2026-11-24T02:00:00Z"
#define META "{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"7\"}"

/* A version with these status items. */
static struct appversion *with_items(const char *items)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	CLEANUP(json_free_p) struct json *object = NULL;

	(void)buf_addf(&text,
		"{\"metadata\":{\"name\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"7\"},\"spec\":"
		"{\"appName\":\"app\"},\"status\":{\"promotionTaskStatus\":[%s]}}",
		items);
	assert_int_equal(json_parse(buf_str(&text), text.len, &object, NULL), 0);
	return appversion_decode(object);
}

static const struct {
	const char *what;
	const char *items;
	struct plan_change changes[3];
	enum view_state promotion;
	const char *want; /* of the status */
} rows[] = {
	{
		"commit",
		"",
		{{"a", "a-1-x", VIEW_PROGRESSING, PLAN_NO_REASON},
			{"b", "b-1-x", VIEW_PROGRESSING, PLAN_NO_REASON}},
		VIEW_PROGRESSING,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\","
		"\"startTime\":\"" NOW "\"},"
		"{\"definitionName\":\"b\",\"status\":\"Progressing\",\"name\":\"b-1-x\","
		"\"startTime\":\"" NOW "\"}],"
		"\"promotionStatus\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"status\":\"Progressing\"}",
	},
	{
		"one of two ends",
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\","
		"\"startTime\":\"s\"},"
		"{\"definitionName\":\"b\",\"status\":\"Progressing\",\"name\":\"b-1-x\","
		"\"startTime\":\"s\"}",
		{{"b", "b-1-x", VIEW_FAILED, PLAN_NO_REASON}},
		VIEW_NONE,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\","
		"\"startTime\":\"s\"},"
		"{\"definitionName\":\"b\",\"status\":\"Failed\",\"name\":\"b-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"" NOW "\"}]}",
	},
	{
		"the last one ends",
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\","
		"\"startTime\":\"s\"},"
		"{\"definitionName\":\"b\",\"status\":\"Succeeded\",\"name\":\"b-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"e\"}",
		{{"a", "a-1-x", VIEW_SUCCEEDED, PLAN_NO_REASON}},
		VIEW_SUCCEEDED,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Succeeded\",\"name\":\"a-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"" NOW "\"},"
		"{\"definitionName\":\"b\",\"status\":\"Succeeded\",\"name\":\"b-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"e\"}],"
		"\"promotionStatus\":\"Succeeded\",\"currentPhase\":\"Completed\",\"status\":"
		"\"Succeeded\",\"endTime\":\"" NOW "\"}",
	},
	{
		"it fails",
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\"}",
		{{"a", "a-1-x", VIEW_FAILED, PLAN_MISSING_JOB}},
		VIEW_FAILED,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Failed\",\"name\":\"a-1-x\","
		"\"endTime\":\"" NOW "\"}],"
		"\"promotionStatus\":\"Failed\",\"currentPhase\":\"PromotionTasks\",\"status\":"
		"\"Failed\",\"endTime\":\"" NOW "\"}",
	},
	{
		"it fails, which is a warning",
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\"}",
		{{"a", "a-1-x", VIEW_FAILED, PLAN_NO_REASON}},
		VIEW_WARNING,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Failed\",\"name\":\"a-1-x\","
		"\"endTime\":\"" NOW "\"}],"
		"\"promotionStatus\":\"Warning\",\"currentPhase\":\"Completed\",\"status\":"
		"\"Succeeded\",\"endTime\":\"" NOW "\"}",
	},
	{
		"a definition did not come",
		"",
		{{"a", "", VIEW_FAILED, PLAN_DEADLINE}},
		VIEW_FAILED,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Failed\",\"endTime\":\"" NOW "\"}],"
		"\"promotionStatus\":\"Failed\",\"currentPhase\":\"PromotionTasks\",\"status\":"
		"\"Failed\",\"endTime\":\"" NOW "\"}",
	},
	{
		"aborted while it waits",
		"",
		{{NULL, NULL, VIEW_NONE, PLAN_NO_REASON}},
		VIEW_FAILED,
		"{\"promotionStatus\":\"Failed\",\"currentPhase\":\"PromotionTasks\",\"status\":"
		"\"Failed\",\"endTime\":\"" NOW "\"}",
	},
	{
		"retry: what succeeded stays, what failed is replaced, what was given up begins",
		"{\"definitionName\":\"b\",\"status\":\"Succeeded\",\"name\":\"b-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"e\"},"
		"{\"definitionName\":\"a\",\"status\":\"Failed\",\"name\":\"a-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"e\"},"
		"{\"definitionName\":\"c\",\"status\":\"Failed\",\"endTime\":\"e\"}",
		{{"a", "a-2-x", VIEW_PROGRESSING, PLAN_NO_REASON},
			{"c", "c-2-x", VIEW_PROGRESSING, PLAN_NO_REASON},
			{"d", "d-2-x", VIEW_PROGRESSING, PLAN_NO_REASON}},
		VIEW_PROGRESSING,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"b\",\"status\":\"Succeeded\",\"name\":\"b-1-x\","
		"\"startTime\":\"s\",\"endTime\":\"e\"},"
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-2-x\","
		"\"startTime\":\"" NOW "\"},"
		"{\"definitionName\":\"c\",\"status\":\"Progressing\",\"name\":\"c-2-x\","
		"\"startTime\":\"" NOW "\"},"
		"{\"definitionName\":\"d\",\"status\":\"Progressing\",\"name\":\"d-2-x\","
		"\"startTime\":\"" NOW "\"}],"
		"\"promotionStatus\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"status\":\"Progressing\"}",
	},
	{
		"deprecated meanwhile",
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\"}",
		{{"a", "a-1-x", VIEW_SUCCEEDED, PLAN_NO_REASON}},
		VIEW_NONE,
		"{\"promotionTaskStatus\":[{\"definitionName\":\"a\",\"status\":\"Succeeded\","
		"\"name\":\"a-1-x\",\"endTime\":\"" NOW "\"}]}",
	},
	{
		"deprecate",
		"",
		{{NULL, NULL, VIEW_NONE, PLAN_NO_REASON}},
		VIEW_DEPRECATED,
		"{\"promotionStatus\":\"Deprecated\"}",
	},
	{
		"an edited list: one item says all of its task",
		"{\"definitionName\":\"a\",\"status\":\"Failed\",\"name\":\"a-1-x\"},"
		"{\"definitionName\":\"a\",\"status\":\"Odd\",\"name\":\"a-1-y\"},"
		"{\"name\":\"z\"}",
		{{"a", "a-2-x", VIEW_PROGRESSING, PLAN_NO_REASON}},
		VIEW_PROGRESSING,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-2-x\","
		"\"startTime\":\"" NOW "\"},{\"name\":\"z\"}],"
		"\"promotionStatus\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"status\":\"Progressing\"}",
	},
	{
		"an edited list: each of two open items of a task ends",
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-x\"},"
		"{\"definitionName\":\"a\",\"status\":\"Progressing\",\"name\":\"a-1-y\"}",
		{{"a", "a-1-x", VIEW_SUCCEEDED, PLAN_NO_REASON},
			{"a", "a-1-y", VIEW_FAILED, PLAN_NO_REASON}},
		VIEW_NONE,
		"{\"promotionTaskStatus\":["
		"{\"definitionName\":\"a\",\"status\":\"Succeeded\",\"name\":\"a-1-x\","
		"\"endTime\":\"" NOW "\"},"
		"{\"definitionName\":\"a\",\"status\":\"Failed\",\"name\":\"a-1-y\","
		"\"endTime\":\"" NOW "\"}]}",
	},
};

static void each_step_writes_what_keptn_would(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT(10000), want = BUF_INIT(10000);
		CLEANUP(appversion_unref_p) struct appversion *v = with_items(rows[i].items);
		struct statuspatch s = {.version = v,
			.promotion = rows[i].promotion,
			.changes = rows[i].changes,
			.now = NOW};

		while (s.count < ARRAY_SIZE(rows[i].changes) && rows[i].changes[s.count].task)
			s.count++;
		statuspatch_encode(&s, &got);
		(void)buf_addf(&want, META ",\"status\":%s}", rows[i].want);
		if (strcmp(buf_str(&got), buf_str(&want)) != 0)
			fail_msg("%s:\n%s\nand not\n%s", rows[i].what, buf_str(&got),
				buf_str(&want));
	}
}

static void annotations_are_set_removed_or_left_alone(void **state)
{
	static const struct {
		struct statuspatch_notes notes;
		const char *want;
	} cases[] = {
		{{.superseded_by = "newer"}, "\"promogate.dev/superseded-by\":\"newer\""},
		{{.waiting = "R: why"}, "\"promogate.dev/waiting\":\"R: why\""},
		{{.waiting = ""}, "\"promogate.dev/waiting\":null"},
		{{.waiting = "", .outcome = "Failed"},
			"\"promogate.dev/waiting\":null,\"promogate.dev/outcome\":\"Failed\""},
		{{.superseded_by = "newer", .waiting = "", .outcome = ""},
			"\"promogate.dev/superseded-by\":\"newer\",\"promogate.dev/waiting\":null,"
			"\"promogate.dev/outcome\":null"},
		{{.added_tasks = "a, b"}, "\"promogate.dev/added-tasks\":\"a, b\""},
		{{.added_tasks = ""}, "\"promogate.dev/added-tasks\":null"},
	};
	CLEANUP(appversion_unref_p) struct appversion *v = with_items("");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_release) struct buf got = BUF_INIT(10000), want = BUF_INIT(10000);

		statuspatch_annotate(v, &cases[i].notes, &got);
		(void)buf_addf(&want,
			"{\"metadata\":{\"uid\":\"u\",\"resourceVersion\":\"7\",\"annotations\":{"
			"%s}}}",
			cases[i].want);
		assert_string_equal(buf_str(&got), buf_str(&want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_writes_what_keptn_would),
		cmocka_unit_test(annotations_are_set_removed_or_left_alone),
	};

	return cmocka_run_group_tests_name("statuspatch", tests, NULL, NULL);
}
