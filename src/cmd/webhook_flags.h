/*
 * webhook_flags - the settings of promogate-webhook, and their table.
 */
#ifndef PROMOGATE_CMD_WEBHOOK_FLAGS_H
#define PROMOGATE_CMD_WEBHOOK_FLAGS_H

#include <stdint.h>

#include "base/strmap.h"
#include "cmd/common_flags.h"
#include "cmd/flags.h"

struct webhook_settings {
	struct common_settings common;
	const char *listen, *tls_cert_file, *tls_key_file, *client_ca_file;
	struct strmap lenient_managers, lenient_users;
	int64_t max_promotion_tasks, threads, drain_timeout_ms;
};

extern const struct program webhook_program;

#endif
