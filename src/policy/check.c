#include "policy/check.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/decide.h"
#include "policy/glob.h"

#define LIST          "spec.promotionTasks"
#define ANNOTATION(a) "metadata.annotations[" a "]"

/* One check in progress. */
struct check {
	const struct policy *policy;
	const struct subject *subject;
	const struct subject_tasks *tasks;
	const struct resolver *resolver;
	violation_fn *report;
	void *ctx;
};

const char *policy_rule_id(enum policy_rule rule)
{
	static const char *const ids[POLICY_RULE_COUNT] = {
		[POLICY_RULE_MAX] = "PG104",
		[POLICY_RULE_CHOICE] = "PG111",
		[POLICY_RULE_REQUIRED] = "PG112",
		[POLICY_RULE_ALLOWED] = "PG113",
		[POLICY_RULE_SHARED] = "PG114",
	};

	return ids[rule];
}

/* Completes the detail, and reports it. */
static void report(struct check *c, struct violation *v, const char *says)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(LIMIT_DETAIL_BYTES);

	(void)buf_addf(&detail, "policy \"%s\": %s", c->policy->name, says);
	if (c->policy->message)
		(void)buf_addf(&detail, " (%s)", c->policy->message);
	v->policy = c->policy;
	v->detail = buf_str(&detail);
	c->report(c->ctx, v);
}

/* How many of the list are looked at: one that is too many must be seen. */
static size_t visible(const struct subject_tasks *tasks)
{
	return tasks->count > LIMIT_CHECKED_TASKS ? LIMIT_CHECKED_TASKS + 1 : tasks->count;
}

/* Its index, or -1. */
static long find_task(const struct check *c, const char *name)
{
	for (size_t i = 0; i < visible(c->tasks); i++)
		if (str_eq(c->tasks->at[i], name))
			return (long)i;
	return -1;
}

/* --- names in a sentence ---------------------------------------------------------------------- */

/* "a", "b" and 3 more */
struct naming {
	struct buf text;
	size_t count;
	const char *last;
};

#define NAMING_INIT {.text = BUF_INIT(LIMIT_DETAIL_BYTES)}

static void naming_release(struct naming *n)
{
	buf_release(&n->text);
}

static void naming_add(struct naming *n, const char *name)
{
	if (n->count++ >= LIMIT_VIOLATION_NAMES)
		return;
	(void)buf_add(&n->text, n->text.len ? ", " : "");
	fielderr_quote(&n->text, name);
}

static void naming_end(struct naming *n)
{
	if (n->count > LIMIT_VIOLATION_NAMES)
		(void)buf_addf(&n->text, " and %zu more", n->count - LIMIT_VIOLATION_NAMES);
}

/* --- the rules -------------------------------------------------------------------------------- */

static void check_max(struct check *c)
{
	size_t added = 0, count = c->tasks->count;
	CLEANUP(free_p) char *value = NULL;
	CLEANUP(free_p) char *says = NULL;

	for (size_t i = 0; i < c->policy->added.count; i++)
		added += find_task(c, c->policy->added.at[i].name) < 0;
	if (!c->policy->max || count + added <= c->policy->max)
		return;
	value = xasprintf("%zu", count + added);
	says = added ? xasprintf("must have at most %zu items, with %zu that it adds; combine "
				 "several tasks into one",
			       c->policy->max, added)
		     : xasprintf("must have at most %zu items; combine several tasks into one",
			       c->policy->max);
	report(c,
		&(struct violation){.rule = POLICY_RULE_MAX,
			.type = FIELDERR_TOO_MANY,
			.field = LIST,
			.value = value},
		says);
}

/* The tasks for which a choice is not allowed. */
struct refused {
	enum on_failure choice;
	struct naming tasks;
	struct buf parts; /* as struct violation has them */
};

#define REFUSED_INIT {.tasks = NAMING_INIT, .parts = BUF_INIT(LIMIT_DETAIL_BYTES)}

static void refused_release(struct refused *r)
{
	naming_release(&r->tasks);
	buf_release(&r->parts);
}

static void refused_add(struct refused *r, const char *task)
{
	naming_add(&r->tasks, task);
	(void)buf_addf(&r->parts, "%s ", on_failure_name(r->choice));
	fielderr_quote(&r->parts, task);
	(void)buf_addc(&r->parts, '\n');
}

/* fix: what to do about the tasks. */
static void report_choice(struct check *c, const char *field, const char *value,
	struct refused *refused, const char *fix)
{
	CLEANUP(free_p) char *says = NULL;

	if (!refused->tasks.count)
		return;
	naming_end(&refused->tasks);
	says = xasprintf("does not allow %s for the task%s %s; %s",
		on_failure_name(refused->choice), refused->tasks.count > 1 ? "s" : "",
		buf_str(&refused->tasks.text), fix);
	report(c,
		&(struct violation){.rule = POLICY_RULE_CHOICE,
			.type = FIELDERR_INVALID,
			.field = field,
			.value = value,
			.parts = refused->parts.overflowed ? NULL : buf_str(&refused->parts)},
		says);
}

/* Where the application's optional-tasks decides, its on-failure does not. */
static bool choice_is_allowed(const struct check *c, const char *task, enum on_failure value)
{
	return policy_allows_failure(c->policy, task, value) ||
	       (subject_is_optional(c->subject, task) &&
		       policy_allows_failure(c->policy, task, ON_FAILURE_WARN));
}

static void check_on_failure(struct check *c)
{
	CLEANUP(refused_release) struct refused refused = REFUSED_INIT;
	const char *value = c->subject->on_failure;

	if (!value || !on_failure_parse(value, &refused.choice))
		return;
	for (size_t i = 0; i < visible(c->tasks); i++)
		if (i == LIMIT_CHECKED_TASKS ||
			!choice_is_allowed(c, c->tasks->at[i], refused.choice))
			refused_add(&refused, c->tasks->at[i]);
	report_choice(
		c, ANNOTATION(ON_FAILURE_ANNOTATION), value, &refused, "remove the annotation");
}

struct optional_check {
	const struct policy *policy;
	struct refused refused;
	size_t seen;
};

static bool check_optional_name(void *ctx, const char *name)
{
	struct optional_check *o = ctx;
	bool is_visible = o->seen++ < LIMIT_CHECKED_TASKS;

	if (!is_visible || !policy_allows_failure(o->policy, name, ON_FAILURE_WARN))
		refused_add(&o->refused, name);
	return is_visible;
}

static void check_optional_tasks(struct check *c)
{
	struct optional_check o = {.policy = c->policy, .refused = REFUSED_INIT};

	o.refused.choice = ON_FAILURE_WARN;
	subject_optional_tasks(c->subject, check_optional_name, &o);
	report_choice(c, ANNOTATION(OPTIONAL_TASKS_ANNOTATION), c->subject->optional_tasks,
		&o.refused,
		o.refused.tasks.count > 1 ? "remove them from the list"
					  : "remove it from the list");
	refused_release(&o.refused);
}

static bool restricts_failure(const struct policy *p)
{
	bool restricts = p->failure.allowed;

	for (size_t i = 0; i < p->nfailures; i++)
		restricts |= p->failures[i].failure.allowed != 0;
	return restricts;
}

static void check_choices(struct check *c)
{
	if (!restricts_failure(c->policy))
		return;
	check_on_failure(c);
	check_optional_tasks(c);
}

/* An application without tasks of its own promotes nowhere: a final stage. */
static void check_required(struct check *c)
{
	for (size_t i = 0; c->tasks->count && i < c->policy->required.count; i++) {
		const char *name = c->policy->required.at[i].name;
		CLEANUP(free_p) char *says = NULL;

		if (find_task(c, name) >= 0)
			continue;
		says = xasprintf("requires the task \"%s\"; add it to " LIST, name);
		report(c,
			&(struct violation){.rule = POLICY_RULE_REQUIRED,
				.type = FIELDERR_REQUIRED,
				.field = LIST,
				.value = name},
			says);
	}
}

static bool name_is_allowed(const struct policy_names *allowed, const char *name)
{
	for (size_t i = 0; i < allowed->count; i++)
		if (glob_matches(allowed->at[i], name))
			return true;
	return false;
}

/* `does not allow this task, only "a", "b-*" and 3 more; remove it`. */
static char *allowed_says(const struct policy_names *allowed)
{
	CLEANUP(naming_release) struct naming names = NAMING_INIT;

	for (size_t i = 0; i < allowed->count; i++)
		naming_add(&names, allowed->at[i]);
	naming_end(&names);
	if (!names.count)
		return xasprintf("allows no tasks; remove it");
	return xasprintf("allows only %s; remove this one", buf_str(&names.text));
}

static void check_allowed(struct check *c)
{
	const struct policy_names *allowed = &c->policy->allowed;
	CLEANUP(free_p) char *says = NULL;

	for (size_t i = 0; allowed->at && i < visible(c->tasks); i++) {
		const char *name = c->tasks->at[i];
		CLEANUP(free_p) char *field = NULL;

		if (i < LIMIT_CHECKED_TASKS && name_is_allowed(allowed, name))
			continue;
		field = xasprintf(LIST "[%zu]", i);
		says = says ? says : allowed_says(allowed);
		report(c,
			&(struct violation){.rule = POLICY_RULE_ALLOWED,
				.type = FIELDERR_NOT_SUPPORTED,
				.field = field,
				.value = name},
			says);
	}
}

bool policy_resolve_shared(const struct resolver *r, const char *name, struct resolution *ret)
{
	struct resolver keptn = *r;

	keptn.namespace = keptn.keptn_namespace;
	resolve_name(r, name, ret);
	if (ret->count && !str_eq(ret->chain[0].namespace, keptn.namespace))
		return false;
	resolve(&keptn, name, ret);
	return ret->outcome == RESOLVE_RUNS;
}

static bool is_shadowed(const struct resolution *r)
{
	return !str_eq(r->resolver.namespace, r->resolver.keptn_namespace);
}

/* verb: what the policy does with the task. */
static void shared_says(const struct check *c, const char *name, const char *verb,
	const struct resolution *r, struct buf *to)
{
	const char *keptn = c->resolver->keptn_namespace;

	(void)buf_addf(to, "%s the task \"%s\" from \"%s\"", verb, name, keptn);
	if (is_shadowed(r))
		(void)buf_addf(to,
			", and a KeptnTaskDefinition of this name in \"%s\" hides it; delete that one",
			c->resolver->namespace);
	else {
		(void)buf_add(to, ": ");
		resolution_describe(r, NULL, to);
	}
}

static void check_shared_task(struct check *c, const char *name, const char *verb)
{
	CLEANUP(buf_release) struct buf says = BUF_INIT(LIMIT_DETAIL_BYTES);
	long index = find_task(c, name);
	CLEANUP(free_p) char *field = NULL;
	struct resolution r;

	if (policy_resolve_shared(c->resolver, name, &r))
		return;
	field = index < 0 ? xstrdup(LIST) : xasprintf(LIST "[%ld]", index);
	shared_says(c, name, verb, &r, &says);
	report(c,
		&(struct violation){.rule = POLICY_RULE_SHARED,
			.type = r.outcome == RESOLVE_MISSING ? FIELDERR_NOT_FOUND
							     : FIELDERR_INVALID,
			.field = field,
			.value = name,
			.resolution = &r},
		buf_str(&says));
}

static bool is_shared(const struct policy_tasks *tasks, const char *name)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->at[i].shared && str_eq(tasks->at[i].name, name))
			return true;
	return false;
}

static void check_shared(struct check *c)
{
	static const struct policy_tasks none = {NULL, 0};
	const struct policy_tasks *added = &c->policy->added;
	const struct policy_tasks *required = c->tasks->count ? &c->policy->required : &none;

	for (size_t i = 0; i < required->count; i++)
		if (required->at[i].shared)
			check_shared_task(c, required->at[i].name, "requires");
	for (size_t i = 0; i < added->count; i++)
		if (added->at[i].shared && !is_shared(required, added->at[i].name))
			check_shared_task(c, added->at[i].name, "adds");
}

void policy_check(const struct policy *p, const struct subject *s, const struct resolver *resolver,
	violation_fn *report_violation, void *ctx)
{
	struct check c = {
		.policy = p,
		.subject = s,
		.tasks = &s->tasks[PROMOTION_TASKS],
		.resolver = resolver,
		.report = report_violation,
		.ctx = ctx,
	};

	check_max(&c);
	check_choices(&c);
	check_required(&c);
	check_allowed(&c);
	if (resolver)
		check_shared(&c);
}
