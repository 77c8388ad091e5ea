#include "policy/satisfy.h"

#include "base/str.h"
#include "policy/decide.h"
#include "policy/glob.h"

/* --- whether both may match an application ---------------------------------------------------- */

static bool has_value(const struct selector_requirement *r, const char *value)
{
	return str_index(r->values, r->nvalues, value) >= 0;
}

static bool accepts(const struct selector_requirement *r, const char *value)
{
	switch (r->operator) {
	case SELECTOR_IN:
		return has_value(r, value);
	case SELECTOR_NOT_IN:
		return !has_value(r, value);
	case SELECTOR_EXISTS:
		return true;
	default:
		return false;
	}
}

/* Whether each label that satisfies r, which needs one, fails the other. */
static bool rules_out(
	const struct selector_requirement *r, const struct selector_requirement *other)
{
	if (!str_eq(r->key, other->key))
		return false;
	if (r->operator== SELECTOR_EXISTS)
		return other->operator== SELECTOR_DOES_NOT_EXIST;
	if (r->operator!= SELECTOR_IN)
		return false;
	for (size_t i = 0; i < r->nvalues; i++)
		if (accepts(other, r->values[i]))
			return false;
	return true;
}

/* NULL: everything. */
static bool exclude(const struct selector *a, const struct selector *b)
{
	for (size_t i = 0; a && b && i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (rules_out(&a->at[i], &b->at[j]) || rules_out(&b->at[j], &a->at[i]))
				return true;
	return false;
}

/* --- conflicts -------------------------------------------------------------------------------- */

static bool allows_task(const struct policy *p, const char *task)
{
	for (size_t i = 0; i < p->allowed.count; i++)
		if (glob_matches(p->allowed.at[i], task))
			return true;
	return !p->allowed.at;
}

/* A task that p requires, and the other does not allow; NULL: there is none. */
static const char *forbidden_task(const struct policy *p, const struct policy *other)
{
	for (size_t i = 0; i < p->required.count; i++)
		if (!allows_task(other, p->required.at[i].name))
			return p->required.at[i].name;
	return NULL;
}

static bool find_forbidden(const struct policy *p, const struct policy *other, struct buf *why)
{
	const char *task = forbidden_task(p, other);

	if (task) {
		(void)buf_addf(why, "requires the task \"%s\", which policy \"%s\" does not allow",
			task, other->name);
		return true;
	}
	task = forbidden_task(other, p);
	if (task)
		(void)buf_addf(why, "does not allow the task \"%s\", which policy \"%s\" requires",
			task, other->name);
	return task;
}

static bool has_task(const struct policy_tasks *tasks, const char *name)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (str_eq(tasks->at[i].name, name))
			return true;
	return false;
}

/* How many tasks count for p's `max`, where the list has what both require. */
static size_t fewest(const struct policy *p, const struct policy *other)
{
	size_t n = p->required.count;

	for (size_t i = 0; i < p->added.count; i++)
		n += !has_task(&p->required, p->added.at[i].name);
	for (size_t i = 0; i < other->required.count; i++)
		n += !has_task(&p->required, other->required.at[i].name) &&
		     !has_task(&p->added, other->required.at[i].name);
	return n;
}

static bool exceeds(const struct policy *p, const struct policy *other)
{
	return p->max && fewest(p, other) > p->max;
}

static bool find_too_many(const struct policy *p, const struct policy *other, struct buf *why)
{
	if (exceeds(p, other))
		(void)buf_addf(why,
			"allows at most %zu tasks; with those that policy \"%s\" requires, there are %zu",
			p->max, other->name, fewest(p, other));
	else if (exceeds(other, p))
		(void)buf_addf(why,
			"requires tasks of which policy \"%s\" allows at most %zu; there are %zu",
			other->name, other->max, fewest(other, p));
	else
		return false;
	return true;
}

/* Whether no value is allowed by both for this task. */
static bool disagree(const struct policy *p, const struct policy *other, const char *task)
{
	for (int value = ON_FAILURE_BLOCK; value <= ON_FAILURE_WARN; value++)
		if (policy_allows_failure(p, task, value) &&
			policy_allows_failure(other, task, value))
			return false;
	return true;
}

static const char *find_disagreed(
	const struct policy *p, const struct policy *other, const struct policy_tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (disagree(p, other, tasks->at[i].name))
			return tasks->at[i].name;
	return NULL;
}

static bool has_exceptions(const struct policy *p)
{
	for (size_t i = 0; i < p->nfailures; i++)
		if (p->failures[i].failure.allowed)
			return true;
	return false;
}

/* Where one has exceptions, an application may have only tasks that these are about. */
static bool disagree_always(const struct policy *p, const struct policy *other)
{
	return !has_exceptions(p) && !has_exceptions(other) && disagree(p, other, "");
}

static bool find_disagreement(const struct policy *p, const struct policy *other, struct buf *why)
{
	const char *task = find_disagreed(p, other, &p->required);

	if (!task)
		task = find_disagreed(p, other, &other->required);
	if (task)
		(void)buf_addf(why,
			"allows no value of on-failure for the task \"%s\" that policy \"%s\" allows",
			task, other->name);
	else if (disagree_always(p, other))
		(void)buf_addf(why, "allows no value of on-failure that policy \"%s\" allows",
			other->name);
	else
		return false;
	return true;
}

bool satisfy_conflict(const struct policy *p, const struct policy *other, struct buf *why)
{
	if (exclude(p->namespaces, other->namespaces) || exclude(p->apps, other->apps))
		return false;
	return find_forbidden(p, other, why) || find_too_many(p, other, why) ||
	       find_disagreement(p, other, why);
}
