#include "controller/policy_cache.h"

#include <malloc.h>

#include "base/limits.h"
#include "run/thread.h" /* __has_feature */

#include "fake_env.h"

#define POLICIES   "/apis/promogate.dev/v1alpha1/promotionpolicies?limit=100"
#define NAMESPACES "/api/v1/namespaces?limit=100"
#define CONTEXTS   "/apis/lifecycle.keptn.sh/v1/keptnappcontexts?limit=100"

/* What was reported: "policy:prod namespace:shop context:shop/cart"; "policy:*" is any. */
struct owner {
	struct fake_env fake;
	struct rwlock lock;
	struct policy_cache *cache;
	struct buf reported;
	int progress;
};

static void policies_changed(void *ctx, const char *name)
{
	struct owner *o = ctx;

	(void)buf_addf(&o->reported, "policy:%s ", name ? name : "*");
}

static void namespace_changed(void *ctx, const char *ns)
{
	(void)buf_addf(&((struct owner *)ctx)->reported, "namespace:%s ", ns);
}

static void context_changed(void *ctx, const char *ns, const char *name)
{
	(void)buf_addf(&((struct owner *)ctx)->reported, "context:%s/%s ", ns, name);
}

static void progressed(void *ctx)
{
	((struct owner *)ctx)->progress++;
}

static void owner_init(struct owner *o)
{
	const struct policy_cache_handler handler = {.policies_changed = policies_changed,
		.namespace_changed = namespace_changed,
		.context_changed = context_changed,
		.progressed = progressed,
		.ctx = o};

	*o = (struct owner){.reported = BUF_INIT(1 << 20)};
	fake_env_init(&o->fake);
	rwlock_init(&o->lock);
	o->cache = policy_cache_new(&o->fake.env, &o->lock, &handler);
	fake_env_run(&o->fake, 0);
}

static void owner_release(struct owner *o)
{
	fake_env_release(&o->fake);
	policy_cache_free(o->cache);
	rwlock_destroy(&o->lock);
	buf_release(&o->reported);
}

static void lists(struct owner *o, const char *path, const char *items)
{
	CLEANUP(free_p)
	char *body = xasprintf("{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[%s]}", items);

	fake_answer(&o->fake, fake_find(&o->fake, FAKE_CALL, "GET", path), body);
}

static void event(struct owner *o, const char *path, const char *type, const char *object)
{
	CLEANUP(free_p) char *line = xasprintf("{\"type\":\"%s\",\"object\":%s}", type, object);

	fake_line(&o->fake, fake_find(&o->fake, FAKE_WATCH, "GET", path), line);
}

static void reported_is(struct owner *o, const char *what)
{
	assert_string_equal(buf_str(&o->reported), what);
	buf_reset(&o->reported);
}

/* Without an action it is not valid. */
#define POLICY_OF(name, generation, actions)                                                       \
	"{\"metadata\":{\"name\":\"" name "\",\"uid\":\"u\",\"resourceVersion\":\"11\","           \
	"\"generation\":" generation                                                               \
	"},\"spec\":{\"namespaceSelector\":{},\"validationActions\":[" actions "]}}"
#define POLICY(name)  POLICY_OF(name, "1", "\"Deny\"")
#define INVALID(name) POLICY_OF(name, "1", "7")
#define NAMESPACE(name, labels)                                                                    \
	"{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"11\",\"labels\":{" labels "}}}"
#define CONTEXT(ns, name)                                                                          \
	"{\"metadata\":{\"namespace\":\"" ns "\",\"name\":\"" name                                 \
	"\",\"resourceVersion\":\"11\"},\"spec\":{\"promotionTasks\":[\"a\"]}}"

static void it_knows_what_was_listed(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists(&o, POLICIES, POLICY("b") "," POLICY("a"));
	lists(&o, NAMESPACES, NAMESPACE("shop", "\"env\":\"prod\""));
	assert_false(policy_cache_synced(o.cache));
	lists(&o, CONTEXTS, CONTEXT("shop", "cart"));
	assert_true(policy_cache_synced(o.cache));
	reported_is(&o, "policy:* namespace:shop context:shop/cart ");
	assert_int_equal(o.progress, 3);
	assert_int_equal(policy_cache_policies(o.cache)->count, 2);
	assert_string_equal(policy_cache_policies(o.cache)->at[0]->name, "a");
	assert_string_equal(labels_get(policy_cache_namespace(o.cache, "shop"), "env"), "prod");
	assert_null(policy_cache_namespace(o.cache, "other"));
	assert_string_equal(policy_cache_context(o.cache, "shop", "cart")->name, "cart");
	assert_null(policy_cache_context(o.cache, "shop", "other"));
}

static void lists_all(struct owner *o)
{
	lists(o, POLICIES, POLICY("prod"));
	lists(o, NAMESPACES, NAMESPACE("shop", "\"env\":\"prod\""));
	lists(o, CONTEXTS, CONTEXT("shop", "cart"));
	buf_reset(&o->reported);
}

static void it_follows_events(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists_all(&o);
	event(&o, "promotionpolicies", "ADDED", POLICY("dev"));
	event(&o, "promotionpolicies", "DELETED", POLICY("prod"));
	event(&o, "namespaces", "MODIFIED", NAMESPACE("shop", "\"env\":\"dev\""));
	event(&o, "keptnappcontexts", "DELETED", CONTEXT("shop", "cart"));
	reported_is(&o, "policy:dev policy:prod namespace:shop context:shop/cart ");
	assert_int_equal(policy_cache_policies(o.cache)->count, 1);
	assert_null(policies_find(policy_cache_policies(o.cache), "prod"));
	assert_string_equal(labels_get(policy_cache_namespace(o.cache, "shop"), "env"), "dev");
	assert_null(policy_cache_context(o.cache, "shop", "cart"));
	event(&o, "namespaces", "DELETED", NAMESPACE("shop", ""));
	assert_null(policy_cache_namespace(o.cache, "shop"));
}

static void a_namespace_with_the_same_labels_is_not_reported(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists_all(&o);
	event(&o, "namespaces", "MODIFIED", NAMESPACE("shop", "\"env\":\"prod\""));
	reported_is(&o, "");
	event(&o, "namespaces", "MODIFIED", NAMESPACE("shop", "\"envy\":\"prod\""));
	event(&o, "namespaces", "MODIFIED", NAMESPACE("shop", ""));
	reported_is(&o, "namespace:shop namespace:shop ");
}

static void collect(void *ctx, const struct invalid_policy *p)
{
	(void)buf_addf(ctx, "%s@%d ", p->name, (int)p->generation);
	assert_non_null(p->detail);
	assert_non_null(p->resource_version);
}

static void invalid_are(struct owner *o, const char *what)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1000);

	policy_cache_invalid(o->cache, collect, &text);
	assert_string_equal(buf_str(&text), what);
}

static void a_policy_that_is_not_valid_counts_as_absent(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists_all(&o);
	event(&o, "promotionpolicies", "MODIFIED", INVALID("prod"));
	event(&o, "promotionpolicies", "MODIFIED", INVALID("prod"));
	reported_is(&o, "policy:prod ");
	assert_int_equal(policy_cache_policies(o.cache)->count, 0);
	invalid_are(&o, "prod@1 ");
	event(&o, "promotionpolicies", "MODIFIED", POLICY_OF("prod", "2", "\"Audit\""));
	assert_int_equal(policy_cache_policies(o.cache)->count, 1);
	invalid_are(&o, "");
}

#define ADDS(version, status)                                                                      \
	"{\"metadata\":{\"name\":\"adds\",\"uid\":\"u\",\"resourceVersion\":\"" version "\","      \
	"\"generation\":1},\"spec\":{\"namespaceSelector\":{},\"validationActions\":[\"Deny\"],"   \
	"\"promotionTasks\":{\"added\":[{\"name\":\"a\"}]}},\"status\":{" status "}}"
#define SINCE "\"addedSince\":[{\"name\":\"a\",\"since\":\"2026-11-24T01:02:03Z\"}]"

static void a_status_alone_is_no_change_unless_it_says_since_when(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists_all(&o);
	event(&o, "promotionpolicies", "ADDED", ADDS("12", ""));
	reported_is(&o, "policy:adds ");
	event(&o, "promotionpolicies", "MODIFIED", ADDS("13", SINCE));
	reported_is(&o, "policy:adds ");
	event(&o, "promotionpolicies", "MODIFIED", ADDS("14", SINCE ",\"totalViolations\":1"));
	reported_is(&o, "");
	assert_string_equal(
		policies_find(policy_cache_policies(o.cache), "adds")->resource_version, "14");
}

static void collect_namespace(void *ctx, const char *ns, const struct labels *labels)
{
	(void)buf_addf(ctx, "%s:%zu ", ns, labels->count);
}

static void namespaces_are_visited_with_their_labels(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1000);
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists(&o, NAMESPACES, NAMESPACE("y", "\"a\":\"b\"") "," NAMESPACE("x", ""));
	policy_cache_namespaces(o.cache, collect_namespace, &text);
	assert_string_equal(buf_str(&text), "x:0 y:1 ");
}

/* A relist brings a copy of everything; only what differs is reported, and one list at once. */
static void a_list_replaces_all_policies(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists_all(&o);
	event(&o, "promotionpolicies", "ERROR", "{\"kind\":\"Status\",\"code\":410}");
	fake_env_run_next(&o.fake);
	lists(&o, POLICIES, POLICY("x") "," INVALID("y") "," POLICY("z"));
	reported_is(&o, "policy:* ");
	assert_int_equal(policy_cache_policies(o.cache)->count, 2);
	assert_null(policies_find(policy_cache_policies(o.cache), "prod"));
	invalid_are(&o, "y@1 ");
}

static bool count_until_second(void *ctx, const struct subject *s)
{
	(void)buf_addf(ctx, "%s/%s ", s->namespace, s->name);
	return !str_eq(s->name, "b");
}

static void visited_are(struct owner *o, const char *ns, const char *what)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1000);

	policy_cache_contexts(o->cache, ns, count_until_second, &text);
	assert_string_equal(buf_str(&text), what);
}

static void contexts_are_visited_by_namespace(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists(&o, CONTEXTS,
		CONTEXT("x-y", "c") "," CONTEXT("x", "a") "," CONTEXT("x", "b") "," CONTEXT(
			"x", "c"));
	visited_are(&o, "x", "x/a x/b ");
	visited_are(&o, "x-y", "x-y/c ");
	visited_are(&o, "y", "");
	visited_are(&o, NULL, "x-y/c x/a x/b ");
}

static void visited_after_are(struct owner *o, const char *ns, const char *name, const char *what)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1000);

	policy_cache_contexts_after(o->cache, ns, name, count_until_second, &text);
	assert_string_equal(buf_str(&text), what);
}

static void contexts_are_visited_from_one_on(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists(&o, CONTEXTS,
		CONTEXT("x-y", "c") "," CONTEXT("x", "a") "," CONTEXT("x", "b") "," CONTEXT(
			"x", "c"));
	visited_after_are(&o, "", "", "x-y/c x/a x/b ");
	visited_after_are(&o, "x", "b", "x/c ");
	visited_after_are(&o, "x", "bb", "x/c ");
	visited_after_are(&o, "x", "c", "");
}

static void it_is_ready_once_all_are_listed(void **state)
{
	CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists(&o, POLICIES, "");
	lists(&o, CONTEXTS, "");
	assert_int_equal(policy_cache_ready(o.cache, &reasons), -1);
	assert_string_equal(buf_str(&reasons), "namespaces: not listed yet\n");
	lists(&o, NAMESPACES, "");
	assert_int_equal(policy_cache_ready(o.cache, &reasons), 0);
	buf_reset(&reasons);
	fake_env_skip(&o.fake, LIMIT_UNHEARD_MS + 1);
	assert_int_equal(policy_cache_ready(o.cache, &reasons), 1);
}

static void without_the_kind_there_are_no_policies(void **state)
{
	CLEANUP(owner_release) struct owner o;

	(void)state;
	owner_init(&o);
	lists(&o, NAMESPACES, "");
	lists(&o, CONTEXTS, "");
	fake_fail(&o.fake, fake_find(&o.fake, FAKE_CALL, "GET", POLICIES), ERR_NOT_SERVED);
	fake_answer_next(&o.fake, "GET", "/apis",
		"{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[]}");
	assert_true(policy_cache_synced(o.cache));
	assert_int_equal(policy_cache_policies(o.cache)->count, 0);
}

enum { MANY = 10000 };

static void add_many(struct owner *o)
{
	event(o, "keptnappcontexts", "ADDED", CONTEXT("shop", "cart"));
	for (int i = 0; i < MANY; i++) {
		CLEANUP(free_p)
		char *object = xasprintf(
			"{\"metadata\":{\"namespace\":\"team-%d\",\"name\":\"application-%d\","
			"\"resourceVersion\":\"12\",\"labels\":{\"team\":\"t-%d\"},\"annotations\":"
			"{\"promogate.dev/on-failure\":\"Warn\"}},\"spec\":{\"promotionTasks\":"
			"[\"open-pull-request\",\"notify\"]}}",
			i % 100, i, i % 100);

		event(o, "keptnappcontexts", "ADDED", object);
	}
}

/* A sanitizer's allocator counts otherwise. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { MEASURES = false };
#else
enum { MEASURES = true };
#endif

static size_t many_contexts_take(void)
{
	CLEANUP(owner_release) struct owner o;
	size_t before;

	owner_init(&o);
	lists_all(&o);
	before = mallinfo2().uordblks;
	add_many(&o);
	return mallinfo2().uordblks - before - o.reported.cap;
}

static void ten_thousand_contexts_take_four_mebibytes(void **state)
{
	size_t bytes = many_contexts_take();

	(void)state;
	assert_true(!MEASURES || (bytes > 0 && bytes <= 4 << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_knows_what_was_listed),
		cmocka_unit_test(it_follows_events),
		cmocka_unit_test(a_namespace_with_the_same_labels_is_not_reported),
		cmocka_unit_test(a_policy_that_is_not_valid_counts_as_absent),
		cmocka_unit_test(a_status_alone_is_no_change_unless_it_says_since_when),
		cmocka_unit_test(namespaces_are_visited_with_their_labels),
		cmocka_unit_test(a_list_replaces_all_policies),
		cmocka_unit_test(contexts_are_visited_by_namespace),
		cmocka_unit_test(contexts_are_visited_from_one_on),
		cmocka_unit_test(it_is_ready_once_all_are_listed),
		cmocka_unit_test(without_the_kind_there_are_no_policies),
		cmocka_unit_test(ten_thousand_contexts_take_four_mebibytes),
	};

	return cmocka_run_group_tests(tests, fake_env_quiet, NULL);
}
