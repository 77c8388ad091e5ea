/*
 * reconciler_flags - the settings of promogate-reconciler, and their table.
 */
#ifndef PROMOGATE_CMD_RECONCILER_FLAGS_H
#define PROMOGATE_CMD_RECONCILER_FLAGS_H

#include <stdint.h>

#include "base/strmap.h"
#include "cmd/common_flags.h"
#include "cmd/flags.h"

/* Where its Lease is outside a cluster. */
#define OWN_NAMESPACE "promogate-system"

/* In the order of the flag's words. */
enum webhook_certificates { CERTIFICATES_NONE, CERTIFICATES_KEEP };

struct reconciler_settings {
	struct common_settings common;
	const char *deno_image, *python_image;
	const char *namespace, *lease_name, *identity;
	int64_t max_running_jobs, max_running_jobs_per_namespace;
	int64_t definition_deadline_ms, max_age_ms, since_ms;
	int64_t lease_duration_ms, renew_deadline_ms, retry_period_ms;
	int webhook_certificates; /* enum webhook_certificates */
	const char *webhook_service, *webhook_secret;
	struct strmap webhook_names;
	int64_t certificate_lifetime_ms, ca_lifetime_ms;
};

extern const struct program reconciler_program;

#endif
