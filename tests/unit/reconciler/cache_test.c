#include "reconciler/cache.h"

#include "base/limits.h"
#include "job/definition.h"

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

static void policies_changed(void *ctx, const char *ns, const char *app)
{
	struct fixture *f = ctx;

	(void)buf_addf(&f->changes, "%s/%s ", ns ? ns : "*", app ? app : "*");
}

static void progressed(void *ctx)
{
	(void)ctx;
}

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.changes = BUF_INIT(1000)};
	cluster_init(&f->cluster);
	f->cache = cache_new(&f->cluster.fake.env, "keptn-system",
		&(struct cache_handler){changed, policies_changed, NULL, progressed, f});
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

#define POLICY(name, rest)                                                                         \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"5\",\"generation\":1},"        \
	"\"spec\":{\"namespaceSelector\":{\"matchLabels\":{\"stage\":\"prod\"}},"                  \
	"\"validationActions\":[\"Deny\"]" rest "}}"
#define NAMESPACE(name, labels)                                                                    \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"6\",\"labels\":{" labels "}}}"
#define CONTEXT                                                                                    \
	"{\"metadata\":{\"namespace\":\"dev\",\"name\":\"app\",\"resourceVersion\":\"6\","         \
	"\"annotations\":{\"promogate.dev/on-failure\":\"Warn\"}}}"

/* Where there is no policy, neither contexts nor namespaces matter. */
static void what_policies_look_at_counts_where_there_is_one(void **state)
{
	static const struct {
		const char *resource, *type, *object, *changes;
	} rows[] = {
		{"keptnappcontexts", "ADDED", CONTEXT, ""},
		{"/api/v1/namespaces", "ADDED", NAMESPACE("dev", ""), ""},
		{"promotionpolicies", "ADDED", POLICY("p", ""), "*/* "},
		{"keptnappcontexts", "MODIFIED", CONTEXT, "dev/app "},
		{"keptnappcontexts", "DELETED", CONTEXT, "dev/app "},
		{"/api/v1/namespaces", "MODIFIED", NAMESPACE("dev", ""), ""},
		{"/api/v1/namespaces", "MODIFIED", NAMESPACE("dev", "\"a\":\"b\""), "dev/* "},
		{"promotionpolicies", "DELETED", POLICY("p", ""), "*/* "},
		{"keptnappcontexts", "ADDED", CONTEXT, ""},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	cluster_list(&f.cluster, "keptnappcontexts", "");
	cluster_list(&f.cluster, "/api/v1/namespaces", "");
	cluster_list(&f.cluster, "promotionpolicies", "");
	buf_reset(&f.changes);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cluster_event(&f.cluster, rows[i].resource, rows[i].type, rows[i].object);
		changes_are(&f, rows[i].changes);
	}
	fixture_release(&f);
}

/* Whether the definition of the task a in "dev" is kept whole. */
static bool is_whole(const struct fixture *f)
{
	struct resolution r;
	struct err err = ERR_INIT;

	assert_int_equal(cache_resolve(f->cache, "dev", "a", &r, &err), 0);
	return job_definition_of(r.chain[0].definition)->whole;
}

static void big_event(struct fixture *f, const char *type, const char *ns, const char *name)
{
	CLEANUP(free_p)
	char *object = xasprintf("{\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\","
				 "\"resourceVersion\":\"%u\"},\"spec\":{\"deno\":{\"inline\":{"
				 "\"code\":\"%0*d\"}}}}",
		ns, name, ++f->cluster.version, LIMIT_DEFINITION_KEPT_BYTES - 1024, 0);

	definition_event(f, type, object);
}

/* Somebody fills the room; what comes then costs a GET for each Job, until there is room again. */
static void the_sum_of_what_is_kept_is_bounded(void **state)
{
	enum { FIT = LIMIT_DEFINITIONS_KEPT_BYTES / (LIMIT_DEFINITION_KEPT_BYTES - 1024) };
	struct fixture f;
	char name[16];

	(void)state;
	fixture_init(&f);
	cluster_list(&f.cluster, "keptntaskdefinitions", "");
	big_event(&f, "ADDED", "dev", "a");
	assert_true(is_whole(&f));
	for (int i = 0; i < FIT; i++) {
		(void)snprintf(name, sizeof(name), "b%d", i);
		big_event(&f, "ADDED", "hostile", name);
	}
	assert_true(is_whole(&f));
	big_event(&f, "MODIFIED", "dev", "a");
	assert_false(is_whole(&f));
	resolves_to(&f, "dev");
	big_event(&f, "DELETED", "hostile", "b0");
	big_event(&f, "DELETED", "hostile", "b1");
	big_event(&f, "MODIFIED", "dev", "a");
	assert_true(is_whole(&f));
	fixture_release(&f);
}

/* A list needs no room for a second copy of what has not changed. */
static void a_list_keeps_what_is_kept(void **state)
{
	enum { OBJECTS = LIMIT_DEFINITIONS_KEPT_BYTES / LIMIT_DEFINITION_KEPT_BYTES };
	CLEANUP(buf_release) struct buf items = BUF_INIT(2 * LIMIT_DEFINITIONS_KEPT_BYTES);
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (int i = OBJECTS; i-- > 0;)
		(void)buf_addf(&items,
			"%s{\"metadata\":{\"namespace\":\"dev\",\"name\":\"%s%.0d\","
			"\"resourceVersion\":\"5\"},\"spec\":{\"deno\":{\"inline\":{"
			"\"code\":\"%0*d\"}}}}",
			i == OBJECTS - 1 ? "" : ",", i ? "b" : "a", i,
			LIMIT_DEFINITION_KEPT_BYTES - 1024, 0);
	cluster_list(&f.cluster, "keptntaskdefinitions", buf_str(&items));
	assert_true(is_whole(&f));
	cluster_expire(&f.cluster, "keptntaskdefinitions");
	cluster_list(&f.cluster, "keptntaskdefinitions", buf_str(&items));
	assert_true(is_whole(&f));
	fixture_release(&f);
}

static void is_synced_once_every_list_is_complete(void **state)
{
	static const char *const resources[] = {"keptntaskdefinitions", "keptnappcontexts",
		"promotionpolicies", "namespaces", "keptnconfigs"};

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
		cmocka_unit_test(what_policies_look_at_counts_where_there_is_one),
		cmocka_unit_test(the_sum_of_what_is_kept_is_bounded),
		cmocka_unit_test(a_list_keeps_what_is_kept),
		cmocka_unit_test(is_synced_once_every_list_is_complete),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
