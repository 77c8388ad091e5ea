#include "json/peek.h"

#include <string.h>

#include "base/str.h"

struct peek {
	const char *at, *end;
};

static bool is_at(const struct peek *p, char c)
{
	return p->at < p->end && *p->at == c;
}

static void skip_space(struct peek *p)
{
	while (p->at < p->end && strchr(" \t\r\n", *p->at) && *p->at)
		p->at++;
}

/* At the opening quote. */
static bool skip_string(struct peek *p)
{
	for (p->at++; p->at < p->end && *p->at != '"'; p->at++)
		if (*p->at == '\\')
			p->at++;
	if (p->at >= p->end)
		return false;
	p->at++;
	return true;
}

static bool skip_container(struct peek *p)
{
	size_t depth = 0;

	while (p->at < p->end) {
		char c = *p->at;

		if (c == '"') {
			if (!skip_string(p))
				return false;
			continue;
		}
		p->at++;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		if (depth == 0)
			return true;
	}
	return false;
}

static bool skip_value(struct peek *p)
{
	if (is_at(p, '"'))
		return skip_string(p);
	if (is_at(p, '{') || is_at(p, '['))
		return skip_container(p);
	while (p->at < p->end && !strchr(",]} \t\r\n", *p->at))
		p->at++;
	return p->at < p->end;
}

/* At a key and its colon: whether it is this one. */
static bool take_key(struct peek *p, const char *key, bool *ret_same)
{
	const char *from = p->at + 1;
	size_t len = strlen(key);

	if (!is_at(p, '"') || !skip_string(p))
		return false;
	*ret_same = (size_t)(p->at - 1 - from) == len && memcmp(from, key, len) == 0;
	skip_space(p);
	if (!is_at(p, ':'))
		return false;
	p->at++;
	skip_space(p);
	return true;
}

/* From an object to its member. */
static bool enter_member(struct peek *p, const char *key)
{
	bool same;

	while (is_at(p, '{') || is_at(p, ',')) {
		p->at++;
		skip_space(p);
		if (!take_key(p, key, &same))
			return false;
		if (same)
			return true;
		if (!skip_value(p))
			return false;
		skip_space(p);
	}
	return false;
}

static bool enter_first(struct peek *p)
{
	if (!is_at(p, '['))
		return false;
	p->at++;
	skip_space(p);
	return true;
}

static bool copy_string(struct peek *p, char *ret, size_t size)
{
	const char *from = p->at + 1;
	size_t len;

	if (!is_at(p, '"') || !skip_string(p))
		return false;
	len = (size_t)(p->at - 1 - from);
	if (len == 0 || len >= size || memchr(from, '\\', len) || memchr(from, '\0', len))
		return false;
	memcpy(ret, from, len);
	ret[len] = '\0';
	return true;
}

bool json_peek_keys(const char *text, size_t len, const char *const *keys, char *ret, size_t size)
{
	struct peek p = {text, text + len};

	*ret = '\0';
	skip_space(&p);
	for (; *keys; keys++)
		if (str_eq(*keys, PEEK_FIRST) ? !enter_first(&p)
					      : !is_at(&p, '{') || !enter_member(&p, *keys))
			return false;
	return copy_string(&p, ret, size);
}

bool json_peek_whole(const char *text, size_t len)
{
	struct peek p = {text, text + len};

	skip_space(&p);
	if ((!is_at(&p, '{') && !is_at(&p, '[')) || !skip_container(&p))
		return false;
	skip_space(&p);
	return p.at == p.end;
}
