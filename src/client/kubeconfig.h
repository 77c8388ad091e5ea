/*
 * kubeconfig - kubeconfig files as one set of named entries; client/context.c interprets them.
 * Owned by one thread.
 */
#ifndef PROMOGATE_CLIENT_KUBECONFIG_H
#define PROMOGATE_CLIENT_KUBECONFIG_H

#include <stddef.h>

#include "base/err.h"
#include "base/limits.h"
#include "json/json.h"
#include "yaml/yaml.h"

struct kubeconfig_file {
	char *path;
	struct yaml_doc doc;
};

struct kubeconfig {
	struct kubeconfig_file files[LIMIT_KUBECONFIG_FILES];
	size_t n;
};

/* One entry of clusters, users or contexts, and the file that it is from. */
struct kubeconfig_entry {
	const struct kubeconfig_file *file;
	const char *kind; /* "cluster", "user", "context": also the key of its value */
	const char *name;
	const struct json *value;
};

/* paths: separated by ':'. Missing files are skipped; if none exists, ERR_NOT_FOUND. */
int kubeconfig_open(const char *paths, struct kubeconfig *ret, struct err *err);
void kubeconfig_release(struct kubeconfig *k); /* for CLEANUP() too */

/* The current context of the first file that has one; NULL if none has. */
const char *kubeconfig_current(const struct kubeconfig *k);

/* kind is "cluster", "user" or "context". The first file that has it wins. */
int kubeconfig_find(const struct kubeconfig *k, const char *kind, const char *name,
	struct kubeconfig_entry *ret, struct err *err);

/* *ret is NULL for a field that is absent, null or "". ERR_INVALID if it is not a string. */
int kubeconfig_string(
	const struct kubeconfig_entry *entry, const char *field, const char **ret, struct err *err);
/* A file name in an entry is relative to the folder of its file. For free(). */
char *kubeconfig_path(const struct kubeconfig_entry *entry, const char *path);

/* Prefixes err with 'FILE line N: cluster "NAME": '; field NULL: the entry's line. Returns -1. */
int kubeconfig_blame(const struct kubeconfig_entry *entry, const char *field, struct err *err);

#endif
