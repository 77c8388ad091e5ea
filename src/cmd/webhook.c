/*
 * promogate-webhook - wiring: the client's thread keeps the cache, the server's threads answer,
 * this one waits for a signal.
 */
#include <string.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "base/version.h"
#include "client/api.h"
#include "client/credentials.h"
#include "cmd/common.h"
#include "cmd/webhook_flags.h"
#include "run/log.h"
#include "run/signal.h"
#include "server/server.h"
#include "webhook/admission.h"
#include "webhook/cache.h"

static int check(void *settings, struct err *err)
{
	const struct webhook_settings *s = settings;

	if (!s->tls_cert_file || !s->tls_key_file)
		return err_set(err, ERR_INVALID,
			"--tls-cert-file and --tls-key-file are both required; certs/make makes a pair");
	return 0;
}

/* Serves until a signal, then drains and stops. */
static int serve(const struct webhook_settings *s, struct cache *cache, struct admission *admission,
	struct err *err)
{
	const struct route routes[] = {
		{"/validate", "POST", "application/json", admission_validate, admission},
		{"/mutate", "POST", "application/json", admission_mutate, admission},
	};
	const struct server_config server_config = {
		.tls = {.address = s->listen,
			.routes = routes,
			.route_count = ARRAY_SIZE(routes),
			.threads = (unsigned)s->threads},
		.plain = {.address = s->common.metrics_listen},
		.cert_file = s->tls_cert_file,
		.key_file = s->tls_key_file,
		.client_ca_file = s->client_ca_file,
		.ready = cache_ready,
		.ready_ctx = cache,
		.limits = SERVER_LIMITS_INIT,
	};
	CLEANUP(server_free_p) struct server *server = NULL;
	int signal;

	if (server_start(&server_config, &server, err) < 0)
		return -1;
	log_event(LOG_INFO, "serving", LOG_INT("port", server_tls_port(server)),
		LOG_INT("plainPort", server_plain_port(server)), LOG_END);
	while ((signal = signal_wait(-1)) == SIGNAL_WOKEN)
		;
	log_event(LOG_INFO, "draining", LOG_STR("signal", strsignal(signal)), // NOLINT
		LOG_INT("milliseconds", s->drain_timeout_ms), LOG_END);
	server_drain(server);
	(void)signal_wait(s->drain_timeout_ms);
	server_stop(server);
	log_event(LOG_INFO, "stopped", LOG_END);
	return 0;
}

static int enter_sandbox(
	const struct webhook_settings *s, const struct credentials *credentials, struct err *err)
{
	const struct sandbox own = {
		.files = {[DAEMON_FILES] = s->tls_cert_file, s->tls_key_file, s->client_ca_file},
		.listen = {[DAEMON_LISTEN] = s->listen},
	};

	return daemon_sandbox(&s->common, credentials, &own, err);
}

static int run(void *settings, struct err *err)
{
	const struct webhook_settings *s = settings;
	CLEANUP(credentials_release) struct credentials credentials = CREDENTIALS_INIT;
	CLEANUP(free_p) char *user_agent = daemon_user_agent(&webhook_program);
	const struct api_options options = {.user_agent = user_agent};
	/* Freed in the opposite order: what the client's callbacks use goes after the client. */
	struct request_config request_config;
	struct env env;
	CLEANUP(cache_free_p) struct cache *cache = NULL;
	CLEANUP(admission_free_p) struct admission *admission = NULL;
	CLEANUP(api_free_p) struct api *api = NULL;

	if (credentials_find(s->common.kubeconfig, s->common.context, &credentials, err) < 0)
		return -1;
	log_event(LOG_INFO, "starting", LOG_STR("version", promogate_version),
		LOG_STR("apiServer", credentials.server),
		LOG_STR("credentials", credentials.source),
		LOG_STR("keptnNamespace", s->common.keptn_namespace), LOG_END);
	if (enter_sandbox(s, &credentials, err) < 0 ||
		api_new(&credentials, &options, &api, err) < 0)
		return -1;
	env = env_of(api);
	cache = cache_new(&env, s->common.keptn_namespace);
	request_config = (struct request_config){.cache = cache,
		.keptn_namespace = s->common.keptn_namespace,
		.lenient_managers = &s->lenient_managers,
		.lenient_users = &s->lenient_users,
		.max_promotion_tasks = (size_t)s->max_promotion_tasks};
	admission = admission_new(&env, &request_config);
	return serve(s, cache, admission, err);
}

int main(int argc, char **argv)
{
	struct webhook_settings settings = {
		.lenient_managers = STRMAP_INIT(NULL), .lenient_users = STRMAP_INIT(NULL)};
	const struct daemon daemon = {
		.program = &webhook_program,
		.settings = &settings,
		.common = &settings.common,
		.check = check,
		.run = run,
	};
	int code = daemon_main(&daemon, argc, argv);

	strmap_release(&settings.lenient_managers);
	strmap_release(&settings.lenient_users);
	return code;
}
