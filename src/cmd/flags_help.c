#include "cmd/flags_help.h"

#include <string.h>

#include "base/mem.h"
#include "cmd/reconciler_flags.h"
#include "cmd/webhook_flags.h"

enum { COLUMNS = 80, INDENT = 6 };

static const struct program *const daemons[] = {&webhook_program, &reconciler_program};

static const char *value_name(const struct flag *f)
{
	static const char *const names[] = {
		[FLAG_TEXT] = "TEXT",
		[FLAG_NAME] = "NAME",
		[FLAG_ENUM] = "WORD",
		[FLAG_LIST] = "NAMES",
		[FLAG_COUNT] = "N",
		[FLAG_DURATION] = "DURATION",
		[FLAG_TIME] = "TIME",
	};

	return f->value_name ? f->value_name : names[f->type];
}

static bool has_default(const struct flag *f)
{
	return f->fallback && *f->fallback;
}

/* Words in lines, each line indented. */
static void wrap(struct buf *to, const char *text, size_t indent)
{
	size_t column = 0;

	for (;;) {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > COLUMNS) {
			(void)buf_addc(to, '\n');
			column = 0;
		}
		if (column == 0)
			(void)buf_addf(to, "%*s", (int)indent, "");
		else
			(void)buf_addc(to, ' ');
		column += (column ? 1 : indent) + len;
		(void)buf_addn(to, text, len);
		if (!text[len])
			break;
		text += len + 1;
	}
	(void)buf_addc(to, '\n');
}

void flags_help(const struct program *p, struct buf *to)
{
	(void)buf_addf(to, "usage: %s [FLAG...]\n\n", p->name);
	wrap(to, p->purpose, 0);
	(void)buf_addc(to, '\n');
	for (size_t i = 0; i < p->flag_count; i++) {
		const struct flag *f = &p->flags[i];
		CLEANUP(free_p)
		char *with_default =
			xasprintf("%s (default %s)", f->help, f->fallback ? f->fallback : "");

		(void)buf_addf(to, "  --%s %s\n", f->name, value_name(f));
		wrap(to, has_default(f) ? with_default : f->help, INDENT);
	}
	(void)buf_add(to, "  --version\n  --help\n\n");
	wrap(to,
		"Each flag can also be set in the environment: PROMOGATE_ and its name in "
		"capitals, such as PROMOGATE_LOG_LEVEL. The command line wins.",
		0);
}

static void add_row(const struct flag *f, struct buf *to)
{
	CLEANUP(free_p) char *variable = flag_variable(f);

	(void)buf_addf(to, "| `--%s` | `%s` | ", f->name, variable);
	if (f->type == FLAG_TEXT)
		(void)buf_add(to, value_name(f));
	else
		flag_describe_value(f, to);
	(void)buf_addf(
		to, has_default(f) ? " | `%s` | " : " |%s | ", f->fallback ? f->fallback : "");
	(void)buf_addf(to, "%s |\n", f->help);
}

void flags_reference(struct buf *to)
{
	(void)buf_add(to,
		"# Reference\n\n"
		"The flags of both daemons. `make docs` writes this page from the tables that the "
		"programs read (`src/cmd/*_flags.c`).\n\n"
		"Write `--flag value` or `--flag=value`. Each flag can also be set by an "
		"environment variable; the command line\nwins. Durations are written as in "
		"Kubernetes: `300ms`, `10s`, `1h30m`. A bad value is reported in one line that\n"
		"names the flag or the variable, with exit code 2. `--help` and `--version` print "
		"and exit.\n");
	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
		const struct program *p = daemons[i];

		(void)buf_addf(to, "\n## %s\n\n%s\n\n", p->name, p->purpose);
		(void)buf_add(to, "| flag | environment | value | default | meaning |\n"
				  "|---|---|---|---|---|\n");
		for (size_t j = 0; j < p->flag_count; j++)
			add_row(&p->flags[j], to);
	}
}
