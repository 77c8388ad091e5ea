#include "reconciler/certificate_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/str.h"
#include "kube/backoff.h"
#include "kube/timestamp.h"
#include "kube/url.h"
#include "pki/material.h"
#include "reconciler/certificate_clock.h"
#include "reconciler/webhook_config.h"
#include "run/log.h"
#include "run/metrics.h"

METRIC_GAUGE(expiry, "promogate_webhook_certificate_stored_expiry_timestamp_seconds",
	"Expiry of the certificates that the leader keeps, in seconds since 1970; 0: it does not lead.",
	"certificate");
METRIC_COUNTER(writes, "promogate_webhook_certificate_writes_total",
	"Writes of the webhook's certificates and of caBundle, by what changed.", "what");
METRIC_GAUGE(renewed_at, "promogate_webhook_certificate_last_renewal_timestamp_seconds",
	"When the leader last stored a new certificate, in seconds since 1970.");
METRIC_GAUGE(failed_at, "promogate_webhook_certificate_last_failure_timestamp_seconds",
	"When it last failed to read or write the certificates or caBundle, in seconds since 1970.");

enum { MS_PER_S = 1000 };

struct certificate_keeper {
	const struct env *env;
	struct certificate_config config;
	bool (*may_act)(void *ctx);
	void *may_act_ctx;
	struct backoff backoff;
	struct certificate_clock clock;
	/* What this round has read. */
	struct material material;
	struct webhook_config configs[WEBHOOK_CONFIGS];
	size_t at; /* the configuration that is being read or written */
	struct renewal step;
	/* Since when all configurations have been seen with these CAs. */
	char *trusted;
	int64_t trusted_ms;
};

static void look(struct certificate_keeper *k);
static void read_config(struct certificate_keeper *k);
static void trust_next(struct certificate_keeper *k);

static int64_t now_ms(struct certificate_keeper *k)
{
	return certificate_clock_now(&k->clock, env_wall_ms(k->env), env_mono_ms(k->env));
}

/* --- when to look again ----------------------------------------------------------------------- */

static void look_again(void *ctx, const struct api_response *response, const struct err *err)
{
	struct certificate_keeper *k = ctx;

	(void)response;
	if (!err && k->may_act(k->may_act_ctx))
		look(k);
}

static void look_after(struct certificate_keeper *k, int64_t delay_ms)
{
	(void)env_timer(k->env, (unsigned)delay_ms, look_again, k);
}

static void failed(struct certificate_keeper *k, const char *what, const struct err *err)
{
	if (api_cancelled(err))
		return;
	metric_set(metric_at(&failed_at), env_wall_ms(k->env) / MS_PER_S);
	log_event(err->kind == ERR_CONFLICT ? LOG_DEBUG : LOG_WARN,
		"failed to keep the webhook's certificates, retrying", LOG_STR("object", what),
		LOG_ERR(err), LOG_END);
	look_after(k, backoff_next(&k->backoff, env_random(k->env)));
}

/* --- writing ---------------------------------------------------------------------------------- */

static const char *step_name(enum renewal_step step)
{
	static const char *const names[] = {[RENEWAL_WAIT] = "none",
		[RENEWAL_CA] = "ca",
		[RENEWAL_TRUST] = "caBundle",
		[RENEWAL_SERVING] = "serving",
		[RENEWAL_FORGET] = "old-ca"};

	return names[step];
}

static void note_written(struct certificate_keeper *k)
{
	metric_add(metric_at(&writes, step_name(k->step.step)), 1);
	if (k->step.step == RENEWAL_CA || k->step.step == RENEWAL_SERVING)
		metric_set(metric_at(&renewed_at), now_ms(k) / MS_PER_S);
	log_event(LOG_INFO, "wrote the webhook's certificates",
		LOG_STR("what", step_name(k->step.step)), LOG_END);
}

static void note_time(struct certificate_keeper *k, const struct material *m, bool this_moment)
{
	if (m->seen_ms == INT64_MIN || !certificate_clock_seen(&k->clock, env_wall_ms(k->env),
					       env_mono_ms(k->env), m->seen_ms, this_moment))
		return;
	log_event(LOG_WARN, "this machine's clock differs from the API server's, which is used",
		LOG_INT("milliseconds", k->clock.correction_ms), LOG_END);
}

static int read_material(const struct api_response *response, struct material *ret, struct err *err)
{
	CLEANUP(json_free_p) struct json *object = NULL;

	if (json_parse(response->body, response->len, &object, err) < 0)
		return -1;
	if (!json_string(json_at(object, "metadata", "resourceVersion")))
		return err_set(err, ERR_IO, "the response is not a Secret");
	material_read(object, ret);
	return 0;
}

static void secret_written(void *ctx, const struct api_response *response, const struct err *err)
{
	CLEANUP(material_release) struct material m = MATERIAL_INIT;
	struct certificate_keeper *k = ctx;

	if (err) {
		failed(k, k->config.secret, err);
		return;
	}
	if (read_material(response, &m, NULL) == 0)
		note_time(k, &m, true);
	note_written(k);
	look_after(k, 0);
}

static int secret_path(const struct certificate_keeper *k, struct buf *to, struct err *err)
{
	const struct url url = {.version = "v1",
		.namespace = k->config.namespace,
		.resource = "secrets",
		.name = k->config.secret};

	return url_add(to, &url, err);
}

/* Server-side apply creates it too, with a right to create no other Secret. */
static void write_secret(struct certificate_keeper *k)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	CLEANUP(buf_release) struct buf path = BUF_INIT(LIMIT_URL_BYTES);
	struct api_request request = {
		.method = "PATCH", .content_type = "application/apply-patch+yaml"};

	material_write(&k->material, k->config.namespace, k->config.secret, &body);
	(void)secret_path(k, &path, NULL);
	url_add_query(&path, "fieldManager", "promogate-reconciler");
	url_add_query(&path, "force", "true");
	request.path = buf_str(&path);
	request.body = buf_str(&body);
	request.body_len = body.len;
	(void)env_call(k->env, &request, secret_written, k);
	explicit_bzero(body.data, body.len);
}

static void config_written(void *ctx, const struct api_response *response, const struct err *err)
{
	struct certificate_keeper *k = ctx;

	(void)response;
	if (err) {
		failed(k, webhook_config_resource(k->at), err);
		return;
	}
	note_written(k);
	k->at++;
	trust_next(k);
}

static void write_config(struct certificate_keeper *k, const char *bundle)
{
	CLEANUP(buf_release) struct buf patch = BUF_INIT(LIMIT_OBJECT_BYTES);
	const struct url url = webhook_config_url(k->at);
	struct api_request request = {
		.method = "PATCH", .content_type = "application/json-patch+json"};

	webhook_config_patch(&k->configs[k->at], bundle, &patch);
	request.body = buf_str(&patch);
	request.body_len = patch.len;
	(void)env_call_url(k->env, &url, &request, config_written, k);
}

static void trust_next(struct certificate_keeper *k)
{
	CLEANUP(buf_release) struct buf bundle = BUF_INIT(LIMIT_CERTIFICATE_BYTES);

	material_bundle(&k->material, &bundle);
	while (k->at < WEBHOOK_CONFIGS && webhook_config_has(&k->configs[k->at], buf_str(&bundle)))
		k->at++;
	if (k->at == WEBHOOK_CONFIGS || !k->may_act(k->may_act_ctx))
		look_after(k, 0);
	else
		write_config(k, buf_str(&bundle));
}

/* --- deciding --------------------------------------------------------------------------------- */

static void show(const struct renewal_stored *s)
{
	metric_set(metric_at(&expiry, "ca"), s->ca_count ? s->cas[0].until_s : 0);
	metric_set(metric_at(&expiry, "serving"), s->has_serving ? s->serving.until_s : 0);
}

/* A Secret that was deleted: pods still serve what the CA of the configurations signed. */
static void adopt(struct certificate_keeper *k)
{
	for (size_t i = 0; i < WEBHOOK_CONFIGS && !k->material.cas.count; i++)
		if (k->configs[i].some_bundle)
			certificate_add_authorities(k->configs[i].some_bundle, &k->material.cas);
}

static bool note_trust(struct certificate_keeper *k, const char *bundle, bool complete)
{
	if (complete && str_eq(k->trusted, bundle))
		return true;
	free(k->trusted);
	k->trusted = complete ? xstrdup(bundle) : NULL;
	k->trusted_ms = env_mono_ms(k->env);
	return complete;
}

static struct renewal_trust judge_trust(struct certificate_keeper *k)
{
	CLEANUP(buf_release) struct buf bundle = BUF_INIT(LIMIT_CERTIFICATE_BYTES);
	struct renewal_trust t = {.complete = true};

	material_bundle(&k->material, &bundle);
	for (size_t i = 0; i < WEBHOOK_CONFIGS; i++) {
		t.complete = t.complete && webhook_config_has(&k->configs[i], buf_str(&bundle));
		t.trusts_any = t.trusts_any || (k->configs[i].some_bundle &&
						       certificate_in(k->configs[i].some_bundle));
	}
	t.complete = note_trust(k, buf_str(&bundle), t.complete);
	t.complete_ms = env_mono_ms(k->env) - k->trusted_ms;
	return t;
}

static void change(struct certificate_keeper *k)
{
	struct err err = ERR_INIT;

	if (material_step(&k->material, &k->step, &k->config.lifetimes, k->config.names, now_ms(k),
		    &err) < 0)
		failed(k, k->config.secret, &err);
	else
		write_secret(k);
}

static void decide(struct certificate_keeper *k)
{
	struct renewal_trust trust;
	struct renewal_stored stored;

	adopt(k);
	trust = judge_trust(k);
	material_describe(&k->material, k->config.names, &stored);
	show(&stored);
	k->step = renewal_decide(&k->config.lifetimes, &stored, &trust, now_ms(k));
	if (!k->may_act(k->may_act_ctx))
		return;
	if (k->step.step == RENEWAL_WAIT) {
		backoff_reset(&k->backoff);
		look_after(k, k->step.wait_ms);
	} else if (k->step.step == RENEWAL_TRUST) {
		k->at = 0;
		trust_next(k);
	} else {
		change(k);
	}
}

/* --- reading ---------------------------------------------------------------------------------- */

static void config_read(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct certificate_keeper *k = ctx;
	struct err err = failure ? *failure : (struct err)ERR_INIT;

	webhook_config_release(&k->configs[k->at]);
	if (response &&
		webhook_config_read(response->body, response->len, &k->configs[k->at], &err) == 0)
		err.kind = ERR_NONE;
	if (err.kind != ERR_NONE && err.kind != ERR_NOT_FOUND) {
		failed(k, webhook_config_resource(k->at), &err);
		return;
	}
	k->at++;
	read_config(k);
}

static void read_config(struct certificate_keeper *k)
{
	const struct api_request request = {.method = "GET"};
	struct url url;

	if (k->at == WEBHOOK_CONFIGS) {
		decide(k);
		return;
	}
	url = webhook_config_url(k->at);
	(void)env_call_url(k->env, &url, &request, config_read, k);
}

static void secret_read(void *ctx, const struct api_response *response, const struct err *failure)
{
	struct certificate_keeper *k = ctx;
	struct err err = failure ? *failure : (struct err)ERR_INIT;

	material_release(&k->material);
	if (response && read_material(response, &k->material, &err) == 0)
		note_time(k, &k->material, false);
	if (err.kind != ERR_NONE && err.kind != ERR_NOT_FOUND) {
		failed(k, k->config.secret, &err);
		return;
	}
	k->at = 0;
	read_config(k);
}

static void look(struct certificate_keeper *k)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(LIMIT_URL_BYTES);
	struct api_request request = {.method = "GET"};

	(void)secret_path(k, &path, NULL);
	request.path = buf_str(&path);
	(void)env_call(k->env, &request, secret_read, k);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct certificate_keeper *certificate_keeper_new(const struct env *env,
	const struct certificate_config *config, bool (*may_act)(void *ctx), void *may_act_ctx)
{
	struct certificate_keeper *k = xcalloc(1, sizeof(*k));

	k->env = env;
	k->config = *config;
	k->may_act = may_act;
	k->may_act_ctx = may_act_ctx;
	k->backoff = (struct backoff)BACKOFF_INIT;
	k->material = (struct material)MATERIAL_INIT;
	look_after(k, 0);
	return k;
}

void certificate_keeper_free(struct certificate_keeper *k)
{
	if (!k)
		return;
	show(&(struct renewal_stored){.ca_count = 0});
	material_release(&k->material);
	for (size_t i = 0; i < WEBHOOK_CONFIGS; i++)
		webhook_config_release(&k->configs[i]);
	free(k->trusted);
	free(k);
}
