#include "kube/fielderr.h"

#include <string.h>

#include "base/limits.h"
#include "json/printable.h"
#include "json/utf8.h"

static const struct {
	const char *reason, *words;
} types[] = {
	[FIELDERR_NOT_FOUND] = {"FieldValueNotFound", "Not found"},
	[FIELDERR_DUPLICATE] = {"FieldValueDuplicate", "Duplicate value"},
	[FIELDERR_INVALID] = {"FieldValueInvalid", "Invalid value"},
	[FIELDERR_TYPE_INVALID] = {"FieldValueTypeInvalid", "Invalid value"},
	[FIELDERR_NOT_SUPPORTED] = {"FieldValueNotSupported", "Unsupported value"},
	[FIELDERR_TOO_MANY] = {"FieldValueTooMany", "Too many"},
	[FIELDERR_REQUIRED] = {"FieldValueRequired", "Required value"},
	[FIELDERR_FORBIDDEN] = {"FieldValueForbidden", "Forbidden"},
};

const char *fielderr_reason(enum fielderr_type type)
{
	return types[type].reason;
}

void fielderr_quote(struct buf *to, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;
	const unsigned char *end = p + strlen(value);
	const unsigned char *cut = p + LIMIT_QUOTED_BYTES;

	(void)buf_addc(to, '"');
	while (p < end && p < cut) {
		size_t n = utf8_length(p, (size_t)(end - p));

		printable_add(to, p, n);
		p += n ? n : 1;
	}
	(void)buf_add(to, p < end ? "…\"" : "\"");
}

static bool names_value(enum fielderr_type type)
{
	return type != FIELDERR_REQUIRED && type != FIELDERR_FORBIDDEN;
}

void fielderr_body(struct buf *to, enum fielderr_type type, const char *value, const char *detail)
{
	(void)buf_addf(to, "%s: ", types[type].words);
	if (type == FIELDERR_TOO_MANY)
		(void)buf_add(to, value);
	else if (names_value(type))
		fielderr_quote(to, value);
	(void)buf_addf(to, "%s%s", names_value(type) ? ": " : "", detail);
}
