#include "kube/url.h"

#include <string.h>

#include "base/limits.h"
#include "base/str.h"

/* RFC 3986, 2.3: unreserved characters. */
static bool unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("-._~", c));
}

static void add_escaped(struct buf *to, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (unreserved(c))
			(void)buf_addc(to, *s);
		else
			(void)buf_addf(to, "%%%02X", c);
	}
}

static bool given(const char *part)
{
	return part && *part;
}

static int add_segment(struct buf *to, const char *part, struct err *err)
{
	if (!given(part))
		return 0;
	if (str_eq(part, ".") || str_eq(part, "..") || strpbrk(part, "/%"))
		return err_set(err, ERR_INVALID, "\"%.*s\" is not valid in an API path",
			LIMIT_QUOTED_BYTES, part);
	(void)buf_addc(to, '/');
	add_escaped(to, part);
	return 0;
}

int url_add(struct buf *to, const struct url *u, struct err *err)
{
	if (!given(u->version) || !given(u->resource))
		return err_set(err, ERR_INVALID, "an API path needs a version and a resource");
	if (given(u->subresource) && !given(u->name))
		return err_set(err, ERR_INVALID, "the subresource \"%.*s\" needs a name",
			LIMIT_QUOTED_BYTES, u->subresource);
	(void)buf_add(to, given(u->group) ? "/apis" : "/api");
	if (add_segment(to, u->group, err) < 0 || add_segment(to, u->version, err) < 0)
		return -1;
	if (given(u->namespace)) {
		(void)buf_add(to, "/namespaces");
		if (add_segment(to, u->namespace, err) < 0)
			return -1;
	}
	if (add_segment(to, u->resource, err) < 0 || add_segment(to, u->name, err) < 0 ||
		add_segment(to, u->subresource, err) < 0)
		return -1;
	return to->overflowed ? err_set(err, ERR_TOO_LARGE, "an API path over %zu bytes", to->max)
			      : 0;
}

/* After "/segment", this many times, or as often as there is one. */
static const char *skip(const char *path, unsigned segments)
{
	while (segments-- && *path == '/')
		path += 1 + strcspn(path + 1, "/?");
	return path;
}

size_t url_collection_len(const char *path)
{
	const char *root = str_starts(path, "/api/")    ? skip(path, 2)
			   : str_starts(path, "/apis/") ? skip(path, 3)
							: NULL;
	const char *in_namespace = root && str_starts(root, "/namespaces/") ? skip(root, 2) : root;

	if (!root)
		return strcspn(path, "?");
	return (size_t)(skip(*in_namespace == '/' ? in_namespace : root, 1) - path);
}

static void add_key(struct buf *to, const char *key)
{
	(void)buf_addc(to, strchr(buf_str(to), '?') ? '&' : '?');
	(void)buf_add(to, key);
	(void)buf_addc(to, '=');
}

void url_add_query(struct buf *to, const char *key, const char *value)
{
	add_key(to, key);
	add_escaped(to, value);
}

void url_add_query_int(struct buf *to, const char *key, long long value)
{
	add_key(to, key);
	(void)buf_addf(to, "%lld", value);
}
