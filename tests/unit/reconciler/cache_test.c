#include "reconciler/cache.h"

#include "cluster.h"

struct fixture {
	struct cluster cluster;
	struct cache *cache;
	struct buf changes; /* namespaces; "*" for all */
};

static void changed(void *ctx, const char *ns)
{
	struct fixture *f = ctx;

	(void)buf_addf(&f->changes, "%s ", ns ? ns : "*");
}

static void progressed(void *ctx)
{
	(void)ctx;
}

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.changes = BUF_INIT(1000)};
	cluster_init(&f->cluster);
	f->cache = cache_new(&f->cluster.fake.env, "keptn-system", changed, progressed, f);
}

static void fixture_release(struct fixture *f)
{
	fake_env_release(&f->cluster.fake);
	cache_free(f->cache);
	buf_release(&f->changes);
}

static void changes_are(struct fixture *f, const char *what)
{
	assert_string_equal(buf_str(&f->changes), what);
	buf_reset(&f->changes);
}

#define DEFINITION(ns, name)                                                                       \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                                 \
	"\",\"resourceVersion\":\"900\"},\"spec\":{\"container\":{\"name\":\"c\","                 \
	"\"image\":\"i\"}}}"

static void definition_event(struct fixture *f, const char *type, const char *object)
{
	cluster_event(&f->cluster, "keptntaskdefinitions", type, object);
}

/* The namespace whose definition counts for the task a in "dev"; NULL: it has none. */
static void resolves_to(const struct fixture *f, const char *ns)
{
	struct resolution r;
	struct err err = ERR_INIT;
	int ret = cache_resolve(f->cache, "dev", "a", &r, &err);

	assert_int_equal(ret, ns ? 0 : -1);
	if (ns)
		assert_string_equal(r.chain[0].namespace, ns);
	else
		assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void the_applications_namespace_counts_before_keptns(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	cluster_list(&f.cluster, "keptntaskdefinitions", DEFINITION("other", "a"));
	resolves_to(&f, NULL);
	definition_event(&f, "ADDED", DEFINITION("keptn-system", "a"));
	resolves_to(&f, "keptn-system");
	definition_event(&f, "ADDED", DEFINITION("dev", "a"));
	resolves_to(&f, "dev");
	definition_event(&f, "DELETED", DEFINITION("dev", "a"));
	resolves_to(&f, "keptn-system");
	cluster_expire(&f.cluster, "keptntaskdefinitions");
	cluster_list(&f.cluster, "keptntaskdefinitions", DEFINITION("dev", "a"));
	resolves_to(&f, "dev");
	fixture_release(&f);
}

/* A definition in Keptn's namespace may be the one that an application of any namespace needs. */
static void a_change_concerns_its_namespace_or_all(void **state)
{
	static const struct {
		const char *type, *object, *changes;
	} rows[] = {
		{"ADDED", DEFINITION("dev", "a"), "dev "},
		{"MODIFIED", DEFINITION("dev", "a"), "dev "},
		{"ADDED", DEFINITION("keptn-system", "a"), "* "},
		{"DELETED", DEFINITION("dev", "a"), "dev "},
		{"DELETED", DEFINITION("keptn-system", "a"), "* "},
		{"DELETED", DEFINITION("dev", "never"), ""},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	cluster_page(&f.cluster, "keptntaskdefinitions", DEFINITION("x", "a"), true);
	changes_are(&f, "");
	cluster_list(&f.cluster, "keptntaskdefinitions", DEFINITION("x", "b"));
	changes_are(&f, "* ");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned before = cache_round(f.cache);

		definition_event(&f, rows[i].type, rows[i].object);
		changes_are(&f, rows[i].changes);
		assert_int_equal(cache_round(f.cache) != before, *rows[i].changes != 0);
	}
	fixture_release(&f);
}

#define CONTEXT(annotations)                                                                       \
	"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"app\",\"resourceVersion\":\"900\","       \
	"\"annotations\":{" annotations "}}}"
#define WARN "\"promogate.dev/on-failure\":\"Warn\""

static void on_failure_is(const struct fixture *f, enum on_failure value)
{
	assert_int_equal(cache_on_failure(f->cache, "dev", "app").value, value);
	/* Another application has a context of its own. */
	assert_int_equal(cache_on_failure(f->cache, "dev", "b").value, ON_FAILURE_BLOCK);
	assert_int_equal(cache_on_failure(f->cache, "x", "app").value, ON_FAILURE_BLOCK);
}

static void an_annotation_counts_as_long_as_it_is_there(void **state)
{
	static const struct {
		const char *type, *object;
		enum on_failure value;
	} rows[] = {
		{"ADDED", CONTEXT(""), ON_FAILURE_BLOCK},
		{"MODIFIED", CONTEXT(WARN), ON_FAILURE_WARN},
		{"MODIFIED", CONTEXT(""), ON_FAILURE_BLOCK},
		{"MODIFIED", CONTEXT(WARN), ON_FAILURE_WARN},
		{"DELETED", CONTEXT(WARN), ON_FAILURE_BLOCK},
		{"ADDED", CONTEXT(WARN), ON_FAILURE_WARN},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	cluster_list(&f.cluster, "keptnappcontexts", "");
	on_failure_is(&f, ON_FAILURE_BLOCK);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cluster_event(&f.cluster, "keptnappcontexts", rows[i].type, rows[i].object);
		on_failure_is(&f, rows[i].value);
	}
	cluster_expire(&f.cluster, "keptnappcontexts");
	cluster_list(&f.cluster, "keptnappcontexts", "");
	on_failure_is(&f, ON_FAILURE_BLOCK);
	fixture_release(&f);
}

static void is_synced_once_every_list_is_complete(void **state)
{
	static const char *const resources[] = {
		"keptntaskdefinitions", "keptnappcontexts", "keptnconfigs"};

	(void)state;
	for (size_t last = 0; last < ARRAY_SIZE(resources); last++) {
		CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);
		CLEANUP(free_p) char *want = xasprintf("%s: not listed yet\n", resources[last]);
		struct fixture f;

		fixture_init(&f);
		for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
			if (i != last)
				cluster_list(&f.cluster, resources[i], "");
		assert_false(cache_synced(f.cache));
		assert_int_equal(cache_ready(f.cache, &reasons), -1);
		assert_string_equal(buf_str(&reasons), want);
		cluster_list(&f.cluster, resources[last], "");
		assert_true(cache_synced(f.cache));
		assert_int_equal(cache_ready(f.cache, &reasons), 0);
		fixture_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_applications_namespace_counts_before_keptns),
		cmocka_unit_test(a_change_concerns_its_namespace_or_all),
		cmocka_unit_test(an_annotation_counts_as_long_as_it_is_there),
		cmocka_unit_test(is_synced_once_every_list_is_complete),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
