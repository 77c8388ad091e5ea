/* report_memory - what reports has reported of an application. Only reports writes it. */
#ifndef PROMOGATE_RECONCILER_REPORT_MEMORY_H
#define PROMOGATE_RECONCILER_REPORT_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

#include "base/strmap.h"

struct report_memory {
	struct strmap reported; /* "version" or "version/task" to its last report */
	struct strmap delivered; /* version to an int64_t: when it was first seen to wait */
};

static inline void report_memory_init(struct report_memory *m)
{
	*m = (struct report_memory){STRMAP_INIT(free), STRMAP_INIT(free)};
}

static inline void report_memory_release(struct report_memory *m)
{
	strmap_release(&m->reported);
	strmap_release(&m->delivered);
}

/* This version was deleted: another one may get its name. */
static inline void report_memory_forget(struct report_memory *m, const char *version)
{
	(void)strmap_remove(&m->delivered, version);
	strmap_clear(&m->reported);
}

#endif
