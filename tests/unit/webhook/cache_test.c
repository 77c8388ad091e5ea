#include "webhook/cache.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "run/thread.h"

#include "fake_env.h"

#define DEFINITIONS "/apis/lifecycle.keptn.sh/v1/keptntaskdefinitions"
#define CONFIGS     "/apis/options.keptn.sh/v1alpha1/keptnconfigs"
#define POLICIES    "/apis/promogate.dev/v1alpha1/promotionpolicies"
#define NAMESPACES  "/api/v1/namespaces"
#define CONTEXTS    "/apis/lifecycle.keptn.sh/v1/keptnappcontexts"

struct stage {
	struct fake_env fake;
	struct cache *cache;
	unsigned version; /* the last resourceVersion */
};

static int stage_up(void **state)
{
	struct stage *s = xcalloc(1, sizeof(*s));

	fake_env_init(&s->fake);
	s->version = 100;
	s->cache = cache_new(&s->fake.env, "keptn");
	fake_env_run(&s->fake, 0);
	*state = s;
	return 0;
}

static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->fake);
	cache_free(s->cache);
	free(s);
	return 0;
}

/* A definition in ns, of one container; image "": one that can't run. */
static char *definition(struct stage *s, const char *name, const char *image)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"ns\",\"name\":\"%s\","
			 "\"resourceVersion\":\"%u\"},\"spec\":{\"container\":{\"name\":\"c\","
			 "\"image\":\"%s\"}}}",
		name, ++s->version, image);
}

/* Answers a page of a list of definitions; next is its continue token, "" for the last one. */
static void page(struct stage *s, const char *first, const char *second, const char *next)
{
	CLEANUP(free_p) char *a = definition(s, first, "i"), *b = definition(s, second, "i");
	CLEANUP(free_p)
	char *body = xasprintf("{\"metadata\":{\"resourceVersion\":\"%u\",\"continue\":\"%s\"},"
			       "\"items\":[%s,%s]}",
		s->version, next, a, b);

	fake_answer(&s->fake, fake_find(&s->fake, FAKE_CALL, "GET", DEFINITIONS), body);
}

static void event(struct stage *s, const char *path, const char *type, const char *object)
{
	CLEANUP(free_p) char *line = xasprintf("{\"type\":\"%s\",\"object\":%s}", type, object);

	fake_line(&s->fake, fake_find(&s->fake, FAKE_WATCH, "GET", path), line);
}

/* The watch of definitions is too old: its informer lists again. */
static void expire(struct stage *s)
{
	fake_fail(&s->fake, fake_find(&s->fake, FAKE_WATCH, "GET", DEFINITIONS), ERR_GONE);
	while (!fake_find(&s->fake, FAKE_CALL, "GET", DEFINITIONS))
		fake_env_run_next(&s->fake);
}

/* '+' for a definition in ns that can run, '!' for one that can't, '-' where there is none. */
static char sees(struct stage *s, const char *name)
{
	struct cache_view view = cache_read(s->cache);
	const struct taskdef *t;
	char ret = '-';

	if (definitions_find(&view.definitions, "ns", name, &t) == DEFINITIONS_PRESENT)
		ret = t->faults ? '!' : '+';
	cache_read_end(s->cache);
	return ret;
}

#define assert_sees(s, name, what)                                                                 \
	do {                                                                                       \
		assert_int_equal(sees((s), (name)), (what));                                       \
	} while (0)

static enum block_deployment config(struct stage *s)
{
	enum block_deployment ret = cache_read(s->cache).block_deployment;

	cache_read_end(s->cache);
	return ret;
}

/* Answers a list of one object, which is this after its resourceVersion. */
static void list_one(struct stage *s, const char *path, const char *object)
{
	CLEANUP(free_p)
	char *body =
		xasprintf("{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[{%s}]}", object);

	fake_answer(&s->fake, fake_find(&s->fake, FAKE_CALL, "GET", path), body);
}

static void list_surroundings(struct stage *s)
{
	list_one(s, POLICIES,
		"\"metadata\":{\"name\":\"prod\",\"uid\":\"u\",\"resourceVersion\":\"1\","
		"\"generation\":1},\"spec\":{\"namespaceSelector\":{},"
		"\"validationActions\":[\"Deny\"]}");
	list_one(s, NAMESPACES, "\"metadata\":{\"name\":\"ns\",\"labels\":{\"env\":\"prod\"}}");
	list_one(s, CONTEXTS, "\"metadata\":{\"namespace\":\"ns\",\"name\":\"app\"}");
}

static void is_ready_once_every_list_was_taken(void **state)
{
	struct stage *s = *state;
	CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);

	assert_int_equal(cache_ready(s->cache, &reasons), -1);
	assert_string_equal(buf_str(&reasons),
		"keptntaskdefinitions: not listed yet\nkeptnconfigs: not listed yet\n"
		"promotionpolicies: not listed yet\nnamespaces: not listed yet\n"
		"keptnappcontexts: not listed yet\n");
	list_surroundings(s);
	page(s, "a", "b", "");
	buf_reset(&reasons);
	assert_int_equal(cache_ready(s->cache, &reasons), -1);
	assert_string_equal(buf_str(&reasons), "keptnconfigs: not listed yet\n");
	buf_reset(&reasons);
	fake_fail(&s->fake, fake_find(&s->fake, FAKE_CALL, "GET", CONFIGS), ERR_NOT_SERVED);
	assert_int_equal(cache_ready(s->cache, &reasons), -1);
	buf_reset(&reasons);
	fake_answer_next(&s->fake, "GET", "/apis", "{\"kind\":\"APIGroupList\",\"groups\":[]}");
	assert_int_equal(cache_ready(s->cache, &reasons), 0);
	assert_string_equal(buf_str(&reasons), "");
}

static void follows_the_watch(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *broken = definition(s, "a", ""), *c = definition(s, "c", "i");
	CLEANUP(free_p) char *fixed = definition(s, "a", "i");

	page(s, "a", "b", "");
	assert_sees(s, "a", '+');
	event(s, DEFINITIONS, "MODIFIED", broken);
	assert_sees(s, "a", '!');
	event(s, DEFINITIONS, "ADDED", c);
	assert_sees(s, "c", '+');
	event(s, DEFINITIONS, "DELETED", c);
	assert_sees(s, "c", '-');
	event(s, DEFINITIONS, "MODIFIED", fixed);
	assert_sees(s, "a", '+');
	assert_sees(s, "b", '+');
}

static void a_complete_list_replaces_the_old_one(void **state)
{
	struct stage *s = *state;

	page(s, "a", "b", "");
	expire(s);
	page(s, "b", "c", "next");
	assert_sees(s, "a", '+');
	assert_sees(s, "c", '-');
	/* It fails halfway, and begins again. */
	fake_fail(&s->fake, fake_find(&s->fake, FAKE_CALL, "GET", "continue=next"), ERR_GONE);
	while (!fake_find(&s->fake, FAKE_CALL, "GET", DEFINITIONS))
		fake_env_run_next(&s->fake);
	page(s, "b", "d", "next");
	assert_sees(s, "a", '+');
	assert_sees(s, "d", '-');
	page(s, "e", "f", "");
	assert_sees(s, "a", '-');
	assert_sees(s, "b", '+');
	assert_sees(s, "c", '-');
	assert_sees(s, "d", '+');
	assert_sees(s, "f", '+');
}

static void knows_what_keptns_configuration_says(void **state)
{
	struct stage *s = *state;
	struct fake_task *list = fake_find(&s->fake, FAKE_CALL, "GET", CONFIGS);

	assert_int_equal(config(s), BLOCK_DEPLOYMENT_UNSET);
	fake_answer(&s->fake, list,
		"{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[{\"metadata\":{"
		"\"namespace\":\"keptn\",\"name\":\"c\"},\"spec\":{\"blockDeployment\":false}}]}");
	assert_int_equal(config(s), BLOCK_DEPLOYMENT_FALSE);
	event(s, CONFIGS, "MODIFIED",
		"{\"metadata\":{\"namespace\":\"keptn\",\"name\":\"c\",\"resourceVersion\":\"6\"},"
		"\"spec\":{\"blockDeployment\":true}}");
	assert_int_equal(config(s), BLOCK_DEPLOYMENT_TRUE);
}

static bool count(void *ctx, const struct subject *context)
{
	(void)context;
	++*(int *)ctx;
	return true;
}

static const char *env_label(const struct surroundings *around)
{
	const struct labels *labels = around->labels(around->ctx, "ns");

	return labels ? labels_get(labels, "env") : "not known";
}

static void knows_policies_and_what_they_match(void **state)
{
	struct stage *s = *state;
	struct cache_view view;
	int contexts = 0;

	list_surroundings(s);
	view = cache_read(s->cache);
	assert_int_equal(view.around.policies->count, 1);
	assert_string_equal(env_label(&view.around), "prod");
	view.around.contexts(view.around.ctx, NULL, count, &contexts);
	assert_int_equal(contexts, 1);
	cache_read_end(s->cache);
}

static void labels_of_which_nothing_was_heard_are_not_known(void **state)
{
	struct stage *s = *state;
	struct cache_view view;

	list_surroundings(s);
	fake_env_skip(&s->fake, LIMIT_UNHEARD_MS + 1);
	view = cache_read(s->cache);
	assert_string_equal(env_label(&view.around), "not known");
	cache_read_end(s->cache);
}

/* --- readers on other threads ----------------------------------------------------------------- */

struct reader {
	struct cache *cache;
	atomic_bool stop;
	unsigned seen[2]; /* how often: old and new */
	unsigned mixed;
};

static void read_on(void *ctx)
{
	struct reader *r = ctx;

	/* Once at least, however late the thread gets its turn. */
	do {
		struct cache_view view = cache_read(r->cache);
		bool has[4];

		for (int i = 0; i < 4; i++) {
			const struct taskdef *t;

			has[i] = definitions_find(&view.definitions, "ns",
					 (const char[]){(char)('a' + i), '\0'},
					 &t) == DEFINITIONS_PRESENT &&
				 t->faults == 0;
		}
		cache_read_end(r->cache);
		if (has[0] && has[1] && !has[2] && !has[3])
			r->seen[0]++;
		else if (!has[0] && !has[1] && has[2] && has[3])
			r->seen[1]++;
		else
			r->mixed++;
	} while (!atomic_load(&r->stop));
}

static void a_reader_sees_the_old_list_or_the_new_one(void **state)
{
	struct stage *s = *state;
	struct reader reader = {.cache = s->cache};
	struct thread *thread;
	struct err err;

	page(s, "a", "b", "");
	assert_int_equal(thread_start("reader", read_on, &reader, &thread, &err), 0);
	for (int i = 0; i < 500; i++) {
		expire(s);
		page(s, i % 2 ? "a" : "c", i % 2 ? "b" : "d", "");
	}
	atomic_store(&reader.stop, true);
	thread_join(thread);
	assert_int_equal(reader.mixed, 0);
	assert_true(reader.seen[0] + reader.seen[1] > 0);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_up, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(is_ready_once_every_list_was_taken),
		ON_STAGE(follows_the_watch),
		ON_STAGE(a_complete_list_replaces_the_old_one),
		ON_STAGE(knows_what_keptns_configuration_says),
		ON_STAGE(knows_policies_and_what_they_match),
		ON_STAGE(labels_of_which_nothing_was_heard_are_not_known),
		ON_STAGE(a_reader_sees_the_old_list_or_the_new_one),
	};

	return cmocka_run_group_tests_name("cache", tests, fake_env_quiet, NULL);
}
