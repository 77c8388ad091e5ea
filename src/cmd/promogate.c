/*
 * promogate - the command for people and pipelines. It is linked with the pure half alone, so it
 * needs no cluster.
 */
#include <stdio.h>
#include <stdlib.h>

#include "admission/rules.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "cmd/flags.h"
#include "cmd/flags_help.h"

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
	{"rules", "print the rules of the webhook, as Markdown", rules_page},
	{"flags", "print the flags of both daemons, as Markdown", flags_reference},
	{"version", "print the version", print_version},
	{"help", "print this text", print_help},
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
	(void)fprintf(stderr, "promogate: %s%s; see `promogate help`\n", what, argument);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(LIMIT_RESPONSE_BYTES);
	const struct command *command;

	if (argc < 2)
		return usage_error("missing command", "");
	command = find(argv[1]);
	if (!command)
		return usage_error("unknown command: ", argv[1]);
	if (argc > 2)
		return usage_error("unexpected argument: ", argv[2]);
	command->print(&out);
	if (fwrite(buf_str(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	perror("promogate: writing");
	return EXIT_FAILURE;
}
