/*
 * configs - Keptn's configuration: of the KeptnConfigs in the cluster, the one that counts, and
 * what it says of blockDeployment. An informer of its own keeps it up to date.
 *
 * A cluster has one KeptnConfig by convention, and nothing enforces it: the first by name in
 * Keptn's namespace counts, and where there is none, the first by namespace and name.
 *
 * It belongs to the client's thread, but for what says otherwise.
 */
#ifndef PROMOGATE_CONTROLLER_CONFIGS_H
#define PROMOGATE_CONTROLLER_CONFIGS_H

#include <stdbool.h>

#include "base/mem.h"
#include "controller/informer.h"
#include "keptn/onfailure.h"

struct configs;

/*
 * Starts the informer, on any thread. changed is called, on the client's thread, once the first
 * list was taken, and from then on whenever configs_block_deployment() says something else. env
 * must outlive the configs' use.
 */
struct configs *configs_new(
	const struct env *env, const char *keptn_namespace, void (*changed)(void *ctx), void *ctx);
/* After api_free(). */
void configs_free(struct configs *c);
DEFINE_CLEANUP(struct configs, configs_free)

/* UNSET until the first list was taken. */
enum block_deployment configs_block_deployment(const struct configs *c);
/* Whether it was; true by the time that changed is first called. */
bool configs_synced(const struct configs *c);
/* For informer_ready(), on any thread: changed has returned once it is. */
const struct informer *configs_informer(const struct configs *c);

#endif
