#include "cmd/common.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/version.h"
#include "cmd/flags_help.h"
#include "run/log.h"
#include "run/signal.h"
#include "sandbox/sandbox.h"

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

int daemon_sandbox(const struct common_settings *common, const struct credentials *credentials,
	const struct sandbox *own, struct err *err)
{
	struct sandbox sandbox = *own;
	int landlock = 0, ret;

	if (common->sandbox == SANDBOX_OFF) {
		log_event(LOG_WARN, "sandbox switched off", LOG_END);
		return 0;
	}
	sandbox.server = credentials->server;
	sandbox.listen[0] = common->metrics_listen;
	sandbox.files[0] = credentials->token_file;
	sandbox.files[1] = credentials->ca.file;
	sandbox.files[2] = credentials->cert.file;
	sandbox.files[3] = credentials->key.file;
	ret = sandbox_enter(&sandbox, &landlock, err);
	if (ret < 0)
		return err_wrap(err, "can't enter the sandbox; --sandbox=off starts without it");
	if (ret == SANDBOX_SANITIZED)
		log_event(LOG_WARN, "no sandbox: this build has a sanitizer", LOG_END);
	else
		log_event(LOG_INFO, "sandbox entered", LOG_INT("landlock", landlock), LOG_END);
	return 0;
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
