#include "run/flags.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static char *variable_name(const struct flag *f)
{
	char *name = xasprintf("PROMOGATE_%s", f->name);

	for (char *p = name; *p; p++)
		*p = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
	return name;
}

/* from: how the user wrote it, "--drain-seconds" or the variable's name. */
static int set(const struct flag *f, const char *from, const char *value, struct err *err)
{
	int64_t n;

	if (f->text) {
		*f->text = value;
		return 0;
	}
	if (str_to_int64(value, &n) < 0 || n < f->min || n > f->max)
		return err_set(err, ERR_INVALID,
			"%s: want a whole number from %" PRId64 " to %" PRId64 ", not \"%s\"", from,
			f->min, f->max, value);
	*f->number = n;
	return 0;
}

static int set_from_environment(const struct program *p, struct err *err)
{
	for (size_t i = 0; i < p->flag_count; i++) {
		const struct flag *f = &p->flags[i];
		CLEANUP(free_p) char *variable = variable_name(f);
		const char *value = getenv(variable); // NOLINT(concurrency-mt-unsafe): at start

		if (!value)
			value = f->fallback;
		if (value && set(f, variable, value, err) < 0)
			return -1;
	}
	return 0;
}

static const struct flag *find_flag(const struct program *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->flag_count; i++)
		if (strlen(p->flags[i].name) == len && strncmp(p->flags[i].name, name, len) == 0)
			return &p->flags[i];
	return NULL;
}

/* "--name=value" or "--name" "value"; *at is moved past it. */
static int set_from_argument(
	const struct program *p, int argc, const char *const *argv, int *at, struct err *err)
{
	const char *argument = argv[(*at)++];
	const char *name = argument + 2;
	size_t len = strcspn(name, "=");
	CLEANUP(free_p) char *from = NULL;
	const struct flag *f;

	if (!str_starts(argument, "--"))
		return err_set(err, ERR_INVALID, "%s: only flags are taken: see --help", argument);
	f = find_flag(p, name, len);
	if (!f)
		return err_set(
			err, ERR_INVALID, "--%.*s: no such flag: see --help", (int)len, name);
	from = xasprintf("--%s", f->name);
	if (name[len] == '=')
		return set(f, from, name + len + 1, err);
	if (*at == argc)
		return err_set(err, ERR_INVALID, "%s: the value is missing", from);
	return set(f, from, argv[(*at)++], err);
}

int flags_parse(const struct program *p, int argc, const char *const *argv, struct err *err)
{
	int at = 1;

	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h"))
			return FLAGS_HELP;
		if (str_eq(argv[i], "--version"))
			return FLAGS_VERSION;
	}
	if (set_from_environment(p, err) < 0)
		return -1;
	while (at < argc)
		if (set_from_argument(p, argc, argv, &at, err) < 0)
			return -1;
	return 0;
}

void flags_print_help(const struct program *p)
{
	(void)printf("%s: %s\n\n", p->name, p->purpose);
	for (size_t i = 0; i < p->flag_count; i++) {
		const struct flag *f = &p->flags[i];
		CLEANUP(free_p) char *variable = variable_name(f);

		(void)printf("  --%s %s\n        %s\n        ", f->name, f->value_name, f->help);
		if (f->fallback && *f->fallback)
			(void)printf("default %s; ", f->fallback);
		(void)printf("in the environment %s\n", variable);
	}
	(void)printf("  --version\n  --help\n");
}
