/*
 * strmap - strings to pointers, in byte order: a thin wrapper of libc's balanced tree (tsearch(3)),
 * so names that a tenant chooses can't make it slow. It owns its keys, and its values if it has a
 * free function. One thread at a time; several may read concurrently.
 */
#ifndef PROMOGATE_BASE_STRMAP_H
#define PROMOGATE_BASE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>

typedef void strmap_free_fn(void *value);

struct strmap {
	void *root;
	size_t count;
	strmap_free_fn *free_value; /* NULL: values are borrowed */
};

#define STRMAP_INIT(free_value_) {.free_value = (free_value_)}

/* Frees what it owns; for CLEANUP() too. */
void strmap_release(struct strmap *m);
/* The same, and it is empty and ready for use again, with the same free function. */
void strmap_clear(struct strmap *m);

/* NULL if it is not there. */
void *strmap_get(const struct strmap *m, const char *key);
bool strmap_has(const struct strmap *m, const char *key);
/* Sets or replaces; the former value, if any, is freed where values are owned. */
void strmap_put(struct strmap *m, const char *key, void *value_take);
/* True if it was there. */
bool strmap_remove(struct strmap *m, const char *key);
/* Removes all keys that begin with prefix. */
void strmap_remove_prefix(struct strmap *m, const char *prefix);

/* Calls visit for every entry in byte order of the keys. The map must not change meanwhile. */
typedef void strmap_visit_fn(void *ctx, const char *key, void *value);
void strmap_walk(const struct strmap *m, strmap_visit_fn *visit, void *ctx);

/*
 * The same for the keys that begin with prefix, until visit returns false. The other keys cost
 * nothing, however many they are.
 */
typedef bool strmap_until_fn(void *ctx, const char *key, void *value);
void strmap_walk_prefix(
	const struct strmap *m, const char *prefix, strmap_until_fn *visit, void *ctx);
/* The same for the keys that come after this one, which need not be there. */
void strmap_walk_after(
	const struct strmap *m, const char *after, strmap_until_fn *visit, void *ctx);

#endif
