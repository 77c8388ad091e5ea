/*
 * request - one AdmissionReview, from its arrival to its answer: read, judged from the cache and
 * from what the API server confirmed, answered, counted. It waits for nobody (webhook/pending.h).
 * One thread at a time.
 */
#ifndef PROMOGATE_WEBHOOK_REQUEST_H
#define PROMOGATE_WEBHOOK_REQUEST_H

#include "admission/verdict.h"
#include "json/json.h"
#include "server/exchange.h"
#include "webhook/cache.h"

/* What a verdict rests on besides the request; all borrowed. */
struct request_config {
	struct cache *cache;
	const char *keptn_namespace;
	const struct strmap *lenient_managers;
	size_t max_promotion_tasks; /* 0: no limit */
};

struct request {
	const struct request_config *config;
	struct exchange *exchange; /* until it is answered */
	bool mutates;
	struct json *tree; /* NULL: laid aside */
	struct review review; /* looks into tree */
	struct definitions confirmed; /* live answers */
	struct needs needs; /* what to ask for, once request_judge() said so */
};

/* NULL, with the exchange answered, for what is no AdmissionReview. config is borrowed. */
struct request *request_receive(
	const struct request_config *config, struct exchange *x, bool mutates);
void request_free(struct request *r);
DEFINE_CLEANUP(struct request, request_free)

/* Judges, and answers unless the verdict rests on r->needs: VERDICT_PENDING then. */
int request_judge(struct request *r);
/* Answers that it can't be judged. */
void request_fail(struct request *r, int status, const char *reason, const struct err *err);

/* The live answer to one of the needs, "namespace/name". object NULL: there is none. */
void request_learn(struct request *r, const char *key, const struct json *object);

/*
 * What waits holds its body alone, of which the server limits the sum: parsed, it may be forty
 * times as large. Reading it again costs microseconds where asking costs milliseconds. Judging and
 * failing want it taken up.
 */
void request_unparse(struct request *r);
void request_parse(struct request *r);

#endif
