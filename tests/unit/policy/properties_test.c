/*
 * What holds for all policies: thousands of worlds by chance, each of a few policies, a namespace
 * and an application. PROPERTIES_SEED repeats one that failed.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "generate.h"
#include "policy/check.h"
#include "policy/decide.h"
#include "policy/glob.h"
#include "unit.h"

enum { WORLDS = 3000, MOST = 5 };

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
	uint64_t seed, drawn;
	struct generated policies[MOST];
	size_t count;
	const struct labels *ns;
	const char *tasks[ARRAY_SIZE(generate_tasks)];
	struct subject now;
};

static const struct labels *draw_labels(struct world *w)
{
	return &labels[generate_below(&w->drawn, ARRAY_SIZE(labels))];
}

static void draw_tasks(struct world *w)
{
	struct subject_tasks *tasks = &w->now.tasks[PROMOTION_TASKS];

	*tasks = (struct subject_tasks){generate_below(&w->drawn, 4) > 0, w->tasks, 0};
	for (size_t i = 0; tasks->present && i < ARRAY_SIZE(generate_tasks); i++)
		if (generate_below(&w->drawn, 2))
			w->tasks[tasks->count++] = generate_tasks[i];
}

static void draw(struct world *w, uint64_t seed)
{
	static const char *const choices[] = {NULL, NULL, "Block", "Warn", "warn"};
	static const char *const optional[] = {NULL, NULL, "a", "a, trail", "x,"};

	w->seed = w->drawn = seed;
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

static void settle_failure(const struct failure_question *q, struct buf *to)
{
	struct failure_decision d = decide_failure(q);

	(void)buf_addf(to, "%s: %s by ", q->task, on_failure_name(d.value));
	failure_decision_text(&d, to);
	(void)buf_addc(to, '\n');
}

typedef void question_fn(void *ctx, const struct failure_question *q);

/* All that may be asked about the application of a world. */
static void ask_all(
	const struct world *w, const struct policy_match *m, question_fn *visit, void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(generate_tasks) * 3 * 3 * 2; i++) {
		struct failure_question q = {m, &w->now, generate_tasks[i / 18], i / 6 % 3,
			i / 2 % 3, i % 2 ? POLICY_AT_ADMISSION : POLICY_AT_PROMOTION};

		visit(ctx, &q);
	}
}

static void settle_one(void *ctx, const struct failure_question *q)
{
	settle_failure(q, ctx);
}

static void settle_added(const struct policy_match *m, struct buf *to)
{
	size_t count;
	CLEANUP(free_p) struct added_task *tasks = decide_added(m, &count);

	for (size_t i = 0; i < count; i++)
		(void)buf_addf(to, "adds %s %d %" PRId64 "\n", tasks[i].name, tasks[i].shared,
			tasks[i].since);
}

static void settle_denial(void *ctx, const struct violation *v)
{
	(void)buf_addf(
		ctx, "%s %s %s %s\n", policy_rule_id(v->rule), v->field, v->value, v->detail);
}

/* What denies at this point. */
static void settle_denials(const struct world *w, const struct policy_match *m,
	enum policy_point point, struct buf *to)
{
	for (size_t i = 0; i < m->count; i++)
		if (policy_denies_at(m->at[i], point))
			policy_check(m->at[i], &w->now, NULL, settle_denial, to);
}

static void settle(const struct world *w, const struct policies *p, struct buf *to)
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

static void put_all(struct world *w, struct policies *to)
{
	for (size_t i = 0; i < w->count; i++)
		policies_put(to, policy_ref(&w->policies[i].p));
}

static void put_shuffled(struct world *w, struct policies *to)
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

static void put_enforcing(struct world *w, struct policies *to)
{
	for (size_t i = 0; i < w->count; i++)
		if (policy_enforces(&w->policies[i].p))
			policies_put(to, policy_ref(&w->policies[i].p));
}

/* Whether the policies, put in by this other way, settle the same. */
static void assert_settles_the_same(
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
		fail_msg("PROPERTIES_SEED=%" PRIu64 ":\n%s, not\n%s", w->seed, buf_str(&got),
			buf_str(&want));
}

static void order_does_not_matter(struct world *w)
{
	assert_settles_the_same(w, put_shuffled);
}

static void a_policy_without_deny_changes_nothing(struct world *w)
{
	assert_settles_the_same(w, put_enforcing);
}

/* A choice of the application or a definition that another policy rules out stays ruled out. */
struct wider {
	const struct world *w;
	const struct policy_match *more;
};

static void assert_no_less_denied(void *ctx, const struct failure_question *q)
{
	const struct wider *wider = ctx;
	struct failure_question with = *q;
	enum failure_source before = decide_failure(q).source, after;

	with.match = wider->more;
	after = decide_failure(&with).source;
	if (after < before && after != FAILURE_BY_POLICY)
		fail_msg("PROPERTIES_SEED=%" PRIu64 ": %s: %d, then %d", wider->w->seed, q->task,
			(int)before, (int)after);
}

/* Each denial is still there, in the same words. */
static void assert_denies_too(const struct world *w, const char *denials, const char *of_more)
{
	for (const char *at = denials; *at; at = strchr(at, '\n') + 1) {
		CLEANUP(free_p) char *line = xstrndup(at, strcspn(at, "\n") + 1);

		if (!strstr(of_more, line))
			fail_msg("PROPERTIES_SEED=%" PRIu64 ": no longer: %s", w->seed, line);
	}
}

static void assert_no_fewer_denials(
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

static void assert_no_less_added(
	const struct world *w, const struct policy_match *fewer, const struct policy_match *more)
{
	size_t count, of_more;
	CLEANUP(free_p) struct added_task *tasks = decide_added(fewer, &count);
	CLEANUP(free_p) struct added_task *all = decide_added(more, &of_more);

	for (size_t i = 0, j = 0; i < count; i++) {
		while (j < of_more && strcmp(all[j].name, tasks[i].name) != 0)
			j++;
		if (j == of_more || all[j].shared < tasks[i].shared)
			fail_msg("PROPERTIES_SEED=%" PRIu64 ": %s", w->seed, tasks[i].name);
	}
}

/* What is built in counts only until a policy speaks. */
static void assert_no_less_strict(const struct world *w, const struct policy_match *fewer,
	const struct policy_match *more, const struct policy *last)
{
	bool spoken = false;

	for (size_t i = 0; i < fewer->count; i++)
		spoken |= fewer->at[i]->missing && policy_enforces(fewer->at[i]);
	if ((spoken || !last->missing) && decide_missing(more) < decide_missing(fewer))
		fail_msg("PROPERTIES_SEED=%" PRIu64 ": less strict", w->seed);
}

static void one_more_policy_never_allows_what_was_denied(struct world *w)
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

static enum on_failure_choice default_of(const struct policy *p, const char *task)
{
	for (size_t i = 0; i < p->nfailures; i++) {
		const struct policy_failure *f = entry_of(p, task, i);

		if (f && f->preferred)
			return f->preferred;
	}
	return p->failure.preferred;
}

static unsigned allowed_of(const struct policy *p, const char *task)
{
	for (size_t i = 0; i < p->nfailures; i++) {
		const struct policy_failure *f = entry_of(p, task, i);

		if (f && f->allowed)
			return f->allowed;
	}
	return p->failure.allowed ? p->failure.allowed : POLICY_ALLOW_BLOCK | POLICY_ALLOW_WARN;
}

static unsigned allowed_by_all(const struct failure_question *q)
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
static size_t list_voices(const struct failure_question *q, struct voice *ret, char names[][24])
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
static void assert_explained(void *ctx, const struct failure_question *q)
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
		fail_msg("PROPERTIES_SEED=%" PRIu64 ": \"%s\", not \"%s\"", w->seed, buf_str(&text),
			want);
	if (d.value != (i < n && voices[i].says == ON_FAILURE_CHOOSE_WARN))
		fail_msg("PROPERTIES_SEED=%" PRIu64 ": not what %s says", w->seed, want);
}

static void the_text_explains_the_decision(struct world *w)
{
	CLEANUP(policies_release) struct policies p = POLICIES_INIT;
	CLEANUP(policy_match_release) struct policy_match m;

	put_all(w, &p);
	policies_match(&p, w->ns, &w->now, NULL, &m);
	ask_all(w, &m, assert_explained, w);
}

/* --- for all worlds ---------------------------------------------------------------------------- */

static void for_all_worlds(void **state)
{
	void (*property)(struct world *w) = (void (*)(struct world *))*state;
	const char *only = getenv("PROPERTIES_SEED");
	struct world *w = xmalloc(sizeof(*w));

	for (uint64_t i = 1; i <= (only ? 1 : WORLDS); i++) {
		draw(w, only ? strtoull(only, NULL, 10) : i);
		property(w);
	}
	free(w);
}

#define PROPERTY(f) {#f, for_all_worlds, NULL, NULL, (void *)(f)}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROPERTY(order_does_not_matter),
		PROPERTY(a_policy_without_deny_changes_nothing),
		PROPERTY(one_more_policy_never_allows_what_was_denied),
		PROPERTY(the_text_explains_the_decision),
	};

	return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
