/*
 * log - one JSON object a line to stderr, by one write(2), from any thread.
 *
 *	log_event(LOG_INFO, "certificate reloaded", LOG_STR("file", path), LOG_INT("days", n),
 *		LOG_END);
 *
 * Values go into typed fields, not into the message. Never a secret, never a whole object. Only
 * controller/, webhook/, reconciler/, server/ and the mains log; lower layers return errors.
 *
 * No lock is held: a slow reader of stderr delays only the caller, by at most LOG_PATIENCE_MS; then
 * the line is dropped and counted (promogate_log_lines_dropped_total).
 */
#ifndef PROMOGATE_RUN_LOG_H
#define PROMOGATE_RUN_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum { LOG_PATIENCE_MS = 100 };

struct log_field {
	const char *key; /* NULL ends a list */
	enum { LOG_FIELD_STRING, LOG_FIELD_INT, LOG_FIELD_ERR } type;
	union {
		const char *string; /* NULL is written as null */
		int64_t number;
		const struct err *err;
	};
};

#define LOG_STR(key_, value_)                                                                      \
	((struct log_field){.key = (key_), .type = LOG_FIELD_STRING, .string = (value_)})
#define LOG_INT(key_, value_)                                                                      \
	((struct log_field){.key = (key_), .type = LOG_FIELD_INT, .number = (value_)})
/* "error" with the message, and "errorKind". */
#define LOG_ERR(err_) ((struct log_field){.key = "error", .type = LOG_FIELD_ERR, .err = (err_)})
#define LOG_END       ((struct log_field){.key = NULL})

#define log_event(level, msg, ...)                                                                 \
	log_fields((level), (msg), (const struct log_field[]){__VA_ARGS__})
void log_fields(enum log_level level, const char *msg, const struct log_field *fields);

/* Whether a line of this level would be written, to avoid computing its values otherwise. */
bool log_wants(enum log_level level);
/* The lowest level that is written; LOG_INFO by default. */
void log_set_level(enum log_level level);

#endif
