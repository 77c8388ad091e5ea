#include "reconciler/auditor.h"

#include "run/metrics.h"

#include "cluster.h"

#define POLICIES "/apis/promogate.dev/v1alpha1/promotionpolicies/"

struct owner {
	struct cluster cluster;
	struct cache *cache;
	struct auditor *auditor;
	bool leads;
};

static void definitions_changed(void *ctx, const char *ns)
{
	struct owner *o = ctx;

	(void)ns;
	auditor_due(o->auditor);
}

static void policies_changed(void *ctx, const char *ns, const char *app)
{
	struct owner *o = ctx;

	(void)app;
	if (ns)
		auditor_due(o->auditor);
	else
		auditor_policies_changed(o->auditor);
}

static void config_changed(void *ctx)
{
	struct owner *o = ctx;

	auditor_due(o->auditor);
}

static void progressed(void *ctx)
{
	struct owner *o = ctx;

	auditor_progressed(o->auditor);
}

static bool may_act(void *ctx)
{
	return ((struct owner *)ctx)->leads;
}

static void owner_init(struct owner *o)
{
	const struct env *env = &o->cluster.fake.env;
	const struct cache_handler handler = {
		definitions_changed, policies_changed, config_changed, progressed, o};

	*o = (struct owner){.leads = true};
	cluster_init(&o->cluster);
	o->cache = cache_new(env, "keptn-system", &handler);
	o->auditor = auditor_new(&(struct auditor_config){env, o->cache, may_act, o});
}

static void owner_release(struct owner *o)
{
	fake_env_release(&o->cluster.fake);
	auditor_free(o->auditor);
	cache_free(o->cache);
}

/* --- objects ---------------------------------------------------------------------------------- */

/* "cart a,b": a context with these tasks. For free(). */
static char *context(const char *name, const char *tasks)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"%s\","
			 "\"resourceVersion\":\"300\"},"
			 "\"spec\":{\"promotionTasks\":[%s]}}",
		name, tasks);
}

/* For free(). */
static char *policy_of(const char *name, int generation, int version, const char *action,
	const char *spec, const char *status)
{
	return xasprintf("{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"resourceVersion\":\"%d\","
			 "\"generation\":%d},\"spec\":{\"namespaceSelector\":{},"
			 "\"validationActions\":[\"%s\"]%s},\"status\":%s}",
		name, version, generation, action, spec, status);
}

static char *policy(
	const char *name, int version, const char *action, const char *spec, const char *status)
{
	return policy_of(name, 1, version, action, spec, status);
}

#define ALLOWS_A ",\"promotionTasks\":{\"allowed\":[\"a\"]}"
#define ADDS_A   ",\"promotionTasks\":{\"added\":[{\"name\":\"a\",\"source\":\"Any\"}]}"

static void lists(struct owner *o, const char *policies, const char *contexts)
{
	struct cluster *c = &o->cluster;

	cluster_list(c, "keptntaskdefinitions", "");
	cluster_list(c, "keptnconfigs", "");
	cluster_list(c, "namespaces",
		"{\"metadata\":{\"name\":\"dev\"}},{\"metadata\":{\"name\":\"prod\"}}");
	cluster_list(c, "keptnappcontexts", contexts);
	cluster_list(c, "promotionpolicies", policies);
}

static void pass_time(struct owner *o)
{
	fake_env_run(&o->cluster.fake, 1000);
}

/* No call about a status is under way, nor is one later. */
static void is_quiet(struct owner *o)
{
	fake_env_run(&o->cluster.fake, 60000);
	assert_null(cluster_call(&o->cluster, "", POLICIES));
}

/* The auditor reads the policy. */
static void reads(struct owner *o, const char *object)
{
	struct fake_task *t = cluster_call(&o->cluster, "GET", POLICIES);

	assert_non_null(t);
	fake_answer(&o->cluster.fake, t, object);
}

/* Then it writes a status that says this, which the API server answers with this object. */
static void writes(struct owner *o, const char *says, const char *answer)
{
	struct fake_task *t = cluster_call(&o->cluster, "PATCH", POLICIES);

	assert_non_null(t);
	assert_says(t->path, "/status");
	assert_says(t->body, says);
	fake_answer(&o->cluster.fake, t, answer);
}

static void changes(struct owner *o, const char *resource, const char *type, const char *object)
{
	cluster_event(&o->cluster, resource, type, object);
}

static int64_t metric(const char *series)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	CLEANUP(free_p) char *line = xasprintf("\n%s ", series);
	const char *found;

	metrics_render(&text);
	found = strstr(buf_str(&text), line);
	return found ? strtoll(found + strlen(line), NULL, 10) : -1;
}

static int64_t violations(const char *name)
{
	CLEANUP(free_p)
	char *series = xasprintf("promogate_policy_violations{policy=\"%s\",rule=\"PG113\"}", name);

	return metric(series);
}

static int64_t audits(void)
{
	return metric("promogate_policy_audits_total");
}

/* --- tests ------------------------------------------------------------------------------------ */

static void writes_what_contexts_violate(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");
	CLEANUP(free_p) char *after = policy("only-a", 6, "Audit", ALLOWS_A, "{}");
	CLEANUP(free_p) char *good = context("good", "\"a\"");
	CLEANUP(free_p) char *bad = context("bad", "\"a\",\"b\"");
	CLEANUP(free_p) char *both = xasprintf("%s,%s", good, bad);

	(void)state;
	owner_init(&o);
	lists(&o, p, both);
	pass_time(&o);
	reads(&o, p);
	writes(&o,
		"\"matched\":{\"contexts\":2,\"namespaces\":2},\"totalViolations\":1,\"violations\":"
		"[{\"action\":\"Audit\",\"field\":\"spec.promotionTasks[1]\",",
		after);
	assert_int_equal(violations("only-a"), 1);
	is_quiet(&o);
	/* The watch brings its own write. */
	changes(&o, "promotionpolicies", "MODIFIED", after);
	is_quiet(&o);
	owner_release(&o);
	assert_int_equal(violations("only-a"), 0);
}

static void a_change_that_changes_nothing_costs_no_call(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");
	CLEANUP(free_p) char *after = policy("only-a", 6, "Audit", ALLOWS_A, "{}");
	CLEANUP(free_p) char *good = context("good", "\"a\"");

	(void)state;
	owner_init(&o);
	lists(&o, p, good);
	pass_time(&o);
	reads(&o, p);
	writes(&o, "\"totalViolations\":0", after);
	changes(&o, "promotionpolicies", "MODIFIED", after);
	changes(&o, "keptnappcontexts", "MODIFIED", good);
	is_quiet(&o);
	owner_release(&o);
}

static void a_context_that_changes_is_audited_again(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Deny", ALLOWS_A, "{}");
	CLEANUP(free_p) char *after = policy("only-a", 6, "Deny", ALLOWS_A, "{}");
	CLEANUP(free_p) char *good = context("x", "\"a\"");
	CLEANUP(free_p) char *bad = context("x", "\"b\"");

	(void)state;
	owner_init(&o);
	lists(&o, p, good);
	pass_time(&o);
	reads(&o, p);
	writes(&o, "\"totalViolations\":0", after);
	changes(&o, "promotionpolicies", "MODIFIED", after);
	changes(&o, "keptnappcontexts", "MODIFIED", bad);
	pass_time(&o);
	reads(&o, after);
	writes(&o, "\"totalViolations\":1,\"violations\":[{\"action\":\"Deny\"", after);
	assert_int_equal(violations("only-a"), 1);
	changes(&o, "promotionpolicies", "DELETED", after);
	pass_time(&o);
	assert_int_equal(violations("only-a"), 0);
	is_quiet(&o);
	owner_release(&o);
}

/* Wherever the clock moves on between two looks at it. */
static void what_is_due_at_once_is_not_late(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");

	(void)state;
	owner_init(&o);
	o.cluster.fake.read_ms = 1;
	lists(&o, p, "");
	pass_time(&o);
	reads(&o, p);
	writes(&o, "\"totalViolations\":0", p);
	owner_release(&o);
}

static void each_kind_that_changes_makes_an_audit_due(void **state)
{
	static const struct {
		const char *resource, *metadata, *spec;
	} changed[] = {
		{"keptntaskdefinitions", "\"namespace\":\"dev\",\"name\":\"a\"", "{}"},
		{"namespaces", "\"name\":\"dev\",\"labels\":{\"stage\":\"dev\"}", "{}"},
		{"keptnconfigs", "\"namespace\":\"keptn-system\",\"name\":\"c\"",
			"{\"blockDeployment\":false}"},
	};
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Deny", ALLOWS_A, "{}");
	CLEANUP(free_p) char *after = policy("only-a", 6, "Deny", ALLOWS_A, "{}");

	(void)state;
	owner_init(&o);
	lists(&o, p, "");
	pass_time(&o);
	reads(&o, p);
	writes(&o, "\"totalViolations\":0", after);
	changes(&o, "promotionpolicies", "MODIFIED", after);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		CLEANUP(free_p)
		char *object =
			xasprintf("{\"metadata\":{\"resourceVersion\":\"%zu\",%s},\"spec\":%s}",
				900 + i, changed[i].metadata, changed[i].spec);
		int64_t before = audits();

		changes(&o, changed[i].resource, "MODIFIED", object);
		pass_time(&o);
		assert_int_equal(audits(), before + 1);
		is_quiet(&o);
	}
	owner_release(&o);
}

static void a_policy_that_is_not_valid_says_why(void **state)
{
	struct owner o;
	CLEANUP(free_p)
	char *p = policy("bad", 5, "Deny", ",\"appSelector\":{\"matchLabels\":{\"-\":\"\"}}", "{}");

	(void)state;
	owner_init(&o);
	lists(&o, p, "");
	pass_time(&o);
	reads(&o, p);
	writes(&o, "\"message\":\"spec.appSelector.", p);
	is_quiet(&o);
	owner_release(&o);
}

static void policies_that_contradict_each_other_name_each_other(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *a = policy("allows", 5, "Audit", ALLOWS_A, "{}");
	CLEANUP(free_p)
	char *r = policy("requires", 6, "Deny",
		",\"promotionTasks\":{\"required\":[{\"name\":\"b\",\"source\":\"Any\"}]}", "{}");
	CLEANUP(free_p) char *both = xasprintf("%s,%s", a, r);

	(void)state;
	owner_init(&o);
	lists(&o, both, "");
	pass_time(&o);
	reads(&o, a);
	writes(&o, "requires\\\"", a);
	reads(&o, r);
	writes(&o, "policy \\\"allows\\\"", r);
	is_quiet(&o);
	owner_release(&o);
}

static void since_is_written_at_once_and_kept(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("adds", 5, "Deny", ADDS_A, "{}");
	CLEANUP(free_p)
	char *after = policy("adds", 6, "Deny", ADDS_A,
		"{\"addedSince\":[{\"name\":\"a\",\"since\":\"2026-01-01T00:00:00Z\"}]}");
	CLEANUP(free_p) char *reports = policy_of("adds", 2, 7, "Audit", ADDS_A, "{}");

	(void)state;
	owner_init(&o);
	lists(&o, p, "");
	fake_env_run(&o.cluster.fake, 0);
	reads(&o, p);
	writes(&o, "\"addedSince\":[{\"name\":\"a\",\"since\":\"2026-11-24T01:02:03Z\"}],", after);
	pass_time(&o);
	reads(&o, after);
	writes(&o, "\"since\":\"2026-01-01T00:00:00Z\"", after);
	changes(&o, "promotionpolicies", "MODIFIED", reports);
	pass_time(&o);
	reads(&o, reports);
	writes(&o, "\"addedSince\":null", reports);
	is_quiet(&o);
	owner_release(&o);
}

/* Else it would count for what was delivered before the policy. */
static void since_is_not_before_the_policy_where_the_clock_is_behind(void **state)
{
	static const char *const written[] = {
		"\"creationTimestamp\":\"2026-11-24T02:00:00Z\"",
		"\"creationTimestamp\":\"2026-01-01T00:00:00Z\",\"managedFields\":["
		"{\"manager\":\"a\",\"time\":\"2026-11-24T02:00:00Z\"},{\"manager\":\"b\"}]",
	};
	CLEANUP(free_p) char *p = policy("adds", 5, "Deny", ADDS_A, "{}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		struct owner o;
		CLEANUP(free_p)
		char *stored = xasprintf("{\"metadata\":{\"name\":\"adds\",\"uid\":\"u\","
					 "\"generation\":1,\"resourceVersion\":\"5\",%s}}",
			written[i]);

		owner_init(&o);
		lists(&o, p, "");
		fake_env_run(&o.cluster.fake, 0);
		reads(&o, stored);
		writes(&o, "\"since\":\"2026-11-24T02:00:00Z\"", p);
		owner_release(&o);
	}
}

/* Else it would count from the old time if it is added again before the next audit. */
static void since_is_removed_at_once(void **state)
{
	static const char status[] =
		"{\"addedSince\":[{\"name\":\"a\",\"since\":\"2026-01-01T00:00:00Z\"}]}";
	CLEANUP(free_p) char *adds = policy("p", 5, "Deny", ADDS_A, status);
	CLEANUP(free_p) char *reports = policy_of("p", 2, 6, "Audit", ADDS_A, status);
	CLEANUP(free_p) char *lacks = policy_of("p", 2, 6, "Deny", "", status);
	char *const changed[] = {reports, lacks};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		struct owner o;

		owner_init(&o);
		lists(&o, adds, "");
		pass_time(&o);
		reads(&o, adds);
		writes(&o, "\"since\":\"2026-01-01T00:00:00Z\"", adds);
		changes(&o, "promotionpolicies", "MODIFIED", changed[i]);
		reads(&o, changed[i]);
		writes(&o, "\"addedSince\":null", changed[i]);
		owner_release(&o);
	}
}

static void a_write_that_fails_is_tried_again(void **state)
{
	static const enum err_kind kinds[] = {ERR_CONFLICT, ERR_FORBIDDEN, ERR_IO, ERR_TIMEOUT};
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct owner o;

		owner_init(&o);
		lists(&o, p, "");
		pass_time(&o);
		fake_fail(&o.cluster.fake, cluster_call(&o.cluster, "GET", POLICIES), kinds[i]);
		fake_env_run(&o.cluster.fake, 3000);
		reads(&o, p);
		fake_fail(&o.cluster.fake, cluster_call(&o.cluster, "PATCH", POLICIES), kinds[i]);
		fake_env_run(&o.cluster.fake, 5000);
		reads(&o, p);
		writes(&o, "Audited", p);
		is_quiet(&o);
		owner_release(&o);
	}
}

static void one_that_is_deleted_meanwhile_is_no_failure(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");

	(void)state;
	owner_init(&o);
	lists(&o, p, "");
	pass_time(&o);
	fake_fail(&o.cluster.fake, cluster_call(&o.cluster, "GET", POLICIES), ERR_NOT_FOUND);
	is_quiet(&o);
	owner_release(&o);
}

/* A new one of its name has the same generation. */
static void one_that_is_replaced_meanwhile_gets_no_status(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("adds", 5, "Deny", ADDS_A, "{}");

	(void)state;
	owner_init(&o);
	lists(&o, p, "");
	fake_env_run(&o.cluster.fake, 0);
	reads(&o, "{\"metadata\":{\"name\":\"adds\",\"uid\":\"other\",\"generation\":1,"
		  "\"resourceVersion\":\"7\"}}");
	assert_null(cluster_call(&o.cluster, "PATCH", POLICIES));
	owner_release(&o);
}

static void without_the_lease_nothing_is_written(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");

	(void)state;
	owner_init(&o);
	o.leads = false;
	lists(&o, p, "");
	is_quiet(&o);
	owner_release(&o);
}

static void without_a_policy_there_are_no_timers(void **state)
{
	struct owner o;
	size_t timers;
	CLEANUP(free_p) char *x = context("x", "\"a\"");

	(void)state;
	owner_init(&o);
	lists(&o, "", x);
	fake_env_run(&o.cluster.fake, 5000);
	timers = fake_count(&o.cluster.fake, FAKE_TIMER);
	changes(&o, "keptnappcontexts", "MODIFIED", x);
	assert_in_range(fake_count(&o.cluster.fake, FAKE_TIMER), 0, timers);
	owner_release(&o);
}

static size_t slices;

static api_id counting_timer(void *ctx, unsigned delay_ms, api_done_fn *done, void *done_ctx)
{
	slices += delay_ms == 0;
	return fake_timer(ctx, delay_ms, done, done_ctx);
}

/* Each slice is a timer of its own: what else is due runs between two. */
static void ten_thousand_contexts_are_audited_in_slices(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");
	CLEANUP(buf_release) struct buf all = BUF_INIT(16 << 20);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		CLEANUP(free_p) char *name = xasprintf("app-%04d", i);
		CLEANUP(free_p) char *x = context(name, "\"b\"");

		(void)buf_addf(&all, "%s%s", i ? "," : "", x);
	}
	owner_init(&o);
	lists(&o, p, buf_str(&all));
	o.cluster.fake.env.timer = counting_timer;
	pass_time(&o);
	assert_in_range(slices, 5, 50);
	reads(&o, p);
	writes(&o, "\"totalViolations\":10000,", p);
	owner_release(&o);
}

static void it_rests_for_twenty_times_as_long_as_it_took(void **state)
{
	struct owner o;
	CLEANUP(free_p) char *p = policy("only-a", 5, "Audit", ALLOWS_A, "{}");
	CLEANUP(free_p) char *bad = context("bad", "\"b\"");
	int64_t before;

	(void)state;
	owner_init(&o);
	lists(&o, p, bad);
	o.cluster.fake.read_ms = 100;
	pass_time(&o);
	o.cluster.fake.read_ms = 0;
	reads(&o, p);
	writes(&o, "\"totalViolations\":1,", p);
	before = audits();
	changes(&o, "keptnappcontexts", "MODIFIED", bad);
	fake_env_run(&o.cluster.fake, 1900);
	assert_int_equal(audits(), before);
	fake_env_run(&o.cluster.fake, 60000);
	assert_int_equal(audits(), before + 1);
	owner_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_contexts_violate),
		cmocka_unit_test(a_change_that_changes_nothing_costs_no_call),
		cmocka_unit_test(a_context_that_changes_is_audited_again),
		cmocka_unit_test(what_is_due_at_once_is_not_late),
		cmocka_unit_test(each_kind_that_changes_makes_an_audit_due),
		cmocka_unit_test(a_policy_that_is_not_valid_says_why),
		cmocka_unit_test(policies_that_contradict_each_other_name_each_other),
		cmocka_unit_test(since_is_written_at_once_and_kept),
		cmocka_unit_test(since_is_not_before_the_policy_where_the_clock_is_behind),
		cmocka_unit_test(since_is_removed_at_once),
		cmocka_unit_test(a_write_that_fails_is_tried_again),
		cmocka_unit_test(one_that_is_deleted_meanwhile_is_no_failure),
		cmocka_unit_test(one_that_is_replaced_meanwhile_gets_no_status),
		cmocka_unit_test(without_the_lease_nothing_is_written),
		cmocka_unit_test(without_a_policy_there_are_no_timers),
		cmocka_unit_test(ten_thousand_contexts_are_audited_in_slices),
		cmocka_unit_test(it_rests_for_twenty_times_as_long_as_it_took),
	};

	return cmocka_run_group_tests(tests, fake_env_quiet, NULL);
}
