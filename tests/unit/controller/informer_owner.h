/*
 * informer_owner - an informer in a fake environment (fake_env.h), and what its owner got.
 */
#ifndef PROMOGATE_TESTS_CONTROLLER_INFORMER_OWNER_H
#define PROMOGATE_TESTS_CONTROLLER_INFORMER_OWNER_H

#include "base/buf.h"
#include "controller/informer.h"

#include "fake_env.h"

static const struct url jobs = {.group = "batch", .version = "v1", .resource = "jobs"};

#define LIST "/apis/batch/v1/jobs?limit=100"

/* What the informer's owner got, and the progress each time. */
struct owner {
	struct fake_env fake;
	struct informer *informer;
	struct buf got;
};

static inline void list_begin(void *ctx)
{
	(void)buf_add(&((struct owner *)ctx)->got, "list(");
}

static inline void list_end(void *ctx)
{
	struct owner *o = ctx;

	(void)buf_add(&o->got, ") ");
}

static inline void set(void *ctx, const char *ns, const char *name, const struct json *object)
{
	struct owner *o = ctx;

	assert_non_null(object);
	(void)buf_addf(&o->got, "+%s/%s ", ns, name);
}

static inline void gone(void *ctx, const char *ns, const char *name)
{
	(void)buf_addf(&((struct owner *)ctx)->got, "-%s/%s ", ns, name);
}

static inline void skipped(void *ctx, const char *ns, const char *name)
{
	(void)buf_addf(&((struct owner *)ctx)->got, "?%s/%s ", ns, name);
}

static inline void progressed(void *ctx)
{
	struct owner *o = ctx;

	(void)buf_addf(&o->got, "@%llu ", (unsigned long long)informer_progress(o->informer));
	assert_true(informer_synced(o->informer));
}

static inline void owner_init_of(
	struct owner *o, const struct url *kind, const char *label_selector)
{
	const struct informer_handler handler = {
		list_begin, list_end, set, gone, skipped, progressed, o};

	*o = (struct owner){.got = BUF_INIT(1000)};
	fake_env_init(&o->fake);
	o->informer = informer_new(&o->fake.env, kind, label_selector, &handler);
	assert_int_equal(informer_progress(o->informer), 0);
	assert_false(informer_synced(o->informer));
	fake_env_run_next(&o->fake);
}

static inline void owner_init(struct owner *o, const char *label_selector)
{
	owner_init_of(o, &jobs, label_selector);
}

static inline void owner_release(struct owner *o)
{
	fake_env_release(&o->fake);
	informer_free(o->informer);
	buf_release(&o->got);
}

static inline void assert_got(struct owner *o, const char *what)
{
	assert_string_equal(buf_str(&o->got), what);
	buf_reset(&o->got);
}

/* Its first list, at this version, of one Job. */
static inline void owner_lists(struct owner *o, const char *version)
{
	char body[200];

	(void)snprintf(body, sizeof(body),
		"{\"metadata\":{\"resourceVersion\":\"%s\"},\"items\":[{\"metadata\":"
		"{\"namespace\":\"a\",\"name\":\"x\"}}]}",
		version);
	fake_answer_next(&o->fake, "GET", LIST, body);
}

static inline void owner_event(
	struct owner *o, const char *type, const char *name, const char *version)
{
	char line[200];

	(void)snprintf(line, sizeof(line),
		"{\"type\":\"%s\",\"object\":{\"metadata\":{\"namespace\":\"a\",\"name\":\"%s\","
		"\"resourceVersion\":\"%s\"}}}",
		type, name, version);
	fake_line(&o->fake, o->fake.first, line);
}

/* All that is under way is a watch that began at this version, and its watchdog. */
static inline void watches_from(const struct fake_env *f, const char *version)
{
	const struct fake_task *watch = f->first;
	CLEANUP(free_p) char *query = xasprintf("&resourceVersion=%s", version);

	assert_non_null(watch);
	assert_int_equal(watch->kind, FAKE_WATCH);
	assert_non_null(watch->next);
	assert_int_equal(watch->next->kind, FAKE_TIMER);
	assert_null(watch->next->next);
	assert_says(watch->path, "watch=true&allowWatchBookmarks=true&timeoutSeconds=300&");
	assert_says(watch->path, query);
	assert_string_equal(strstr(watch->path, query), query);
}

#endif
