/*
 * common_flags - how the tables of flags are written: a row is one of these macros, within a file
 * that defines SETTINGS, the struct that its flags are stored in; a member of another type than the
 * flag's does not compile. COMMON_FLAGS are the rows of both daemons, for the member `common`.
 */
#ifndef PROMOGATE_CMD_COMMON_FLAGS_H
#define PROMOGATE_CMD_COMMON_FLAGS_H

#include <stddef.h>

#include "base/strmap.h"
#include "cmd/flags.h"
#include "run/log.h"

struct common_settings {
	const char *metrics_listen, *keptn_namespace, *kubeconfig, *context;
	int log_level; /* enum log_level */
	int sandbox; /* enum sandbox_use */
};

#define ROW_(name_, type_, member_, c_type, ...)                                                   \
	{.name = (name_),                                                                          \
		.type = (type_),                                                                   \
		.at = _Generic(((SETTINGS *)0)->member_, c_type: offsetof(SETTINGS, member_)),     \
		__VA_ARGS__}

/* default_ is NULL, or as it would be written on the command line. */
#define TEXT(name, member, value, default_, help_)                                                 \
	ROW_(name, FLAG_TEXT, member, const char *, .value_name = (value), .fallback = (default_), \
		.help = (help_))
#define NAME(name, member, default_, help_)                                                        \
	ROW_(name, FLAG_NAME, member, const char *, .fallback = (default_), .help = (help_))
#define WORD(name, member, value, words_, default_, help_)                                         \
	ROW_(name, FLAG_ENUM, member, int, .value_name = (value), .words = (words_),               \
		.fallback = (default_), .help = (help_))
#define LIST(name, member, default_, help_)                                                        \
	ROW_(name, FLAG_LIST, member, struct strmap, .fallback = (default_), .help = (help_))
#define COUNT(name, member, min_, max_, default_, help_)                                           \
	ROW_(name, FLAG_COUNT, member, int64_t, .min = (min_), .max = (max_),                      \
		.fallback = (default_), .help = (help_))
/* Up to max ms, 0 for no bound. */
#define DURATION(name, member, max_, default_, help_)                                              \
	ROW_(name, FLAG_DURATION, member, int64_t, .max = (max_), .fallback = (default_),          \
		.help = (help_))
#define TIME(name, member, help_)                                                                  \
	ROW_(name, FLAG_TIME, member, int64_t, .fallback = "", .help = (help_))

enum sandbox_use { SANDBOX_OFF, SANDBOX_ON };

#define ON_OFF     ((const char *const[]){"off", "on", NULL})
#define LOG_LEVELS ((const char *const[]){"debug", "info", "warn", "error", NULL})

#define COMMON_FLAGS                                                                               \
	TEXT("metrics-listen", common.metrics_listen, "ADDRESS", ":9402",                          \
		"where /healthz, /readyz and /metrics are served, over plain HTTP"),               \
		NAME("keptn-namespace", common.keptn_namespace, "keptn-system",                    \
			"the namespace of Keptn, where task definitions are looked up after the "  \
			"application's own"),                                                      \
		TEXT("kubeconfig", common.kubeconfig, "FILE", NULL,                                \
			"how to reach the API server; if not set, the pod's service account, "     \
			"then $KUBECONFIG, then ~/.kube/config"),                                  \
		TEXT("context", common.context, "NAME", NULL,                                      \
			"the context of the kubeconfig; if not set, the current one"),             \
		WORD("log-level", common.log_level, "LEVEL", LOG_LEVELS, "info",                   \
			"the lowest level that is logged"),                                        \
		WORD("sandbox", common.sandbox, "WORD", ON_OFF, "on",                              \
			"whether to give up the system calls, files and ports that are not "       \
			"needed; off is for debuggers and tracers")

#endif
