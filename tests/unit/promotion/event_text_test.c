/* The messages of Events, word for word. */
#include "promotion/event_text.h"

#include "base/limits.h"
#include "unit.h"

#define RETRY_2                                                                                    \
	"kubectl annotate keptnappversion -n dev podtato-1.0 promogate.dev/retry=2 --overwrite"

static struct json *parse(const char *text)
{
	struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), 0);
	return j;
}

/* podtato 1.0 with the tasks a, b and c, delivered in 1970, and these status items. */
static struct appversion *version(const char *items)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	CLEANUP(json_free_p) struct json *object = NULL;

	(void)buf_addf(&text,
		"{\"metadata\":{\"name\":\"podtato-1.0\",\"namespace\":\"dev\",\"uid\":\"v\"},"
		"\"spec\":{\"appName\":\"podtato\",\"version\":\"1.0\",\"promotionTasks\":[\"a\","
		"\"b\",\"c\"]},\"status\":{\"endTime\":\"1970-01-01T00:00:00Z\",\"status\":"
		"\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionTaskStatus\":[%s]}}",
		items);
	object = parse(buf_str(&text));
	return appversion_decode(object);
}

#define ITEM(task, attempt, status)                                                                \
	"{\"definitionName\":\"" task "\",\"name\":\"" task "-" attempt                            \
	"-bcdfghjk\",\"status\":\"" status "\"}"
#define OPEN ITEM("a", "1", "Progressing") "," ITEM("b", "1", "Progressing")

static struct promotion_job *failed_job(const char *name, const char *message)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
	CLEANUP(json_free_p) struct json *object = NULL;

	(void)buf_addf(&text,
		"{\"metadata\":{\"name\":\"%s\",\"uid\":\"j\"},\"spec\":{\"template\":{\"spec\":{"
		"\"containers\":[{\"env\":[{\"name\":\"PROMOGATE_ID\",\"value\":\"v/%c\"}]}]}}},"
		"\"status\":{\"conditions\":[{\"type\":"
		"\"Failed\",\"status\":\"True\",\"reason\":\"BackoffLimitExceeded\",\"message\":"
		"\"%s\"}]}}",
		name, name[0], message);
	object = parse(buf_str(&text));
	return promotion_job_decode(object);
}

static void assert_text(
	const struct event_text *t, bool warning, const char *reason, const char *message)
{
	assert_string_equal(buf_str(&t->message), message);
	assert_string_equal(t->reason, reason);
	assert_int_equal(t->warning, warning);
}

static void says_what_started(void **state)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	CLEANUP(appversion_unref_p) struct appversion *v = version("");
	struct plan_change changes[] = {{"other", "", VIEW_FAILED, PLAN_NO_REASON},
		{"a", "a-1-x", VIEW_PROGRESSING, PLAN_NO_REASON},
		{"b", "b-1-x", VIEW_PROGRESSING, PLAN_NO_REASON}};
	struct plan p = {.changes = changes, .nchanges = 3};
	struct plan_action a = {.kind = PLAN_COMMIT,
		.version = &v->view,
		.attempt = 1,
		.promotion = VIEW_PROGRESSING,
		.first = 1,
		.count = 2};

	(void)state;
	event_text_started(&t, v, &a, &p);
	assert_text(&t, false, "PromotionTasksStarted",
		"podtato 1.0: started 2 promotion tasks: a (Job a-1-x), b (Job b-1-x)");
	a.attempt = 2;
	a.count = 1;
	event_text_started(&t, v, &a, &p);
	assert_text(&t, false, "PromotionTasksStarted",
		"podtato 1.0: started 1 promotion task, attempt 2: a (Job a-1-x)");
}

struct end_case {
	const char *items;
	struct plan_change changes[3];
	enum view_state promotion;
	enum plan_reason reason;
	struct view_decision decision;
	const char *event, *message;
};

static const struct end_case ends[] = {
	{OPEN,
		{{"a", "a-1-bcdfghjk", VIEW_SUCCEEDED, PLAN_NO_REASON},
			{"b", "b-1-bcdfghjk", VIEW_SUCCEEDED, PLAN_NO_REASON}},
		VIEW_SUCCEEDED, PLAN_NO_REASON, {NULL, ON_FAILURE_BLOCK, NULL},
		"PromotionTasksFinished", "podtato 1.0: 2 promotion tasks succeeded"},
	{OPEN,
		{{"a", "a-1-bcdfghjk", VIEW_SUCCEEDED, PLAN_NO_REASON},
			{"b", "b-1-bcdfghjk", VIEW_FAILED, PLAN_NO_REASON}},
		VIEW_FAILED, PLAN_NO_REASON, {"b", ON_FAILURE_BLOCK, "policy prod@7"},
		"PromotionTasksFailed",
		"podtato 1.0: 1 of 2 promotion tasks failed: b (Job b-1-bcdfghjk: BackoffLimitExceeded: it crashed). The version fails, on-failure: Block (policy prod@7). To retry the failed tasks: " RETRY_2},
	{ITEM("a", "1", "Failed") "," ITEM("b", "1", "Progressing"),
		{{"b", "b-1-bcdfghjk", VIEW_FAILED, PLAN_MISSING_JOB}}, VIEW_WARNING,
		PLAN_NO_REASON, {"a", ON_FAILURE_WARN, "policy prod@7"}, "PromotionTasksFailed",
		"podtato 1.0: 2 of 2 promotion tasks failed: b (its Job b-1-bcdfghjk was deleted before it ended); a (its Job a-1-bcdfghjk is gone). The version succeeds with a warning, on-failure: Warn for a (policy prod@7). To retry the failed tasks: " RETRY_2},
	{ITEM("a", "2", "Progressing") "," ITEM("b", "1", "Succeeded"),
		{{"a", "a-2-bcdfghjk", VIEW_FAILED, PLAN_ABORTED}}, VIEW_FAILED, PLAN_NO_REASON,
		{"a", ON_FAILURE_BLOCK, "KeptnConfig's blockDeployment"}, "PromotionTasksFailed",
		"podtato 1.0: 1 of 2 promotion tasks failed: a (aborted). The version fails, on-failure: Block (KeptnConfig's blockDeployment). To retry the failed tasks: kubectl annotate keptnappversion -n dev podtato-1.0 promogate.dev/retry=3 --overwrite"},
	{"", {{"c", "", VIEW_FAILED, PLAN_DEADLINE}}, VIEW_FAILED, PLAN_DEADLINE,
		{"c", ON_FAILURE_BLOCK, "default"}, "PromotionTasksFailed",
		"podtato 1.0: 1 of 3 promotion tasks failed: c (no runnable KeptnTaskDefinition was created in time). The version fails, on-failure: Block (default). To retry the failed tasks: " RETRY_2},
	{"", {{NULL, NULL, VIEW_NONE, PLAN_NO_REASON}}, VIEW_FAILED, PLAN_ABORTED,
		{"a", ON_FAILURE_BLOCK, "default"}, "PromotionTasksFailed",
		"podtato 1.0: aborted before any promotion task started. The version fails, on-failure: Block for a (default). To retry the failed tasks: " RETRY_2},
};

static void says_how_it_ended(void **state)
{
	CLEANUP(promotion_job_unref_p)
	struct promotion_job *job = failed_job("b-1-bcdfghjk", "it crashed");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
		CLEANUP(appversion_unref_p) struct appversion *v = version(ends[i].items);
		struct plan p = {.changes = (struct plan_change *)ends[i].changes};
		struct plan_action a = {.kind = PLAN_RECORD,
			.version = &v->view,
			.reason = ends[i].reason,
			.promotion = ends[i].promotion,
			.decision = ends[i].decision};

		while (a.count < ARRAY_SIZE(ends[i].changes) && ends[i].changes[a.count].task)
			a.count++;
		event_text_ended(&t, &(struct event_text_end){.version = v,
					     .action = &a,
					     .plan = &p,
					     .jobs = (const struct promotion_job *const[]){job},
					     .njobs = 1});
		assert_text(
			&t, ends[i].promotion != VIEW_SUCCEEDED, ends[i].event, ends[i].message);
	}
}

/* However long the message is, the fix fits into an Event. */
static void the_fix_is_not_truncated(void **state)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	CLEANUP(buf_release) struct buf items = BUF_INIT(9000), message = BUF_INIT(4000);
	CLEANUP(appversion_unref_p) struct appversion *v = NULL;
	CLEANUP(promotion_job_unref_p) struct promotion_job *job = NULL;
	struct plan p = PLAN_INIT;
	struct plan_action a = {.kind = PLAN_RECORD,
		.promotion = VIEW_FAILED,
		.decision = {"a", ON_FAILURE_BLOCK, NULL}};

	(void)state;
	for (int i = 0; i < 3000; i++)
		(void)buf_addc(&message, 'x');
	job = failed_job("a-1-bcdfghjk", buf_str(&message));
	a.decision.decided_by = buf_str(&message);
	for (int i = 0; i < 100; i++)
		(void)buf_addf(&items, "%s" ITEM("a", "1", "Failed"), i ? "," : "");
	v = version(buf_str(&items));
	a.version = &v->view;
	event_text_ended(&t, &(struct event_text_end){.version = v,
				     .action = &a,
				     .plan = &p,
				     .jobs = (const struct promotion_job *const[]){job},
				     .njobs = 1});
	assert_true(t.message.len < LIMIT_MESSAGE_BYTES);
	assert_says(buf_str(&t.message), "xxx…); and 98 more. The version fails");
	assert_says(buf_str(&t.message), RETRY_2);
}

/* For the annotation: of what is recorded already. */
static void says_what_has_failed(void **state)
{
	static const struct {
		const char *items;
		unsigned abort;
		enum view_state promotion;
		const char *text;
	} rows[] = {
		{ITEM("a", "1", "Succeeded") "," ITEM("b", "1", "Failed"), 0, VIEW_FAILED,
			"Failed, attempt 1: 1 of 2 promotion tasks failed: b (Job b-1-bcdfghjk: BackoffLimitExceeded: it crashed)"},
		{ITEM("a", "2", "Failed") "," ITEM("b", "1", "Succeeded"), 0, VIEW_WARNING,
			"Warning, attempt 2: 1 of 2 promotion tasks failed: a (its Job a-2-bcdfghjk is gone)"},
		{ITEM("a", "1", "Failed") "," ITEM("b", "1", "Failed"), 1, VIEW_FAILED,
			"Failed, attempt 1: 2 of 2 promotion tasks failed: a (aborted); b (Job b-1-bcdfghjk: BackoffLimitExceeded: it crashed)"},
		{"{\"definitionName\":\"c\",\"status\":\"Failed\"}", 0, VIEW_FAILED,
			"Failed, attempt 1: 1 of 1 promotion tasks failed: c (no runnable KeptnTaskDefinition was created in time)"},
		{"", 1, VIEW_FAILED,
			"Failed, attempt 1: aborted before any promotion task started"},
	};
	CLEANUP(promotion_job_unref_p)
	struct promotion_job *job = failed_job("b-1-bcdfghjk", "it crashed");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
		CLEANUP(appversion_unref_p) struct appversion *v = version(rows[i].items);
		struct plan_action a = {.kind = PLAN_ANNOTATE, .version = &v->view};

		v->view.promotion = rows[i].promotion;
		v->view.abort = rows[i].abort;
		event_text_outcome(
			&text, &(struct event_text_end){.version = v,
				       .action = &a,
				       .plan = &(struct plan)PLAN_INIT,
				       .jobs = (const struct promotion_job *const[]){job},
				       .njobs = 1});
		assert_string_equal(buf_str(&text), rows[i].text);
	}
}

static void says_which_jobs_were_deleted(void **state)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	CLEANUP(appversion_unref_p) struct appversion *v = version(OPEN);
	struct plan_change changes[] = {{"a", "a-1-bcdfghjk", VIEW_FAILED, PLAN_MISSING_JOB},
		{"b", "b-1-bcdfghjk", VIEW_SUCCEEDED, PLAN_NO_REASON}};
	struct plan p = {.changes = changes, .nchanges = 2};
	struct plan_action a = {.kind = PLAN_RECORD, .version = &v->view, .count = 2};

	(void)state;
	event_text_missing(&t, &(struct event_text_end){.version = v, .action = &a, .plan = &p});
	assert_text(&t, true, "PromotionTaskJobDeleted",
		"podtato 1.0: the task has failed, and the others go on: a (its Job a-1-bcdfghjk was deleted before it ended)");
}

static void says_what_supersedes_it(void **state)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	CLEANUP(appversion_unref_p) struct appversion *v = version("");
	struct view_version newer = {.name = "podtato-2.0"};
	struct plan_action a = {.kind = PLAN_DEPRECATE, .version = &v->view, .other = &newer};

	(void)state;
	event_text_retired(&t, v, &a);
	assert_text(&t, false, "PromotionTasksDeprecated",
		"podtato 1.0: superseded by podtato-2.0; its promotion tasks will not run");
	a.kind = PLAN_SUPERSEDE;
	event_text_retired(&t, v, &a);
	assert_text(&t, false, "PromotionTasksSuperseded",
		"podtato 1.0: superseded by podtato-2.0; it can no longer be retried");
}

static void says_why_it_waits(void **state)
{
	static const struct view_task tasks[] = {
		{.name = "a"}, {.name = "b", .defined = true}, {.name = "c"}};
	const struct view_version sibling = {.name = "podtato-0.9"};
	const struct {
		enum plan_reason reason;
		const char *items;
		int64_t deadline;
		const char *lacking;
		bool warning;
		const char *event, *message;
	} cases[] = {
		{PLAN_NO_DEFINITION, "", 3600, NULL, true, "CreateTaskNotFound",
			"podtato 1.0 waiting: no runnable KeptnTaskDefinition, in its namespace or Keptn's, for \"a\", \"c\". It starts automatically once they exist, and fails once they have been missing for --definition-deadline (3600 s)"},
		{PLAN_NO_DEFINITION, "", 0, "no image", true, "CreateTaskNotFound",
			"podtato 1.0 waiting: no runnable KeptnTaskDefinition, in its namespace or Keptn's, for \"a\", \"c\". It starts automatically once they exist. no image"},
		{PLAN_NO_DEFINITION, ITEM("a", "1", "Failed"), 3600, "", true, "CreateTaskNotFound",
			"podtato 1.0 waiting: no runnable KeptnTaskDefinition, in its namespace or Keptn's, for \"a\", \"c\". It starts automatically once they exist; to give up: kubectl annotate keptnappversion -n dev podtato-1.0 promogate.dev/abort=2 --overwrite"},
		{PLAN_LIMIT_REACHED, "", 3600, NULL, false, "PromotionTasksWaiting",
			"podtato 1.0 waiting: the limit on running Jobs is reached (--max-running-jobs or --max-running-jobs-per-namespace)"},
		{PLAN_TURN, "", 3600, NULL, false, "PromotionTasksWaiting",
			"podtato 1.0 waiting: the API server rejected Jobs of this namespace, so its applications create theirs one after the other"},
		{PLAN_CLAIMED, "", 3600, NULL, true, "PromotionTasksWaiting",
			"podtato 1.0 waiting: a later leader has claimed it (annotation promogate.dev/claim). If no other replica runs, remove the annotation"},
		{PLAN_SIBLING_RUNS, "", 3600, NULL, false, "PromotionTasksWaiting",
			"podtato 1.0 waiting: the promotion tasks of podtato-0.9 are running"},
		{PLAN_TOO_OLD, "", 3600, NULL, true, "PromotionTasksWaiting",
			"podtato 1.0 waiting: it was delivered at 1970-01-01T00:00:00Z, more than --max-age ago, so it is not promoted automatically. To promote it: kubectl annotate keptnappversion -n dev podtato-1.0 promogate.dev/retry=1 --overwrite"},
		{PLAN_REFUSED, "", 3600, NULL, true, "PromotionTasksRefused",
			"podtato 1.0 waiting: policy \"prod\" requires \"audit\". It starts automatically once it may"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
		CLEANUP(appversion_unref_p) struct appversion *v = version(cases[i].items);
		struct view_version seen = v->view;
		const struct view view = {.namespace = "dev", .deadline = cases[i].deadline};

		seen.tasks = tasks;
		seen.lacking = cases[i].lacking;
		seen.refused = "policy \"prod\" requires \"audit\"";
		event_text_waits(
			&t, v, &view, &(struct plan_wait){&seen, cases[i].reason, 1, &sibling});
		assert_text(&t, cases[i].warning, cases[i].event, cases[i].message);
	}
}

static void says_what_a_retry_or_an_abort_should_name(void **state)
{
#define IGNORED "podtato 1.0: promogate.dev/"
#define COMMAND "kubectl annotate keptnappversion -n dev podtato-1.0 promogate.dev/"
	const struct view_version newer = {.name = "podtato-2.0"};
	const struct {
		enum plan_reason reason;
		const char *items;
		enum view_state promotion;
		const struct view_version *other;
		unsigned attempt;
		const char *message;
	} cases[] = {
		{PLAN_RETRY_IGNORED, ITEM("a", "1", "Failed"), VIEW_FAILED, NULL, 2,
			IGNORED
			"retry=7 has no effect: the next attempt is 2. To start it: " COMMAND
			"retry=2 --overwrite"},
		{PLAN_RETRY_IGNORED, ITEM("a", "1", "Succeeded"), VIEW_SUCCEEDED, NULL, 0,
			IGNORED "retry=7 has no effect: every promotion task has succeeded"},
		{PLAN_RETRY_IGNORED, "", VIEW_DEPRECATED, NULL, 0,
			IGNORED "retry=7 has no effect: a newer version has superseded it"},
		{PLAN_RETRY_IGNORED, ITEM("a", "1", "Failed"), VIEW_FAILED, &newer, 0,
			IGNORED "retry=7 has no effect: podtato-2.0 is newer"},
		{PLAN_ABORT_IGNORED, ITEM("a", "1", "Progressing"), VIEW_PROGRESSING, NULL, 1,
			IGNORED "abort=9 has no effect: attempt 1 is running. To abort it: " COMMAND
				"abort=1 --overwrite"},
		{PLAN_ABORT_IGNORED, "", VIEW_PENDING, NULL, 1,
			IGNORED "abort=9 has no effect: attempt 1 is waiting. To abort it: " COMMAND
				"abort=1 --overwrite"},
		{PLAN_ABORT_IGNORED, ITEM("a", "1", "Succeeded"), VIEW_SUCCEEDED, NULL, 0,
			IGNORED "abort=9 has no effect: every promotion task has succeeded"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
		CLEANUP(appversion_unref_p) struct appversion *v = version(cases[i].items);
		struct view_version seen = v->view;
		struct plan_action a = {.kind = PLAN_REPORT,
			.reason = cases[i].reason,
			.version = &seen,
			.attempt = cases[i].attempt,
			.other = cases[i].other};

		seen.promotion = cases[i].promotion;
		seen.retry = 7;
		seen.abort = 9;
		event_text_ignored(&t, v, &a);
		assert_text(&t, true, "PromotionTasksRequestIgnored", cases[i].message);
	}
}

static void says_that_a_version_is_not_ours(void **state)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;
	CLEANUP(appversion_unref_p) struct appversion *v = version("");

	(void)state;
	event_text_not_ours(&t, v);
	assert_text(&t, true, "PromotionTasksForeign",
		"podtato 1.0 is promoted by another program, such as Keptn's lifecycle-operator with promotionTasksEnabled; Promogate leaves it alone. Disable one of the two");
	v->oversized = true;
	event_text_not_ours(&t, v);
	assert_text(&t, true, "PromotionTasksForeign",
		"podtato 1.0 is not promoted: it has more than 1000 promotion tasks or status items");
}

static void says_what_failed(void **state)
{
	CLEANUP(event_text_release) struct event_text t = EVENT_TEXT_INIT;

	(void)state;
	event_text_create_failed(&t, "a", "jobs.batch \"a\" is forbidden");
	assert_text(&t, true, "CreateTaskFailed",
		"could not create the Job for promotion task a, retrying: jobs.batch \"a\" is forbidden");
	event_text_failed(&t, "record the outcome", "forbidden");
	assert_text(&t, true, "PromotionTasksReconcileError",
		"failed to record the outcome, retrying: forbidden");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_started),
		cmocka_unit_test(says_how_it_ended),
		cmocka_unit_test(the_fix_is_not_truncated),
		cmocka_unit_test(says_what_has_failed),
		cmocka_unit_test(says_which_jobs_were_deleted),
		cmocka_unit_test(says_what_supersedes_it),
		cmocka_unit_test(says_why_it_waits),
		cmocka_unit_test(says_what_a_retry_or_an_abort_should_name),
		cmocka_unit_test(says_that_a_version_is_not_ours),
		cmocka_unit_test(says_what_failed),
	};

	return cmocka_run_group_tests_name("event_text", tests, NULL, NULL);
}
