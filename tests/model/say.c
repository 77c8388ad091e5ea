/* A call in words. */
#include <stdio.h>

#include "calls.h"

static const char *const kinds[] = {"", "create", "code", "deprecate", "supersede", "claim",
	"commit", "unsuspend", "queue", "get-job", "record", "set-ttl", "delete", "report",
	"annotate", "enrol", "leave"};

void server_say(const struct model *m, const struct call *c, char *to, size_t size)
{
	static const char *const ends[] = {"", "ok", "failed", "missing"};
	struct slot_name n = slot_name(m, c->slot);
	int len = snprintf(to, size, "%s v%u", kinds[c->kind], c->version + 1u);

	for (unsigned t = 0; t < TASKS_MAX; t++) {
		if (c->created[t])
			len += snprintf(to + len, size - (size_t)len, " %c/%u/%u", 'a' + (char)t,
				c->attempt, c->created[t]);
		if (c->ends[t])
			len += snprintf(to + len, size - (size_t)len, " %c=%s", 'a' + (char)t,
				ends[c->ends[t]]);
	}
	if (m->bounds.policies && c->kind == PLAN_RECORD + 1 && c->promotion) {
		len += snprintf(to + len, size - (size_t)len, " -> %s",
			c->promotion == VIEW_WARNING  ? "Warning"
			: c->promotion == VIEW_FAILED ? "Failed"
						      : "Succeeded");
	}
	if (c->kind == PLAN_CREATE_JOB + 1)
		(void)snprintf(to + len, size - (size_t)len, "/%c/%u%s", 'a' + (char)n.task,
			n.attempt, m->bounds.policies && c->warns ? " (Warn)" : "");
	else if (c->kind == PLAN_GET_JOB + 1 || c->kind == PLAN_UNSUSPEND + 1 ||
		 c->kind == PLAN_QUEUE + 1 || c->kind == PLAN_SET_TTL + 1 ||
		 c->kind == PLAN_DELETE + 1)
		(void)snprintf(to + len, size - (size_t)len, "/%c/%u/%u", 'a' + (char)n.task,
			n.attempt, n.created + 1);
}
