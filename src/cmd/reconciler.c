/*
 * promogate-reconciler - flags and wiring: the client's thread promotes while it holds the Lease,
 * one thread answers on the plain port, this one waits for a signal or for the end of a term.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "client/credentials.h"
#include "kube/duration.h"
#include "kube/names.h"
#include "kube/timestamp.h"
#include "reconciler/reconciler.h"
#include "run/flags.h"
#include "run/log.h"
#include "run/random.h"
#include "run/signal.h"
#include "server/server.h"

/* Where its Lease is outside a cluster. */
#define OWN_NAMESPACE "promogate-system"

enum {
	EXIT_USAGE = 2,
	NS_PER_MS = 1000 * 1000,
	MS_PER_S = 1000,
	/* After a term that was lost: not at once again, where the API server is in trouble. */
	BETWEEN_TERMS_MS = 1000,
};

struct config {
	const char *metrics_listen, *kubeconfig, *context, *log_level;
	const char *keptn_namespace, *namespace, *lease_name, *identity;
	const char *lease_duration, *renew_deadline, *retry_period;
	const char *since, *max_age, *definition_deadline;
	const char *deno_image, *python_image;
	int64_t max_running_jobs, max_running_jobs_per_namespace;
};

static struct config config;

static const struct flag flags[] = {
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
	{.name = "deno-image",
		.value_name = "IMAGE",
		.help = "Keptn's deno runtime; without it no deno task can run",
		.text = &config.deno_image},
	{.name = "python-image",
		.value_name = "IMAGE",
		.help = "Keptn's python runtime; without it no python task can run",
		.text = &config.python_image},
	{.name = "max-running-jobs",
		.value_name = "N",
		.help = "promotion Jobs that may run at once; 0: any number",
		.fallback = "100",
		.number = &config.max_running_jobs,
		.min = 0,
		.max = 1000000},
	{.name = "max-running-jobs-per-namespace",
		.value_name = "N",
		.help = "the same for each namespace; 0: any number",
		.fallback = "0",
		.number = &config.max_running_jobs_per_namespace,
		.min = 0,
		.max = 1000000},
	{.name = "definition-deadline",
		.value_name = "DURATION",
		.help = "how long a delivered version waits for its task definitions before its "
			"promotion fails; 0: for ever",
		.fallback = "1h",
		.text = &config.definition_deadline},
	{.name = "max-age",
		.value_name = "DURATION",
		.help = "a version that was delivered longer ago than this waits for a person's "
			"retry; 0: none does",
		.fallback = "24h",
		.text = &config.max_age},
	{.name = "since",
		.value_name = "TIME",
		.help = "what was delivered before is not promoted (RFC 3339); without it, the "
			"time "
			"of the first start, which a ConfigMap beside the Lease remembers",
		.text = &config.since},
	{.name = "namespace",
		.value_name = "NAME",
		.help = "the namespace of the Lease; without it the pod's own, or the "
			"kubeconfig's, or "
			"else " OWN_NAMESPACE,
		.text = &config.namespace},
	{.name = "lease-name",
		.value_name = "NAME",
		.help = "the Lease whose holder promotes",
		.fallback = "promogate-reconciler",
		.text = &config.lease_name},
	{.name = "identity",
		.value_name = "NAME",
		.help = "who this replica is in the Lease; without it the host's name and "
			"something "
			"random",
		.text = &config.identity},
	{.name = "lease-duration",
		.value_name = "DURATION",
		.help = "how long the others wait for a holder that is silent",
		.fallback = "15s",
		.text = &config.lease_duration},
	{.name = "renew-deadline",
		.value_name = "DURATION",
		.help = "how long the holder goes on without having renewed the Lease",
		.fallback = "10s",
		.text = &config.renew_deadline},
	{.name = "retry-period",
		.value_name = "DURATION",
		.help = "how often the Lease is renewed, or tried for",
		.fallback = "2s",
		.text = &config.retry_period},
	{.name = "kubeconfig",
		.value_name = "FILE",
		.help = "how to reach the API server; without it the pod's service account, then "
			"$KUBECONFIG, then ~/.kube/config",
		.text = &config.kubeconfig},
	{.name = "context",
		.value_name = "NAME",
		.help = "the context of the kubeconfig; without it the current one",
		.text = &config.context},
	{.name = "log-level",
		.value_name = "LEVEL",
		.help = "debug, info, warn or error",
		.fallback = "info",
		.text = &config.log_level},
};

static const struct program program = {
	.name = "promogate-reconciler",
	.purpose = "runs the promotion tasks of delivered KeptnAppVersions, each exactly once",
	.flags = flags,
	.flag_count = ARRAY_SIZE(flags),
};

static int usage(const struct err *err)
{
	(void)fprintf(stderr, "%s: %s\n", program.name, err->msg);
	return EXIT_USAGE;
}

/* --- settings --------------------------------------------------------------------------------- */

static int read_duration(const char *flag, const char *text, int64_t *ret_ms, struct err *err)
{
	int64_t ns;

	if (duration_parse(text, &ns) < 0 || ns < 0)
		return err_set(err, ERR_INVALID,
			"--%s: want a duration such as \"15s\" or \"1h30m\", not \"%s\"", flag,
			text);
	*ret_ms = ns / NS_PER_MS;
	return 0;
}

static int read_seconds(const char *flag, const char *text, int64_t *ret_s, struct err *err)
{
	if (read_duration(flag, text, ret_s, err) < 0)
		return -1;
	/* A fraction counts as a whole one: 0 means for ever. */
	*ret_s = (*ret_s + MS_PER_S - 1) / MS_PER_S;
	return 0;
}

static int read_since(struct reconciler_config *to, struct err *err)
{
	int64_t ms;

	to->since = INT64_MIN;
	if (!config.since || !*config.since)
		return 0;
	if (timestamp_parse(config.since, &ms) < 0)
		return err_set(err, ERR_INVALID,
			"--since: want a time such as \"2006-01-02T15:04:05Z\", not \"%s\"",
			config.since);
	to->since = ms / MS_PER_S;
	return 0;
}

static int check_name(const char *flag, const char *name, struct err *err)
{
	if (name_is_subdomain(name))
		return 0;
	return err_set(err, ERR_INVALID, "--%s: \"%s\" is no object's name", flag, name);
}

static int read_times(struct reconciler_config *to, struct err *err)
{
	struct snapshot_config *snapshot = &to->promoter.snapshot;
	struct lease_config *lease = &to->lease;

	if (read_duration("lease-duration", config.lease_duration, &lease->lease_duration_ms, err) <
			0 ||
		read_duration("renew-deadline", config.renew_deadline, &lease->renew_deadline_ms,
			err) < 0 ||
		read_duration("retry-period", config.retry_period, &lease->retry_period_ms, err) <
			0 ||
		read_seconds("max-age", config.max_age, &snapshot->max_age, err) < 0 ||
		read_seconds("definition-deadline", config.definition_deadline, &snapshot->deadline,
			err) < 0)
		return -1;
	return read_since(to, err);
}

static int read_config(struct reconciler_config *to, struct err *err)
{
	enum log_level level;

	if (log_level_parse(config.log_level, &level) < 0)
		return err_set(err, ERR_INVALID,
			"--log-level: want debug, info, warn or error, not \"%s\"",
			config.log_level);
	log_set_level(level);
	if (check_name("keptn-namespace", config.keptn_namespace, err) < 0 ||
		check_name("lease-name", config.lease_name, err) < 0 ||
		(config.namespace && check_name("namespace", config.namespace, err) < 0) ||
		read_times(to, err) < 0)
		return -1;
	/* Who and where are known once the credentials are; the times can be wrong before. */
	to->lease.identity = "unknown";
	to->lease.namespace = config.namespace ? config.namespace : OWN_NAMESPACE;
	to->lease.name = config.lease_name;
	to->promoter.keptn_namespace = config.keptn_namespace;
	to->promoter.max_running_jobs = (unsigned)config.max_running_jobs;
	to->promoter.max_running_jobs_per_namespace =
		(unsigned)config.max_running_jobs_per_namespace;
	to->promoter.images[RUNTIME_DENO] = config.deno_image;
	to->promoter.images[RUNTIME_PYTHON] = config.python_image;
	return lease_config_check(&to->lease, err);
}

static char *make_identity(void)
{
	char host[256] = "unknown";

	if (config.identity && *config.identity)
		return xstrdup(config.identity);
	(void)gethostname(host, sizeof(host) - 1);
	return xasprintf("%s_%08" PRIx32, host, random_u32());
}

/* --- running ---------------------------------------------------------------------------------- */

static int take_terms(struct reconciler *r, struct err *err)
{
	int ended;

	while ((ended = reconciler_term(r, err)) > 0) {
		int signal = signal_wait(BETWEEN_TERMS_MS);

		if (signal != 0 && signal != SIGNAL_WOKEN)
			return 0;
	}
	return ended;
}

static int serve(struct reconciler *r, struct err *err)
{
	const struct server_config server_config = {
		.plain = {.address = config.metrics_listen},
		.ready = reconciler_ready,
		.ready_ctx = r,
		.limits = SERVER_LIMITS_INIT,
	};
	CLEANUP(server_free_p) struct server *server = NULL;
	int ended;

	if (server_start(&server_config, &server, err) < 0)
		return -1;
	log_event(LOG_INFO, "serving", LOG_INT("plainPort", server_plain_port(server)), LOG_END);
	ended = take_terms(r, err);
	server_drain(server);
	server_stop(server);
	log_event(LOG_INFO, "stopped", LOG_END);
	return ended;
}

static int run(const struct reconciler_config *settings, struct err *err)
{
	struct reconciler_config to = *settings;
	CLEANUP(credentials_release) struct credentials credentials = CREDENTIALS_INIT;
	CLEANUP(free_p) char *user_agent = xasprintf("%s/%s", program.name, promogate_version);
	CLEANUP(free_p) char *identity = make_identity();
	CLEANUP(reconciler_free_p) struct reconciler *r = NULL;

	if (credentials_find(config.kubeconfig, config.context, &credentials, err) < 0)
		return -1;
	to.credentials = &credentials;
	to.user_agent = user_agent;
	to.lease.identity = identity;
	if (!config.namespace)
		to.lease.namespace = str_eq(credentials.namespace, "default")
					     ? OWN_NAMESPACE
					     : credentials.namespace;
	if (lease_config_check(&to.lease, err) < 0)
		return -1;
	log_event(LOG_INFO, "starting", LOG_STR("version", promogate_version),
		LOG_STR("apiServer", credentials.server),
		LOG_STR("credentials", credentials.source),
		LOG_STR("keptnNamespace", config.keptn_namespace), LOG_STR("lease", to.lease.name),
		LOG_STR("namespace", to.lease.namespace), LOG_STR("identity", identity), LOG_END);
	r = reconciler_new(&to);
	return serve(r, err);
}

int main(int argc, char **argv)
{
	struct reconciler_config reconciler = {.since = INT64_MIN};
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
	if (read_config(&reconciler, &err) < 0)
		return usage(&err);
	signal_setup();
	if (run(&reconciler, &err) < 0) {
		log_event(LOG_ERROR, "can't go on", LOG_ERR(&err), LOG_END);
		return err.kind == ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
