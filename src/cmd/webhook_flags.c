#include "cmd/webhook_flags.h"

#include "base/mem.h"

#define SETTINGS struct webhook_settings

static const struct flag flags[] = {
	TEXT("tls-cert-file", tls_cert_file, "FILE", NULL,
		"the serving certificate, PEM, with its chain in order; reloaded when it changes"),
	TEXT("tls-key-file", tls_key_file, "FILE", NULL,
		"the private key of the serving certificate, PEM"),
	TEXT("client-ca-file", client_ca_file, "FILE", NULL,
		"the CA of clients, PEM, reloaded when it changes: HTTPS connections without a "
		"certificate of this CA are rejected; default: any client may connect"),
	TEXT("listen", listen, "ADDRESS", ":9443", "where HTTPS is served"),
	LIST("lenient-managers", lenient_managers,
		"kustomize-controller,helm-controller,helm,argocd-controller",
		"field managers that apply a context before the definitions it names: for them a "
		"missing definition is a warning"),
	LIST("lenient-users", lenient_users,
		"system:serviceaccount:argocd:argocd-application-controller",
		"users that do so, by their exact names: for tools that do not set a field manager of "
		"their own, such as Argo CD with Replace=true, or Velero"),
	COUNT("max-promotion-tasks", max_promotion_tasks, 0, 1000000, "32",
		"how many promotion tasks a context may have; 0 disables the limit"),
	COUNT("threads", threads, 1, 64, "2", "how many threads serve HTTPS"),
	DURATION("drain-timeout", drain_timeout_ms, 600 * (int64_t)1000, "10s",
		"how long requests are still accepted after SIGTERM, while endpoints are updated"),
	COMMON_FLAGS,
};

const struct program webhook_program = {
	.name = "promogate-webhook",
	.purpose = "Validates and defaults KeptnAppContexts as an admission webhook.",
	.flags = flags,
	.flag_count = ARRAY_SIZE(flags),
};
