#include "policy/decide.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/glob.h"

static bool names_match(const struct policy_names *names, const char *task)
{
	for (size_t i = 0; i < names->count; i++)
		if (glob_matches(names->at[i], task))
			return true;
	return false;
}

/* For each field, the first entry that matches and has it speaks; then the policy's own. */
static struct policy_failure failure_of(const struct policy *p, const char *task)
{
	struct policy_failure f = {ON_FAILURE_UNSET, 0};

	for (size_t i = 0; i < p->nfailures; i++) {
		const struct policy_failure_of *of = &p->failures[i];

		if (!names_match(&of->names, task))
			continue;
		if (f.preferred == ON_FAILURE_UNSET)
			f.preferred = of->failure.preferred;
		if (!f.allowed)
			f.allowed = of->failure.allowed;
	}
	if (f.preferred == ON_FAILURE_UNSET)
		f.preferred = p->failure.preferred;
	if (!f.allowed)
		f.allowed = p->failure.allowed;
	return f;
}

bool policy_allows_failure(const struct policy *p, const char *task, enum on_failure value)
{
	unsigned allowed = failure_of(p, task).allowed;

	return !allowed || (allowed & (1U << value));
}

static bool is_allowed(const struct failure_question *q, enum on_failure value)
{
	for (size_t i = 0; i < q->match->count; i++) {
		const struct policy *p = q->match->at[i];

		if (policy_denies_at(p, q->point) && !policy_allows_failure(p, q->task, value))
			return false;
	}
	return true;
}

/* Whether this choice decides: it says something, and that is allowed. */
static bool decides(const struct failure_question *q, enum on_failure_choice choice,
	enum failure_source source, struct failure_decision *ret)
{
	enum on_failure value =
		choice == ON_FAILURE_CHOOSE_WARN ? ON_FAILURE_WARN : ON_FAILURE_BLOCK;

	if (choice == ON_FAILURE_UNSET || !is_allowed(q, value))
		return false;
	*ret = (struct failure_decision){value, source, NULL};
	return true;
}

static bool policies_decide(const struct failure_question *q, struct failure_decision *ret)
{
	for (size_t i = 0; i < q->match->count; i++) {
		const struct policy *p = q->match->at[i];

		if (policy_enforces(p) &&
			decides(q, failure_of(p, q->task).preferred, FAILURE_BY_POLICY, ret)) {
			ret->policy = p;
			return true;
		}
	}
	return false;
}

static enum on_failure_choice optional_choice(const struct failure_question *q)
{
	return subject_is_optional(q->subject, q->task) ? ON_FAILURE_CHOOSE_WARN : ON_FAILURE_UNSET;
}

static enum on_failure_choice config_choice(const struct failure_question *q)
{
	static const enum on_failure_choice choices[] = {
		[BLOCK_DEPLOYMENT_UNSET] = ON_FAILURE_UNSET,
		[BLOCK_DEPLOYMENT_TRUE] = ON_FAILURE_CHOOSE_BLOCK,
		[BLOCK_DEPLOYMENT_FALSE] = ON_FAILURE_CHOOSE_WARN,
	};

	return choices[q->config];
}

struct failure_decision decide_failure(const struct failure_question *q)
{
	struct failure_decision d = {ON_FAILURE_BLOCK, FAILURE_BY_BUILT_IN, NULL};

	(void)(decides(q, optional_choice(q), FAILURE_BY_OPTIONAL_TASKS, &d) ||
		decides(q, on_failure_choice(q->subject->on_failure), FAILURE_BY_APPLICATION, &d) ||
		decides(q, q->definition, FAILURE_BY_DEFINITION, &d) || policies_decide(q, &d) ||
		decides(q, config_choice(q), FAILURE_BY_CONFIG, &d));
	return d;
}

void failure_decision_text(const struct failure_decision *d, struct buf *to)
{
	static const char *const texts[] = {
		[FAILURE_BY_OPTIONAL_TASKS] =
			"the annotation " OPTIONAL_TASKS_ANNOTATION " of the KeptnAppContext",
		[FAILURE_BY_APPLICATION] =
			"the annotation " ON_FAILURE_ANNOTATION " of the KeptnAppContext",
		[FAILURE_BY_DEFINITION] =
			"the annotation " ON_FAILURE_ANNOTATION " of the KeptnTaskDefinition",
		[FAILURE_BY_CONFIG] = "KeptnConfig's blockDeployment",
		[FAILURE_BY_BUILT_IN] = "default",
	};

	if (d->source == FAILURE_BY_POLICY)
		(void)buf_addf(to, "policy %s@%" PRId64, d->policy->name, d->policy->generation);
	else
		(void)buf_add(to, texts[d->source]);
}

static int compare_added(const void *a, const void *b)
{
	return strcmp(((const struct added_task *)a)->name, ((const struct added_task *)b)->name);
}

static size_t count_added(const struct policy_match *match)
{
	size_t count = 0;

	for (size_t i = 0; i < match->count; i++)
		count += match->at[i]->added.count;
	return count;
}

/* In any order, and as often as they are added. */
static size_t collect_added(const struct policy_match *match, struct added_task *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < match->count; i++) {
		const struct policy_tasks *added = &match->at[i]->added;

		for (size_t j = 0; policy_enforces(match->at[i]) && j < added->count; j++)
			ret[count++] = (struct added_task){
				added->at[j].name, added->at[j].shared, added->at[j].since};
	}
	return count;
}

static void join_added(struct added_task *to, const struct added_task *t)
{
	to->shared |= t->shared;
	if (t->since && (!to->since || t->since < to->since))
		to->since = t->since;
}

struct added_task *decide_added(const struct policy_match *match, size_t *ret_count)
{
	struct added_task *tasks = xcalloc(count_added(match), sizeof(*tasks));
	size_t found = collect_added(match, tasks), count = 0;

	if (found)
		qsort(tasks, found, sizeof(*tasks), compare_added);
	for (size_t i = 0; i < found; i++)
		if (count && str_eq(tasks[count - 1].name, tasks[i].name))
			join_added(&tasks[count - 1], &tasks[i]);
		else
			tasks[count++] = tasks[i];
	*ret_count = count;
	return tasks;
}

static bool has_shared(const struct policy_tasks *tasks, const char *name)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->at[i].shared && str_eq(tasks->at[i].name, name))
			return true;
	return false;
}

bool decide_shared(const struct policy_match *match, const char *task)
{
	for (size_t i = 0; i < match->count; i++) {
		const struct policy *p = match->at[i];

		if (policy_enforces(p) &&
			(has_shared(&p->required, task) || has_shared(&p->added, task)))
			return true;
	}
	return false;
}

const struct policy *decide_default_tasks(const struct policy_match *match)
{
	for (size_t i = 0; i < match->count; i++)
		if (policy_enforces(match->at[i]) && match->at[i]->preferred.at)
			return match->at[i];
	return NULL;
}

static void keep_strictest(enum policy_strictness *strictest, enum policy_strictness s)
{
	if (s > *strictest)
		*strictest = s;
}

enum policy_strictness decide_missing(const struct policy_match *match)
{
	enum policy_strictness strictest = POLICY_SILENT;

	for (size_t i = 0; i < match->count; i++)
		if (policy_enforces(match->at[i]))
			keep_strictest(&strictest, match->at[i]->missing);
	return strictest == POLICY_SILENT ? POLICY_STRICT_DENY : strictest;
}

enum policy_strictness decide_deletion(const struct policy_match *match)
{
	enum policy_strictness strictest = POLICY_SILENT;

	for (size_t i = 0; i < match->count; i++)
		if (policy_enforces(match->at[i]))
			keep_strictest(&strictest, match->at[i]->deletion);
	return strictest == POLICY_SILENT ? POLICY_STRICT_WARN : strictest;
}
