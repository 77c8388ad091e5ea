/*
 * scenario - the language of tests/corpus/jobspec: what a Job is made from, and the Job. JSON is
 * on one line; scenario_file.h says what a file is.
 *
 *	it TITLE             begins one
 *	version OBJECT       the KeptnAppVersion (one of podtato-head 1.0.0, in podtato-dev)
 *	definition OBJECT    the KeptnTaskDefinition of the task; another one: that of its
 *	                     functionRef, and so on
 *	source OBJECT        the ConfigMap that the code is copied from
 *	attempt N            (1)
 *	no-images            none is configured for the runtimes
 *	show PREFIX          shows only lines with this prefix; may be repeated
 *	> LINE               the Job, as tests/unit/flat.h writes it, and then its ConfigMap,
 *	                     with "configmap." before each line; or "error: " and the message
 */
#ifndef PROMOGATE_TESTS_JOB_SCENARIO_H
#define PROMOGATE_TESTS_JOB_SCENARIO_H

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "job/definition.h"
#include "json/json.h"
#include "scenario_file.h"
#include "unit.h"

enum { JOBSCENARIO_DEFINITIONS_MAX = 8, JOBSCENARIO_SHOWS_MAX = 8 };

/* As a cache has it. */
struct jobscenario_definition {
	char *namespace, *name;
	struct job_definition *decoded;
};

struct jobscenario {
	char *title;
	struct json *version, *source;
	struct jobscenario_definition definitions[JOBSCENARIO_DEFINITIONS_MAX];
	size_t definition_count;
	char *shows[JOBSCENARIO_SHOWS_MAX];
	size_t show_count;
	int64_t attempt;
	bool no_images;
	struct buf want;
};

static inline struct json *jobscenario_parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), &j, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static inline struct jobscenario *jobscenario_new(const char *title)
{
	struct jobscenario *s = xcalloc(1, sizeof(*s));

	s->title = xstrdup(title);
	s->attempt = 1;
	s->version = jobscenario_parse(
		"{\"metadata\":{\"name\":\"podtato-head-1.0.0-6b86b273\",\"namespace\":"
		"\"podtato-dev\",\"uid\":\"0f3c2a4e-0000-4000-8000-000000000001\"},"
		"\"spec\":{\"appName\":\"podtato-head\",\"version\":\"1.0.0\"}}");
	buf_init(&s->want, LIMIT_RESPONSE_BYTES);
	return s;
}

static inline void jobscenario_free(struct jobscenario *s)
{
	if (!s)
		return;
	free(s->title);
	json_free(s->version);
	json_free(s->source);
	while (s->definition_count--) {
		free(s->definitions[s->definition_count].namespace);
		free(s->definitions[s->definition_count].name);
		free(s->definitions[s->definition_count].decoded);
	}
	while (s->show_count)
		free(s->shows[--s->show_count]);
	buf_release(&s->want);
	free(s);
}

static inline void jobscenario_define(struct jobscenario *s, const char *text)
{
	CLEANUP(json_free_p) struct json *j = jobscenario_parse(text);

	if (s->definition_count == JOBSCENARIO_DEFINITIONS_MAX)
		fail_msg("%s: too many definitions", s->title);
	s->definitions[s->definition_count++] = (struct jobscenario_definition){
		.namespace = xstrdup(json_string_or(json_at(j, "metadata", "namespace"), "")),
		.name = xstrdup(json_string_or(json_at(j, "metadata", "name"), "")),
		.decoded = job_definition_decode(j),
	};
}

/* A resolve_find_fn. */
static inline struct resolve_found jobscenario_find(
	const void *ctx, const char *ns, const char *name)
{
	const struct jobscenario *s = ctx;

	for (size_t i = 0; i < s->definition_count; i++)
		if (str_eq(s->definitions[i].namespace, ns) && str_eq(s->definitions[i].name, name))
			return (struct resolve_found){&s->definitions[i].decoded->taskdef, true};
	return (struct resolve_found){NULL, true};
}

static inline void jobscenario_show(struct jobscenario *s, const char *prefix)
{
	if (s->show_count == JOBSCENARIO_SHOWS_MAX)
		fail_msg("%s: shows too much", s->title);
	s->shows[s->show_count++] = xstrdup(prefix);
}

/* One line, which is changed. */
/* A scenario_line_fn. */
static inline void jobscenario_line(void *scenario, char *line)
{
	struct jobscenario *s = scenario;
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (str_eq(line, ">")) {
		(void)buf_addf(&s->want, "%s\n", rest);
	} else if (str_eq(line, "version")) {
		json_free(s->version);
		s->version = jobscenario_parse(rest);
	} else if (str_eq(line, "definition")) {
		jobscenario_define(s, rest);
	} else if (str_eq(line, "source")) {
		s->source = jobscenario_parse(rest);
	} else if (str_eq(line, "attempt")) {
		assert_int_equal(str_to_int64(rest, &s->attempt), 0);
	} else if (str_eq(line, "no-images")) {
		s->no_images = true;
	} else if (str_eq(line, "show")) {
		jobscenario_show(s, rest);
	} else {
		fail_msg("%s: no such word: %s", s->title, line);
	}
}

#endif
