/*
 * promogate-reconciler - wiring: the client's thread promotes while it holds the Lease, one thread
 * answers on the plain port, this one waits for a signal or for the end of a term.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"
#include "base/version.h"
#include "client/credentials.h"
#include "cmd/common.h"
#include "cmd/reconciler_flags.h"
#include "reconciler/reconciler.h"
#include "run/log.h"
#include "run/random.h"
#include "run/signal.h"
#include "server/server.h"

enum {
	MS_PER_S = 1000,
	/* After a lost term: the API server may be in trouble, so not again at once. */
	BETWEEN_TERMS_MS = 1000,
	/* X.509 has whole seconds. */
	SHORTEST_LIFETIME_MS = 5000,
	/* Of a serving certificate: a Service has a few. */
	MOST_NAMES = 16,
};

/* Borrowed; NULL ends them. */
struct webhook_names {
	const char *list[MOST_NAMES + 1];
	size_t count;
};

/* settings comes first: daemon_main() stores the flags in it. */
struct setup {
	struct reconciler_settings settings;
	struct reconciler_config config;
	struct webhook_names names;
};

/* --- settings --------------------------------------------------------------------------------- */

/* A fraction counts as a whole second, since 0 means no limit. */
static int64_t whole_seconds(int64_t ms)
{
	return ms / MS_PER_S + (ms % MS_PER_S > 0);
}

static int64_t since_seconds(int64_t ms)
{
	return ms == INT64_MIN ? INT64_MIN : ms / MS_PER_S;
}

/* A CA is renewed when a third of its lifetime is left, and signs until then. */
static int check_lifetimes(const struct reconciler_settings *s, struct err *err)
{
	if (s->certificate_lifetime_ms < SHORTEST_LIFETIME_MS)
		return err_set(err, ERR_INVALID, "--certificate-lifetime must be at least 5s");
	if (s->ca_lifetime_ms / 3 < s->certificate_lifetime_ms)
		return err_set(err, ERR_INVALID,
			"--ca-lifetime must be at least three times --certificate-lifetime");
	if (s->webhook_names.count > MOST_NAMES)
		return err_set(err, ERR_INVALID, "--webhook-names: at most %d", MOST_NAMES);
	return 0;
}

static int check(void *setup, struct err *err)
{
	const struct reconciler_settings *s = &((const struct setup *)setup)->settings;
	struct reconciler_config *to = &((struct setup *)setup)->config;

	to->since = since_seconds(s->since_ms);
	/* Identity and namespace depend on the credentials; the durations can be checked now. */
	to->lease = (struct lease_config){
		.namespace = s->namespace ? s->namespace : OWN_NAMESPACE,
		.name = s->lease_name,
		.identity = "unknown",
		.lease_duration_ms = s->lease_duration_ms,
		.renew_deadline_ms = s->renew_deadline_ms,
		.retry_period_ms = s->retry_period_ms,
	};
	to->promoter.keptn_namespace = s->common.keptn_namespace;
	to->promoter.snapshot.max_age = whole_seconds(s->max_age_ms);
	to->promoter.snapshot.deadline = whole_seconds(s->definition_deadline_ms);
	to->promoter.max_running_jobs = (unsigned)s->max_running_jobs;
	to->promoter.max_running_jobs_per_namespace = (unsigned)s->max_running_jobs_per_namespace;
	to->promoter.images[RUNTIME_DENO] = s->deno_image;
	to->promoter.images[RUNTIME_PYTHON] = s->python_image;
	to->keeps_certificates = s->webhook_certificates == CERTIFICATES_KEEP;
	to->certificates.secret = s->webhook_secret;
	to->certificates.lifetimes = (struct renewal_config){
		.serving_ms = s->certificate_lifetime_ms, .ca_ms = s->ca_lifetime_ms};
	if (check_lifetimes(s, err) < 0)
		return -1;
	return lease_config_check(&to->lease, err);
}

static void add_name(void *ctx, const char *name, void *value)
{
	struct webhook_names *to = ctx;

	(void)value;
	to->list[to->count++] = name;
}

/* service: that of the Service, which is used where no others are given. */
static void name_certificate(struct setup *setup, const char *service)
{
	struct webhook_names *names = &setup->names;

	*names = (struct webhook_names){.count = 0};
	strmap_walk(&setup->settings.webhook_names, add_name, names);
	if (!names->count)
		names->list[0] = service;
	setup->config.certificates.names = names->list;
	setup->config.certificates.namespace = setup->config.lease.namespace;
}

static char *make_identity(const char *wanted)
{
	char host[256] = "unknown";

	if (wanted && *wanted)
		return xstrdup(wanted);
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

static int serve(struct reconciler *r, const char *listen, struct err *err)
{
	const struct server_config server_config = {
		.plain = {.address = listen},
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

static int run(void *setup, struct err *err)
{
	const struct reconciler_settings *s = &((const struct setup *)setup)->settings;
	struct reconciler_config *to = &((struct setup *)setup)->config;
	CLEANUP(credentials_release) struct credentials credentials = CREDENTIALS_INIT;
	CLEANUP(free_p) char *user_agent = daemon_user_agent(&reconciler_program);
	CLEANUP(free_p) char *identity = make_identity(s->identity);
	CLEANUP(free_p) char *service = NULL;
	CLEANUP(reconciler_free_p) struct reconciler *r = NULL;

	if (credentials_find(s->common.kubeconfig, s->common.context, &credentials, err) < 0)
		return -1;
	to->credentials = &credentials;
	to->user_agent = user_agent;
	to->lease.identity = identity;
	if (!s->namespace && !str_eq(credentials.namespace, "default"))
		to->lease.namespace = credentials.namespace;
	if (lease_config_check(&to->lease, err) < 0)
		return -1;
	service = xasprintf("%s.%s.svc", s->webhook_service, to->lease.namespace);
	name_certificate(setup, service);
	log_event(LOG_INFO, "starting", LOG_STR("version", promogate_version),
		LOG_STR("apiServer", credentials.server),
		LOG_STR("credentials", credentials.source),
		LOG_STR("keptnNamespace", s->common.keptn_namespace),
		LOG_STR("lease", to->lease.name), LOG_STR("namespace", to->lease.namespace),
		LOG_STR("identity", identity), LOG_END);
	if (daemon_sandbox(&s->common, &credentials, &(const struct sandbox){.server = NULL}, err) <
		0)
		return -1;
	r = reconciler_new(to);
	return serve(r, s->common.metrics_listen, err);
}

int main(int argc, char **argv)
{
	struct setup setup = {.settings = {.webhook_names = STRMAP_INIT(NULL)}};
	const struct daemon daemon = {
		.program = &reconciler_program,
		.settings = &setup,
		.common = &setup.settings.common,
		.check = check,
		.run = run,
	};

	int code = daemon_main(&daemon, argc, argv);

	strmap_release(&setup.settings.webhook_names);
	return code;
}
