#include "cmd/common.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/version.h"
#include "cmd/flags_help.h"
#include "run/log.h"
#include "run/signal.h"

static const char *from_environment(const char *variable)
{
	return getenv(variable); // NOLINT(concurrency-mt-unsafe): at start
}

static int print(const struct program *p, int what)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(LIMIT_RESPONSE_BYTES);

	if (what == FLAGS_HELP)
		flags_help(p, &out);
	else
		(void)buf_addf(&out, "%s %s\n", p->name, promogate_version);
	if (fputs(buf_str(&out), stdout) >= 0 && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	perror(p->name);
	return EXIT_FAILURE;
}

char *daemon_user_agent(const struct program *p)
{
	return xasprintf("%s/%s", p->name, promogate_version);
}

int daemon_main(const struct daemon *d, int argc, char **argv)
{
	struct err err = ERR_INIT;
	int outcome = flags_parse(
		d->program, argc, (const char *const *)argv, from_environment, d->settings, &err);

	if (outcome > 0)
		return print(d->program, outcome);
	if (outcome < 0 || d->check(d->settings, &err) < 0) {
		(void)fprintf(stderr, "%s: %s\n", d->program->name, err.msg);
		return EXIT_USAGE;
	}
	log_set_level((enum log_level)d->common->log_level);
	signal_setup();
	if (d->run(d->settings, &err) < 0) {
		log_event(LOG_ERROR, "fatal error, exiting", LOG_ERR(&err), LOG_END);
		return err.kind == ERR_INVALID ? EXIT_USAGE : EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
