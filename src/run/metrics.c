#include "run/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/lock.h"

/* Responses take well under 1 ms, the API server gives up after 3 or 10 s. */
const int64_t metric_call_bounds[METRIC_BOUNDS] = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
#define S(n) ((n) * INT64_C(1000000))
/* OpenTelemetry's defaults, as of the tasks that Keptn runs, with 1 s for 0. */
const int64_t metric_task_bounds[METRIC_BOUNDS] = {S(1), S(5), S(10), S(25), S(50), S(75), S(100),
	S(250), S(500), S(750), S(1000), S(2500), S(5000), S(7500), S(10000)};

struct metric_series {
	const int64_t *bounds; /* the family's */
	struct metric_series *next;
	char *labels; /* rendered: a="x",b="y"; identifies a series */
	_Atomic int64_t value; /* a histogram's sum, in ns */
	_Atomic int64_t buckets[]; /* a histogram's only: not cumulative, the last is +Inf */
};

static struct lock registry_lock = LOCK_INIT;
static struct metric *registry; /* by name */
static size_t page_bytes; /* the most that metrics_render() adds for the families and series */

/* A number has up to 21 characters, a bucket's bound up to 8, and the rest of a line under 20. */
enum { LINE_BYTES = 64 };

/* The most that a series adds to the page. */
static size_t series_bytes(const struct metric *m, size_t label_bytes)
{
	size_t lines = m->type == METRIC_TYPE_HISTOGRAM ? METRIC_BOUNDS + 3 : 1;

	return lines * (strlen(m->name) + label_bytes + LINE_BYTES);
}

/* Reserves the page's bytes for HELP, TYPE, and the one series that is always possible. */
void metric_register(struct metric *m)
{
	struct metric **at = &registry;
	LOCK_SCOPE(&registry_lock);

	page_bytes += 2 * (strlen(m->name) + strlen(m->help) + LINE_BYTES);
	page_bytes += series_bytes(m, LIMIT_METRIC_LABEL_BYTES);
	while (*at && strcmp((*at)->name, m->name) < 0)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
}

static void add_escaped(struct buf *to, const char *s, const char *special)
{
	for (; *s; s++) {
		if (*s == '\n')
			(void)buf_add(to, "\\n");
		else if (strchr(special, *s))
			(void)buf_addf(to, "\\%c", *s);
		else
			(void)buf_addc(to, *s);
	}
}

static void label_text(const struct metric *m, const char *const *values, struct buf *to)
{
	for (size_t i = 0; i < m->label_count; i++) {
		(void)buf_addf(to, "%s%s=\"", i ? "," : "", m->labels[i + 1]);
		add_escaped(to, values ? (values[i] ? values[i] : "") : "other", "\\\"");
		(void)buf_addc(to, '"');
	}
}

static struct metric_series *lookup(struct metric *m, const char *labels)
{
	struct metric_series *s = atomic_load_explicit(&m->series, memory_order_acquire);

	while (s && !str_eq(s->labels, labels))
		s = s->next;
	return s;
}

/* NULL if the family or the page is full; room for the series "other" is reserved. */
static struct metric_series *find_or_make(struct metric *m, const char *labels, bool other)
{
	size_t buckets = m->type == METRIC_TYPE_HISTOGRAM ? METRIC_BOUNDS + 1 : 0;
	size_t bytes = other ? 0 : series_bytes(m, strlen(labels));
	struct metric_series *s;
	LOCK_SCOPE(&registry_lock);

	s = lookup(m, labels);
	if (s)
		return s;
	if (!other && (m->series_count >= LIMIT_METRIC_SERIES ||
			      page_bytes + bytes > LIMIT_METRICS_BYTES))
		return NULL;
	page_bytes += bytes;
	s = xcalloc(1, sizeof(*s) + buckets * sizeof(s->buckets[0]));
	s->labels = xstrdup(labels);
	s->bounds = m->bounds;
	s->next = atomic_load_explicit(&m->series, memory_order_relaxed);
	m->series_count++;
	atomic_store_explicit(&m->series, s, memory_order_release);
	return s;
}

struct metric_series *metric_find(struct metric *m, size_t count, const char *const *values)
{
	CLEANUP(buf_release) struct buf labels = BUF_INIT(LIMIT_METRIC_LABEL_BYTES);
	struct metric_series *s;

	assert(count == m->label_count);
	label_text(m, values, &labels);
	if (!labels.overflowed) {
		s = lookup(m, buf_str(&labels));
		if (!s)
			s = find_or_make(m, buf_str(&labels), false);
		if (s)
			return s;
	}
	buf_reset(&labels);
	label_text(m, NULL, &labels);
	return find_or_make(m, buf_str(&labels), true);
}

void metric_add(struct metric_series *s, int64_t n)
{
	atomic_fetch_add_explicit(&s->value, n, memory_order_relaxed);
}

void metric_set(struct metric_series *s, int64_t value)
{
	atomic_store_explicit(&s->value, value, memory_order_relaxed);
}

int64_t metric_value(const struct metric_series *s)
{
	return atomic_load_explicit(&s->value, memory_order_relaxed);
}

void metric_observe_ns(struct metric_series *s, int64_t ns)
{
	size_t i = 0;

	while (i < METRIC_BOUNDS && ns > s->bounds[i] * 1000)
		i++;
	atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->value, ns, memory_order_relaxed);
}

/* A duration of n units, of which scale make a second, without trailing zeros. */
static void add_seconds(struct buf *to, uint64_t n, uint64_t scale, int digits)
{
	char text[48];
	int len = snprintf(text, sizeof(text), "%llu.%0*llu", (unsigned long long)(n / scale),
		digits, (unsigned long long)(n % scale));

	while (len > 1 && text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	(void)buf_addn(to, text, (size_t)len);
}

static void render_histogram(const struct metric *m, const struct metric_series *s, struct buf *to)
{
	const char *comma = *s->labels ? "," : "";
	const char *open = *s->labels ? "{" : "", *close = *s->labels ? "}" : "";
	int64_t count = 0;

	for (size_t i = 0; i <= METRIC_BOUNDS; i++) {
		count += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
		(void)buf_addf(to, "%s_bucket{%s%sle=\"", m->name, s->labels, comma);
		if (i < METRIC_BOUNDS)
			add_seconds(to, (uint64_t)s->bounds[i], 1000000, 6);
		else
			(void)buf_add(to, "+Inf");
		(void)buf_addf(to, "\"} %lld\n", (long long)count);
	}
	(void)buf_addf(to, "%s_sum%s%s%s ", m->name, open, s->labels, close);
	add_seconds(to, (uint64_t)metric_value(s), 1000000000, 9);
	(void)buf_addf(
		to, "\n%s_count%s%s%s %lld\n", m->name, open, s->labels, close, (long long)count);
}

static void render_series(const struct metric *m, const struct metric_series *s, struct buf *to)
{
	if (m->type == METRIC_TYPE_HISTOGRAM) {
		render_histogram(m, s, to);
		return;
	}
	(void)buf_add(to, m->name);
	if (*s->labels)
		(void)buf_addf(to, "{%s}", s->labels);
	(void)buf_addf(to, " %lld\n", (long long)metric_value(s));
}

static void render_family(struct metric *m, struct buf *to)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	/* A counter without labels is 0 from the start, not absent until it counts. */
	if (!m->label_count)
		(void)metric_at(m);
	(void)buf_addf(to, "# HELP %s ", m->name);
	add_escaped(to, m->help, "\\");
	(void)buf_addf(to, "\n# TYPE %s %s\n", m->name, types[m->type]);
	for (const struct metric_series *s = atomic_load_explicit(&m->series, memory_order_acquire);
		s; s = s->next)
		render_series(m, s, to);
}

void metrics_render(struct buf *to)
{
	struct metric *m;

	lock_lock(&registry_lock);
	m = registry;
	lock_unlock(&registry_lock);
	/* The list itself does not change once main() runs. */
	for (; m; m = m->next)
		render_family(m, to);
}
