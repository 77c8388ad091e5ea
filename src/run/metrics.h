/*
 * metrics - counters, gauges and histograms, shown in the Prometheus text format 0.0.4.
 *
 * A module defines its families at file level and they are in the registry from the start:
 *
 *	METRIC_COUNTER(denied, "promogate_denied_total", "Requests denied, by rule.", "rule");
 *	…
 *	metric_add(metric_at(&denied, "PG101"), 1);
 *
 * metric_at() finds or makes the series of these label values. Its result is never freed and may be
 * kept; adding to it is one atomic instruction. Any thread may call anything here. A family holds
 * LIMIT_METRIC_SERIES series, and all of them fit LIMIT_METRICS_BYTES; further values share one
 * whose labels are all "other", so that clients can't exhaust memory by sending names.
 */
#ifndef PROMOGATE_RUN_METRICS_H
#define PROMOGATE_RUN_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };

struct metric_series;

enum { METRIC_BOUNDS = 15 };
/* From 250 µs to 10 s, and from 1 s to 10,000 s. */
extern const int64_t metric_call_bounds[METRIC_BOUNDS], metric_task_bounds[METRIC_BOUNDS];

/* A family. Make it with the macros; the fields are for metrics.c. */
struct metric {
	enum metric_type type;
	const char *name, *help;
	const int64_t *bounds; /* of a histogram's buckets, in µs; the last one is +Inf */
	const char *const *labels; /* the first is empty: see METRIC_DEFINE_ */
	size_t label_count;
	struct metric_series *_Atomic series;
	_Atomic size_t series_count;
	struct metric *next;
};

#define METRIC_DEFINE_(var, type_, bounds_, name_, help_, ...)                                     \
	static const char *const var##_labels[] = {"", ##__VA_ARGS__};                             \
	static struct metric var = {                                                               \
		.type = (type_),                                                                   \
		.bounds = (bounds_),                                                               \
		.name = (name_),                                                                   \
		.help = (help_),                                                                   \
		.labels = var##_labels,                                                            \
		.label_count = sizeof(var##_labels) / sizeof(var##_labels[0]) - 1,                 \
	};                                                                                         \
	__attribute__((constructor)) static void var##_register(void)                              \
	{                                                                                          \
		metric_register(&var);                                                             \
	}                                                                                          \
	struct metric_needs_semicolon_

/* Only grows. */
#define METRIC_COUNTER(var, name, help, ...)                                                       \
	METRIC_DEFINE_(var, METRIC_TYPE_COUNTER, NULL, name, help, ##__VA_ARGS__)
#define METRIC_GAUGE(var, name, help, ...)                                                         \
	METRIC_DEFINE_(var, METRIC_TYPE_GAUGE, NULL, name, help, ##__VA_ARGS__)
/* Of durations; shown in seconds, in these buckets. */
#define METRIC_HISTOGRAM(var, bounds, name, help, ...)                                             \
	METRIC_DEFINE_(var, METRIC_TYPE_HISTOGRAM, bounds, name, help, ##__VA_ARGS__)

void metric_register(struct metric *m);

/* As many label values as the family has labels; NULL counts as "". */
#define metric_at(m, ...)                                                                          \
	metric_find((m),                                                                           \
		sizeof((const char *const[]){"", ##__VA_ARGS__}) / sizeof(const char *) - 1,       \
		(const char *const[]){"", ##__VA_ARGS__} + 1)
struct metric_series *metric_find(struct metric *m, size_t count, const char *const *values);

/* For counters (n >= 0) and gauges. */
void metric_add(struct metric_series *s, int64_t n);
/* For gauges. */
void metric_set(struct metric_series *s, int64_t value);
/* For histograms (ns >= 0). */
void metric_observe_ns(struct metric_series *s, int64_t ns);
/* The current value of a counter or gauge; for tests and status pages. */
int64_t metric_value(const struct metric_series *s);

/*
 * Appends all families, by name; those without a series show their HELP and TYPE. At most
 * LIMIT_METRICS_BYTES.
 */
void metrics_render(struct buf *to);
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
