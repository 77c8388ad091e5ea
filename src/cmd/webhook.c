/*
 * promogate-webhook - flags and wiring: the client's thread keeps the cache, the server's threads
 * answer, this one waits for a signal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"
#include "base/version.h"
#include "client/api.h"
#include "client/credentials.h"
#include "kube/names.h"
#include "run/flags.h"
#include "run/log.h"
#include "run/signal.h"
#include "server/server.h"
#include "webhook/admission.h"
#include "webhook/cache.h"

struct config {
	const char *listen, *metrics_listen;
	const char *cert_file, *key_file;
	const char *kubeconfig, *context;
	const char *keptn_namespace, *lenient_managers;
	const char *log_level;
	int64_t max_promotion_tasks, threads, drain_seconds;
};

static struct config config;

static const struct flag flags[] = {
	{.name = "tls-cert-file",
		.value_name = "FILE",
		.help = "the serving certificate, PEM, the chain in order; read again when it "
			"changes",
		.text = &config.cert_file},
	{.name = "tls-key-file",
		.value_name = "FILE",
		.help = "its key, PEM",
		.text = &config.key_file},
	{.name = "listen",
		.value_name = "ADDRESS",
		.help = "where HTTPS is served",
		.fallback = ":9443",
		.text = &config.listen},
	{.name = "metrics-listen",
		.value_name = "ADDRESS",
		.help = "where /healthz, /readyz and /metrics are served, plain",
		.fallback = ":9402",
		.text = &config.metrics_listen},
	{.name = "keptn-namespace",
		.value_name = "NAME",
		.help = "the namespace that Keptn runs in: task definitions are looked up there "
			"too",
		.fallback = "keptn-system",
		.text = &config.keptn_namespace},
	{.name = "lenient-managers",
		.value_name = "NAMES",
		.help = "field managers, separated by commas, that apply a context before the "
			"definitions it names: a missing definition is a warning for them",
		.fallback = "kustomize-controller,helm-controller,helm,argocd-controller",
		.text = &config.lenient_managers},
	{.name = "max-promotion-tasks",
		.value_name = "N",
		.help = "how many promotion tasks a context may have; 0: any number",
		.fallback = "32",
		.number = &config.max_promotion_tasks,
		.min = 0,
		.max = 1000000},
	{.name = "kubeconfig",
		.value_name = "FILE",
		.help = "how to reach the API server; without it the pod's service account, then "
			"$KUBECONFIG, then ~/.kube/config",
		.text = &config.kubeconfig},
	{.name = "context",
		.value_name = "NAME",
		.help = "the context of the kubeconfig; without it the current one",
		.text = &config.context},
	{.name = "threads",
		.value_name = "N",
		.help = "threads that serve HTTPS",
		.fallback = "2",
		.number = &config.threads,
		.min = 1,
		.max = 64},
	{.name = "drain-seconds",
		.value_name = "N",
		.help = "after SIGTERM, how long requests are still taken while endpoints are "
			"updated",
		.fallback = "10",
		.number = &config.drain_seconds,
		.min = 0,
		.max = 600},
	{.name = "log-level",
		.value_name = "LEVEL",
		.help = "debug, info, warn or error",
		.fallback = "info",
		.text = &config.log_level},
};

static const struct program program = {
	.name = "promogate-webhook",
	.purpose = "validates and defaults KeptnAppContexts as an admission webhook",
	.flags = flags,
	.flag_count = ARRAY_SIZE(flags),
};

enum { EXIT_USAGE = 2 };

static int usage(const struct err *err)
{
	(void)fprintf(stderr, "%s: %s\n", program.name, err->msg);
	return EXIT_USAGE;
}

static int check_config(struct err *err)
{
	enum log_level level;

	if (!config.cert_file || !config.key_file)
		return err_set(err, ERR_INVALID,
			"--tls-cert-file and --tls-key-file: both are needed; certs/make makes a "
			"pair");
	if (!name_is_subdomain(config.keptn_namespace))
		return err_set(err, ERR_INVALID, "--keptn-namespace: \"%s\" is no namespace's name",
			config.keptn_namespace);
	if (log_level_parse(config.log_level, &level) < 0)
		return err_set(err, ERR_INVALID,
			"--log-level: want debug, info, warn or error, not \"%s\"",
			config.log_level);
	log_set_level(level);
	return 0;
}

/* "a,b" to a set. */
static void split_names(struct strmap *to, const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		CLEANUP(free_p) char *name = xstrndup(list, len);

		if (len)
			strmap_put(to, name, NULL);
		list += len + (list[len] == ',');
	}
}

static int ready(void *ctx, struct buf *reasons)
{
	return cache_ready(ctx, reasons);
}

/* Serves until a signal, then drains and stops. */
static int serve(struct cache *cache, struct admission *admission, struct err *err)
{
	const struct route routes[] = {
		{"/validate", "POST", "application/json", admission_validate, admission},
		{"/mutate", "POST", "application/json", admission_mutate, admission},
	};
	const struct server_config server_config = {
		.tls = {.address = config.listen,
			.routes = routes,
			.route_count = ARRAY_SIZE(routes),
			.threads = (unsigned)config.threads},
		.plain = {.address = config.metrics_listen},
		.cert_file = config.cert_file,
		.key_file = config.key_file,
		.ready = ready,
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
		LOG_INT("seconds", config.drain_seconds), LOG_END);
	server_drain(server);
	(void)signal_wait(config.drain_seconds * 1000);
	server_stop(server);
	log_event(LOG_INFO, "stopped", LOG_END);
	return 0;
}

static int run(struct err *err)
{
	CLEANUP(credentials_release) struct credentials credentials = CREDENTIALS_INIT;
	CLEANUP(strmap_release) struct strmap lenient = STRMAP_INIT(NULL);
	CLEANUP(free_p) char *user_agent = xasprintf("%s/%s", program.name, promogate_version);
	const struct api_options options = {.user_agent = user_agent};
	/* Freed in the opposite order: what the client's callbacks use goes after the client. */
	CLEANUP(cache_free_p) struct cache *cache = NULL;
	CLEANUP(admission_free_p) struct admission *admission = NULL;
	CLEANUP(api_free_p) struct api *api = NULL;
	struct request_config request_config;
	struct env env;

	split_names(&lenient, config.lenient_managers);
	if (credentials_find(config.kubeconfig, config.context, &credentials, err) < 0 ||
		api_new(&credentials, &options, &api, err) < 0)
		return -1;
	log_event(LOG_INFO, "starting", LOG_STR("version", promogate_version),
		LOG_STR("apiServer", credentials.server),
		LOG_STR("credentials", credentials.source),
		LOG_STR("keptnNamespace", config.keptn_namespace), LOG_END);
	env = env_of(api);
	cache = cache_new(&env, config.keptn_namespace);
	request_config = (struct request_config){.cache = cache,
		.keptn_namespace = config.keptn_namespace,
		.lenient_managers = &lenient,
		.max_promotion_tasks = (size_t)config.max_promotion_tasks};
	admission = admission_new(&env, &request_config);
	return serve(cache, admission, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	switch (flags_parse(&program, argc, (const char *const *)argv, &err)) {
	case FLAGS_HELP:
		flags_print_help(&program);
		return EXIT_SUCCESS;
	case FLAGS_VERSION:
		(void)printf("%s %s\n", program.name, promogate_version);
		return EXIT_SUCCESS;
	case 0:
		break;
	default:
		return usage(&err);
	}
	if (check_config(&err) < 0)
		return usage(&err);
	signal_setup();
	if (run(&err) < 0) {
		log_event(LOG_ERROR, "can't go on", LOG_ERR(&err), LOG_END);
		return err.kind == ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
