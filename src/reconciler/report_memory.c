#include "reconciler/report_memory.h"

#include <stdlib.h>

#include "base/mem.h"
#include "promotion/wait_text.h"
#include "reconciler/snapshot.h"
#include "run/metrics.h"

METRIC_GAUGE(waiting, "promogate_promotions_waiting",
	"Applications whose next promotion waits, by reason.", "reason");

/* Each reason is 0 from the start, not absent until something waits for it. */
__attribute__((constructor)) static void show_reasons(void)
{
	for (unsigned r = 0; r < wait_text_count(); r++)
		if (wait_text_name(r))
			(void)metric_at(&waiting, wait_text_name(r));
	(void)metric_at(&waiting, WAIT_TEXT_REJECTED);
}

static void rejection_free(void *value)
{
	struct rejection *r = value;

	free(r->doing);
	free(r->text);
	free(r);
}

void lost_writes_release(struct lost_writes *lost)
{
	snapshot_free(lost->snapshot);
	plan_release(&lost->plan);
	lost->snapshot = NULL;
}

void report_memory_init(struct report_memory *m)
{
	*m = (struct report_memory){.reported = STRMAP_INIT(free),
		.delivered = STRMAP_INIT(free),
		.rejected = STRMAP_INIT(rejection_free),
		.waits = STRMAP_INIT(free)};
}

void report_memory_release(struct report_memory *m)
{
	report_memory_waits(m, NULL);
	strmap_release(&m->reported);
	strmap_release(&m->delivered);
	strmap_release(&m->rejected);
	strmap_release(&m->waits);
	lost_writes_release(&m->lost);
}

void report_memory_forget(struct report_memory *m, const char *version)
{
	CLEANUP(free_p) char *parts = xasprintf("%s/", version);

	(void)strmap_remove(&m->delivered, version);
	(void)strmap_remove(&m->rejected, version);
	(void)strmap_remove(&m->waits, version);
	(void)strmap_remove(&m->reported, version);
	strmap_remove_prefix(&m->reported, parts);
}

void report_memory_show(const struct report_memory *m, struct view_version *v)
{
	const struct rejection *r = strmap_get(&m->rejected, v->name);
	const int64_t *since = strmap_get(&m->waits, v->name);

	v->rejected = r ? r->text : NULL;
	v->waits_since = since ? *since : 0;
}

void report_memory_waits(struct report_memory *m, const char *reason)
{
	if (m->waiting == reason)
		return;
	if (m->waiting)
		metric_add(metric_at(&waiting, m->waiting), -1);
	if (reason)
		metric_add(metric_at(&waiting, reason), 1);
	m->waiting = reason;
}
