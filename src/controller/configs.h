/*
 * configs - Keptn's configuration: what the one KeptnConfig that counts says of blockDeployment. A
 * store keeps it up to date.
 *
 * A cluster has one KeptnConfig by convention, which nothing enforces. The first by name in Keptn's
 * namespace counts. One in another namespace does not, though Keptn's operator takes it: a user that may
 * write there must not decide for the whole cluster. The log says so.
 *
 * On the client's thread alone (controller/env.h), except what is documented otherwise.
 */
#ifndef PROMOGATE_CONTROLLER_CONFIGS_H
#define PROMOGATE_CONTROLLER_CONFIGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/mem.h"
#include "controller/env.h"
#include "keptn/onfailure.h"

struct configs;

/*
 * Starts the informer, on any thread. changed is called on the client's thread once the first list
 * is complete, and from then on when configs_block_deployment() changes. env must outlive it.
 */
struct configs *configs_new(
	const struct env *env, const char *keptn_namespace, void (*changed)(void *ctx), void *ctx);
/* After api_free(). */
void configs_free(struct configs *c);

/* UNSET until the first list is complete. */
enum block_deployment configs_block_deployment(const struct configs *c);
/* Whether it is; true by the time that changed is first called. */
bool configs_synced(const struct configs *c);
/* As informer_ready(), on any thread: once it is ready, changed has returned. */
int configs_ready(const struct configs *c, struct buf *reasons);

#endif
