#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "promotion/view.h"

/* Ranks are smaller: no list has so many versions. */
#define UNRANKED UINT_MAX
#define ON_PATH  (UINT_MAX - 1)

/* A version. The first of those of one creation and version string stands for all of them. */
struct link {
	struct view_version *version;
	struct link *previous; /* of the first: the first of the previous version string, or NULL */
	unsigned rank; /* of the first */
};

static int compare_key(const struct view_version *v, int64_t created, const char *version)
{
	if (v->created != created)
		return v->created < created ? -1 : 1;
	return strcmp(v->version, version);
}

/* First comes the newest with a previous version, if there is one: Keptn gives revisions none. */
static int compare_links(const void *left, const void *right)
{
	const struct view_version *a = ((const struct link *)left)->version;
	const struct view_version *b = ((const struct link *)right)->version;
	int key = compare_key(a, b->created, b->version);

	if (key != 0)
		return key;
	if ((*a->previous != '\0') != (*b->previous != '\0'))
		return *a->previous ? -1 : 1;
	return view_newer(a, b) ? -1 : view_newer(b, a);
}

/* The first of a creation and version string. */
static struct link *find_first(struct link *links, size_t n, int64_t created, const char *version)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_key(links[middle].version, created, version) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && compare_key(links[low].version, created, version) == 0 ? &links[low]
										 : NULL;
}

static void find_previous(struct link *links, size_t n, struct link *link)
{
	const struct view_version *v = link->version;

	link->rank = UNRANKED;
	if (*v->previous && !str_eq(v->previous, v->version))
		link->previous = find_first(links, n, v->created, v->previous);
}

/*
 * Ranks a whole path, so that each link is visited once. `endless` is the rank on a path that never
 * ends: at least the number of links, so that no path that ends reaches it.
 */
static void rank_path(struct link *from, unsigned endless)
{
	struct link *end = from;
	unsigned rank = 0; /* one more than the rank of the next link */
	bool ends;

	for (; end && end->rank == UNRANKED; end = end->previous) {
		end->rank = ON_PATH;
		rank++;
	}
	ends = !end || (end->rank != ON_PATH && end->rank != endless);
	if (end && ends)
		rank += end->rank + 1;
	for (; from && from->rank == ON_PATH; from = from->previous)
		from->rank = ends ? --rank : endless;
}

void view_rank(struct view_version *versions, size_t n)
{
	struct link *links = xcalloc(n, sizeof(*links));

	for (size_t i = 0; i < n; i++) {
		versions[i].rank = 0;
		links[i].version = &versions[i];
	}
	qsort(links, n, sizeof(*links), compare_links);
	for (size_t i = 0; i < n; i++)
		find_previous(links, n, &links[i]);
	for (size_t i = 0; i < n; i++) {
		const struct view_version *v = links[i].version;
		struct link *first = find_first(links, n, v->created, v->version);

		rank_path(first, (unsigned)n);
		links[i].version->rank = first->rank;
	}
	free(links);
}
