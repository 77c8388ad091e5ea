#include "policy/faults.h"

#include "base/limits.h"
#include "base/str.h"
#include "kube/names.h"
#include "policy/decide.h"
#include "policy/glob.h"
#include "policy/policy_internal.h"
#include "policy/schema.h"

struct checking {
	policy_fault_fn *report;
	void *ctx;
	const char *selector; /* the selector that is checked */
	size_t faults;
};

static void report(struct checking *c, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail)
{
	c->report(c->ctx, fault, type, field, value, detail);
	c->faults++;
}

static void schema_fault(void *ctx, enum fielderr_type type, const char *field, const char *value,
	const char *detail)
{
	report(ctx, POLICY_FAULT_TYPE, type, field, value, detail);
}

/* --- selectors -------------------------------------------------------------------------------- */

static void selector_fault(void *ctx, const char *field, const char *value, const char *detail)
{
	struct checking *c = ctx;
	CLEANUP(free_p) char *path = xasprintf("%s.%s", c->selector, field);

	report(c, POLICY_FAULT_SELECTOR, FIELDERR_INVALID, path, value, detail);
}

static void check_selectors(struct checking *c, const struct json *spec)
{
	const struct json *apps = json_get(spec, "appSelector");

	c->selector = "spec.namespaceSelector";
	selector_check(json_get(spec, "namespaceSelector"), selector_fault, c);
	c->selector = "spec.appSelector";
	if (json_type(apps) != JSON_NULL)
		selector_check(apps, selector_fault, c);
}

/* --- names ------------------------------------------------------------------------------------ */

static const char not_a_name[] =
	"must be a lowercase RFC 1123 subdomain of at most 253 characters, as names of "
	"KeptnTaskDefinitions are";
static const char not_a_glob[] =
	"must be a name of KeptnTaskDefinitions, in which * matches any text: for example "
	"open-pr, open-*, *";

static void check_globs(struct checking *c, const char *list, const struct policy_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		CLEANUP(free_p) char *field = xasprintf("%s[%zu]", list, i);

		if (!glob_is_valid(names->at[i]))
			report(c, POLICY_FAULT_NAME, FIELDERR_INVALID, field, names->at[i],
				not_a_glob);
	}
}

static void check_name(
	struct checking *c, const char *name, const char *list, size_t i, const char *member)
{
	CLEANUP(free_p) char *field = xasprintf("spec.promotionTasks.%s[%zu]%s", list, i, member);

	if (!name_is_subdomain(name))
		report(c, POLICY_FAULT_NAME, FIELDERR_INVALID, field, name, not_a_name);
}

static void check_names(struct checking *c, const struct policy *p)
{
	for (size_t i = 0; i < p->nfailures; i++) {
		CLEANUP(free_p) char *list = xasprintf("spec.onFailure.tasks[%zu].names", i);

		check_globs(c, list, &p->failures[i].names);
	}
	for (size_t i = 0; i < p->required.count; i++)
		check_name(c, p->required.at[i].name, "required", i, ".name");
	for (size_t i = 0; i < p->added.count; i++)
		check_name(c, p->added.at[i].name, "added", i, ".name");
	for (size_t i = 0; i < p->preferred.count; i++)
		check_name(c, p->preferred.at[i], "default", i, "");
	check_globs(c, "spec.promotionTasks.allowed", &p->allowed);
}

/* --- contradictions --------------------------------------------------------------------------- */

static bool has_name(const struct policy_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (glob_matches(names->at[i], name))
			return true;
	return false;
}

static bool has_task(const struct policy_tasks *tasks, const char *name)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (str_eq(tasks->at[i].name, name))
			return true;
	return false;
}

static enum on_failure value_of(enum on_failure_choice choice)
{
	return choice == ON_FAILURE_CHOOSE_WARN ? ON_FAILURE_WARN : ON_FAILURE_BLOCK;
}

static void report_default(struct checking *c, const char *field, enum on_failure value)
{
	report(c, POLICY_FAULT_ON_FAILURE, FIELDERR_INVALID, field, on_failure_name(value),
		"this policy does not allow it there; add it to `allowed`, or choose the other");
}

/* Whether an entry before this one decides the default of this name. */
static bool is_decided_before(const struct policy *p, size_t entry, const char *name)
{
	for (size_t i = 0; i < entry; i++)
		if (p->failures[i].failure.preferred != ON_FAILURE_UNSET &&
			has_name(&p->failures[i].names, name))
			return true;
	return false;
}

/* A glob counts as a name here: another glob that matches its text matches all that it does. */
static bool is_default_forbidden(const struct policy *p, size_t entry)
{
	const struct policy_failure_of *of = &p->failures[entry];

	if (of->failure.preferred == ON_FAILURE_UNSET)
		return false;
	for (size_t i = 0; i < of->names.count; i++)
		if (!is_decided_before(p, entry, of->names.at[i]) &&
			!policy_allows_failure(p, of->names.at[i], value_of(of->failure.preferred)))
			return true;
	return false;
}

static void check_failure(struct checking *c, const struct policy *p)
{
	const struct policy_failure *own = &p->failure;

	if (own->preferred != ON_FAILURE_UNSET && own->allowed &&
		!(own->allowed & (1U << value_of(own->preferred))))
		report_default(c, "spec.onFailure.default", value_of(own->preferred));
	for (size_t i = 0; i < p->nfailures; i++) {
		CLEANUP(free_p) char *field = xasprintf("spec.onFailure.tasks[%zu].default", i);

		if (is_default_forbidden(p, i))
			report_default(c, field, value_of(p->failures[i].failure.preferred));
	}
}

static void check_required(struct checking *c, const struct policy *p, size_t i)
{
	const char *name = p->required.at[i].name;
	CLEANUP(free_p) char *field = xasprintf("spec.promotionTasks.required[%zu].name", i);

	if (p->allowed.at && !has_name(&p->allowed, name))
		report(c, POLICY_FAULT_TASKS, FIELDERR_INVALID, field, name,
			"spec.promotionTasks.allowed of this policy does not match it; add it "
			"there, or do not require it");
	/* An empty default is a final stage, of which nothing is required. */
	if (p->preferred.count && !has_name(&p->preferred, name))
		report(c, POLICY_FAULT_TASKS, FIELDERR_INVALID, field, name,
			"spec.promotionTasks.default of this policy does not list it; add it "
			"there, or do not require it");
}

static void check_default(struct checking *c, const struct policy *p, size_t i)
{
	CLEANUP(free_p) char *field = xasprintf("spec.promotionTasks.default[%zu]", i);

	if (p->allowed.at && !has_name(&p->allowed, p->preferred.at[i]))
		report(c, POLICY_FAULT_TASKS, FIELDERR_INVALID, field, p->preferred.at[i],
			"spec.promotionTasks.allowed of this policy does not match it; add it "
			"there, or remove it here");
}

/* How many names that are not among the added ones come to those. */
static size_t count_beside_added(const struct policy *p, const struct policy_tasks *required,
	const struct policy_names *preferred)
{
	size_t n = p->added.count;

	for (size_t i = 0; i < required->count; i++)
		n += !has_task(&p->added, required->at[i].name);
	for (size_t i = 0; i < preferred->count; i++)
		n += !has_task(&p->added, preferred->at[i]);
	return n;
}

static void check_max(struct checking *c, const struct policy *p, size_t n, const char *what)
{
	CLEANUP(free_p) char *value = NULL, *detail = NULL;

	if (!p->max || n <= p->max)
		return;
	value = xasprintf("%zu", p->max);
	detail = xasprintf("must be at least %zu, the number of %s tasks of this policy", n, what);
	report(c, POLICY_FAULT_MAX, FIELDERR_INVALID, "spec.promotionTasks.max", value, detail);
}

static void check_contradictions(struct checking *c, const struct policy *p)
{
	static const struct policy_names none = {NULL, 0};
	static const struct policy_tasks nothing = {NULL, 0};

	check_failure(c, p);
	for (size_t i = 0; i < p->required.count; i++)
		check_required(c, p, i);
	for (size_t i = 0; i < p->preferred.count; i++)
		check_default(c, p, i);
	check_max(c, p, count_beside_added(p, &p->required, &none), "required and added");
	check_max(c, p, count_beside_added(p, &nothing, &p->preferred), "default and added");
}

void policy_faults(const struct json *object, policy_fault_fn *report_fault, void *ctx)
{
	struct checking c = {report_fault, ctx, NULL, 0};
	CLEANUP(policy_unref_p) struct policy *p = NULL;

	schema_check(object, schema_fault, &c);
	if (c.faults)
		return;
	p = policy_read(object);
	check_selectors(&c, json_get(object, "spec"));
	check_names(&c, p);
	check_contradictions(&c, p);
}
