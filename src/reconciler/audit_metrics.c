#include "reconciler/audit_metrics.h"

#include <stdlib.h>

#include "base/strmap.h"
#include "run/metrics.h"

METRIC_GAUGE(violations, "promogate_policy_violations",
	"What the stored KeptnAppContexts violate of each PromotionPolicy.", "policy", "rule");

struct shown {
	size_t by_rule[POLICY_RULE_COUNT];
};

struct audit_metrics {
	struct strmap shown; /* of struct shown, by policy; of those that have violations */
};

/* By difference: past their limit, series share one, which then has their sum. */
static void change(const char *policy, const struct shown *from, const struct shown *to)
{
	static const struct shown none;

	from = from ? from : &none;
	to = to ? to : &none;
	for (enum policy_rule rule = 0; rule < POLICY_RULE_COUNT; rule++)
		if (from->by_rule[rule] != to->by_rule[rule])
			metric_add(metric_at(&violations, policy, policy_rule_id(rule)),
				(int64_t)to->by_rule[rule] - (int64_t)from->by_rule[rule]);
}

static void hide(void *ctx, const char *policy, void *value)
{
	(void)ctx;
	change(policy, value, NULL);
}

void audit_metrics_show(struct audit_metrics *m, const struct audit_pass *pass)
{
	struct strmap now = STRMAP_INIT(free);

	for (size_t i = 0; i < pass->ntargets; i++) {
		const struct audit_target *t = &pass->targets[i];
		struct shown *shown;

		if (t->audit.total == 0)
			continue;
		shown = xcalloc(1, sizeof(*shown));
		for (enum policy_rule rule = 0; rule < POLICY_RULE_COUNT; rule++)
			shown->by_rule[rule] = t->audit.by_rule[rule];
		change(t->name, strmap_get(&m->shown, t->name), shown);
		(void)strmap_remove(&m->shown, t->name);
		strmap_put(&now, t->name, shown);
	}
	strmap_walk(&m->shown, hide, NULL);
	strmap_release(&m->shown);
	m->shown = now;
}

bool audit_metrics_shows(const struct audit_metrics *m)
{
	return m->shown.count > 0;
}

struct audit_metrics *audit_metrics_new(void)
{
	struct audit_metrics *m = xcalloc(1, sizeof(*m));

	m->shown = (struct strmap)STRMAP_INIT(free);
	return m;
}

void audit_metrics_free(struct audit_metrics *m)
{
	if (!m)
		return;
	strmap_walk(&m->shown, hide, NULL);
	strmap_release(&m->shown);
	free(m);
}
