/*
 * rules - the table of what Promogate finds wrong. It is the one source of ids, severities and the
 * reference page (docs/rules.md); the checks themselves are in judge.c. Read-only.
 */
#ifndef PROMOGATE_ADMISSION_RULES_H
#define PROMOGATE_ADMISSION_RULES_H

#include "base/buf.h"

/* SEVERITY_AUDIT: a policy only records it, in the API server's audit log and the metrics. */
enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_AUDIT, SEVERITY_COUNT };

enum rule_id {
	PG100,
	PG101,
	PG102,
	PG103,
	PG104,
	PG105,
	PG106,
	PG107,
	PG108,
	PG110,
	PG111,
	PG112,
	PG113,
	PG114,
	PG201,
	PG202,
	PG203,
	PG301,
	PG302,
	PG303,
	PG304,
	PG305,
	PG306,
	RULE_COUNT
};

struct rule {
	const char *id; /* "PG101" */
	enum severity severity;
	/* For the reference page: when an error is only a warning. NULL: never. */
	const char *softened;
	const char *finds;
	const char *why;
	/*
	 * Both are YAML streams: the KeptnAppContext first, then the KeptnTaskDefinitions and
	 * PromotionPolicies that exist. The tests judge each pair: the first has the finding, the second has no finding.
	 */
	const char *rejected, *fixed;
};

const struct rule *rule_get(enum rule_id id);
/* "error", "warning", "audit". */
const char *severity_name(enum severity severity);

/* Appends the reference page, in Markdown; it takes less than LIMIT_RESPONSE_BYTES. */
void rules_page(struct buf *to);

#endif
