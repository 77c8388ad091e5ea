#include "cmd/reconciler_flags.h"

#include "base/mem.h"

#define SETTINGS struct reconciler_settings

#define KEEPERS ((const char *const[]){"none", "keep", NULL})

static const struct flag flags[] = {
	TEXT("deno-image", deno_image, "IMAGE", "ghcr.io/keptn/deno-runtime:v3.0.1",
		"the image that runs deno functions; empty: no deno function can run"),
	TEXT("python-image", python_image, "IMAGE", "ghcr.io/keptn/python-runtime:v1.0.8",
		"the image that runs python functions; empty: no python function can run"),
	COUNT("max-running-jobs", max_running_jobs, 0, 1000000, "100",
		"how many promotion Jobs may run at once; 0 disables the limit"),
	COUNT("max-running-jobs-per-namespace", max_running_jobs_per_namespace, 0, 1000000, "0",
		"how many promotion Jobs may run at once in each namespace; 0 disables the limit"),
	DURATION("definition-deadline", definition_deadline_ms, 0, "1h",
		"how long the task definitions of a delivered version may be missing before its "
		"promotion fails; 0 disables the deadline"),
	DURATION("max-age", max_age_ms, 0, "24h",
		"a version delivered longer ago than this is promoted only after a manual retry; "
		"0 disables the limit"),
	TIME("since", since_ms,
		"versions delivered before this time are not promoted; if not set, the time of the "
		"first start, which is kept in a ConfigMap next to the Lease"),
	NAME("namespace", namespace, NULL,
		"the namespace of the Lease; if not set, the pod's own, then the kubeconfig's, "
		"then " OWN_NAMESPACE),
	NAME("lease-name", lease_name, "promogate-reconciler", "the Lease whose holder promotes"),
	TEXT("identity", identity, "NAME", NULL,
		"the name of this replica in the Lease; if not set, the host name and a random "
		"suffix"),
	DURATION("lease-duration", lease_duration_ms, 0, "15s",
		"how long after its last renewal the Lease may be taken over"),
	DURATION("renew-deadline", renew_deadline_ms, 0, "10s",
		"how long the leader keeps leading without renewing the Lease"),
	DURATION("retry-period", retry_period_ms, 0, "2s",
		"how long to wait between attempts to acquire or renew the Lease"),
	WORD("webhook-certificates", webhook_certificates, "WHO", KEEPERS, "none",
		"keep: the leader makes and renews the webhook's certificates in a Secret and "
		"writes caBundle; none: cert-manager or an administrator does"),
	NAME("webhook-secret", webhook_secret, "promogate-webhook-tls",
		"the Secret of the certificates, next to the Lease"),
	NAME("webhook-service", webhook_service, "promogate-webhook",
		"the Service whose name the serving certificate is for"),
	LIST("webhook-names", webhook_names, "",
		"DNS names and IP addresses of the serving certificate; empty: that of the Service"),
	DURATION("certificate-lifetime", certificate_lifetime_ms, 0, "2160h",
		"the lifetime of a serving certificate, which is renewed after two thirds of it"),
	DURATION("ca-lifetime", ca_lifetime_ms, 0, "87600h",
		"the lifetime of a CA, at least three times that of a serving certificate"),
	COMMON_FLAGS,
};

const struct program reconciler_program = {
	.name = "promogate-reconciler",
	.purpose = "Runs the promotion tasks of delivered KeptnAppVersions, each exactly once.",
	.flags = flags,
	.flag_count = ARRAY_SIZE(flags),
};
