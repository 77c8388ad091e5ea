/*
 * request - one AdmissionReview: parsed, judged by the cache and by live answers, answered and
 * counted. It waits for nothing (webhook/pending.h does). One thread at a time.
 */
#ifndef PROMOGATE_WEBHOOK_REQUEST_H
#define PROMOGATE_WEBHOOK_REQUEST_H

#include "admission/verdict.h"
#include "json/json.h"
#include "server/exchange.h"
#include "webhook/cache.h"

/* What a verdict depends on besides the request; all borrowed. */
struct request_config {
	const struct env *env; /* its clock */
	struct cache *cache;
	const char *keptn_namespace;
	const struct strmap *lenient_managers, *lenient_users;
	size_t max_promotion_tasks; /* 0: no limit */
};

struct request {
	const struct request_config *config;
	struct exchange *exchange; /* until it is answered */
	bool mutates;
	struct json *tree; /* NULL: unparsed */
	size_t tree_bytes; /* its text */
	struct review review; /* points into tree */
	struct definitions confirmed; /* live answers */
	struct strmap namespaces, contexts; /* the same, as in struct known */
	struct needs needs; /* what to look up after VERDICT_PENDING */
	bool asked; /* once is enough for what only words the findings */
};

/* NULL, with the exchange answered, if it is not an AdmissionReview. config is borrowed. */
struct request *request_receive(
	const struct request_config *config, struct exchange *x, bool mutates);
void request_free(struct request *r);
DEFINE_CLEANUP(struct request, request_free)

/* Judges and answers it: 0. VERDICT_PENDING: r->needs are to be looked up. */
int request_judge(struct request *r);
/*
 * The same after look-ups, or instead of them. VERDICT_PENDING: a need that is left could deny the
 * request.
 */
int request_judge_again(struct request *r);
/*
 * Answers with an error. message is for people who may see nothing of this webhook; err, which may
 * name its account and the API server's address, is for its log.
 */
void request_fail(struct request *r, int status, const char *reason, const char *message,
	const struct err *err);

/* Adds the live answer to one of the needs. object NULL: absent. */
void request_learn(struct request *r, const char *key, const struct json *object);

/*
 * A pending request keeps only its body: the server limits the sum of all bodies, and parsed, one
 * may be forty times as large. Parsing again costs microseconds, a look-up milliseconds. Parse it
 * before request_judge() and request_fail().
 */
void request_unparse(struct request *r);
void request_parse(struct request *r);

#endif
