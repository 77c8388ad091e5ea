#include "reconciler/webhook_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/emit.h"

void webhook_config_release(struct webhook_config *c)
{
	free(c->version);
	free(c->some_bundle);
	*c = (struct webhook_config){.version = NULL};
}

const char *webhook_config_resource(size_t which)
{
	return which ? "mutatingwebhookconfigurations" : "validatingwebhookconfigurations";
}

struct url webhook_config_url(size_t which)
{
	return (struct url){.group = "admissionregistration.k8s.io",
		.version = "v1",
		.resource = webhook_config_resource(which),
		.name = WEBHOOK_CONFIG_NAME};
}

static const char *bundle_of(const struct json *webhook)
{
	return json_string_or(json_at(webhook, "clientConfig", "caBundle"), "");
}

/* For free(); NULL if it is no text. */
static char *decoded(const char *text)
{
	struct buf b = BUF_INIT(LIMIT_CERTIFICATE_BYTES);

	if (base64_decode(&b, text) == 0 && b.len && strlen(b.data) == b.len)
		return buf_steal(&b);
	buf_release(&b);
	return NULL;
}

int webhook_config_read(const char *text, size_t len, struct webhook_config *ret, struct err *err)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	const struct json *webhooks, *first;
	const char *version;

	if (json_parse(text, len, &object, err) < 0)
		return -1;
	webhooks = json_get(object, "webhooks");
	version = json_string(json_at(object, "metadata", "resourceVersion"));
	if (!version)
		return err_set(err, ERR_IO, "the response is not a webhook configuration");
	first = json_first(webhooks);
	*ret = (struct webhook_config){.version = xstrdup(version),
		.count = json_count(webhooks),
		.some_bundle = decoded(bundle_of(first)),
		.same = true};
	json_each (webhook, webhooks)
		ret->same = ret->same && str_eq(bundle_of(webhook), bundle_of(first));
	return 0;
}

bool webhook_config_has(const struct webhook_config *c, const char *bundle)
{
	return !c->version || !c->count || (c->same && str_eq(c->some_bundle, bundle));
}

static void emit_operation(struct emit *e, const char *op, const char *path, const char *value)
{
	emit_object_begin(e);
	emit_key_string(e, "op", op);
	emit_key_string(e, "path", path);
	emit_key_string(e, "value", value);
	emit_object_end(e);
}

void webhook_config_patch(const struct webhook_config *c, const char *bundle, struct buf *to)
{
	CLEANUP(buf_release) struct buf encoded = BUF_INIT(LIMIT_CA_BUNDLE_BYTES);
	struct emit e = EMIT_INIT(to);

	base64_encode(&encoded, bundle, strlen(bundle));
	emit_array_begin(&e);
	emit_operation(&e, "test", "/metadata/resourceVersion", c->version);
	for (size_t i = 0; i < c->count; i++) {
		CLEANUP(free_p)
		char *path = xasprintf("/webhooks/%zu/clientConfig/caBundle", i);

		emit_operation(&e, "add", path, buf_str(&encoded));
	}
	emit_array_end(&e);
}
