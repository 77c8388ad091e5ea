#include "cmd/flags.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"
#include "kube/duration.h"
#include "kube/names.h"
#include "kube/timestamp.h"

enum { NS_PER_MS = 1000 * 1000, MS_PER_S = 1000, DESCRIPTION_BYTES = 256 };

char *flag_variable(const struct flag *f)
{
	char *name = xasprintf("PROMOGATE_%s", f->name);

	for (char *p = name; *p; p++)
		*p = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
	return name;
}

/* "debug, info, warn or error" */
static void describe_words(const struct flag *f, struct buf *to)
{
	for (size_t i = 0; f->words[i]; i++) {
		if (i > 0)
			(void)buf_add(to, f->words[i + 1] ? ", " : " or ");
		(void)buf_add(to, f->words[i]);
	}
}

void flag_describe_value(const struct flag *f, struct buf *to)
{
	static const char *const words[] = {
		[FLAG_TEXT] = "text",
		[FLAG_NAME] = "a lowercase RFC 1123 subdomain of at most 253 characters",
		[FLAG_ENUM] = "",
		[FLAG_LIST] = "a comma-separated list",
		[FLAG_COUNT] = "a whole number",
		[FLAG_DURATION] = "a duration such as 10s or 1h30m",
		[FLAG_TIME] = "an RFC 3339 time such as 2006-01-02T15:04:05Z",
	};

	(void)buf_add(to, words[f->type]);
	if (f->type == FLAG_ENUM)
		describe_words(f, to);
	else if (f->type == FLAG_COUNT)
		(void)buf_addf(to, " from %" PRId64 " to %" PRId64, f->min, f->max);
	else if (f->type == FLAG_DURATION && f->max > 0)
		(void)buf_addf(to, ", at most %" PRId64 "s", f->max / MS_PER_S);
}

static bool read_word(const struct flag *f, const char *value, int *ret)
{
	int i = 0;

	while (f->words[i] && !str_eq(f->words[i], value))
		i++;
	if (f->words[i])
		*ret = i;
	return f->words[i];
}

static bool read_list(const char *value, struct strmap *names)
{
	strmap_clear(names);
	while (*value) {
		size_t len = strcspn(value, ",");
		CLEANUP(free_p) char *name = xstrndup(value, len);

		if (len)
			strmap_put(names, name, NULL);
		value += len + (value[len] == ',');
	}
	return true;
}

static bool read_duration(const struct flag *f, const char *value, int64_t *ret_ms)
{
	int64_t ns, ms;

	if (duration_parse(value, &ns) < 0 || ns < 0)
		return false;
	ms = ns / NS_PER_MS + (ns % NS_PER_MS > 0);
	if (f->max > 0 && ms > f->max)
		return false;
	*ret_ms = ms;
	return true;
}

static bool read_count(const struct flag *f, const char *value, int64_t *ret)
{
	int64_t n;

	if (str_to_int64(value, &n) < 0 || n < f->min || n > f->max)
		return false;
	*ret = n;
	return true;
}

static bool read_time(const char *value, int64_t *ret_ms)
{
	*ret_ms = INT64_MIN;
	return !*value || timestamp_parse(value, ret_ms) == 0;
}

static bool read_value(const struct flag *f, const char *value, void *to)
{
	switch (f->type) {
	case FLAG_NAME:
		if (!name_is_subdomain(value))
			return false;
		__attribute__((fallthrough));
	case FLAG_TEXT:
		*(const char **)to = value;
		return true;
	case FLAG_ENUM:
		return read_word(f, value, to);
	case FLAG_LIST:
		return read_list(value, to);
	case FLAG_COUNT:
		return read_count(f, value, to);
	case FLAG_DURATION:
		return read_duration(f, value, to);
	case FLAG_TIME:
		return read_time(value, to);
	}
	return false;
}

/* from: how the user wrote it, "--drain-timeout" or the variable's name. */
static int set(
	const struct flag *f, const char *from, const char *value, void *settings, struct err *err)
{
	CLEANUP(buf_release) struct buf description = BUF_INIT(DESCRIPTION_BYTES);

	if (read_value(f, value, (char *)settings + f->at))
		return 0;
	flag_describe_value(f, &description);
	return err_set(
		err, ERR_INVALID, "%s: must be %s, not \"%s\"", from, buf_str(&description), value);
}

static int set_from_environment(
	const struct program *p, flags_env_fn *env, void *settings, struct err *err)
{
	for (size_t i = 0; i < p->flag_count; i++) {
		const struct flag *f = &p->flags[i];
		CLEANUP(free_p) char *variable = flag_variable(f);
		const char *value = env(variable);

		if (!value)
			value = f->fallback;
		if (value && set(f, variable, value, settings, err) < 0)
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
static int set_from_argument(const struct program *p, int argc, const char *const *argv, int *at,
	void *settings, struct err *err)
{
	const char *argument = argv[(*at)++];
	const char *name = argument + 2;
	CLEANUP(free_p) char *from = NULL;
	const struct flag *f;
	size_t len;

	if (!str_starts(argument, "--"))
		return err_set(err, ERR_INVALID, "%s: unexpected argument; see --help", argument);
	len = strcspn(name, "=");
	f = find_flag(p, name, len);
	if (!f)
		return err_set(
			err, ERR_INVALID, "--%.*s: unknown flag; see --help", (int)len, name);
	from = xasprintf("--%s", f->name);
	if (name[len] == '=')
		return set(f, from, name + len + 1, settings, err);
	if (*at == argc)
		return err_set(err, ERR_INVALID, "%s: missing value; see --help", from);
	return set(f, from, argv[(*at)++], settings, err);
}

int flags_parse(const struct program *p, int argc, const char *const *argv, flags_env_fn *env,
	void *settings, struct err *err)
{
	int at = 1;

	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h"))
			return FLAGS_HELP;
		if (str_eq(argv[i], "--version"))
			return FLAGS_VERSION;
	}
	if (set_from_environment(p, env, settings, err) < 0)
		return -1;
	while (at < argc)
		if (set_from_argument(p, argc, argv, &at, settings, err) < 0)
			return -1;
	return 0;
}
