/* What must hold in every world. */
#include "model.h"

static bool ran(uint8_t state)
{
	return state == JOB_RUNNING || state == JOB_OK || state == JOB_FAILED ||
	       state == JOB_OK_TTL || state == JOB_FAILED_TTL || state == JOB_GONE_RAN ||
	       state == JOB_EXPIRED || state == JOB_EVICTED;
}

static const char *broken_by_runs(const struct model *m, const struct objects *is)
{
	for (unsigned i = 0; i < slot_count(m); i += m->bounds.created + 1) {
		unsigned n = 0;

		for (unsigned k = 0; k <= m->bounds.created; k++)
			n += ran(is->jobs[i + k]);
		if (n > 1)
			return "I1: two Jobs ran for one version, task and attempt";
	}
	return NULL;
}

static bool active(const struct model *m, const struct version *v)
{
	for (unsigned t = 0; t < m->bounds.tasks; t++)
		if (v->items[t].state == VIEW_PROGRESSING)
			return v->exists;
	return false;
}

static const char *broken_by_siblings(const struct model *m, const struct objects *is)
{
	unsigned n = 0;

	if (m->bounds.apps)
		return NULL;
	for (unsigned v = 0; v < m->bounds.versions; v++)
		n += active(m, &is->versions[v]);
	return n > 1 ? "I3: two versions have Jobs that can run" : NULL;
}

static const char *broken_by_strays(const struct model *m, const struct objects *is)
{
	for (unsigned i = 0; i < slot_count(m); i++) {
		struct slot_name n = slot_name(m, i);
		const struct version *v = &is->versions[n.version];
		const struct item *item = &v->items[n.task];
		bool named = item->attempt == n.attempt &&
			     (item->created == n.created || m->bounds.plant == PLANT_SAME_NAMES);

		if (is->jobs[i] == JOB_RUNNING && v->exists &&
			!(named && item->state == VIEW_PROGRESSING))
			return "I8: a Job runs that no open item names";
		if ((is->jobs[i] == JOB_OK_TTL || is->jobs[i] == JOB_FAILED_TTL) && v->exists &&
			named && item->state == VIEW_PROGRESSING)
			return "I9: a Job has a TTL before its outcome is recorded";
	}
	return NULL;
}

const char *world_broken(const struct model *m, const struct world *w)
{
	const char *broken = broken_by_runs(m, &w->is);

	if (!broken)
		broken = broken_by_siblings(m, &w->is);
	if (!broken)
		broken = broken_by_strays(m, &w->is);
	return broken;
}
