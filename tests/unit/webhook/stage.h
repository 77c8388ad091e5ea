/*
 * stage - a webhook without a server: its cache filled through a fake environment, and exchanges of
 * the real server (server/exchange_internal.h) that have no connection. A handler of theirs is
 * running, so a reply is kept in the exchange, where the test reads it.
 */
#ifndef PROMOGATE_TESTS_WEBHOOK_STAGE_H
#define PROMOGATE_TESTS_WEBHOOK_STAGE_H

#include "server/exchange_internal.h"
#include "webhook/request.h"

#include "fake_env.h"

#define DEFINITIONS "/apis/lifecycle.keptn.sh/v1/"
#define CONFIGS     "/keptnconfigs"
#define POLICIES    "/promotionpolicies"
#define NAMESPACES  "/namespaces?"
#define CONTEXTS    "/keptnappcontexts"

/* A definition in apps that can run. */
#define CONTAINER(name)                                                                            \
	"{\"metadata\":{\"namespace\":\"apps\",\"name\":\"" name "\"},\"spec\":{"                  \
	"\"container\":{\"name\":\"c\",\"image\":\"i\"}}}"

struct stage {
	struct fake_env fake;
	struct cache *cache;
	struct strmap lenient, nobody;
	struct request_config config;
};

/* Answers a list under way: these items, as JSON joined by commas. */
static inline void stage_list(struct stage *s, const char *path, const char *items)
{
	CLEANUP(free_p)
	char *body = xasprintf("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[%s]}", items);

	fake_answer(&s->fake, fake_find(&s->fake, FAKE_CALL, "GET", path), body);
}

/* In the cache: three definitions that can run, apps/broken, and these policies. */
static inline void stage_up_with(struct stage *s, const char *policies)
{
	*s = (struct stage){.lenient = STRMAP_INIT(NULL), .nobody = STRMAP_INIT(NULL)};
	fake_env_init(&s->fake);
	strmap_put(&s->lenient, "argocd", NULL);
	s->cache = cache_new(&s->fake.env, "keptn");
	s->config = (struct request_config){.cache = s->cache,
		.keptn_namespace = "keptn",
		.lenient_managers = &s->lenient,
		.lenient_users = &s->nobody,
		.max_promotion_tasks = 2};
	fake_env_run(&s->fake, 0);
	stage_list(s, CONFIGS, "");
	stage_list(s, POLICIES, policies);
	stage_list(
		s, NAMESPACES, "{\"metadata\":{\"name\":\"apps\",\"labels\":{\"env\":\"prod\"}}}");
	stage_list(s, DEFINITIONS,
		CONTAINER("known") "," CONTAINER("other") "," CONTAINER(
			"third") ","
				 "{\"metadata\":{\"namespace\":\"apps\",\"name\":\"broken\"},\"spec\":{}}");
	stage_list(s, CONTEXTS, "");
	assert_int_equal(fake_count(&s->fake, FAKE_CALL), 0);
}

static inline void stage_up(struct stage *s)
{
	stage_up_with(s, "");
}

static inline void stage_down(struct stage *s)
{
	fake_env_release(&s->fake);
	cache_free(s->cache);
	strmap_release(&s->lenient);
}

/* --- exchanges -------------------------------------------------------------------------------- */

/* A request with this body, of which the client expects the answer within 3 s. */
static inline struct exchange *stage_exchange(struct stage *s, const char *body)
{
	struct exchange *x = exchange_new(NULL, NULL, "POST");

	buf_init(&x->body, LIMIT_REVIEW_BYTES);
	assert_int_equal(exchange_body_add(x, body, strlen(body), INT64_MAX), 0);
	x->deadline_ms = s->fake.mono_ms + 3000;
	x->state = EXCHANGE_RUNNING;
	x->owners++; /* the handler; the connection's share is the test's */
	return x;
}

/* The AdmissionReview of a context in ns, with this spec; more has fields of the request. */
static inline char *stage_review_in(
	const char *ns, const char *spec, const char *manager, const char *more)
{
	return xasprintf("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
			 "\"request\":{\"uid\":\"a-uid\",\"resource\":{"
			 "\"group\":\"lifecycle.keptn.sh\",\"version\":\"v1\",\"resource\":"
			 "\"keptnappcontexts\"},\"namespace\":\"%s\",\"name\":\"app\",%s,"
			 "\"options\":{\"fieldManager\":\"%s\"},\"object\":{\"metadata\":{"
			 "\"namespace\":\"%s\",\"name\":\"app\"},\"spec\":%s}}}",
		ns, more, manager, ns, spec);
}

/* The same in apps. */
static inline char *stage_review_of(const char *spec, const char *manager, const char *more)
{
	return stage_review_in("apps", spec, manager, more);
}

/* That of a create; tasks are JSON strings. */
static inline char *stage_review(const char *tasks, const char *manager)
{
	CLEANUP(free_p) char *spec = xasprintf("{\"promotionTasks\":[%s]}", tasks);

	return stage_review_of(spec, manager, "\"operation\":\"CREATE\"");
}

static inline bool stage_answered(const struct exchange *x)
{
	return x->state == EXCHANGE_READY;
}

/* Checks the answer: its status, and a part of its body. */
static inline void stage_expect(const struct exchange *x, int status, const char *part)
{
	assert_true(stage_answered(x));
	assert_says(buf_str(&x->reply), part);
	assert_int_equal(x->status, status);
}

#define ALLOWED "\"response\":{\"uid\":\"a-uid\",\"allowed\":true"
#define DENIED  "\"response\":{\"uid\":\"a-uid\",\"allowed\":false"

#endif
