/*
 * What a task name comes to. A row has a graph of definitions, separated by blanks:
 *
 *	NAMESPACE/NAME[>FUNCTIONREF][:FLAG]
 *
 * with code, if no flag says otherwise: container, no-code, short (its timeout), bad-ref; cached: it
 * exists, but is not confirmed; gone: it is absent, but not confirmed. The application is in "dev",
 * Keptn in "keptn".
 */
#include "keptn/resolve.h"

#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

enum { NODES_MAX = 128 };

struct node {
	char *key, *ref;
	struct taskdef definition;
	bool absent, confirmed;
};

struct graph {
	struct node nodes[NODES_MAX];
	size_t count;
};

static void graph_release(struct graph *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->nodes[i].key);
		free(g->nodes[i].ref);
	}
}

static void set_flag(struct node *n, const char *flag)
{
	static const struct {
		const char *flag;
		unsigned faults;
	} faults[] = {
		{"no-code", TASKDEF_NO_CODE},
		{"short", TASKDEF_TIMEOUT_TOO_SHORT},
		{"bad-ref", TASKDEF_FUNCTION_REF_MALFORMED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (str_eq(flag, faults[i].flag))
			n->definition.faults |= faults[i].faults;
	n->definition.container |= str_eq(flag, "container");
	n->absent |= str_eq(flag, "gone");
	n->confirmed &= !str_eq(flag, "cached") && !str_eq(flag, "gone");
}

static void graph_add(struct graph *g, const char *word)
{
	struct node *n = &g->nodes[g->count++];
	const char *flag = strchr(word, ':'), *ref = strchr(word, '>');

	assert_true(g->count < NODES_MAX);
	*n = (struct node){.confirmed = true};
	n->key = xstrndup(word, strcspn(word, ">:"));
	n->ref = ref ? xstrndup(ref + 1, strcspn(ref + 1, ":")) : xstrdup("");
	n->definition.function_ref = n->ref;
	if (flag)
		set_flag(n, flag + 1);
}

static void graph_read(struct graph *g, const char *text)
{
	CLEANUP(free_p) char *copy = xstrdup(text);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			graph_add(g, word);
}

static struct resolve_found find(const void *ctx, const char *ns, const char *name)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);
	const struct graph *g = ctx;

	for (size_t i = 0; i < g->count; i++) {
		const struct node *n = &g->nodes[i];

		if (str_eq(n->key, key))
			return (struct resolve_found){
				n->absent ? NULL : &n->definition, n->confirmed};
	}
	return (struct resolve_found){NULL, true};
}

static struct resolver resolver_of(const struct graph *g)
{
	return (struct resolver){"dev", "keptn", find, g};
}

#define CANNOT "KeptnTaskDefinition \"a\" in \"dev\" can't run: "
#define FIX    "create it first, or correct the name"

static void has_one_outcome_and_one_sentence(void **state)
{
	static const struct {
		const char *graph, *task;
		enum resolve_outcome outcome;
		const char *says;
	} rows[] = {
		{"dev/a", "a", RESOLVE_RUNS, ""},
		{"dev/a:container", "a", RESOLVE_RUNS, ""},
		{"keptn/a", "a", RESOLVE_RUNS, ""},
		{"keptn/a>b dev/b>c keptn/c", "a", RESOLVE_RUNS, ""},
		{"dev/a>b keptn/b:short", "a", RESOLVE_RUNS, ""},
		/* A definition beside the application hides Keptn's. */
		{"dev/a keptn/a:no-code", "a", RESOLVE_RUNS, ""},
		{"dev/a>b dev/b:container keptn/b", "a", RESOLVE_PARENT_CONTAINER,
			CANNOT "its functionRef \"b\" is a container and has no code to reference: "
			       "name a definition with code"},
		{"other/a", "a", RESOLVE_MISSING,
			"no KeptnTaskDefinition of this name in \"dev\" or \"keptn\"; " FIX},
		{"", "A!", RESOLVE_BAD_NAME,
			"must be a lowercase RFC 1123 subdomain of at most 253 characters"},
		{"", "", RESOLVE_BAD_NAME,
			"must be a lowercase RFC 1123 subdomain of at most 253 characters"},
		{"dev/a:short", "a", RESOLVE_FAULTY,
			CANNOT "its timeout is under a second: set spec.timeout to 1s or more"},
		{"keptn/a:bad-ref", "a", RESOLVE_FAULTY,
			"KeptnTaskDefinition \"a\" in \"keptn\" can't run: its functionRef is not "
			"a valid object name: correct functionRef.name"},
		{"dev/a>b", "a", RESOLVE_PARENT_MISSING,
			CANNOT "its functionRef \"b\" does not exist: " FIX},
		{"dev/a>b dev/b>c", "a", RESOLVE_PARENT_MISSING,
			CANNOT "the functionRef \"c\" of \"b\" does not exist: " FIX},
		{"dev/a>b dev/b:bad-ref", "a", RESOLVE_PARENT_WITHOUT_CODE,
			CANNOT "its functionRef \"b\" has no code to reference: its functionRef is "
			       "not a valid object name: correct functionRef.name"},
		{"dev/a>b:short", "a", RESOLVE_PARENT_MISSING,
			CANNOT "its timeout is under a second: set spec.timeout to 1s or more; its "
			       "functionRef \"b\" does not exist: " FIX},
		{"dev/a>a", "a", RESOLVE_CYCLE,
			CANNOT "its functionRef \"a\" is part of a cycle: end the chain at a "
			       "definition with code"},
		{"dev/a>b dev/b>c keptn/c>b", "a", RESOLVE_CYCLE,
			CANNOT "the functionRef \"b\" of \"c\" is part of a cycle: end the chain "
			       "at a definition with code"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(graph_release) struct graph g = {.count = 0};
		CLEANUP(buf_release) struct buf says = BUF_INIT(1000);
		struct resolver r = resolver_of(&g);
		struct resolution got;

		graph_read(&g, rows[i].graph);
		resolve(&r, rows[i].task, &got);
		if (got.outcome != rows[i].outcome)
			fail_msg("%s: outcome %d", rows[i].graph, got.outcome);
		resolution_describe(&got, NULL, &says);
		assert_string_equal(buf_str(&says), rows[i].says);
		assert_int_equal(got.nunconfirmed, 0);
	}
}

static void a_missing_name_may_have_a_suggestion(void **state)
{
	static const struct {
		const char *keptn_namespace, *says;
	} rows[] = {
		{"keptn", "no KeptnTaskDefinition of this name in \"dev\" or \"keptn\"; did you "
			  "mean \"b\"?"},
		{"dev", "no KeptnTaskDefinition of this name in \"dev\"; did you mean \"b\"?"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(buf_release) struct buf says = BUF_INIT(1000);
		struct graph g = {.count = 0};
		struct resolver r = {"dev", rows[i].keptn_namespace, find, &g};
		struct resolution got;

		resolve(&r, "a", &got);
		resolution_describe(&got, "b", &says);
		assert_string_equal(buf_str(&says), rows[i].says);
	}
}

static void lists_what_is_not_confirmed(void **state)
{
	static const struct {
		const char *graph;
		enum resolve_outcome outcome;
		const char *unconfirmed;
	} rows[] = {
		{"dev/a:cached", RESOLVE_RUNS, "dev/a "},
		{"dev/a:gone keptn/a:gone", RESOLVE_MISSING, "dev/a keptn/a "},
		{"dev/a:gone", RESOLVE_MISSING, "dev/a "},
		{"keptn/a:gone", RESOLVE_MISSING, "keptn/a "},
		/* What a definition hides does not matter. */
		{"dev/a:cached keptn/a:cached", RESOLVE_RUNS, "dev/a "},
		{"dev/a>b dev/b:gone keptn/b:gone", RESOLVE_PARENT_MISSING, "dev/b keptn/b "},
		/* A cycle is found without looking its name up again. */
		{"dev/a>a:cached", RESOLVE_CYCLE, "dev/a "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(graph_release) struct graph g = {.count = 0};
		CLEANUP(buf_release) struct buf keys = BUF_INIT(1000);
		struct resolver r = resolver_of(&g);
		struct resolution got;

		graph_read(&g, rows[i].graph);
		resolve(&r, "a", &got);
		if (got.outcome != rows[i].outcome)
			fail_msg("%s: outcome %d", rows[i].graph, got.outcome);
		for (size_t k = 0; k < got.nunconfirmed; k++)
			(void)buf_addf(&keys, "%s/%s ", got.unconfirmed[k].namespace,
				got.unconfirmed[k].name);
		assert_string_equal(buf_str(&keys), rows[i].unconfirmed);
	}
}

static void the_chain_has_a_limit(void **state)
{
	static const struct {
		int refs;
		enum resolve_outcome outcome;
		size_t definitions;
	} rows[] = {
		{0, RESOLVE_RUNS, 1},
		{1, RESOLVE_RUNS, 2},
		{LIMIT_FUNCTION_REF_DEPTH, RESOLVE_RUNS, RESOLVE_CHAIN_MAX},
		{LIMIT_FUNCTION_REF_DEPTH + 1, RESOLVE_TOO_DEEP, RESOLVE_CHAIN_MAX},
		{100, RESOLVE_TOO_DEEP, RESOLVE_CHAIN_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(graph_release) struct graph g = {.count = 0};
		CLEANUP(buf_release) struct buf says = BUF_INIT(1000);
		struct resolver r = resolver_of(&g);
		struct resolution got;

		for (int n = 0; n <= rows[i].refs; n++) {
			CLEANUP(free_p)
			char *ref = n < rows[i].refs ? xasprintf(">n%d", n + 1) : NULL;
			CLEANUP(free_p) char *word = xasprintf("dev/n%d%s", n, ref ? ref : "");

			graph_add(&g, word);
		}
		resolve(&r, "n0", &got);
		assert_int_equal(got.outcome, rows[i].outcome);
		assert_int_equal(got.count, rows[i].definitions);
		for (size_t n = 0; n < got.count; n++)
			assert_ptr_equal(got.chain[n].definition, &g.nodes[n].definition);
		resolution_describe(&got, NULL, &says);
		if (rows[i].outcome == RESOLVE_TOO_DEEP)
			assert_says(buf_str(&says), "its code is more than 16 functionRefs away");
	}
}

static void a_name_alone_is_resolved_without_its_definition(void **state)
{
	static const struct {
		const char *graph, *task;
		enum resolve_outcome outcome;
	} rows[] = {
		{"dev/a:no-code", "a", RESOLVE_RUNS},
		{"keptn/a>nothing", "a", RESOLVE_RUNS},
		{"dev/b", "a", RESOLVE_MISSING},
		{"", "A", RESOLVE_BAD_NAME},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(graph_release) struct graph g = {.count = 0};
		struct resolver r = resolver_of(&g);
		struct resolution got;

		graph_read(&g, rows[i].graph);
		resolve_name(&r, rows[i].task, &got);
		if (got.outcome != rows[i].outcome)
			fail_msg("%s: outcome %d", rows[i].graph, got.outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_one_outcome_and_one_sentence),
		cmocka_unit_test(a_missing_name_may_have_a_suggestion),
		cmocka_unit_test(lists_what_is_not_confirmed),
		cmocka_unit_test(the_chain_has_a_limit),
		cmocka_unit_test(a_name_alone_is_resolved_without_its_definition),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
