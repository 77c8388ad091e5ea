#include "admission/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->items[i].field);
		free(f->items[i].value);
		free(f->items[i].detail);
		free(f->items[i].policy);
		free(f->items[i].parts);
	}
	free(f->items);
	*f = (struct findings)FINDINGS_INIT;
}

static struct finding *append(struct findings *f)
{
	if (f->count == f->capacity) {
		f->capacity = f->capacity ? f->capacity * 2 : 4;
		f->items = xreallocarray(f->items, f->capacity, sizeof(*f->items));
	}
	return &f->items[f->count++];
}

__attribute__((format(printf, 7, 0))) static struct finding *add(struct findings *f,
	enum severity severity, enum rule_id rule, enum fielderr_type type, char *field_take,
	const char *value, const char *detail, va_list ap)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_DETAIL_BYTES);
	struct finding *item;

	if (findings_full(f, severity)) {
		f->overflowed |= severity == SEVERITY_ERROR;
		free(field_take);
		return NULL;
	}
	f->added[severity]++;
	(void)buf_vaddf(&text, detail, ap);
	item = append(f);
	*item = (struct finding){
		.rule = rule_get(rule),
		.severity = severity,
		.type = type,
		.field = field_take,
		.value = xstrdup(value),
		.detail = buf_steal(&text),
	};
	return item;
}

struct finding *findings_add(struct findings *f, enum rule_id rule, enum fielderr_type type,
	char *field_take, const char *value, const char *detail, ...)
{
	struct finding *item;
	va_list ap;

	va_start(ap, detail);
	item = add(f, rule_get(rule)->severity, rule, type, field_take, value, detail, ap);
	va_end(ap);
	return item;
}

struct finding *findings_add_as(struct findings *f, enum severity severity, enum rule_id rule,
	enum fielderr_type type, char *field_take, const char *value, const char *detail, ...)
{
	struct finding *item;
	va_list ap;

	va_start(ap, detail);
	item = add(f, severity, rule, type, field_take, value, detail, ap);
	va_end(ap);
	return item;
}

bool findings_full(const struct findings *f, enum severity severity)
{
	return f->added[severity] == LIMIT_FINDINGS;
}

size_t findings_errors(const struct findings *f)
{
	size_t n = f->overflowed ? 1 : 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->items[i].severity == SEVERITY_ERROR;
	return n;
}

bool findings_deny(const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].severity == SEVERITY_ERROR && !f->items[i].unconfirmed)
			return true;
	return false;
}

/* The same field, or another element of the same list. */
static bool same_list(const char *a, const char *b)
{
	size_t len = strcspn(a, "[");

	return len == strcspn(b, "[") && strncmp(a, b, len) == 0;
}

/* Both are counts, as xasprintf() wrote them. */
static bool is_at_most(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	return a_len < b_len || (a_len == b_len && strcmp(a, b) <= 0);
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		if (strcspn(p, "\n") == len && strncmp(p, line, len) == 0)
			return true;
	return false;
}

/* Whether each line of a is one of b; each ends with a newline. */
static bool has_lines(const char *b, const char *a)
{
	for (size_t len; *a; a += len + 1) {
		len = strcspn(a, "\n");
		if (!has_line(b, a, len))
			return false;
	}
	return true;
}

/* Whether old has the same fault, or a worse one: a list that is longer still, or more tasks. */
static bool is_as_before(const struct finding *item, const struct finding *old)
{
	if (item->rule != old->rule || !same_list(item->field, old->field) ||
		!str_eq(item->policy, old->policy))
		return false;
	if (item->parts || old->parts)
		return item->parts && old->parts && has_lines(old->parts, item->parts);
	return item->type == FIELDERR_TOO_MANY ? is_at_most(item->value, old->value)
					       : str_eq(item->value, old->value);
}

static bool ratchet_one(struct finding *item, const struct findings *old, bool *used)
{
	for (size_t i = 0; i < old->count; i++) {
		if (used[i] || !is_as_before(item, &old->items[i]))
			continue;
		used[i] = true;
		return true;
	}
	return false;
}

void findings_ratchet(struct findings *f, const struct findings *old)
{
	CLEANUP(free_p) bool *used = xcalloc(old->count, sizeof(*used));

	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].severity == SEVERITY_ERROR && ratchet_one(&f->items[i], old, used))
			f->items[i].severity = SEVERITY_WARNING;
}

void finding_line(struct buf *to, const struct finding *item)
{
	if (!*item->field) {
		(void)buf_add(to, item->detail);
		return;
	}
	(void)buf_addf(to, "%s: ", item->field);
	fielderr_body(to, item->type, item->value, item->detail);
}
