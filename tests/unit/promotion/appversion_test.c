/* Every state of a KeptnAppVersion, as written by the operator, by Promogate or by a person. */
#include "promotion/appversion.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "job/spec.h"
#include "unit.h"

#define SPEC  "{\"appName\":\"podtato\",\"version\":\"1.0\",\"promotionTasks\":[\"a\",\"b\"]}"
#define JOB_A "a-1-bcdfghjk"
#define JOB_B "b-1-bcdfghjk"

static struct json *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static struct appversion *decode(const char *text)
{
	CLEANUP(json_free_p) struct json *object = parse(text);

	return appversion_decode(object);
}

/* One of two tasks, a and b, with more of its metadata, a comma before each member. */
static struct appversion *with_status(const char *metadata, const char *status)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);

	(void)buf_addf(&text,
		"{\"metadata\":{\"name\":\"podtato-1.0\",\"namespace\":\"dev\",\"uid\":\"u\","
		"\"resourceVersion\":\"7\"%s},\"spec\":" SPEC ",\"status\":{%s}}",
		metadata, status);
	return decode(buf_str(&text));
}

#define ENDED ",\"endTime\":\"2026-11-24T01:02:03Z\""
/* What the operator has written at the end, and what Promogate writes. */
#define OPERATORS                                                                                  \
	"\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":\"Pending"    \
	"\"" ENDED
#define PROMOTING(status, promotion)                                                               \
	"\"status\":\"" status "\",\"currentPhase\":\"PromotionTasks\",\"promotionStatus\":"       \
	"\"" promotion "\"" ENDED
#define COMPLETED(promotion)                                                                       \
	"\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":"             \
	"\"" promotion "\"" ENDED
#define ITEM(task, job, status)                                                                    \
	"{\"definitionName\":\"" task "\",\"name\":\"" job "\",\"status\":\"" status "\"}"
#define ITEMS(a, b) ",\"promotionTaskStatus\":[" a "," b "]"

enum { DELIVERED = 1, FOREIGN = 2, ABSORBED = 4, ACTIVE = 8, WAITS = 16, STARTED = 32 };

static const struct {
	const char *what;
	const char *status;
	enum view_state promotion;
	int is;
} states[] = {
	/* by the operator */
	{"just made", "", VIEW_NONE, 0},
	{"defaulted by the API server", "\"status\":\"Pending\",\"promotionStatus\":\"Pending\"",
		VIEW_PENDING, 0},
	{"pre-deployment tasks run",
		"\"status\":\"Progressing\",\"currentPhase\":\"AppPreDeployTasks\","
		"\"promotionStatus\":\"Pending\"",
		VIEW_PENDING, 0},
	{"a pre-deployment task failed",
		"\"status\":\"Failed\",\"currentPhase\":\"AppPreDeployTasks\","
		"\"promotionStatus\":\"Deprecated\"" ENDED,
		VIEW_DEPRECATED, ABSORBED},
	{"it deploys",
		"\"status\":\"Progressing\",\"currentPhase\":\"AppDeploy\",\"promotionStatus\":"
		"\"Pending\"",
		VIEW_PENDING, 0},
	{"post-evaluations are done, and the last write is still to come",
		"\"status\":\"Progressing\",\"currentPhase\":\"AppPostDeployEvaluations\","
		"\"postDeploymentEvaluationStatus\":\"Succeeded\",\"promotionStatus\":\"Pending\"",
		VIEW_PENDING, 0},
	{"completed without an end", "\"status\":\"Succeeded\",\"currentPhase\":\"Completed\"",
		VIEW_NONE, 0},
	{"an end that is not a time",
		"\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"endTime\":\"soon\"",
		VIEW_NONE, 0},
	{"delivered", OPERATORS, VIEW_PENDING, DELIVERED | WAITS},
	{"delivered, without the CRD's default",
		"\"status\":\"Succeeded\",\"currentPhase\":\"Completed\"" ENDED, VIEW_NONE,
		DELIVERED | WAITS},

	/* by Promogate */
	{"committed",
		PROMOTING("Progressing", "Progressing")
			ITEMS(ITEM("a", JOB_A, "Progressing"), ITEM("b", JOB_B, "Progressing")),
		VIEW_PROGRESSING, DELIVERED | ACTIVE | STARTED},
	{"one has ended",
		PROMOTING("Progressing", "Progressing")
			ITEMS(ITEM("a", JOB_A, "Failed"), ITEM("b", JOB_B, "Progressing")),
		VIEW_PROGRESSING, DELIVERED | ACTIVE | STARTED},
	{"succeeded",
		COMPLETED("Succeeded")
			ITEMS(ITEM("a", JOB_A, "Succeeded"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_SUCCEEDED, DELIVERED | ABSORBED | STARTED},
	{"failed under Block",
		PROMOTING("Failed", "Failed")
			ITEMS(ITEM("a", JOB_A, "Failed"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_FAILED, DELIVERED | STARTED},
	{"failed under Warn",
		COMPLETED("Warning")
			ITEMS(ITEM("a", JOB_A, "Failed"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_WARNING, DELIVERED | STARTED},
	{"its second attempt runs",
		PROMOTING("Progressing", "Progressing") ITEMS(
			ITEM("a", "a-2-bcdfghjk", "Progressing"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_PROGRESSING, DELIVERED | ACTIVE | STARTED},
	{"a definition was not created in time, under Block",
		PROMOTING("Failed", "Failed") ",\"promotionTaskStatus\":[{\"definitionName\":\"a\","
					      "\"status\":\"Failed\"}]",
		VIEW_FAILED, DELIVERED | STARTED},
	{"a definition was not created in time, under Warn",
		COMPLETED("Warning") ",\"promotionTaskStatus\":[{\"definitionName\":\"a\","
				     "\"status\":\"Failed\"}]",
		VIEW_WARNING, DELIVERED | STARTED},
	{"aborted while it waited, under Block", PROMOTING("Failed", "Failed"), VIEW_FAILED,
		DELIVERED | STARTED},
	{"aborted while it waited, under Warn", COMPLETED("Warning"), VIEW_WARNING,
		DELIVERED | STARTED},

	/* the operator deprecates, which changes every state and no phase */
	{"deprecated while it deploys",
		"\"status\":\"Deprecated\",\"currentPhase\":\"AppDeploy\",\"promotionStatus\":"
		"\"Deprecated\"",
		VIEW_DEPRECATED, ABSORBED},
	{"deprecated when delivered",
		"\"status\":\"Deprecated\",\"currentPhase\":\"Completed\",\"promotionStatus\":"
		"\"Deprecated\"" ENDED,
		VIEW_DEPRECATED, ABSORBED},
	{"deprecated by Promogate", COMPLETED("Deprecated"), VIEW_DEPRECATED, DELIVERED | ABSORBED},
	{"deprecated while it is promoted",
		PROMOTING("Deprecated", "Deprecated")
			ITEMS(ITEM("a", JOB_A, "Progressing"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_DEPRECATED, DELIVERED | ABSORBED | ACTIVE | STARTED},
	{"deprecated after it succeeded",
		"\"status\":\"Deprecated\",\"currentPhase\":\"Completed\",\"promotionStatus\":"
		"\"Deprecated\"" ENDED ITEMS(
			ITEM("a", JOB_A, "Succeeded"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_DEPRECATED, ABSORBED | STARTED},
	{"deprecated after it failed",
		PROMOTING("Deprecated", "Deprecated")
			ITEMS(ITEM("a", JOB_A, "Failed"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_DEPRECATED, DELIVERED | ABSORBED | STARTED},
	{"deprecated after it was given up", PROMOTING("Deprecated", "Deprecated"), VIEW_DEPRECATED,
		ABSORBED},

	/* the operator promotes itself */
	{"it comes to the phase",
		"\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"promotionStatus\":\"Pending\"",
		VIEW_PENDING, FOREIGN | ABSORBED},
	{"it comes to the phase of an old version (D26)",
		"\"status\":\"Succeeded\",\"currentPhase\":\"PromotionTasks\",\"promotionStatus\":"
		"\"Pending\"" ENDED,
		VIEW_PENDING, FOREIGN | ABSORBED},
	{"it is Progressing, and has made no KeptnTask yet",
		"\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"promotionStatus\":\"Progressing\"",
		VIEW_PROGRESSING, FOREIGN | ABSORBED | ACTIVE},
	{"it has made KeptnTasks",
		"\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"promotionStatus\":\"Progressing\"" ITEMS(
			ITEM("a", "promotion-a-12345", "Pending"),
			ITEM("b", "promotion-b-54321", "Progressing")),
		VIEW_PROGRESSING, FOREIGN | ABSORBED | ACTIVE},
	{"its KeptnTask is gone",
		"\"status\":\"Progressing\",\"currentPhase\":\"PromotionTasks\","
		"\"promotionStatus\":\"Progressing\"" ITEMS(
			ITEM("a", "", "Progressing"), ITEM("b", "", "Pending")),
		VIEW_PROGRESSING, FOREIGN | ABSORBED | ACTIVE},
	{"it ended well",
		COMPLETED("Succeeded") ITEMS(ITEM("a", "promotion-a-12345", "Succeeded"),
			ITEM("b", "promotion-b-54321", "Succeeded")),
		VIEW_SUCCEEDED, FOREIGN | ABSORBED | DELIVERED},
	{"it failed",
		PROMOTING("Failed", "Failed") ITEMS(ITEM("a", "promotion-a-12345", "Failed"),
			ITEM("b", "promotion-b-54321", "Succeeded")),
		VIEW_FAILED, FOREIGN | ABSORBED},
	{"it takes over what Promogate had begun",
		PROMOTING("Progressing", "Progressing") ITEMS(
			ITEM("a", JOB_A, "Progressing"), ITEM("b", "promotion-b-54321", "Pending")),
		VIEW_PROGRESSING, FOREIGN | ABSORBED | ACTIVE},

	/* by a person */
	{"an unknown state",
		"\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":"
		"\"Skipped\"" ENDED,
		VIEW_UNKNOWN, DELIVERED},
	{"the items were removed", PROMOTING("Progressing", "Progressing"), VIEW_PROGRESSING,
		FOREIGN | ABSORBED | ACTIVE},
	{"the end was removed",
		"\"status\":\"Failed\",\"currentPhase\":\"PromotionTasks\",\"promotionStatus\":"
		"\"Failed\"" ITEMS(ITEM("a", JOB_A, "Failed"), ITEM("b", JOB_B, "Succeeded")),
		VIEW_FAILED, STARTED},
};

static int what_is(const struct view_version *v)
{
	const struct view view = {.since = 0};

	return (v->delivered ? DELIVERED : 0) | (v->foreign ? FOREIGN : 0) |
	       (view_absorbed(v) ? ABSORBED : 0) | (view_active(v) ? ACTIVE : 0) |
	       (view_waits(&view, v) ? WAITS : 0) | (view_started(v) ? STARTED : 0);
}

static void distinguishes_all_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		CLEANUP(appversion_unref_p)
		struct appversion *v = with_status("", states[i].status);
		int is = what_is(&v->view);

		if (v->view.promotion != states[i].promotion || is != states[i].is)
			fail_msg("%s: %d, and not %d; promotion is %s", states[i].what, is,
				states[i].is, appversion_state_name(v->view.promotion));
		assert_int_equal(v->metadata == NULL, (is & ABSORBED) != 0);
		if (is & DELIVERED)
			assert_int_equal(v->view.ended, 1795482123);
	}
}

/* One without tasks of its own takes part if it is enrolled or was committed, and is small until then. */
static void a_version_without_tasks_takes_part_once_it_is_enrolled(void **state)
{
	static const struct {
		const char *annotations, *status;
		int is;
	} rows[] = {
		{"", OPERATORS, DELIVERED | ABSORBED},
		{"\"promogate.dev/added-tasks\":7", OPERATORS, DELIVERED | ABSORBED},
		{"\"promogate.dev/added-tasks\":\"a\"", OPERATORS, DELIVERED | WAITS},
		{"\"promogate.dev/added-tasks\":\"\"", OPERATORS, DELIVERED | WAITS},
		{"\"promogate.dev/added-tasks\":\"a\"", COMPLETED("Deprecated"),
			DELIVERED | ABSORBED},
		{"",
			PROMOTING("Progressing", "Progressing") ",\"promotionTaskStatus\":[" ITEM(
				"a", JOB_A, "Progressing") "]",
			DELIVERED | ACTIVE | STARTED},
		{"",
			PROMOTING("Failed", "Failed") ",\"promotionTaskStatus\":[" ITEM(
				"a", JOB_A, "Failed") "]",
			DELIVERED | STARTED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(appversion_unref_p) struct appversion *v = NULL;
		CLEANUP(free_p)
		char *object = xasprintf(
			"{\"metadata\":{\"name\":\"n\",\"namespace\":\"dev\",\"uid\":\"u\","
			"\"annotations\":{%s}},\"spec\":{\"appName\":\"podtato\"},\"status\":{%s}}",
			rows[i].annotations, rows[i].status);

		v = decode(object);
		assert_non_null(v);
		if (what_is(&v->view) != rows[i].is)
			fail_msg("%s: %d, and not %d", object, what_is(&v->view), rows[i].is);
		assert_int_equal(v->metadata == NULL, (rows[i].is & ABSORBED) != 0);
	}
}

/* A version that is being deleted is never delivered; its open items stay open. */
static void a_deleted_version_does_not_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		CLEANUP(appversion_unref_p)
		struct appversion *v = with_status(
			",\"deletionTimestamp\":\"2026-11-24T01:02:03Z\"", states[i].status);

		assert_int_equal(what_is(&v->view), states[i].is & ~(DELIVERED | WAITS));
	}
}

static void reads_what_people_ask_for(void **state)
{
	static const struct {
		const char *annotation;
		unsigned want;
	} rows[] = {
		{"\"2\"", 2},
		{"\"4294967295\"", 4294967295},
		{"\"4294967296\"", 0},
		{"\"0\"", 0},
		{"\"-1\"", 0},
		{"\"+1\"", 0},
		{"\" 1\"", 0},
		{"\"1 \"", 0},
		{"\"\"", 0},
		{"\"two\"", 0},
		{"2", 0},
		{"null", 0},
		{"[\"2\"]", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(appversion_unref_p) struct appversion *v = NULL;
		char metadata[200];

		(void)snprintf(metadata, sizeof(metadata),
			",\"annotations\":{\"promogate.dev/retry\":%s,\"promogate.dev/abort\":%s,"
			"\"promogate.dev/superseded-by\":%s}",
			rows[i].annotation, rows[i].annotation, rows[i].annotation);
		v = with_status(metadata, OPERATORS);
		assert_int_equal(v->view.retry, rows[i].want);
		assert_int_equal(v->view.abort, rows[i].want);
		assert_int_equal(v->view.superseded, rows[i].annotation[0] == '"');
	}
}

static void reads_the_annotations_that_promogate_writes(void **state)
{
	static const struct {
		const char *annotations, *waiting;
		unsigned outcome;
	} rows[] = {
		{"", "", 0},
		{"\"promogate.dev/waiting\":\"R: why\"", "R: why", 0},
		{"\"promogate.dev/waiting\":7,\"promogate.dev/outcome\":{}", "", 0},
		{"\"promogate.dev/outcome\":\"Failed, attempt 12: 1 of 2\"", "", 12},
		/* Somebody else's: of no attempt that exists, so it is replaced. */
		{"\"promogate.dev/outcome\":\"\"", "", UINT32_MAX},
		{"\"promogate.dev/outcome\":\"Failed, attempt 0: x\"", "", UINT32_MAX},
		{"\"promogate.dev/outcome\":\"Failed, attempt -1: x\"", "", UINT32_MAX},
		{"\"promogate.dev/outcome\":\"Failed, attempt 99999999999999999999\"", "",
			UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(appversion_unref_p) struct appversion *v = NULL;
		char metadata[200];

		(void)snprintf(
			metadata, sizeof(metadata), ",\"annotations\":{%s}", rows[i].annotations);
		v = with_status(metadata, OPERATORS);
		assert_string_equal(v->view.waiting, rows[i].waiting);
		assert_int_equal(v->view.outcome, rows[i].outcome);
	}
}

static void a_reason_longer_than_promogates_is_not_kept(void **state)
{
	CLEANUP(appversion_unref_p) struct appversion *v = NULL;
	CLEANUP(buf_release) struct buf metadata = BUF_INIT(10000);

	(void)state;
	(void)buf_add(&metadata, ",\"annotations\":{\"promogate.dev/waiting\":\"");
	for (int i = 0; i < LIMIT_MESSAGE_BYTES + 1; i++)
		(void)buf_addc(&metadata, 'x');
	(void)buf_add(&metadata, "\"}");
	v = with_status(buf_str(&metadata), OPERATORS);
	assert_string_equal(v->view.waiting, "too long");
}

static void a_claim_that_is_not_valid_counts_as_none(void **state)
{
	static const struct {
		const char *annotation;
		uint64_t term, nonce;
	} rows[] = {
		{"\"7-8\"", 7, 8},
		{"\"9223372036854775807-9223372036854775807\"", INT64_MAX, INT64_MAX},
		{"\"7-9223372036854775808\"", 0, 0},
		{"\"00000000000000000000000000000007-8\"", 0, 0},
		{"\"-7-8\"", 0, 0},
		{"\"7--8\"", 0, 0},
		{"\"7-8-9\"", 0, 0},
		{"\"7-\"", 0, 0},
		{"\"-\"", 0, 0},
		{"\"7\"", 0, 0},
		{"\"\"", 0, 0},
		{"7", 0, 0},
		{"null", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(appversion_unref_p) struct appversion *v = NULL;
		char metadata[200];

		(void)snprintf(metadata, sizeof(metadata),
			",\"annotations\":{\"promogate.dev/claim\":%s}", rows[i].annotation);
		v = with_status(metadata, OPERATORS);
		assert_true(v->view.claim_term == rows[i].term);
		assert_true(v->view.claim_nonce == rows[i].nonce);
	}
}

static void reads_the_object(void **state)
{
	CLEANUP(appversion_unref_p)
	struct appversion *v = decode(
		"{\"metadata\":{\"name\":\"n\",\"namespace\":\"dev\",\"uid\":\"u\","
		"\"resourceVersion\":\"7\",\"generation\":3,"
		"\"creationTimestamp\":\"1970-01-01T00:01:40Z\"},"
		"\"spec\":{\"appName\":\"app\",\"version\":\"1\",\"revision\":2,"
		"\"previousVersion\":\"0.9\","
		"\"promotionTasks\":[\"b\",\"a\",7,null,\"b\",{},\"a\"]},"
		"\"status\":{\"promotionTaskStatus\":[{\"definitionName\":\"b\",\"name\":"
		"\"b-12-bcdfghjk\",\"status\":\"Progressing\",\"startTime\":\"s\",\"endTime\":"
		"\"e\"},7,{\"definitionName\":[],\"name\":{},\"status\":1,\"startTime\":null}]}}");

	(void)state;
	assert_string_equal(v->view.name, "n");
	assert_string_equal(v->namespace, "dev");
	assert_string_equal(v->view.uid, "u");
	assert_string_equal(v->view.resource_version, "7");
	assert_string_equal(v->app, "app");
	assert_string_equal(v->view.version, "1");
	assert_string_equal(v->view.previous, "0.9");
	assert_int_equal(v->view.created, 100);
	assert_int_equal(v->view.revision, 2);
	assert_int_equal(v->view.generation, 3);
	assert_int_equal(v->view.ntasks, 2);
	assert_string_equal(v->view.tasks[0].name, "b"); /* D3: each once, in order */
	assert_string_equal(v->view.tasks[1].name, "a");
	assert_false(v->view.tasks[0].defined);
	assert_int_equal(v->view.nitems, 2);
	assert_string_equal(v->items[0].job, "b-12-bcdfghjk");
	assert_string_equal(v->items[0].status, "Progressing");
	assert_string_equal(v->items[0].start, "s");
	assert_string_equal(v->items[0].end, "e");
	assert_ptr_equal(v->view.items[0].task, v->items[0].task);
	assert_ptr_equal(v->view.items[0].job, v->items[0].job);
	assert_int_equal(v->view.items[0].state, VIEW_PROGRESSING);
	assert_int_equal(v->view.items[0].attempt, 12);
	assert_string_equal(v->items[1].task, "");
	assert_string_equal(v->items[1].start, "");
	assert_int_equal(v->view.items[1].state, VIEW_NONE);
}

static void takes_whatever_an_object_holds(void **state)
{
	static const char *const none[] = {
		"null",
		"[]",
		"{\"metadata\":{\"uid\":\"u\"},\"spec\":{\"appName\":\"a\"}}",
		"{\"metadata\":{\"name\":\"n\"},\"spec\":{\"appName\":\"a\"}}",
		"{\"metadata\":{\"name\":\"n\",\"uid\":\"u\"},\"spec\":{\"appName\":7}}",
		"{\"metadata\":[],\"spec\":[],\"status\":[]}",
	};
	CLEANUP(appversion_unref_p)
	struct appversion *v = decode(
		"{\"metadata\":{\"name\":\"n\",\"uid\":\"u\",\"namespace\":[],\"generation\":\"1\","
		"\"creationTimestamp\":1,\"annotations\":\"a\",\"deletionTimestamp\":null},"
		"\"spec\":{\"appName\":\"a\",\"version\":{},\"revision\":\"x\",\"previousVersion\":9,"
		"\"promotionTasks\":{\"a\":\"b\"}},\"status\":{\"promotionTaskStatus\":{\"a\":{}},"
		"\"currentPhase\":1,\"endTime\":{},\"promotionStatus\":[]}}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_null(decode(none[i]));
	assert_int_equal(v->view.revision, 1);
	assert_string_equal(v->view.version, "");
	assert_string_equal(v->view.previous, "");
	assert_int_equal(v->view.ntasks, 0);
	assert_int_equal(v->view.nitems, 0);
	assert_int_equal(v->view.promotion, VIEW_NONE);
	assert_string_equal(v->namespace, "");
	assert_false(v->view.foreign);
}

/* The time of a plan grows with their square, so too many are not planned. */
static void too_many_tasks_are_not_planned(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);

	(void)state;
	for (int more = 0; more < 2; more++) {
		CLEANUP(appversion_unref_p) struct appversion *v = NULL;

		buf_reset(&text);
		(void)buf_add(&text, "{\"metadata\":{\"name\":\"n\",\"uid\":\"u\"},\"spec\":{"
				     "\"appName\":\"a\",\"promotionTasks\":[\"first\"");
		for (int i = 1; i < LIMIT_VERSION_TASKS + more; i++)
			(void)buf_addf(&text, ",\"n%d\"", i);
		(void)buf_add(&text, "]},\"status\":{" OPERATORS "}}");
		v = decode(buf_str(&text));
		assert_int_equal(v->oversized, more);
		assert_int_equal(v->view.ntasks, more ? 0 : LIMIT_VERSION_TASKS);
		assert_int_equal(what_is(&v->view),
			more ? DELIVERED | FOREIGN | ABSORBED : DELIVERED | WAITS);
	}
}

/* As KEPTN_CONTEXT has it. */
static void keeps_the_metadata_that_a_job_needs(void **state)
{
#define OBJECT(spec, status)                                                                       \
	"{\"metadata\":{\"name\":\"n\",\"namespace\":\"dev\",\"uid\":\"u\"},\"spec\":{"            \
	"\"appName\":\"a<b\",\"version\":\"1\",\"promotionTasks\":[\"a\"]" spec "},\"status\":{"   \
	"\"status\":\"Progressing\"" status "}}"
#define TRACE(id)                                                                                  \
	"{\"traceparent\":\"00-000000000000000000000000000000" id "-00000000000000aa-01\"}"
#define PARENT(id)                                                                                 \
	"{\"traceparent\":\"00-000000000000000000000000000000" id "-00000000000000aa-01\"}"
	static const struct {
		const char *object, *metadata;
	} rows[] = {
		{OBJECT("", ""), ""},
		{OBJECT(",\"metadata\":{\"z\":\"<\",\"a\":\"\\u2028\",\"n\":7}", ""),
			"{\"a\":\"\\u2028\",\"z\":\"\\u003c\"}"},
		{OBJECT(",\"metadata\":[\"a\"],\"traceId\":\"t\"", ""), ""},
		{OBJECT(",\"traceId\":" TRACE("01"), ""), PARENT("01")},
		{OBJECT(",\"traceId\":" TRACE("01"),
			 ",\"phaseTraceIDs\":{\"PromotionTasks\":" TRACE("02") "}"),
			PARENT("02")},
		{OBJECT(",\"traceId\":" TRACE("01"), ",\"phaseTraceIDs\":{\"PromotionTasks\":{}}"),
			PARENT("01")},
		{OBJECT(",\"traceId\":" TRACE("01"),
			 ",\"phaseTraceIDs\":{\"PromotionTasks\":{\"traceparent\":7}}"),
			""},
		{OBJECT(",\"traceId\":{\"baggage\":\"b\",\"tracestate\":\"s\"},"
			"\"metadata\":{\"baggage\":\"other\"}",
			 ""),
			"{\"baggage\":\"b\"}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(appversion_unref_p) struct appversion *v = decode(rows[i].object);

		assert_string_equal(v->metadata, rows[i].metadata);
	}
}

static void metadata_that_fits_in_no_job_is_not_kept(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(appversion_unref_p) struct appversion *v = NULL;

	(void)state;
	(void)buf_add(&text, "{\"metadata\":{\"name\":\"n\",\"uid\":\"u\"},\"spec\":{\"appName\":"
			     "\"a\",\"promotionTasks\":[\"a\"],\"metadata\":{\"a\":\"");
	for (int i = 0; i < LIMIT_JOB_BYTES / 6 + 1; i++)
		(void)buf_addc(&text, '<');
	(void)buf_add(&text, "\"}},\"status\":{" OPERATORS "}}");
	v = decode(buf_str(&text));
	assert_null(v->metadata);
	assert_int_equal(what_is(&v->view), DELIVERED | WAITS);
}

static void it_lives_as_long_as_it_has_a_reference(void **state)
{
	struct appversion *v = with_status("", OPERATORS);

	(void)state;
	assert_ptr_equal(appversion_ref(v), v);
	appversion_unref(v);
	assert_string_equal(v->view.name, "podtato-1.0");
	appversion_unref(v);
	appversion_unref(NULL);
}

/* Ten thousand must fit well below 20 MiB. */
static void a_version_is_small(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	CLEANUP(appversion_unref_p) struct appversion *v = NULL;

	(void)state;
	(void)buf_add(&text,
		"{\"metadata\":{\"name\":\"podtato-head-2.10.0-6b86b273\",\"namespace\":"
		"\"podtato-head-development\",\"uid\":\"0f3c2a4e-0000-4000-8000-000000000001\","
		"\"resourceVersion\":\"12345678\",\"managedFields\":[");
	for (int i = 0; i < 100; i++)
		(void)buf_addf(&text, "%s{\"manager\":\"operator\"}", i ? "," : "");
	(void)buf_add(&text, "]},\"spec\":{\"appName\":\"podtato-head\",\"version\":\"2.10.0\","
			     "\"metadata\":{\"commit\":\"0123456789012345678901234567890123456789"
			     "\"},\"promotionTasks\":[");
	for (int i = 0; i < 5; i++)
		(void)buf_addf(&text, "%s\"open-pull-request-%d\"", i ? "," : "", i);
	(void)buf_add(&text,
		"]},\"status\":{" PROMOTING("Failed", "Failed") ",\"promotionTaskStatus\":[");
	for (int i = 0; i < 5; i++)
		(void)buf_addf(&text,
			"%s{\"definitionName\":\"open-pull-request-%d\",\"status\":\"Failed\","
			"\"name\":\"open-pull-request-%d-1-bcdfghjk\",\"startTime\":"
			"\"2026-11-24T01:02:03Z\",\"endTime\":\"2026-11-24T01:02:03Z\"}",
			i ? "," : "", i, i);
	(void)buf_add(&text, "]}}");
	v = decode(buf_str(&text));
	assert_int_equal(v->view.nitems, 5);
	assert_non_null(v->metadata);
	assert_true(malloc_usable_size(v) <= 1536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distinguishes_all_states),
		cmocka_unit_test(a_version_without_tasks_takes_part_once_it_is_enrolled),
		cmocka_unit_test(a_deleted_version_does_not_start),
		cmocka_unit_test(reads_what_people_ask_for),
		cmocka_unit_test(reads_the_annotations_that_promogate_writes),
		cmocka_unit_test(a_reason_longer_than_promogates_is_not_kept),
		cmocka_unit_test(a_claim_that_is_not_valid_counts_as_none),
		cmocka_unit_test(reads_the_object),
		cmocka_unit_test(takes_whatever_an_object_holds),
		cmocka_unit_test(too_many_tasks_are_not_planned),
		cmocka_unit_test(keeps_the_metadata_that_a_job_needs),
		cmocka_unit_test(metadata_that_fits_in_no_job_is_not_kept),
		cmocka_unit_test(it_lives_as_long_as_it_has_a_reference),
		cmocka_unit_test(a_version_is_small),
	};

	return cmocka_run_group_tests_name("appversion", tests, NULL, NULL);
}
