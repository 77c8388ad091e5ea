/*
 * definition - the part of a KeptnTaskDefinition that a Job is made of, decoded once and packed
 * into one allocation: nothing is parsed again when a Job is made.
 *
 *	object --job_definition_decode()--> struct job_definition, in a cache
 *	                                          | its taskdef
 *	                                  keptn/resolve: struct resolution, the chain of a task
 *	                                          |
 *	                                  job/spec: the Job
 *
 * What Keptn takes as free-form JSON (a container, imagePullSecrets) is kept as JSON text and
 * copied into the Job.
 */
#ifndef PROMOGATE_JOB_DEFINITION_H
#define PROMOGATE_JOB_DEFINITION_H

#include <stdint.h>

#include "keptn/resolve.h"

enum runtime { RUNTIME_DENO, RUNTIME_PYTHON, RUNTIME_COUNT };

/* Where the code comes from; of several, the first in this order, as in Keptn. */
enum code_origin { CODE_INLINE, CODE_CONFIG_MAP, CODE_HTTP };

struct job_pair {
	const char *key, *value;
};

/* The lists of a definition. */
enum job_list {
	JOB_LABELS, /* those that a Job inherits */
	JOB_ANNOTATIONS, /* those that a Job inherits */
	JOB_PARAMETERS,
	/*
	 * The container's variables. The value is an element of env as JSON; the key is "", or the
	 * name if it is one of Promogate's own variables, which replaces the element.
	 */
	JOB_ENV,
	JOB_MOUNTS, /* the key is the name of a volume that the container mounts, each once */
	JOB_LIST_COUNT
};

struct job_definition {
	struct taskdef taskdef; /* first: job_definition_of() */
	bool whole; /* or an outline: the rest is not known, and no Job can be made of it */
	size_t size; /* of the allocation, in bytes */
	enum runtime runtime;
	enum code_origin origin;
	int64_t retries, timeout_seconds, ttl_seconds;
	const char *service_account; /* NULL for none */
	const char *automount, *pull_secrets; /* JSON; "" for none */
	/* Of a function; "" for none. code: the code itself, a ConfigMap's name, or a URL. */
	const char *code, *secret, *arguments;
	/* Of a container: its fields except env, as members of an object; and its memory limit. */
	const char *container, *memory; /* JSON; "" for none */
	/* One list after the other: list i is pairs[bounds[i]] to pairs[bounds[i + 1] - 1]. */
	const struct job_pair *pairs;
	unsigned bounds[JOB_LIST_COUNT + 1];
};

/* From an object that the API server stored; for free(). NULL if it is too large for a Job. */
struct job_definition *job_definition_decode(const struct json *object);

/* Only its taskdef; for free(). */
struct job_definition *job_definition_outline(const struct json *object);

/* Of a taskdef that is part of one. */
const struct job_definition *job_definition_of(const struct taskdef *t);

#define job_list_each(pair, d, list)                                                               \
	for (const struct job_pair *pair = (d)->pairs + (d)->bounds[list];                         \
		pair < (d)->pairs + (d)->bounds[(list) + 1]; pair++)

/* "deno", "python". */
const char *runtime_name(enum runtime r);

#endif
