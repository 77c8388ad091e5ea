/*
 * report_memory - what reports has reported of an application, and what waits to be. Only reports
 * writes it.
 */
#ifndef PROMOGATE_RECONCILER_REPORT_MEMORY_H
#define PROMOGATE_RECONCILER_REPORT_MEMORY_H

#include <stdint.h>

#include "base/strmap.h"
#include "promotion/plan_list.h"

struct snapshot;

/* What the API server rejects of a version. */
struct rejection {
	char *doing; /* the action: a rejection of it ends once it succeeds */
	char *text; /* the value of the annotation waiting */
};

/* Writes whose reply was lost: the actions of this plan, of this snapshot. */
struct lost_writes {
	struct snapshot *snapshot; /* NULL: none */
	struct plan plan;
};

struct report_memory {
	struct strmap reported; /* "version" or "version/task" to its last report */
	struct strmap delivered; /* version to an int64_t: when it was first seen to wait */
	struct strmap rejected; /* version to struct rejection */
	struct strmap waits; /* version to an int64_t: since when, in seconds since 1970 */
	struct lost_writes lost;
	const char *waiting; /* what its series in promogate_promotions_waiting is; NULL: none */
};

void lost_writes_release(struct lost_writes *lost);

void report_memory_init(struct report_memory *m);
void report_memory_release(struct report_memory *m);
/* This version was deleted: another one may get its name. The others keep theirs. */
void report_memory_forget(struct report_memory *m, const char *version);

/* Sets rejected and waits_since, which borrow from m. */
void report_memory_show(const struct report_memory *m, struct view_version *v);
/* The application is counted as waiting for this reason; NULL: it does not wait. */
void report_memory_waits(struct report_memory *m, const char *reason);

#endif
