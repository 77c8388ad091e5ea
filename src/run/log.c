#include "run/log.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "json/emit.h"
#include "run/clock.h"
#include "run/metrics.h"

METRIC_COUNTER(dropped, "promogate_log_lines_dropped_total",
	"Log lines dropped because stderr was not read.");

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int lowest = LOG_INFO;

static void emit_field(struct emit *e, const struct log_field *f)
{
	switch (f->type) {
	case LOG_FIELD_STRING:
		emit_key(e, f->key);
		if (f->string)
			emit_string(e, f->string);
		else
			emit_null(e);
		break;
	case LOG_FIELD_INT:
		emit_key_int(e, f->key, f->number);
		break;
	case LOG_FIELD_ERR:
		emit_key_string(e, f->key, f->err->msg);
		emit_key_string(e, "errorKind", err_kind_name(f->err->kind));
		break;
	}
}

static void format(
	struct buf *b, enum log_level level, const char *msg, const struct log_field *fields)
{
	struct emit e = EMIT_INIT(b);
	char now[CLOCK_TEXT_BYTES];

	clock_text(clock_wall_ms(), now);
	emit_object_begin(&e);
	emit_key_string(&e, "time", now);
	emit_key_string(&e, "level", level_names[level]);
	emit_key_string(&e, "msg", msg);
	for (; fields->key; fields++)
		emit_field(&e, fields);
	emit_object_end(&e);
	(void)buf_addc(b, '\n');
}

static void put(const struct buf *b)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n;

	if (poll(&p, 1, LOG_PATIENCE_MS) != 1) {
		metric_add(metric_at(&dropped), 1);
		return;
	}
	do {
		n = write(p.fd, b->data, b->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		metric_add(metric_at(&dropped), 1);
}

void log_fields(enum log_level level, const char *msg, const struct log_field *fields)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_LOG_LINE_BYTES);

	if (!log_wants(level))
		return;
	format(&b, level, msg, fields);
	if (b.overflowed) {
		buf_reset(&b);
		format(&b, level, "log line too long",
			(const struct log_field[]){LOG_STR("line", msg), LOG_END});
	}
	if (!b.overflowed)
		put(&b);
}

bool log_wants(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&lowest, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&lowest, (int)level, memory_order_relaxed);
}
