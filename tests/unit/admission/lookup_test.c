/* What is known of definitions: the map, the lookup, what must be confirmed, and what is near. */
#include "admission/lookup.h"

#include "admission/suggest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "unit.h"

/* A definition with code of its own, or with that of another one. */
static struct taskdef *make(const char *function_ref)
{
	CLEANUP(free_p)
	char *text = xasprintf("{\"spec\":{\"deno\":{\"functionRef\":{\"name\":\"%s\"},"
			       "\"inline\":{\"code\":\"x\"}}}}",
		function_ref);
	CLEANUP(json_free_p) struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), 0);
	return taskdef_decode(j);
}

struct world {
	struct definitions cached, confirmed;
};

static struct known known_of(const struct world *w)
{
	return (struct known){
		.keptn_namespace = "keptn",
		.cached = &w->cached,
		.confirmed = &w->confirmed,
	};
}

static void world_release(struct world *w)
{
	definitions_release(&w->cached);
	definitions_release(&w->confirmed);
}

#define WORLD CLEANUP(world_release) struct world w = {DEFINITIONS_INIT, DEFINITIONS_INIT}

static bool join(void *ctx, const char *name, const struct taskdef *t)
{
	(void)t;
	(void)buf_addf(ctx, "%s ", name);
	return true;
}

static void join_key(void *ctx, const char *key, void *value)
{
	(void)value;
	(void)buf_addf(ctx, "%s ", key);
}

static void definitions_are_found_by_namespace_and_name(void **state)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT(100);
	const struct taskdef *t = NULL;
	WORLD;

	(void)state;
	definitions_put(&w.cached, "dev", "b", make(""));
	definitions_put(&w.cached, "dev", "a", make(""));
	definitions_put(&w.cached, "dev", "gone", NULL);
	definitions_put(&w.cached, "dev-2", "c", make(""));
	definitions_put(&w.cached, "dev", "No Name", make(""));
	assert_int_equal(definitions_find(&w.cached, "dev", "a", &t), DEFINITIONS_PRESENT);
	assert_non_null(t);
	assert_int_equal(definitions_find(&w.cached, "dev", "gone", &t), DEFINITIONS_ABSENT);
	assert_int_equal(definitions_find(&w.cached, "dev", "c", &t), DEFINITIONS_UNKNOWN);
	assert_int_equal(definitions_find(&w.cached, "dev", "No Name", &t), DEFINITIONS_ABSENT);
	assert_int_equal(definitions_find(&w.cached, "", "a", &t), DEFINITIONS_ABSENT);
	definitions_walk(&w.cached, "dev", join, &names);
	assert_string_equal(buf_str(&names), "a b ");
}

static const char *namespace_of(const struct known *k, const char *name)
{
	struct resolver resolver = lookup_resolver(k, "dev");
	struct resolution r;

	resolve_name(&resolver, name, &r);
	return r.outcome == RESOLVE_RUNS ? r.chain[0].namespace : "";
}

static void what_is_confirmed_counts_before_what_is_cached(void **state)
{
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	assert_string_equal(namespace_of(&k, "a"), "");
	definitions_put(&w.cached, "keptn", "a", make(""));
	assert_string_equal(namespace_of(&k, "a"), "keptn");
	definitions_put(&w.cached, "dev", "a", make(""));
	assert_string_equal(namespace_of(&k, "a"), "dev");
	definitions_put(&w.confirmed, "dev", "a", NULL);
	assert_string_equal(namespace_of(&k, "a"), "keptn");
	definitions_put(&w.confirmed, "keptn", "a", NULL);
	assert_string_equal(namespace_of(&k, "a"), "");
	definitions_put(&w.confirmed, "dev", "a", make(""));
	assert_string_equal(namespace_of(&k, "a"), "dev");
}

static void need(struct needs *needs, const struct known *k, const char *app_ns, const char *name,
	bool decides)
{
	struct resolver resolver = lookup_resolver(k, app_ns);
	struct resolution r;

	resolve(&resolver, name, &r);
	needs_add(needs, &r, decides);
}

static void needs_are_what_is_not_confirmed_yet(void **state)
{
	CLEANUP(needs_release) struct needs list = NEEDS_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT(100);
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	definitions_put(&w.confirmed, "dev", "a", NULL);
	definitions_put(&w.cached, "dev", "here", make(""));
	need(&list, &k, "dev", "a", true);
	need(&list, &k, "dev", "here", true);
	need(&list, &k, "keptn", "x", true);
	need(&list, &k, "dev", "No Name", true);
	strmap_walk(&list.names, join_key, &names);
	assert_string_equal(buf_str(&names), "dev/here keptn/a keptn/x ");
	needs_release(&list);
	definitions_put(&w.confirmed, "keptn", "a", NULL);
	need(&list, &k, "dev", "a", true);
	assert_int_equal(list.names.count, 0);
}

static void a_need_that_decides_stays_one(void **state)
{
	CLEANUP(needs_release) struct needs list = NEEDS_INIT;
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	need(&list, &k, "dev", "a", true);
	need(&list, &k, "dev", "a", false);
	need(&list, &k, "dev", "b", false);
	assert_true(needs_decide(&list, "dev/a"));
	assert_false(needs_decide(&list, "dev/b"));
	assert_false(needs_decide(&list, "dev/c"));
	assert_int_equal(list.names.count, 4);
	assert_int_equal(list.optional, 2);
	needs_release(&list);
	assert_int_equal(list.optional, 0);
}

static void needs_are_of_three_kinds(void **state)
{
	CLEANUP(needs_release) struct needs list = NEEDS_INIT;
	CLEANUP(buf_release) struct buf names = BUF_INIT(100);
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	need(&list, &k, "dev", "a", true);
	needs_add_namespace(&list, "dev", true);
	needs_add_context(&list, "dev", "a", false);
	strmap_walk(&list.names, join_key, &names);
	assert_string_equal(buf_str(&names), "dev dev/a dev/keptnappcontexts/a keptn/a ");
	assert_true(needs_decide(&list, "dev"));
	assert_int_equal(list.optional, 1);
}

static const struct labels cached_labels = {.count = 0};

static const struct labels *labels_of(const void *ctx, const char *ns)
{
	(void)ctx;
	return str_eq(ns, "gone") || str_eq(ns, "dev") ? &cached_labels : NULL;
}

static void live_labels_count_before_cached_ones(void **state)
{
	CLEANUP(strmap_release) struct strmap live = STRMAP_INIT(namespace_state_free);
	const struct surroundings around = {.labels = labels_of};
	struct namespace_state *new = xcalloc(1, sizeof(*new));
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	assert_null(lookup_labels(&k, "dev"));
	k.around = &around;
	k.confirmed_namespaces = &live;
	new->labels = xcalloc(1, sizeof(*new->labels));
	strmap_put(&live, "new", new);
	strmap_put(&live, "gone", NULL);
	assert_ptr_equal(lookup_labels(&k, "dev"), &cached_labels);
	assert_ptr_equal(lookup_labels(&k, "new"), new->labels);
	assert_null(lookup_labels(&k, "gone"));
	assert_null(lookup_labels(&k, "other"));
}

static void needs_have_limits(void **state)
{
	static const struct {
		bool decides;
		size_t want;
	} rows[] = {{false, LIMIT_WORDING_LOOKUPS}, {true, LIMIT_LOOKUPS_PER_ROUND}};
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++) {
		CLEANUP(needs_release) struct needs list = NEEDS_INIT;

		for (int i = 0; i < LIMIT_LOOKUPS_PER_ROUND + 5; i++) {
			CLEANUP(free_p) char *name = xasprintf("a%d", i);

			assert_int_equal(needs_full(&list, rows[row].decides),
				list.names.count == rows[row].want);
			need(&list, &k, "dev", name, rows[row].decides);
		}
		assert_int_equal(list.names.count, rows[row].want);
	}
}

static void suggests_the_nearest_name(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"open-pr", "open-pull-request"},
		{"open-pull-requests", "open-pull-request"},
		{"open-pull-request-now", "open-pull-request"},
		{"notfy", "notify"},
		{"verifi", "verify"},
		{"tests", "test-a"},
		{"test-c", "test-a"},
		{"pr", NULL},
		{"Verify", "verify"},
		{"OPEN_PULL_REQUEST", "open-pull-request"},
		{"Tag", "tag"},
		{"TAG", "tag"},
		{"trigger-all-gates", NULL},
		{"zzz", NULL},
		{"", NULL},
		{"only-elsewhere", NULL},
		{"taken-back", NULL},
	};
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	definitions_put(&w.cached, "dev", "open-pull-request", make(""));
	definitions_put(&w.cached, "keptn", "notify", make(""));
	definitions_put(&w.confirmed, "dev", "verify", make(""));
	definitions_put(&w.cached, "dev", "tag", make(""));
	definitions_put(&w.cached, "dev", "test-b", make(""));
	definitions_put(&w.cached, "keptn", "test-a", make(""));
	definitions_put(&w.cached, "other", "only-elsewhere", make(""));
	definitions_put(&w.cached, "dev", "taken-back", make(""));
	definitions_put(&w.confirmed, "dev", "taken-back", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned names_left = 10;
		const char *got = suggest_definition(&k, "dev", rows[i].name, &names_left);

		if (!str_eq(got, rows[i].want))
			fail_msg("%s: %s", rows[i].name, got ? got : "nothing");
	}
}

static void suggesting_has_a_limit(void **state)
{
	unsigned names_left = 3;
	struct known k;
	WORLD;

	(void)state;
	k = known_of(&w);
	for (int i = 0; i < 10; i++) {
		CLEANUP(free_p) char *name = xasprintf("notify-%d", i);

		definitions_put(&w.cached, "dev", name, make(""));
	}
	/* Of a length that is far off: not measured. */
	assert_null(suggest_definition(&k, "dev", "n", &names_left));
	assert_int_equal(names_left, 3);
	assert_string_equal(suggest_definition(&k, "dev", "notifi-2", &names_left), "notify-2");
	assert_int_equal(names_left, 0);
	assert_null(suggest_definition(&k, "dev", "notifi-2", &names_left));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(definitions_are_found_by_namespace_and_name),
		cmocka_unit_test(what_is_confirmed_counts_before_what_is_cached),
		cmocka_unit_test(needs_are_what_is_not_confirmed_yet),
		cmocka_unit_test(a_need_that_decides_stays_one),
		cmocka_unit_test(needs_are_of_three_kinds),
		cmocka_unit_test(live_labels_count_before_cached_ones),
		cmocka_unit_test(needs_have_limits),
		cmocka_unit_test(suggests_the_nearest_name),
		cmocka_unit_test(suggesting_has_a_limit),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
