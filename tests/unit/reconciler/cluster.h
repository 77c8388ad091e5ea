/*
 * cluster - a fake environment (fake_env.h) with the lists, events and objects that the reconciler
 * reads. All objects are in the namespace "dev"; each gets a new resourceVersion.
 */
#ifndef PROMOGATE_TESTS_RECONCILER_CLUSTER_H
#define PROMOGATE_TESTS_RECONCILER_CLUSTER_H

#include "base/limits.h"
#include "json/emit.h"

#include "fake_env.h"

#define TIME "2026-01-02T03:04:05Z"

/* Status members of a version that Keptn's operator has delivered. */
#define DELIVERED                                                                                  \
	",\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":\"Pending\""

/* The namespace of all objects. */
#define CLUSTER_NAMESPACE                                                                          \
	"{\"metadata\":{\"name\":\"dev\",\"resourceVersion\":\"1\","                               \
	"\"labels\":{\"stage\":\"prod\"}}}"

struct cluster {
	struct fake_env fake;
	unsigned version; /* the last resourceVersion */
};

static inline void cluster_init(struct cluster *c)
{
	log_set_level(LOG_ERROR);
	c->version = 100;
	fake_env_init(&c->fake);
}

/* The oldest call of this method whose path contains this; NULL if there is none. */
static inline struct fake_task *cluster_call(
	struct cluster *c, const char *method, const char *path)
{
	return fake_find(&c->fake, FAKE_CALL, method, path);
}

/* Answers the list of a resource: these items, as JSON joined by commas; more: a page follows. */
static inline void cluster_page(
	struct cluster *c, const char *resource, const char *items, bool more)
{
	CLEANUP(free_p)
	char *body = xasprintf("{\"metadata\":{\"resourceVersion\":\"%u\"%s},\"items\":[%s]}",
		++c->version, more ? ",\"continue\":\"next\"" : "", items);

	fake_env_run(&c->fake, 0);
	fake_answer(&c->fake, cluster_call(c, "GET", resource), body);
	fake_env_run(&c->fake, 0);
}

static inline void cluster_list(struct cluster *c, const char *resource, const char *items)
{
	cluster_page(c, resource, items, false);
}

/* The watch of a resource ends as its position is too old: a list is under way. */
static inline void cluster_expire(struct cluster *c, const char *resource)
{
	fake_fail(&c->fake, fake_find(&c->fake, FAKE_WATCH, "GET", resource), ERR_GONE);
	while (!cluster_call(c, "GET", resource))
		fake_env_run_next(&c->fake);
}

static inline void cluster_event(
	struct cluster *c, const char *resource, const char *type, const char *object)
{
	CLEANUP(free_p) char *line = xasprintf("{\"type\":\"%s\",\"object\":%s}", type, object);

	fake_line(&c->fake, fake_find(&c->fake, FAKE_WATCH, "GET", resource), line);
	fake_env_run(&c->fake, 0);
}

/* Answers each write that says why a version waits; no watch delivers it. */
static inline void cluster_answer_annotations(struct cluster *c)
{
	struct fake_task *t = c->fake.first;

	while (t) {
		bool annotation = t->kind == FAKE_CALL && str_eq(t->method, "PATCH") &&
				  strstr(t->body, "promogate.dev/waiting");

		if (annotation)
			fake_answer(&c->fake, t, "{}");
		t = annotation ? c->fake.first : t->next;
	}
}

/* Time passes, and so it is answered at once. */
static inline void cluster_run(struct cluster *c, int64_t ms)
{
	int64_t until_ms = c->fake.mono_ms + ms;

	cluster_answer_annotations(c);
	while (fake_next_timer(&c->fake, until_ms)) {
		fake_env_run_next(&c->fake);
		cluster_answer_annotations(c);
	}
	fake_env_run(&c->fake, until_ms - c->fake.mono_ms);
}

/* A version with the uid "u-" and its name, the tasks a and b, and these more status members. */
static inline char *cluster_version(
	struct cluster *c, const char *name, const char *app, const char *status)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"%s\",\"uid\":\"u-%s\","
			 "\"resourceVersion\":\"%u\",\"creationTimestamp\":\"" TIME "\"},"
			 "\"spec\":{\"appName\":\"%s\",\"version\":\"1\",\"promotionTasks\":"
			 "[\"a\",\"b\"]},\"status\":{\"endTime\":\"" TIME "\"%s}}",
		name, name, ++c->version, app, status);
}

/*
 * The Job of a task, with the uid "u-" and its name, of the version "v"; suspended, and it mounts
 * the ConfigMap of its own name.
 */
static inline char *cluster_job(
	struct cluster *c, const char *name, const char *task, const char *app)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"%s\",\"uid\":\"u-%s\","
			 "\"resourceVersion\":\"%u\",\"annotations\":{\"keptn.sh/app\":\"%s\"},"
			 "\"ownerReferences\":[{\"kind\":\"KeptnAppVersion\",\"uid\":\"u-v\","
			 "\"controller\":true}]},\"spec\":{\"suspend\":true,\"template\":{\"spec\":"
			 "{\"containers\":[{\"env\":[{\"name\":\"PROMOGATE_ID\",\"value\":"
			 "\"u-v/%s\"}]}],\"volumes\":[{\"configMap\":{\"name\":\"%s\"}}]}}},"
			 "\"status\":{}}",
		name, name, ++c->version, app, task, name);
}

/* The Job that was sent, as the API server has it, with these status members; for free(). */
static inline char *cluster_job_sent(
	struct cluster *c, const char *body, const char *uid, const char *status)
{
	CLEANUP(json_free_p) struct json *sent = NULL;
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_JOB_BYTES);
	struct emit e = EMIT_INIT(&text);

	assert_int_equal(json_parse(body, strlen(body), &sent, NULL), 0);
	(void)buf_addf(&text, "{\"metadata\":{\"uid\":\"%s\",\"resourceVersion\":\"%u\"", uid,
		++c->version);
	e.comma = true;
	json_each (member, json_get(sent, "metadata"))
		emit_key_json(&e, json_key(member), member);
	(void)buf_add(&text, "},\"spec\":");
	e.comma = false;
	emit_json(&e, json_get(sent, "spec"));
	(void)buf_addf(&text, ",\"status\":{%s}}", status);
	return xstrdup(buf_str(&text));
}

/* Only what an event of its deletion must have. */
static inline char *cluster_gone(struct cluster *c, const char *name)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"dev\",\"name\":\"%s\","
			 "\"resourceVersion\":\"%u\"}}",
		name, ++c->version);
}

#endif
