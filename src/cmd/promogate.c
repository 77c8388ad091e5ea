/*
 * promogate - the command for people and pipelines. It is linked with the pure half alone, so what
 * it says of an object it says without a cluster.
 */
#include <stdio.h>

#include "admission/rules.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"

/* As most commands have it: 1 for a failure, 2 for a call that makes no sense. */
enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *name, *summary;
	void (*print)(struct buf *to);
};

static void print_version(struct buf *to)
{
	(void)buf_addf(to, "promogate %s\n", promogate_version);
}

static void print_help(struct buf *to);

static const struct command commands[] = {
	{"rules", "what the webhook checks, as Markdown", rules_page},
	{"version", "which version this is", print_version},
	{"help", "this text", print_help},
};

static void print_help(struct buf *to)
{
	(void)buf_add(to, "usage: promogate COMMAND\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		(void)buf_addf(to, "  %-9s  %s\n", commands[i].name, commands[i].summary);
}

static const struct command *find(const char *name)
{
	if (str_eq(name, "--help") || str_eq(name, "-h"))
		name = "help";
	if (str_eq(name, "--version"))
		name = "version";
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static int usage_error(const char *what, const char *argument)
{
	(void)fprintf(stderr, "promogate: %s%s: see `promogate help`\n", what, argument);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(LIMIT_RESPONSE_BYTES);
	const struct command *command;

	if (argc < 2)
		return usage_error("which command?", "");
	command = find(argv[1]);
	if (!command)
		return usage_error("no such command: ", argv[1]);
	if (argc > 2)
		return usage_error("too many arguments: ", argv[2]);
	command->print(&out);
	if (fwrite(buf_str(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0)
		return 0;
	perror("promogate: writing");
	return EXIT_FAILED;
}
