/*
 * properties - what holds for all policies, of worlds by chance: each of a few policies, a namespace
 * and an application. For policy/properties_test and decide_fuzz.
 */
#ifndef PROMOGATE_TESTS_POLICY_PROPERTIES_H
#define PROMOGATE_TESTS_POLICY_PROPERTIES_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "generate.h"
#include "policy/audit.h"
#include "policy/check.h"
#include "policy/decide.h"
#include "policy/glob.h"

enum { MOST = 5 };

static const char *const prod_or_dev[] = {"prod", "dev"};
static const struct selector_requirement requirements[] = {
	{"env", SELECTOR_IN, prod_or_dev, 1},
	{"env", SELECTOR_NOT_IN, prod_or_dev, 1},
	{"env", SELECTOR_EXISTS, NULL, 0},
};
static const struct selector selectors[] = {
	{NULL, 0}, {&requirements[0], 1}, {&requirements[1], 1}, {&requirements[2], 1}};
static const struct label env[] = {{"env", "prod"}, {"env", "dev"}};
static const struct labels labels[] = {{NULL, 0}, {&env[0], 1}, {&env[1], 1}};

struct world {
	struct dice drawn;
	struct buf *broken; /* what does not hold in it */
	struct generated policies[MOST];
	size_t count;
	const struct labels *ns;
	const char *tasks[ARRAY_SIZE(generate_tasks)];
	struct subject now;
};

#define world_fails(world, ...) (void)buf_addf((world)->broken, __VA_ARGS__)

static const struct labels *draw_labels(struct world *w)
{
	return &labels[generate_below(&w->drawn, ARRAY_SIZE(labels))];
}

static inline void draw_tasks(struct world *w)
{
	struct subject_tasks *tasks = &w->now.tasks[PROMOTION_TASKS];

	*tasks = (struct subject_tasks){generate_below(&w->drawn, 4) > 0, w->tasks, 0};
	for (size_t i = 0; tasks->present && i < ARRAY_SIZE(generate_tasks); i++)
		if (generate_below(&w->drawn, 2))
			w->tasks[tasks->count++] = generate_tasks[i];
}

/* broken: what does not hold is added to it. */
static inline void draw(struct world *w, struct dice dice, struct buf *broken)
{
	static const char *const choices[] = {NULL, NULL, "Block", "Warn", "warn"};
	static const char *const optional[] = {NULL, NULL, "a", "a, trail", "x,"};

	w->drawn = dice;
	w->broken = broken;
	w->count = generate_below(&w->drawn, MOST + 1);
	for (size_t i = 0; i < MOST; i++)
		generate_policy(&w->policies[i], &w->drawn, i, selectors, ARRAY_SIZE(selectors));
	w->ns = draw_labels(w);
	w->now = subject_of_app("shop", "cart");
	w->now.labels = draw_labels(w);
	w->now.on_failure = choices[generate_below(&w->drawn, ARRAY_SIZE(choices))];
	w->now.optional_tasks = optional[generate_below(&w->drawn, ARRAY_SIZE(optional))];
	draw_tasks(w);
}

/* --- everything that policies settle, as text -------------------------------------------------- */

static inline void settle_failure(const struct failure_question *q, struct buf *to)
{
	struct failure_decision d = decide_failure(q);

	(void)buf_addf(to, "%s: %s by ", q->task, on_failure_name(d.value));
	failure_decision_text(&d, to);
	(void)buf_addc(to, '\n');
}

typedef void question_fn(void *ctx, const struct failure_question *q);

/* All that may be asked about the application of a world. */
static inline void ask_all(
	const struct world *w, const struct policy_match *m, question_fn *visit, void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(generate_tasks) * 3 * 3 * 2; i++) {
		struct failure_question q = {m, &w->now, generate_tasks[i / 18], i / 6 % 3,
			i / 2 % 3, i % 2 ? POLICY_AT_ADMISSION : POLICY_AT_PROMOTION};

		visit(ctx, &q);
	}
}

static inline void settle_one(void *ctx, const struct failure_question *q)
{
	settle_failure(q, ctx);
}

static inline void settle_added(const struct policy_match *m, struct buf *to)
{
	size_t count;
	CLEANUP(free_p) struct added_task *tasks = decide_added(m, &count);

	for (size_t i = 0; i < count; i++)
		(void)buf_addf(to, "adds %s %d %" PRId64 "\n", tasks[i].name, tasks[i].shared,
			tasks[i].since);
}

static inline void settle_denial(void *ctx, const struct violation *v)
{
	(void)buf_addf(
		ctx, "%s %s %s %s\n", policy_rule_id(v->rule), v->field, v->value, v->detail);
}

/* What denies at this point. */
static inline void settle_denials(const struct world *w, const struct policy_match *m,
	enum policy_point point, struct buf *to)
{
	for (size_t i = 0; i < m->count; i++)
		if (policy_denies_at(m->at[i], point))
			policy_check(m->at[i], &w->now, NULL, settle_denial, to);
}

static inline void settle(const struct world *w, const struct policies *p, struct buf *to)
{
	CLEANUP(policy_match_release) struct policy_match m;
	const struct policy *by;

	policies_match(p, w->ns, &w->now, NULL, &m);
	ask_all(w, &m, settle_one, to);
	settle_added(&m, to);
	settle_denials(w, &m, POLICY_AT_ADMISSION, to);
	settle_denials(w, &m, POLICY_AT_PROMOTION, to);
	for (size_t i = 0; i < ARRAY_SIZE(generate_tasks); i++)
		(void)buf_addf(to, "shared %d\n", decide_shared(&m, generate_tasks[i]));
	by = decide_default_tasks(&m);
	(void)buf_addf(to, "default %s, missing %d, deletion %d\n", by ? by->name : "",
		decide_missing(&m), decide_deletion(&m));
}

/* --- properties -------------------------------------------------------------------------------- */

static inline void put_all(struct world *w, struct policies *to)
{
	for (size_t i = 0; i < w->count; i++)
		policies_put(to, policy_ref(&w->policies[i].p));
}

static inline void put_shuffled(struct world *w, struct policies *to)
{
	size_t order[MOST];

	for (size_t i = 0; i < w->count; i++) {
		size_t j = generate_below(&w->drawn, (uint32_t)i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < w->count; i++)
		policies_put(to, policy_ref(&w->policies[order[i]].p));
}

static inline void put_enforcing(struct world *w, struct policies *to)
{
	for (size_t i = 0; i < w->count; i++)
		if (policy_enforces(&w->policies[i].p))
			policies_put(to, policy_ref(&w->policies[i].p));
}

/* Whether the policies, put in by this other way, settle the same. */
static inline void assert_settles_the_same(
	struct world *w, void (*put)(struct world *w, struct policies *to))
{
	CLEANUP(policies_release) struct policies one = POLICIES_INIT;
	CLEANUP(policies_release) struct policies other = POLICIES_INIT;
	CLEANUP(buf_release) struct buf want = BUF_INIT(100000);
	CLEANUP(buf_release) struct buf got = BUF_INIT(100000);

	put_all(w, &one);
	put(w, &other);
	settle(w, &one, &want);
	settle(w, &other, &got);
	if (strcmp(buf_str(&got), buf_str(&want)) != 0)
		world_fails(w, "%s, not\n%s", buf_str(&got), buf_str(&want));
}

static inline void order_does_not_matter(struct world *w)
{
	assert_settles_the_same(w, put_shuffled);
}

static inline void a_policy_without_deny_changes_nothing(struct world *w)
{
	assert_settles_the_same(w, put_enforcing);
}

/* A choice of the application or a definition that another policy rules out stays ruled out. */
struct wider {
	const struct world *w;
	const struct policy_match *more;
};

static inline void assert_no_less_denied(void *ctx, const struct failure_question *q)
{
	const struct wider *wider = ctx;
	struct failure_question with = *q;
	enum failure_source before = decide_failure(q).source, after;

	with.match = wider->more;
	after = decide_failure(&with).source;
	if (after < before && after != FAILURE_BY_POLICY)
		world_fails(wider->w, "%s: %d, then %d", q->task, (int)before, (int)after);
}

/* Each denial is still there, in the same words. */
static inline void assert_denies_too(
	const struct world *w, const char *denials, const char *of_more)
{
	for (const char *at = denials; *at; at = strchr(at, '\n') + 1) {
		CLEANUP(free_p) char *line = xstrndup(at, strcspn(at, "\n") + 1);

		if (!strstr(of_more, line))
			world_fails(w, "no longer: %s", line);
	}
}

static inline void assert_no_fewer_denials(
	const struct world *w, const struct policy_match *fewer, const struct policy_match *more)
{
	for (int i = 0; i < 2; i++) {
		CLEANUP(buf_release) struct buf denials = BUF_INIT(100000);
		CLEANUP(buf_release) struct buf of_more = BUF_INIT(100000);

		settle_denials(w, fewer, i ? POLICY_AT_ADMISSION : POLICY_AT_PROMOTION, &denials);
		settle_denials(w, more, i ? POLICY_AT_ADMISSION : POLICY_AT_PROMOTION, &of_more);
		assert_denies_too(w, buf_str(&denials), buf_str(&of_more));
	}
}

static inline void assert_no_less_added(
	const struct world *w, const struct policy_match *fewer, const struct policy_match *more)
{
	size_t count, of_more;
	CLEANUP(free_p) struct added_task *tasks = decide_added(fewer, &count);
	CLEANUP(free_p) struct added_task *all = decide_added(more, &of_more);

	for (size_t i = 0, j = 0; i < count; i++) {
		while (j < of_more && strcmp(all[j].name, tasks[i].name) != 0)
			j++;
		if (j == of_more || all[j].shared < tasks[i].shared)
			world_fails(w, "%s", tasks[i].name);
	}
}

/* What is built in counts only until a policy speaks. */
static inline void assert_no_less_strict(const struct world *w, const struct policy_match *fewer,
	const struct policy_match *more, const struct policy *last)
{
	bool spoken = false;

	for (size_t i = 0; i < fewer->count; i++)
		spoken |= fewer->at[i]->missing && policy_enforces(fewer->at[i]);
	if ((spoken || !last->missing) && decide_missing(more) < decide_missing(fewer))
		world_fails(w, "less strict");
}

static inline void one_more_policy_never_allows_what_was_denied(struct world *w)
{
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;
	CLEANUP(policy_match_release) struct policy_match fewer;
	CLEANUP(policy_match_release) struct policy_match more;
	struct wider wider = {w, &more};
	struct policy *last = &w->policies[w->count ? w->count - 1 : 0].p;

	put_all(w, &p);
	policies_match(&p, w->ns, &w->now, NULL, &more);
	policies_remove(&p, last->name);
	policies_match(&p, w->ns, &w->now, NULL, &fewer);
	ask_all(w, &fewer, assert_no_less_denied, &wider);
	assert_no_fewer_denials(w, &fewer, &more);
	assert_no_less_added(w, &fewer, &more);
	assert_no_less_strict(w, &fewer, &more, last);
}

/* --- the text explains the decision ------------------------------------------------------------ */

/* What this policy says first of a task, of one kind; written apart from src/. */
static const struct policy_failure *entry_of(const struct policy *p, const char *task, size_t from)
{
	for (size_t i = from; i < p->nfailures; i++)
		for (size_t j = 0; j < p->failures[i].names.count; j++)
			if (glob_matches(p->failures[i].names.at[j], task))
				return &p->failures[i].failure;
	return NULL;
}

static inline enum on_failure_choice default_of(const struct policy *p, const char *task)
{
	for (size_t i = 0; i < p->nfailures; i++) {
		const struct policy_failure *f = entry_of(p, task, i);

		if (f && f->preferred)
			return f->preferred;
	}
	return p->failure.preferred;
}

static inline unsigned allowed_of(const struct policy *p, const char *task)
{
	for (size_t i = 0; i < p->nfailures; i++) {
		const struct policy_failure *f = entry_of(p, task, i);

		if (f && f->allowed)
			return f->allowed;
	}
	return p->failure.allowed ? p->failure.allowed : POLICY_ALLOW_BLOCK | POLICY_ALLOW_WARN;
}

static inline unsigned allowed_by_all(const struct failure_question *q)
{
	unsigned allowed = POLICY_ALLOW_BLOCK | POLICY_ALLOW_WARN;

	for (size_t i = 0; i < q->match->count; i++)
		if (policy_denies_at(q->match->at[i], q->point))
			allowed &= allowed_of(q->match->at[i], q->task);
	return allowed;
}

struct voice {
	const char *name;
	enum on_failure_choice says;
};

/* Who may speak, in this order. */
static inline size_t list_voices(
	const struct failure_question *q, struct voice *ret, char names[][24])
{
	static const enum on_failure_choice of_config[] = {
		ON_FAILURE_UNSET, ON_FAILURE_CHOOSE_BLOCK, ON_FAILURE_CHOOSE_WARN};
	bool optional = subject_is_optional(q->subject, q->task);
	size_t n = 0;

	ret[n++] =
		(struct voice){"the annotation promogate.dev/optional-tasks of the KeptnAppContext",
			optional ? ON_FAILURE_CHOOSE_WARN : ON_FAILURE_UNSET};
	ret[n++] = (struct voice){"the annotation promogate.dev/on-failure of the KeptnAppContext",
		on_failure_choice(q->subject->on_failure)};
	ret[n++] =
		(struct voice){"the annotation promogate.dev/on-failure of the KeptnTaskDefinition",
			q->definition};
	for (size_t i = 0; i < q->match->count; i++) {
		const struct policy *p = q->match->at[i];

		(void)snprintf(
			names[i], sizeof(names[i]), "policy %.8s@%d", p->name, (int)p->generation);
		ret[n++] = (struct voice){
			names[i], policy_enforces(p) ? default_of(p, q->task) : ON_FAILURE_UNSET};
	}
	ret[n++] = (struct voice){"KeptnConfig's blockDeployment", of_config[q->config]};
	return n;
}

/* The text names the first that speaks, and whose value is allowed; the value is that one's. */
static inline void assert_explained(void *ctx, const struct failure_question *q)
{
	const struct world *w = ctx;
	CLEANUP(buf_release) struct buf text = BUF_INIT(200);
	struct failure_decision d = decide_failure(q);
	char names[MOST][24];
	struct voice voices[MOST + 4];
	size_t n = list_voices(q, voices, names), i = 0;
	const char *want = "default";

	while (i < n && (!voices[i].says || !(allowed_by_all(q) & voices[i].says)))
		i++;
	if (i < n)
		want = voices[i].name;
	failure_decision_text(&d, &text);
	if (strcmp(buf_str(&text), want) != 0)
		world_fails(w, "\"%s\", not \"%s\"", buf_str(&text), want);
	if (d.value != (i < n && voices[i].says == ON_FAILURE_CHOOSE_WARN))
		world_fails(w, "not what %s says", want);
}

static inline void the_text_explains_the_decision(struct world *w)
{
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;
	CLEANUP(policy_match_release) struct policy_match m;

	put_all(w, &p);
	policies_match(&p, w->ns, &w->now, NULL, &m);
	ask_all(w, &m, assert_explained, w);
}

/* --- the audit, and the words of each violation ------------------------------------------------ */

struct counting {
	const struct world *w;
	size_t by_rule[POLICY_RULE_COUNT];
};

static inline void count_named(void *ctx, const struct violation *v)
{
	struct counting *c = ctx;
	CLEANUP(free_p) char *name = xasprintf("policy \"%s\": ", v->policy->name);

	c->by_rule[v->rule]++;
	if (!str_starts(v->detail, name))
		world_fails(c->w, "\"%s\" does not name %s", v->detail, v->policy->name);
}

static inline void audit_one(const struct world *w, const struct policy *p)
{
	CLEANUP(audit_release) struct audit a = AUDIT_INIT;
	struct counting c = {.w = w};
	size_t total = 0;

	policy_check(p, &w->now, NULL, count_named, &c);
	audit_add(&a, p, &w->now, NULL);
	for (size_t i = 0; i < POLICY_RULE_COUNT; i++) {
		total += c.by_rule[i];
		if (a.by_rule[i] != c.by_rule[i])
			world_fails(
				w, "%s: counts %zu of %zu", p->name, a.by_rule[i], c.by_rule[i]);
	}
	if (a.total != total || a.contexts != 1)
		world_fails(w, "%s: counts %zu of %zu in all", p->name, a.total, total);
}

static inline void the_audit_counts_what_the_check_reports(struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		audit_one(w, &w->policies[i].p);
}

#endif
