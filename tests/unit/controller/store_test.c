#include "controller/store.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "run/metrics.h"
#include "run/thread.h"

#include "fake_env.h"

static const struct url jobs = {.group = "batch", .version = "v1", .resource = "jobs"};

#define LIST "/apis/batch/v1/jobs?limit=100"

/* The owner of a store, and its reports: "+a/x=1", "~a/x=1>2", "-a/x=2"; of a list in "[]". */
struct owner {
	struct fake_env fake;
	struct rwlock lock;
	struct store store;
	struct buf reported;
	bool in_list;
};

static struct owner *owner; /* for the callbacks that have no context */
static int values, decoded; /* that exist; since this was last set to 0 */

/* Nothing that takes time may happen under the lock. */
static void lock_is_free(void)
{
	assert_int_equal(pthread_rwlock_trywrlock(&owner->lock.rwlock), 0);
	rwlock_unlock(&owner->lock);
}

/* A value is its resourceVersion; an object that is labelled so is not ours. */
static void *decode(void *ctx, const struct json *object)
{
	(void)ctx;
	lock_is_free();
	decoded++;
	if (json_at(object, "metadata", "labels"))
		return NULL;
	values++;
	return xstrdup(json_string(json_at(object, "metadata", "resourceVersion")));
}

static void free_value(void *value)
{
	lock_is_free();
	values--;
	free(value);
}

static bool same(const void *value, const struct json *object)
{
	return strcmp(value, json_string(json_at(object, "metadata", "resourceVersion"))) == 0;
}

static void changed(void *ctx, const char *key, void *old, void *now)
{
	struct owner *o = ctx;

	lock_is_free();
	assert_ptr_equal(strmap_get(&o->store.objects, key), now);
	assert_true(old || now);
	if (o->store.listing && !o->in_list)
		(void)buf_add(&o->reported, "[ ");
	o->in_list = o->store.listing;
	if (old && now)
		(void)buf_addf(&o->reported, "~%s=%s>%s ", key, (char *)old, (char *)now);
	else
		(void)buf_addf(&o->reported, "%s%s=%s ", old ? "-" : "+", key,
			old ? (char *)old : (char *)now);
}

static void listed(void *ctx)
{
	struct owner *o = ctx;

	assert_false(o->store.listing);
	(void)buf_add(&o->reported, o->in_list ? "] " : "[] ");
	o->in_list = false;
}

static void progressed(void *ctx)
{
	struct owner *o = ctx;

	(void)buf_addf(&o->reported, "@%d ", (int)store_progress(&o->store));
}

static void owner_init(struct owner *o, const struct store_config *extra)
{
	struct store_config config = *extra;

	owner = o;
	values = decoded = 0;
	*o = (struct owner){.reported = BUF_INIT(10000)};
	fake_env_init(&o->fake);
	rwlock_init(&o->lock);
	config.env = &o->fake.env;
	config.kind = &jobs;
	config.lock = &o->lock;
	config.decode = decode;
	config.free_value = free_value;
	config.ctx = config.progressed_ctx = o;
	store_init(&o->store, &config);
	fake_env_run_next(&o->fake);
}

static const struct store_config reports_all = {
	.changed = changed, .listed = listed, .progressed = progressed};

static void owner_release(struct owner *o)
{
	fake_env_release(&o->fake);
	store_release(&o->store);
	rwlock_destroy(&o->lock);
	buf_release(&o->reported);
	assert_int_equal(values, 0);
}

static void reported_is(struct owner *o, const char *what)
{
	assert_string_equal(buf_str(&o->reported), what);
	buf_reset(&o->reported);
}

/* "a/x=1 a/y=2": objects and their resourceVersions; one with a "!" is not ours. */
static void items(const char *objects, struct buf *to)
{
	char ns[16], name[16], version[16];
	const char *comma = "";
	int n;

	for (; sscanf(objects, " %15[^/]/%15[^=]=%15s%n", ns, name, version, &n) == 3;
		objects += n, comma = ",") {
		size_t digits = strspn(version, "0123456789");

		(void)buf_addf(to, "%s{\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\",%s",
			comma, ns, name, version[digits] == '!' ? "\"labels\":{}," : "");
		(void)buf_addf(to, "\"resourceVersion\":\"%.*s\"}}", (int)digits, version);
	}
}

/* A page of the list at this version; more: another follows. */
static void page(struct owner *o, const char *path, int version, const char *objects, bool more)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(100000);

	(void)buf_addf(&body, "{\"metadata\":{\"resourceVersion\":\"%d\"%s},\"items\":[", version,
		more ? ",\"continue\":\"c\"" : "");
	items(objects, &body);
	(void)buf_add(&body, "]}");
	fake_answer_next(&o->fake, "GET", path, buf_str(&body));
}

static void event(struct owner *o, const char *type, const char *object)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT(1000);

	(void)buf_addf(&line, "{\"type\":\"%s\",\"object\":", type);
	items(object, &line);
	(void)buf_addc(&line, '}');
	fake_line(&o->fake, o->fake.first, buf_str(&line));
}

/* What is under way fails, and a list begins. */
static void begins_again(struct owner *o, enum err_kind kind)
{
	fake_fail(&o->fake, o->fake.first, kind);
	if (fake_count(&o->fake, FAKE_TIMER))
		fake_env_run_next(&o->fake);
}

static void has(const struct owner *o, const char *ns, const char *name, const char *value)
{
	const char *found = store_get(&o->store, ns, name);

	if (value)
		assert_string_equal(found ? found : "nothing", value);
	else
		assert_null(found);
}

static void shows(size_t count)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_METRICS_BYTES);
	char line[80];

	metrics_render(&text);
	(void)snprintf(
		line, sizeof(line), "\npromogate_cache_objects{resource=\"jobs\"} %zu\n", count);
	assert_says(buf_str(&text), line);
}

static void follows_the_watch(void **state)
{
	CLEANUP(buf_release) struct buf reasons = BUF_INIT(1000);
	struct owner o;

	(void)state;
	owner_init(&o, &reports_all);
	assert_false(store_synced(&o.store));
	assert_int_equal(store_ready(&o.store, &reasons), -1);
	assert_string_equal(buf_str(&reasons), "jobs: not listed yet\n");
	page(&o, LIST, 9, "a/x=1 b/x=2", false);
	reported_is(&o, "[ +a/x=1 +b/x=2 ] @9 ");
	assert_true(store_synced(&o.store));
	assert_int_equal(store_ready(&o.store, &reasons), 0);
	shows(2);
	event(&o, "ADDED", "a/y=10");
	event(&o, "MODIFIED", "a/x=11");
	shows(3);
	event(&o, "DELETED", "b/x=12");
	event(&o, "DELETED", "b/never=13");
	reported_is(&o, "+a/y=10 @10 ~a/x=1>11 @11 -b/x=2 @12 @13 ");
	has(&o, "a", "x", "11");
	has(&o, "a", "y", "10");
	has(&o, "b", "x", NULL);
	shows(2);
	owner_release(&o);
}

static void a_list_replaces_the_old_one(void **state)
{
	static const struct {
		const char *before, *list, *reported;
	} rows[] = {
		{"", "", "[] @20 "},
		{"", "a/x=1", "[ +a/x=1 ] @20 "},
		{"a/x=1", "", "[ -a/x=1 ] @20 "},
		{"a/x=1 a/y=2", "a/y=2", "[ ~a/y=2>2 -a/x=1 ] @20 "},
		{"a/x=1 a/y=2", "a/y=3 a/z=4 b/x=5", "[ ~a/y=2>3 +a/z=4 +b/x=5 -a/x=1 ] @20 "},
		{"a/x=1", "a/x=2!", "[ -a/x=1 ] @20 "},
		/* An object twice, which a server should not send: the later one counts. */
		{"a/x=1", "a/x=2 a/x=3", "[ ~a/x=1>3 ] @20 "},
		{"", "a/x=2 a/x=3!", "[] @20 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o;

		print_message("# %s, then %s\n", rows[i].before, rows[i].list);
		owner_init(&o, &reports_all);
		page(&o, LIST, 9, rows[i].before, false);
		buf_reset(&o.reported);
		begins_again(&o, ERR_GONE);
		page(&o, LIST, 20, rows[i].list, false);
		reported_is(&o, rows[i].reported);
		assert_int_equal(values, o.store.objects.count);
		shows(o.store.objects.count);
		owner_release(&o);
	}
}

static void a_list_counts_once_it_is_complete(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &reports_all);
	page(&o, LIST, 9, "a/x=1 a/y=2", false);
	buf_reset(&o.reported);
	begins_again(&o, ERR_GONE);
	page(&o, LIST, 20, "a/x=10 a/z=11", true);
	assert_true(o.store.listing);
	reported_is(&o, "");
	has(&o, "a", "x", "1");
	has(&o, "a", "y", "2");
	has(&o, "a", "z", NULL);
	shows(2);
	page(&o, LIST "&continue=c", 20, "b/x=12", false);
	assert_false(o.store.listing);
	reported_is(&o, "[ ~a/x=1>10 +a/z=11 +b/x=12 -a/y=2 ] @20 ");
	owner_release(&o);
}

static void a_list_that_fails_loses_nothing(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &reports_all);
	page(&o, LIST, 9, "a/x=1 a/y=2", false);
	begins_again(&o, ERR_GONE);
	buf_reset(&o.reported);
	for (int i = 0; i < 3; i++) {
		page(&o, LIST, 20 + i, "a/x=10 a/z=11", true);
		begins_again(&o, ERR_IO);
		assert_true(o.store.listing);
		has(&o, "a", "x", "1");
		has(&o, "a", "y", "2");
	}
	/* What only the lists that failed had is not there. */
	page(&o, LIST, 30, "a/x=1 a/y=3", true);
	page(&o, LIST "&continue=c", 30, "", false);
	reported_is(&o, "[ ~a/x=1>1 ~a/y=2>3 ] @30 ");
	/* The end may come in the middle of a list. */
	begins_again(&o, ERR_GONE);
	page(&o, LIST, 40, "a/x=40 a/z=40", true);
	owner_release(&o);
}

static void what_has_not_changed_is_kept(void **state)
{
	const struct store_config knows_the_same = {
		.changed = changed, .listed = listed, .same = same};
	const void *x;
	struct owner o;

	(void)state;
	owner_init(&o, &knows_the_same);
	page(&o, LIST, 9, "a/x=1 a/y=2 a/z=3", false);
	reported_is(&o, "[ +a/x=1 +a/y=2 +a/z=3 ] ");
	x = store_get(&o.store, "a", "x");
	begins_again(&o, ERR_GONE);
	decoded = 0;
	page(&o, LIST, 20, "a/x=1 a/y=4", true);
	assert_int_equal(decoded, 1);
	assert_int_equal(values, 4);
	/* It is the current copy's too, and must outlive the list that failed. */
	begins_again(&o, ERR_IO);
	assert_int_equal(values, 4); /* until the next list begins */
	page(&o, LIST, 21, "a/x=1 a/y=4 a/x=1", false);
	reported_is(&o, "[ ~a/y=2>4 -a/z=3 ] ");
	assert_ptr_equal(store_get(&o.store, "a", "x"), x);
	assert_int_equal(values, 2);
	begins_again(&o, ERR_GONE);
	page(&o, LIST, 30, "a/x=1 a/x=5", true);
	owner_release(&o);
}

static void what_is_not_ours_does_not_exist(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &reports_all);
	page(&o, LIST, 9, "a/x=1 a/y=2!", false);
	reported_is(&o, "[ +a/x=1 ] @9 ");
	event(&o, "MODIFIED", "a/y=10!");
	event(&o, "MODIFIED", "a/y=11");
	event(&o, "MODIFIED", "a/x=12!");
	event(&o, "DELETED", "a/x=13!");
	reported_is(&o, "@10 +a/y=11 @11 -a/x=1 @12 @13 ");
	shows(1);
	owner_release(&o);
}

static void callbacks_may_be_absent(void **state)
{
	const struct store_config none = {.changed = NULL};
	struct owner o;

	(void)state;
	owner_init(&o, &none);
	page(&o, LIST, 9, "a/x=1 a/y=2", false);
	event(&o, "MODIFIED", "a/x=10");
	event(&o, "DELETED", "a/y=11");
	begins_again(&o, ERR_GONE);
	page(&o, LIST, 20, "a/z=12", false);
	assert_int_equal(values, 1);
	has(&o, "a", "z", "12");
	owner_release(&o);
}

/* --- readers ---------------------------------------------------------------------------------- */

enum { OBJECTS = 50, READERS = 3, LISTS = 200 };

static atomic_bool done;

struct reading {
	struct owner *o;
	const char *value; /* of the first object that the reader came by */
	size_t seen;
	size_t mixed, partial; /* reads of two lists, or of a part of one */
};

static void read_one(void *ctx, const char *key, void *value)
{
	struct reading *r = ctx;

	(void)key;
	if (!r->value)
		r->value = value;
	r->mixed += strcmp(r->value, value) != 0;
	r->seen++;
}

static void read_all(void *ctx)
{
	struct reading *r = ctx;

	while (!atomic_load(&done)) {
		r->value = NULL;
		r->seen = 0;
		rwlock_rdlock(&r->o->lock);
		strmap_walk(&r->o->store.objects, read_one, r);
		r->partial += r->seen != 0 && r->seen != OBJECTS;
		rwlock_unlock(&r->o->lock);
	}
}

/* Each list has all objects at its own version. */
static void lists_whole(struct owner *o, int version)
{
	CLEANUP(buf_release) struct buf half = BUF_INIT(10000);

	for (int i = 0; i < OBJECTS; i++) {
		(void)buf_addf(&half, "a/x%d=%d ", i, version);
		if (i + 1 == OBJECTS / 2) {
			page(o, LIST, version, buf_str(&half), true);
			buf_reset(&half);
		}
	}
	page(o, LIST "&continue=c", version, buf_str(&half), false);
}

static void *decode_unwatched(void *ctx, const struct json *object)
{
	(void)ctx;
	return xstrdup(json_string(json_at(object, "metadata", "resourceVersion")));
}

static void readers_see_one_list(void **state)
{
	struct reading readings[READERS];
	struct thread *threads[READERS];
	struct err err = ERR_INIT;
	struct owner o;

	(void)state;
	owner_init(&o, &(struct store_config){.changed = NULL});
	/* The lock is taken in earnest now: the checks that it is free would find readers. */
	o.store.config.decode = decode_unwatched;
	o.store.config.free_value = free;
	atomic_store(&done, false);
	for (size_t i = 0; i < READERS; i++) {
		readings[i] = (struct reading){.o = &o};
		assert_int_equal(
			thread_start("reader", read_all, &readings[i], &threads[i], &err), 0);
	}
	for (int version = 1; version <= LISTS; version++) {
		lists_whole(&o, version);
		begins_again(&o, ERR_GONE);
	}
	atomic_store(&done, true);
	for (size_t i = 0; i < READERS; i++) {
		thread_join(threads[i]);
		assert_int_equal(readings[i].mixed, 0);
		assert_int_equal(readings[i].partial, 0);
	}
	owner_release(&o);
}

/* A list with nothing but an object that can't be read. */
static void unreadable_page(struct owner *o, const char *path, int version, const char *name)
{
	char body[400];
	const struct api_response cut = {.status = 200, .body = body, .cut = true};
	struct api_response response = cut;

	response.len = (size_t)snprintf(body, sizeof(body),
		"{\"metadata\":{\"resourceVersion\":\"%d\"},\"items\":[{\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"a\"},\"spec\":[\"",
		version, name);
	fake_end(&o->fake, fake_expect(&o->fake, "GET", path), &response, NULL);
}

/* It must not look deleted. */
static void what_can_not_be_read_stays_as_it_was(void **state)
{
	static const char *const halved[] = {LIST, "/apis/batch/v1/jobs?limit=50",
		"/apis/batch/v1/jobs?limit=25", "/apis/batch/v1/jobs?limit=12",
		"/apis/batch/v1/jobs?limit=6", "/apis/batch/v1/jobs?limit=3",
		"/apis/batch/v1/jobs?limit=1"};
	static const struct {
		const char *name, *reported;
	} rows[] = {
		{"x", "[ -a/y=2 ] @20 "},
		{"new", "[ -a/x=1 -a/y=2 ] @20 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o;

		owner_init(&o, &reports_all);
		page(&o, LIST, 9, "a/x=1 a/y=2", false);
		begins_again(&o, ERR_GONE);
		buf_reset(&o.reported);
		for (size_t k = 0; k < ARRAY_SIZE(halved); k++)
			unreadable_page(&o, halved[k], 20, rows[i].name);
		reported_is(&o, rows[i].reported);
		has(&o, "a", "x", i == 0 ? "1" : NULL);
		has(&o, "a", "new", NULL);
		owner_release(&o);
	}
}

static void what_can_not_be_read_any_more_stays_as_it_was(void **state)
{
	struct owner o;

	(void)state;
	owner_init(&o, &reports_all);
	page(&o, LIST, 9, "a/x=1", false);
	buf_reset(&o.reported);
	fake_line(&o.fake, o.fake.first,
		"{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"x\",\"namespace\":\"a\","
		"\"resourceVersion\":\"10\"},\"spec\":[\"");
	reported_is(&o, "@10 ");
	has(&o, "a", "x", "1");
	event(&o, "MODIFIED", "a/x=11");
	reported_is(&o, "~a/x=1>11 @11 ");
	owner_release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_watch),
		cmocka_unit_test(a_list_replaces_the_old_one),
		cmocka_unit_test(a_list_counts_once_it_is_complete),
		cmocka_unit_test(a_list_that_fails_loses_nothing),
		cmocka_unit_test(what_has_not_changed_is_kept),
		cmocka_unit_test(what_is_not_ours_does_not_exist),
		cmocka_unit_test(what_can_not_be_read_stays_as_it_was),
		cmocka_unit_test(what_can_not_be_read_any_more_stays_as_it_was),
		cmocka_unit_test(callbacks_may_be_absent),
		cmocka_unit_test(readers_see_one_list),
	};

	return cmocka_run_group_tests_name("store", tests, fake_env_quiet, NULL);
}
