#include "webhook/pending.h"

#include "run/metrics.h"

#include "stage.h"

#define GET_OF(name) "/apis/lifecycle.keptn.sh/v1/namespaces/apps/keptntaskdefinitions/" name
#define GET_OF_KEPTNS(name)                                                                        \
	"/apis/lifecycle.keptn.sh/v1/namespaces/keptn/keptntaskdefinitions/" name

/* How much of the 3 s that the client waits is left for answers. */
enum { PATIENCE_MS = 3000 - LIMIT_ANSWER_MARGIN_MS };

/* What one namespace gets of the places while no other has any. */
enum { SHARE = LIMIT_WAITING_REQUESTS / 2 };

/* Requests that wait, and their exchanges, which outlive them here. */
struct queue {
	struct stage stage;
	struct fake_env *fake; /* the stage's */
	struct pending *pending;
	struct exchange *exchanges[LIMIT_WAITING_REQUESTS + 1];
	size_t count;
};

static int queue_up(void **state)
{
	struct queue *q = xcalloc(1, sizeof(*q));

	stage_up(&q->stage);
	q->fake = &q->stage.fake;
	q->pending = pending_new(&q->fake->env);
	*state = q;
	return 0;
}

/* The client ends, and then no request is left. */
static int queue_down(void **state)
{
	CLEANUP(buf_release) struct buf metrics = BUF_INIT(1024 * 1024);
	struct queue *q = *state;

	fake_env_release(q->fake);
	metrics_render(&metrics);
	assert_says(buf_str(&metrics), "\npromogate_admission_waiting 0\n");
	for (size_t i = 0; i < q->count; i++) {
		assert_true(stage_answered(q->exchanges[i]));
		exchange_over(q->exchanges[i]);
	}
	pending_free(q->pending);
	stage_down(&q->stage);
	free(q);
	return 0;
}

/* A request that the cache can't answer. */
static struct exchange *add_review(struct queue *q, const char *body)
{
	struct exchange *x = q->exchanges[q->count++] = stage_exchange(&q->stage, body);
	struct request *r = request_receive(&q->stage.config, x, false);

	assert_int_equal(request_judge(r), VERDICT_PENDING);
	pending_add(q->pending, r);
	return x;
}

static struct exchange *add(struct queue *q, const char *tasks)
{
	CLEANUP(free_p) char *body = stage_review(tasks, "kubectl");

	return add_review(q, body);
}

static size_t look_ups(const struct queue *q)
{
	return fake_count(q->fake, FAKE_CALL);
}

/* Answers a look-up with the definition that it asks for. */
static void answer(struct queue *q, struct fake_task *look_up, const char *spec)
{
	char ns[64], name[64];
	CLEANUP(free_p) char *body = NULL;

	assert_non_null(look_up);
	assert_int_equal(sscanf(look_up->path,
				 "/apis/lifecycle.keptn.sh/v1/namespaces/%63[^/]/"
				 "keptntaskdefinitions/%63s",
				 ns, name),
		2);
	body = xasprintf("{\"kind\":\"KeptnTaskDefinition\",\"metadata\":{\"namespace\":\"%s\","
			 "\"name\":\"%s\"},\"spec\":%s}",
		ns, name, spec);
	fake_answer(q->fake, look_up, body);
}

/* Those of requests; each watch of the cache has one too. */
static size_t timers(const struct queue *q)
{
	return fake_count(q->fake, FAKE_TIMER) - fake_count(q->fake, FAKE_WATCH);
}

static void found(struct queue *q, const char *path, const char *spec)
{
	answer(q, fake_find(q->fake, FAKE_CALL, "GET", path), spec);
}

static void failed(struct queue *q, const char *path, enum err_kind kind)
{
	fake_fail(q->fake, fake_find(q->fake, FAKE_CALL, "GET", path), kind);
}

#define RUNS "{\"container\":{\"name\":\"c\",\"image\":\"i\"}}"

static void all_answers_decide(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	assert_int_equal(look_ups(q), 0); /* not on the server's thread */
	fake_env_run(q->fake, 0);
	assert_int_equal(look_ups(q), 2);
	found(q, GET_OF("new"), RUNS);
	assert_false(stage_answered(x));
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	stage_expect(x, 200, ALLOWED);
	/* Its deadline was cancelled: nothing is left. */
	assert_int_equal(timers(q), 0);
}

static void what_is_absent_is_denied(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	failed(q, GET_OF("new"), ERR_NOT_FOUND);
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	stage_expect(x, 200, DENIED);
}

/* A definition that refers to another one, which the cache does not have either. */
static void an_answer_may_raise_another_question(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	found(q, GET_OF("new"), "{\"deno\":{\"functionRef\":{\"name\":\"parent\"}}}");
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	assert_false(stage_answered(x));
	found(q, GET_OF("parent"), "{\"deno\":{\"inline\":{\"code\":\"x\"}}}");
	failed(q, GET_OF_KEPTNS("parent"), ERR_NOT_FOUND);
	stage_expect(x, 200, ALLOWED);
}

static void a_look_up_that_fails_is_an_error(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	failed(q, GET_OF("new"), ERR_FORBIDDEN);
	assert_false(stage_answered(x)); /* the other answer is still to come */
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	/* What the API server said names its address and our account: only the log has it. */
	stage_expect(x, 500, "looking up a KeptnTaskDefinition: Forbidden; see the webhook's log");
	assert_null(strstr(buf_str(&x->reply), "the test's failure"));
}

/* Whether Keptn's namespace has the name too is not asked any more. */
static void a_look_up_that_fails_and_does_not_matter_is_no_error(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	failed(q, GET_OF_KEPTNS("new"), ERR_FORBIDDEN);
	found(q, GET_OF("new"), "{\"deno\":{\"functionRef\":{\"name\":\"parent\"}}}");
	assert_false(stage_answered(x));
	found(q, GET_OF("parent"), "{\"deno\":{\"inline\":{\"code\":\"x\"}}}");
	failed(q, GET_OF_KEPTNS("parent"), ERR_FORBIDDEN);
	stage_expect(x, 200, ALLOWED);
}

static void look_ups_of_one_request_have_a_limit(void **state)
{
	CLEANUP(buf_release) struct buf tasks = BUF_INIT(100000);
	struct queue *q = *state;
	struct exchange *x;
	size_t asked = 0;

	q->stage.config.max_promotion_tasks = 0;
	for (int i = 0; i < LIMIT_REQUEST_LOOKUPS / 2 + 1; i++)
		(void)buf_addf(&tasks, "%s\"t%d\"", i ? "," : "", i);
	x = add(q, buf_str(&tasks));
	fake_env_run(q->fake, 0);
	for (; look_ups(q); asked++) {
		struct fake_task *t = fake_oldest(q->fake);

		if (strstr(t->path, "/apps/"))
			answer(q, t, RUNS);
		else
			fake_fail(q->fake, t, ERR_NOT_FOUND);
	}
	assert_int_equal(asked, LIMIT_REQUEST_LOOKUPS);
	stage_expect(x, 500, "it takes more than 1024 live look-ups; list fewer tasks");
}

static void the_deadline_answers_before_the_client_gives_up(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, PATIENCE_MS - 1);
	failed(q, GET_OF("new"), ERR_NOT_FOUND);
	assert_false(stage_answered(x));
	fake_env_run(q->fake, 1);
	stage_expect(x, 500, "timed out looking up what it depends on");
	/* The last answer comes too late, and changes nothing. */
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	assert_int_equal(timers(q), 0);
}

/* It counts from the request's start, not from each question. */
static void the_deadline_is_that_of_the_whole_request(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 2000);
	found(q, GET_OF("new"), "{\"deno\":{\"functionRef\":{\"name\":\"parent\"}}}");
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	fake_env_run(q->fake, PATIENCE_MS - 2000);
	stage_expect(x, 500, "timed out looking up what it depends on");
	found(q, GET_OF("parent"), RUNS);
	failed(q, GET_OF_KEPTNS("parent"), ERR_NOT_FOUND);
	assert_int_equal(look_ups(q), 0);
}

/* The client's thread was busy for so long that the deadline is over when it asks. */
static void a_deadline_that_is_over_answers_at_once(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_skip(q->fake, 5000);
	fake_env_run(q->fake, 0);
	stage_expect(x, 500, "timed out looking up what it depends on");
}

static void requests_for_one_name_share_its_look_ups(void **state)
{
	struct queue *q = *state;
	struct exchange *a = add(q, "\"new\""), *b = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	assert_int_equal(look_ups(q), 2);
	found(q, GET_OF("new"), RUNS);
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	stage_expect(a, 200, ALLOWED);
	/* "Absent" counts only for the one that asked before the GET: there is another. */
	assert_false(stage_answered(b));
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	stage_expect(b, 200, ALLOWED);
}

static struct exchange *add_in(struct queue *q, const char *ns)
{
	CLEANUP(free_p)
	char *body = stage_review_in(
		ns, "{\"promotionTasks\":[\"new\"]}", "kubectl", "\"operation\":\"CREATE\"");

	return add_review(q, body);
}

static void a_namespace_that_floods_leaves_places_to_others(void **state)
{
	struct queue *q = *state;
	struct exchange *last;

	for (int i = 0; i < SHARE; i++)
		assert_false(stage_answered(add(q, "\"new\"")));
	last = add(q, "\"new\"");
	stage_expect(last, 503, "\"reason\":\"ServiceUnavailable\"");
	assert_false(stage_answered(add_in(q, "quiet")));
	/* There is room again once one was answered. */
	fake_env_run(q->fake, 0);
	found(q, GET_OF("new"), RUNS);
	found(q, GET_OF_KEPTNS("new"), RUNS);
	fake_env_run(q->fake, 0);
	assert_false(stage_answered(add(q, "\"new\"")));
}

/* --- what no look-up could deny --------------------------------------------------------------- */

#define CREATE   "\"operation\":\"CREATE\""
#define PROMOTES "{\"promotionTasks\":[\"new\"]}"
#define OLD(tasks)                                                                                 \
	"\"operation\":\"UPDATE\",\"oldObject\":{\"spec\":{\"promotionTasks\":[" tasks "]}}"

/* How a request is left without the answers. */
enum trouble { FORBIDDEN, SLOW, FULL, SHUTDOWN, TROUBLES };

static const struct {
	const char *title, *spec, *manager, *more;
	bool may_be_denied;
	const char *part; /* of the answer, if no look-up could deny it */
} requests[] = {
	{"a warning", "{\"preDeploymentTasks\":[\"new\"]}", "kubectl", CREATE, false,
		ALLOWED ",\"warnings\":[\"spec.preDeploymentTasks[0]: Not found: \\\"new\\\": "
			"not confirmed: "},
	{"a dry run", PROMOTES, "kubectl", CREATE ",\"dryRun\":true", false, ALLOWED},
	{"a lenient manager", PROMOTES, "argocd", CREATE, false, ALLOWED},
	{"an old fault", PROMOTES, "kubectl", OLD("\"new\""), false, ALLOWED},
	{"a denial that is certain", "{\"promotionTasks\":[\"new\",\"B!\"]}", "kubectl", CREATE,
		false, DENIED},
	{"a create", PROMOTES, "kubectl", CREATE, true, NULL},
	{"an update", PROMOTES, "kubectl", OLD(""), true, NULL},
	{"a warning and an error", "{\"preDeploymentTasks\":[\"x\"],\"promotionTasks\":[\"new\"]}",
		"kubectl", CREATE, true, NULL},
};

/* Fails each look-up under way. */
static void all_failed(struct queue *q, enum err_kind kind)
{
	while (look_ups(q))
		fake_fail(q->fake, fake_find(q->fake, FAKE_CALL, "GET", "/"), kind);
}

static struct exchange *add_in_trouble(struct queue *q, size_t request, enum trouble trouble)
{
	CLEANUP(free_p)
	char *body = stage_review_of(
		requests[request].spec, requests[request].manager, requests[request].more);
	struct exchange *x;

	for (int i = 0; trouble == FULL && i < SHARE; i++)
		(void)add(q, "\"first\"");
	x = add_review(q, body);
	if (trouble == FULL || trouble == SHUTDOWN)
		return x;
	fake_env_run(q->fake, trouble == SLOW ? PATIENCE_MS : 0);
	if (trouble == FORBIDDEN)
		all_failed(q, ERR_FORBIDDEN);
	return x;
}

static void look_ups_never_refuse_what_they_could_not_deny(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		for (enum trouble trouble = 0; trouble < TROUBLES; trouble++) {
			struct exchange *x;
			struct queue *q;
			void *queue;

			print_message("# %s %d\n", requests[i].title, (int)trouble);
			(void)queue_up(&queue);
			q = queue;
			x = add_in_trouble(q, i, trouble);
			if (trouble == SHUTDOWN)
				fake_env_release(q->fake);
			if (requests[i].may_be_denied)
				stage_expect(x, trouble == FORBIDDEN || trouble == SLOW ? 500 : 503,
					"\"kind\":\"Status\"");
			else
				stage_expect(x, 200, requests[i].part);
			(void)queue_down(&queue);
		}
	}
}

/* The warning's look-up fails; those that decide go on. */
static void a_warning_that_fails_does_not_end_the_other_look_ups(void **state)
{
	CLEANUP(free_p)
	char *body = stage_review_of(
		"{\"preDeploymentTasks\":[\"x\"],\"promotionTasks\":[\"new\"]}", "kubectl", CREATE);
	struct queue *q = *state;
	struct exchange *x = add_review(q, body);

	fake_env_run(q->fake, 0);
	failed(q, GET_OF("x"), ERR_FORBIDDEN);
	failed(q, GET_OF_KEPTNS("x"), ERR_TIMEOUT);
	found(q, GET_OF("new"), "{\"deno\":{\"functionRef\":{\"name\":\"parent\"}}}");
	failed(q, GET_OF_KEPTNS("new"), ERR_NOT_FOUND);
	assert_false(stage_answered(x));
	assert_int_equal(look_ups(q), 2); /* not x again */
	found(q, GET_OF("parent"), "{\"deno\":{\"inline\":{\"code\":\"x\"}}}");
	failed(q, GET_OF_KEPTNS("parent"), ERR_NOT_FOUND);
	stage_expect(x, 200, ALLOWED);
}

/* --- shutdown --------------------------------------------------------------------------------- */

/* Cancels what is under way, of one kind, in front of the rest. */
static void cancel(struct queue *q, enum fake_kind kind)
{
	for (struct fake_task *t = q->fake->first; t; t = t->next)
		t->cancelled |= t->kind == kind;
	fake_env_run(q->fake, 0);
}

static void a_shutdown_before_it_is_asked(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_release(q->fake);
	stage_expect(x, 503, "\"reason\":\"ServiceUnavailable\"");
}

static void a_shutdown_ends_the_deadline_first(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	cancel(q, FAKE_TIMER);
	assert_false(stage_answered(x));
	cancel(q, FAKE_CALL);
	stage_expect(x, 500, "looking up a KeptnTaskDefinition: ");
}

static void a_shutdown_ends_the_look_ups_first(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, 0);
	cancel(q, FAKE_CALL);
	stage_expect(x, 500, "looking up a KeptnTaskDefinition: ");
	assert_int_equal(timers(q), 0);
}

static void a_shutdown_after_the_deadline(void **state)
{
	struct queue *q = *state;
	struct exchange *x = add(q, "\"new\"");

	fake_env_run(q->fake, PATIENCE_MS);
	stage_expect(x, 500, "timed out looking up what it depends on");
	fake_env_release(q->fake);
}

/* --- once ------------------------------------------------------------------------------------- */

/* What can happen to a request that waits; each at most once, in any order. */
enum event { FIRST_ANSWER, SECOND_ANSWER, DEADLINE, SHUT_DOWN, EVENTS };

static void happen(struct queue *q, enum event event, enum err_kind first)
{
	struct fake_task *own = fake_find(q->fake, FAKE_CALL, "GET", GET_OF("new"));
	struct fake_task *keptns = fake_find(q->fake, FAKE_CALL, "GET", GET_OF_KEPTNS("new"));

	if (event == FIRST_ANSWER && own && first == ERR_NONE)
		answer(q, own, RUNS);
	else if (event == FIRST_ANSWER && own)
		fake_fail(q->fake, own, first);
	else if (event == SECOND_ANSWER && keptns)
		fake_fail(q->fake, keptns, ERR_NOT_FOUND);
	else if (event == DEADLINE)
		fake_env_run(q->fake, PATIENCE_MS);
	else if (event == SHUT_DOWN)
		fake_env_release(q->fake);
}

/* exchange_reply() asserts that it is the first one; queue_down() that there was one. */
static void each_request_is_answered_exactly_once(void **state)
{
	static const enum err_kind firsts[] = {ERR_NONE, ERR_NOT_FOUND, ERR_FORBIDDEN};

	(void)state;
	for (unsigned order = 0; order < EVENTS * EVENTS * EVENTS * EVENTS; order++) {
		for (size_t first = 0; first < ARRAY_SIZE(firsts); first++) {
			struct exchange *x;
			struct queue *q;
			void *queue;

			(void)queue_up(&queue);
			q = queue;
			x = add(q, "\"new\"");
			if (order % 2)
				fake_env_run(q->fake, 0);
			for (unsigned left = order, i = 0; i < EVENTS; i++, left /= EVENTS)
				happen(q, left % EVENTS, firsts[first]);
			fake_env_release(q->fake);
			assert_true(x->replied);
			(void)queue_down(&queue);
		}
	}
}

#define QUEUED(test) cmocka_unit_test_setup_teardown(test, queue_up, queue_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUED(all_answers_decide),
		QUEUED(what_is_absent_is_denied),
		QUEUED(an_answer_may_raise_another_question),
		QUEUED(a_look_up_that_fails_is_an_error),
		QUEUED(a_look_up_that_fails_and_does_not_matter_is_no_error),
		QUEUED(look_ups_of_one_request_have_a_limit),
		QUEUED(the_deadline_answers_before_the_client_gives_up),
		QUEUED(the_deadline_is_that_of_the_whole_request),
		QUEUED(a_deadline_that_is_over_answers_at_once),
		QUEUED(requests_for_one_name_share_its_look_ups),
		QUEUED(a_namespace_that_floods_leaves_places_to_others),
		cmocka_unit_test(look_ups_never_refuse_what_they_could_not_deny),
		QUEUED(a_warning_that_fails_does_not_end_the_other_look_ups),
		QUEUED(a_shutdown_before_it_is_asked),
		QUEUED(a_shutdown_ends_the_deadline_first),
		QUEUED(a_shutdown_ends_the_look_ups_first),
		QUEUED(a_shutdown_after_the_deadline),
		cmocka_unit_test(each_request_is_answered_exactly_once),
	};

	return cmocka_run_group_tests_name("pending", tests, fake_env_quiet, NULL);
}
