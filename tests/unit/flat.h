/*
 * flat - JSON as lines that are easy to read and to compare:
 *
 *	metadata.labels[promogate.dev/app]: podtato-head
 *	spec.containers[0].env[1].value: {"a":"b"}
 *
 * A string is written as it is, or in quotes if it could be taken for another value or would not
 * fit on the line.
 */
#ifndef PROMOGATE_TESTS_FLAT_H
#define PROMOGATE_TESTS_FLAT_H

#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "json/emit.h"
#include "json/json.h"

static inline bool flat_needs_quotes(const char *s)
{
	CLEANUP(json_free_p) struct json *value = NULL;
	size_t len = strlen(s);

	for (const char *p = s; *p; p++)
		if (iscntrl((unsigned char)*p))
			return true;
	if (!len || *s == ' ' || s[len - 1] == ' ')
		return true;
	return json_parse(s, len, &value, NULL) == 0 && json_type(value) != JSON_OBJECT;
}

static inline void flat_add_key(struct buf *path, const char *key)
{
	bool plain = true;

	for (const char *p = key; *p; p++)
		plain &= isalnum((unsigned char)*p) != 0;
	if (plain)
		(void)buf_addf(path, "%s%s", path->len ? "." : "", key);
	else
		(void)buf_addf(path, "[%s]", key);
}

/* Each line begins with the path, "" at the root. */
static inline void flat_add(struct buf *to, const char *path, const struct json *j)
{
	const char *s = json_string(j);
	struct emit e = EMIT_INIT(to);
	size_t i = 0;

	json_each (item, j) {
		CLEANUP(buf_release) struct buf at = BUF_INIT(LIMIT_DETAIL_BYTES);

		(void)buf_add(&at, path);
		if (json_key(item))
			flat_add_key(&at, json_key(item));
		else
			(void)buf_addf(&at, "[%zu]", i++);
		flat_add(to, buf_str(&at), item);
	}
	if (json_count(j))
		return;
	(void)buf_addf(to, "%s: ", path);
	if (s && !flat_needs_quotes(s))
		(void)buf_add(to, s);
	else
		emit_json(&e, j);
	(void)buf_addc(to, '\n');
}

#endif
