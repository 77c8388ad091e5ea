/*
 * scenario - the language of tests/corpus/verdict: what is known, the request, the answer. JSON
 * is on one line; scenario_file.h says what a file is.
 *
 *	it TITLE                      begins one
 *	definition NS/NAME SPEC       a KeptnTaskDefinition that the cache and the API server have
 *	live NS/NAME SPEC             … that only the API server has: the cache lags
 *	fails NS/NAME                 … whose look-up fails
 *	cached NS/NAME SPEC           … as the cache has it: a stale one, or one that is gone
 *	policy NAME SPEC              a PromotionPolicy
 *	labels NS OBJECT              those of a namespace, which the cache and the API server have
 *	live-labels NS OBJECT         … which only the API server has
 *	terminating NS                which is being deleted
 *	context NS/NAME OBJECT        a KeptnAppContext that the cache and the API server have
 *	cached-context NS/NAME OBJECT … as the cache has it: it is gone, or another by now
 *	live-context NS/NAME OBJECT   … as the API server has it
 *	unheard                       the cache has not heard of the API server for long
 *	keptn-namespace NS            (keptn-system)
 *	namespace NS                  of the request (dev)
 *	block-deployment true|false   KeptnConfig's (unset)
 *	lenient MANAGER               one of --lenient-managers
 *	lenient-user USER             one of --lenient-users
 *	max N                         --max-promotion-tasks (no limit)
 *	manager MANAGER               what applies
 *	user USER                     who does
 *	dry-run
 *	resource RESOURCE[/SUB]       (keptnappcontexts)
 *	mutate                        asks /mutate, not /validate
 *	old OBJECT                    the stored object
 *	create OBJECT, update OBJECT, delete
 *	review FILE                   asks what a real API server sent: tests/corpus/review/FILE.json
 *	> LINE                        a line of the answer
 */
#ifndef PROMOGATE_TESTS_ADMISSION_SCENARIO_H
#define PROMOGATE_TESTS_ADMISSION_SCENARIO_H

#include <stdlib.h>

#include "admission/definitions.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strmap.h"
#include "keptn/onfailure.h"
#include "scenario_file.h"
#include "unit.h"

struct scenario {
	char *title;
	struct strmap live, cached; /* "namespace/name" to the text of a spec */
	struct strmap policies; /* names to the text of a spec */
	struct strmap labels, live_labels; /* namespaces to JSON */
	struct strmap contexts, live_contexts; /* "namespace/name" to the text of an object */
	struct strmap lenient, lenient_users, fails, terminating;
	enum block_deployment block_deployment;
	int64_t max_promotion_tasks;
	char *keptn_namespace, *namespace, *manager, *user, *resource, *subresource;
	char *operation, *object, *old;
	char *review; /* a file's name; the request otherwise made from the above */
	bool dry_run, mutate, unheard;
	struct buf want;
};

static inline struct scenario *scenario_new(const char *title)
{
	struct scenario *s = xcalloc(1, sizeof(*s));

	s->title = xstrdup(title);
	s->live = (struct strmap)STRMAP_INIT(free);
	s->cached = (struct strmap)STRMAP_INIT(free);
	s->policies = (struct strmap)STRMAP_INIT(free);
	s->labels = (struct strmap)STRMAP_INIT(free);
	s->live_labels = (struct strmap)STRMAP_INIT(free);
	s->contexts = (struct strmap)STRMAP_INIT(free);
	s->live_contexts = (struct strmap)STRMAP_INIT(free);
	s->terminating = (struct strmap)STRMAP_INIT(NULL);
	s->lenient = (struct strmap)STRMAP_INIT(NULL);
	s->lenient_users = (struct strmap)STRMAP_INIT(NULL);
	s->fails = (struct strmap)STRMAP_INIT(NULL);
	s->keptn_namespace = xstrdup("keptn-system");
	s->namespace = xstrdup("dev");
	s->manager = xstrdup("kubectl");
	s->user = xstrdup("someone");
	s->resource = xstrdup("keptnappcontexts");
	s->subresource = xstrdup("");
	s->operation = xstrdup("CREATE");
	s->object = xstrdup("null");
	s->old = xstrdup("null");
	buf_init(&s->want, LIMIT_RESPONSE_BYTES);
	return s;
}

static inline void scenario_free(struct scenario *s)
{
	char *const owned[] = {s->title, s->keptn_namespace, s->namespace, s->manager, s->user,
		s->resource, s->subresource, s->operation, s->object, s->old, s->review};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		free(owned[i]);
	strmap_release(&s->live);
	strmap_release(&s->cached);
	strmap_release(&s->policies);
	strmap_release(&s->labels);
	strmap_release(&s->live_labels);
	strmap_release(&s->contexts);
	strmap_release(&s->live_contexts);
	strmap_release(&s->terminating);
	strmap_release(&s->lenient);
	strmap_release(&s->lenient_users);
	strmap_release(&s->fails);
	buf_release(&s->want);
	free(s);
}

static inline void scenario_set(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

/* "KEY JSON", into each map that is not NULL. */
static inline void scenario_define(
	const struct scenario *s, char *text, struct strmap *one, struct strmap *other)
{
	char *json = strchr(text, ' ');

	if (!json)
		fail_msg("%s: want a key and JSON, not %s", s->title, text);
	*json++ = '\0';
	if (one)
		strmap_put(one, text, xstrdup(json));
	if (other)
		strmap_put(other, text, xstrdup(json));
}

static inline void scenario_resource(struct scenario *s, char *text)
{
	char *slash = strchr(text, '/');

	if (slash) {
		*slash = '\0';
		scenario_set(&s->subresource, slash + 1);
	}
	scenario_set(&s->resource, text);
}

static inline void scenario_ask(struct scenario *s, const char *operation, const char *object)
{
	scenario_set(&s->operation, operation);
	scenario_set(&s->object, *object ? object : "null");
}

/* One line, which is changed. */
/* A scenario_line_fn. */
static inline void scenario_line(void *scenario, char *line)
{
	struct scenario *s = scenario;
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (str_eq(line, ">"))
		(void)buf_addf(&s->want, "%s\n", rest);
	else if (str_eq(line, "definition"))
		scenario_define(s, rest, &s->live, &s->cached);
	else if (str_eq(line, "live"))
		scenario_define(s, rest, &s->live, NULL);
	else if (str_eq(line, "cached"))
		scenario_define(s, rest, &s->cached, NULL);
	else if (str_eq(line, "policy"))
		scenario_define(s, rest, &s->policies, NULL);
	else if (str_eq(line, "labels"))
		scenario_define(s, rest, &s->labels, &s->live_labels);
	else if (str_eq(line, "live-labels"))
		scenario_define(s, rest, &s->live_labels, NULL);
	else if (str_eq(line, "terminating"))
		strmap_put(&s->terminating, rest, NULL);
	else if (str_eq(line, "context"))
		scenario_define(s, rest, &s->contexts, &s->live_contexts);
	else if (str_eq(line, "cached-context"))
		scenario_define(s, rest, &s->contexts, NULL);
	else if (str_eq(line, "live-context"))
		scenario_define(s, rest, &s->live_contexts, NULL);
	else if (str_eq(line, "fails"))
		strmap_put(&s->fails, rest, NULL);
	else if (str_eq(line, "unheard"))
		s->unheard = true;
	else if (str_eq(line, "keptn-namespace"))
		scenario_set(&s->keptn_namespace, rest);
	else if (str_eq(line, "namespace"))
		scenario_set(&s->namespace, rest);
	else if (str_eq(line, "block-deployment"))
		s->block_deployment =
			str_eq(rest, "true") ? BLOCK_DEPLOYMENT_TRUE : BLOCK_DEPLOYMENT_FALSE;
	else if (str_eq(line, "lenient"))
		strmap_put(&s->lenient, rest, NULL);
	else if (str_eq(line, "lenient-user"))
		strmap_put(&s->lenient_users, rest, NULL);
	else if (str_eq(line, "max"))
		assert_int_equal(str_to_int64(rest, &s->max_promotion_tasks), 0);
	else if (str_eq(line, "manager"))
		scenario_set(&s->manager, rest);
	else if (str_eq(line, "user"))
		scenario_set(&s->user, rest);
	else if (str_eq(line, "dry-run"))
		s->dry_run = true;
	else if (str_eq(line, "resource"))
		scenario_resource(s, rest);
	else if (str_eq(line, "mutate"))
		s->mutate = true;
	else if (str_eq(line, "old"))
		scenario_set(&s->old, rest);
	else if (str_eq(line, "create"))
		scenario_ask(s, "CREATE", rest);
	else if (str_eq(line, "update"))
		scenario_ask(s, "UPDATE", rest);
	else if (str_eq(line, "delete"))
		scenario_ask(s, "DELETE", rest);
	else if (str_eq(line, "review"))
		scenario_set(&s->review, rest);
	else
		fail_msg("%s: no such word: %s", s->title, line);
}

#endif
