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

struct finding *findings_add(struct findings *f, enum rule_id rule, enum fielderr_type type,
	char *field_take, const char *value, const char *detail, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_DETAIL_BYTES);
	enum severity severity = rule_get(rule)->severity;
	struct finding *item;
	va_list ap;

	if (findings_full(f, severity)) {
		f->overflowed |= severity == SEVERITY_ERROR;
		free(field_take);
		return NULL;
	}
	f->added[severity]++;
	va_start(ap, detail);
	(void)buf_vaddf(&text, detail, ap);
	va_end(ap);
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

/* Whether old has the same fault, or, of a list that is too long, a worse one. */
static bool is_as_before(const struct finding *item, const struct finding *old)
{
	if (item->rule != old->rule || !same_list(item->field, old->field))
		return false;
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
	(void)buf_addf(to, "%s: ", item->field);
	fielderr_body(to, item->type, item->value, item->detail);
}
