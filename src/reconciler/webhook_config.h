/*
 * webhook_config - the caBundle of Promogate's two webhook configurations: what each has, and the
 * patch that changes it. Pure and plain data, which owns its strings.
 */
#ifndef PROMOGATE_RECONCILER_WEBHOOK_CONFIG_H
#define PROMOGATE_RECONCILER_WEBHOOK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "kube/url.h"

/* The validating one and the mutating one; both have this name. */
enum { WEBHOOK_CONFIGS = 2 };
#define WEBHOOK_CONFIG_NAME "promogate"

struct webhook_config {
	char *version; /* resourceVersion; NULL: it does not exist */
	size_t count; /* of webhooks */
	char *some_bundle; /* the first webhook's, without base64; NULL: none, or spoiled */
	bool same; /* all webhooks have that one */
};

void webhook_config_release(struct webhook_config *c);
const char *webhook_config_resource(size_t which);
struct url webhook_config_url(size_t which);

/* ERR_IO: it is not a webhook configuration. */
int webhook_config_read(const char *text, size_t len, struct webhook_config *ret, struct err *err);
/* Whether all webhooks have this bundle, and no other; also if the configuration does not exist. */
bool webhook_config_has(const struct webhook_config *c, const char *bundle);
/* A JSON patch that fails if the configuration has changed. */
void webhook_config_patch(const struct webhook_config *c, const char *bundle, struct buf *to);

#endif
