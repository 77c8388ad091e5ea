#include "reconciler/audit_metrics.h"

#include "base/mem.h"
#include "run/metrics.h"
#include "unit.h"

enum { POLICIES = 300 };

/* What one audit found: of `count` policies, each with so many violations of one rule. */
static void show(struct audit_metrics *m, size_t count, size_t violations)
{
	CLEANUP(free_p) struct audit_target *targets = xcalloc(POLICIES, sizeof(*targets));
	struct audit_pass pass = {.targets = targets, .ntargets = count};

	for (size_t i = 0; i < count; i++) {
		targets[i].name = xasprintf("policy-%zu", i);
		targets[i].audit.total = violations;
		targets[i].audit.by_rule[POLICY_RULE_REQUIRED] = violations;
	}
	audit_metrics_show(m, &pass);
	for (size_t i = 0; i < count; i++)
		free(targets[i].name);
}

static void says(const char *series, bool there)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);

	metrics_render(&text);
	if (!strstr(buf_str(&text), series) == there)
		fail_msg("\"%s\" is %s: %s", series, there ? "missing" : "there", buf_str(&text));
}

#define SERIES(policy, rule, n)                                                                    \
	"promogate_policy_violations{policy=\"" policy "\",rule=\"" rule "\"} " n "\n"

static void shows_what_the_last_audit_found(void **state)
{
	struct audit_metrics *m = audit_metrics_new();

	(void)state;
	show(m, 2, 3);
	says(SERIES("policy-0", "PG112", "3"), true);
	says(SERIES("policy-1", "PG112", "3"), true);
	says("rule=\"PG104\"", false);
	show(m, 2, 5);
	says(SERIES("policy-1", "PG112", "5"), true);
	show(m, 1, 5);
	says(SERIES("policy-1", "PG112", "0"), true);
	assert_true(audit_metrics_shows(m));
	show(m, 1, 0);
	says(SERIES("policy-0", "PG112", "0"), true);
	assert_false(audit_metrics_shows(m));
	audit_metrics_free(m);
}

/* Past the limit, series share one. It has the sum, and goes back to 0. */
static void past_the_limit_policies_share_a_series(void **state)
{
	struct audit_metrics *m = audit_metrics_new();

	(void)state;
	show(m, POLICIES, 2);
	says(SERIES("other", "other", "200"), true);
	show(m, POLICIES, 1);
	says(SERIES("other", "other", "100"), true);
	audit_metrics_free(m);
	says(SERIES("other", "other", "0"), true);
	says(SERIES("policy-0", "PG112", "0"), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_what_the_last_audit_found),
		cmocka_unit_test(past_the_limit_policies_share_a_series),
	};

	return cmocka_run_group_tests_name("audit_metrics", tests, NULL, NULL);
}
