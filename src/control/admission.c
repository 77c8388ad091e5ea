#include "control/admission.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "control/confirm.h"
#include "promotion/verdict.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/metrics.h"
#include "json/json.h"

METRIC_COUNTER(requests, "promogate_admission_requests_total",
	"AdmissionReviews answered, by webhook, operation and verdict.", "webhook", "operation",
	"verdict");
METRIC_COUNTER(found, "promogate_admission_findings_total",
	"Findings, by rule and the severity they had in the end.", "rule", "severity");
METRIC_GAUGE(waiting_gauge, "promogate_admission_waiting", "Requests that wait for live look-ups.");

struct admission {
	struct admission_config config;
	struct confirm *confirm;
	atomic_uint waiting;
};

/* One request, from its arrival to its answer. One thread at a time. */
struct request {
	struct admission *admission;
	struct exchange *exchange;
	bool mutates;
	struct json *tree; /* NULL while look-ups are under way */
	struct review review; /* looks into tree */

	/* While live look-ups are under way, on the client's thread. */
	struct definitions confirmed;
	struct needs needs;
	size_t open; /* look-ups without an answer */
	struct err err;
	api_id deadline;
	bool deadline_open; /* its callback is still to come */
	bool answered; /* by the deadline: what is open is only waited for */
	bool ended;
};

struct admission *admission_new(const struct admission_config *config)
{
	struct admission *a = xcalloc(1, sizeof(*a));

	a->config = *config;
	a->confirm = confirm_new(confirm_get, config->api);
	atomic_init(&a->waiting, 0);
	return a;
}

void admission_free(struct admission *a)
{
	if (!a)
		return;
	confirm_free(a->confirm);
	free(a);
}

static void request_free(struct request *r)
{
	if (!r)
		return;
	json_free(r->tree);
	definitions_release(&r->confirmed);
	needs_release(&r->needs);
	free(r);
}
DEFINE_CLEANUP(struct request, request_free)

static const char *webhook_name(const struct request *r)
{
	return r->mutates ? "mutate" : "validate";
}

static void count(const struct request *r, const char *verdict)
{
	metric_add(metric_at(&requests, webhook_name(r), review_operation_name(r->review.operation),
			   verdict),
		1);
}

static void fail(struct request *r, int status, const char *reason, const struct err *err)
{
	count(r, "error");
	log_event(LOG_WARN, "request not judged", LOG_STR("webhook", webhook_name(r)),
		LOG_STR("uid", r->review.uid), LOG_STR("namespace", r->review.namespace),
		LOG_STR("name", r->review.name), LOG_ERR(err), LOG_END);
	exchange_fail(r->exchange, status, reason, err->msg);
}

static void count_findings(const struct verdict *v)
{
	for (size_t i = 0; i < v->findings.count; i++) {
		const struct finding *item = &v->findings.items[i];

		metric_add(metric_at(&found, item->rule->id, severity_name(item->severity)), 1);
	}
}

/* One line, however much was found: nobody fills the log by one bad object. */
static void log_denial(const struct request *r, const struct verdict *v)
{
	CLEANUP(buf_release) struct buf rules = BUF_INIT(LIMIT_DETAIL_BYTES);

	verdict_rules(v, &rules);
	log_event(LOG_INFO, "denied", LOG_STR("uid", r->review.uid),
		LOG_STR("operation", review_operation_name(r->review.operation)),
		LOG_STR("namespace", r->review.namespace), LOG_STR("name", r->review.name),
		LOG_STR("manager", r->review.field_manager), LOG_STR("rules", buf_str(&rules)),
		LOG_INT("errors", (int64_t)findings_errors(&v->findings)), LOG_END);
}

static void answer(struct request *r, struct verdict *v)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_RESPONSE_BYTES);
	struct err err = ERR_INIT;

	verdict_encode(&r->review, v, &body);
	if (body.overflowed) {
		(void)err_set(&err, ERR_TOO_LARGE, "the answer would be over %d bytes",
			LIMIT_RESPONSE_BYTES);
		fail(r, 500, "InternalError", &err);
		return;
	}
	count(r, v->allowed ? "allowed" : "denied");
	count_findings(v);
	if (!v->allowed)
		log_denial(r, v);
	exchange_reply(r->exchange, 200, "application/json", &body);
}

/* Judges, and answers unless the verdict rests on r->needs: VERDICT_NEEDS then. */
static int judge(struct request *r)
{
	const struct admission_config *config = &r->admission->config;
	CLEANUP(verdict_release) struct verdict v;
	struct cache_view view;
	struct known known;
	int ret = 0;

	verdict_init(&v);
	view = cache_read(config->cache);
	known = (struct known){
		.keptn_namespace = config->keptn_namespace,
		.cached = view.definitions,
		.confirmed = &r->confirmed,
		.lenient_managers = config->lenient_managers,
		.block_deployment = view.block_deployment,
		.max_promotion_tasks = config->max_promotion_tasks,
	};
	if (r->mutates)
		verdict_mutate(&r->review, &known, &v);
	else
		ret = verdict_validate(&r->review, &known, &r->needs, &v);
	cache_read_end(config->cache);
	if (ret == 0)
		answer(r, &v);
	return ret;
}

static int parse(struct request *r, struct err *err)
{
	size_t len;
	const char *body = exchange_body(r->exchange, &len);

	if (json_parse_small(body, len, LIMIT_REVIEW_VALUES, &r->tree, err) < 0 ||
		review_decode(r->tree, &r->review, err) < 0)
		return err_wrap(err, "not an AdmissionReview");
	return 0;
}

/*
 * What waits holds its body alone, of which the server limits the sum: parsed, it may be forty
 * times as large. Reading it again costs microseconds where asking costs milliseconds.
 */
static void lay_aside(struct request *r)
{
	r->review = (struct review){0};
	json_free(STEAL(r->tree));
}

static void take_up(struct request *r)
{
	struct err err = ERR_INIT;

	if (parse(r, &err) < 0)
		abort(); /* the same bytes as before */
}

static void ask(struct request *r);

static void keep_answer(struct request *r, const char *key, const struct json *object)
{
	const char *slash = strchr(key, '/');
	CLEANUP(free_p) char *ns = xstrndup(key, (size_t)(slash - key));

	definitions_put(&r->confirmed, ns, slash + 1, object ? taskdef_decode(object) : NULL);
}

static void request_end(struct request *r)
{
	unsigned left = atomic_fetch_sub(&r->admission->waiting, 1) - 1;

	metric_set(metric_at(&waiting_gauge), left);
	r->ended = true;
	if (r->deadline_open)
		api_cancel(r->admission->config.api, r->deadline); /* its callback frees */
	else
		request_free(r);
}

/* All answers of a round are there. */
static void round_done(struct request *r)
{
	needs_release(&r->needs);
	if (r->answered) {
		request_end(r);
		return;
	}
	take_up(r);
	if (r->err.kind != ERR_NONE) {
		(void)err_wrap(&r->err, "asking the API server for a KeptnTaskDefinition");
		fail(r, 500, "InternalError", &r->err);
		request_end(r);
	} else if (judge(r) == VERDICT_NEEDS) {
		ask(r);
	} else {
		request_end(r);
	}
}

static void confirmed(void *ctx, const char *key, const struct json *object, const struct err *err)
{
	struct request *r = ctx;

	if (err)
		r->err = *err;
	else
		keep_answer(r, key, object);
	if (--r->open == 0)
		round_done(r);
}

static void ask_one(void *ctx, const char *key, void *value)
{
	struct request *r = ctx;

	(void)value;
	confirm_ask(r->admission->confirm, key, confirmed, r);
}

/* Asks for all that is needed. An answer comes later, so the list is not changed meanwhile. */
static void ask(struct request *r)
{
	lay_aside(r);
	r->open = r->needs.names.count;
	strmap_walk(&r->needs.names, ask_one, r);
}

/* The API server's patience with us is almost over, and its own answer has not come. */
static void deadline_done(void *ctx, const struct api_response *response, const struct err *err)
{
	struct request *r = ctx;
	struct err late = ERR_INIT;

	(void)response;
	r->deadline_open = false;
	if (r->ended) {
		request_free(r);
		return;
	}
	if (err)
		return; /* shutting down: the look-ups end as well */
	(void)err_set(&late, ERR_TIMEOUT,
		"the API server did not say in time which KeptnTaskDefinitions exist");
	take_up(r);
	fail(r, 500, "InternalError", &late);
	lay_aside(r);
	r->answered = true;
}

static void start_deadline(struct request *r)
{
	int64_t at = exchange_deadline_ms(r->exchange) - LIMIT_ANSWER_MARGIN_MS;
	int64_t left = at - clock_mono_ms();

	r->deadline_open = true;
	r->deadline = api_timer(
		r->admission->config.api, left > 0 ? (unsigned)left : 0, deadline_done, r);
}

static void ask_on_client_thread(
	void *ctx, const struct api_response *response, const struct err *err)
{
	struct request *r = ctx;

	(void)response;
	if (!err) {
		start_deadline(r);
		ask(r);
		return;
	}
	take_up(r);
	fail(r, 503, "ServiceUnavailable", err);
	request_end(r);
}

/* Hands the request over to the client's thread. */
static void wait_for_answers(struct request *r)
{
	struct admission *a = r->admission;
	unsigned waiting = atomic_fetch_add(&a->waiting, 1) + 1;
	struct err err = ERR_INIT;

	metric_set(metric_at(&waiting_gauge), waiting);
	if (waiting <= LIMIT_WAITING_REQUESTS) {
		lay_aside(r);
		(void)api_timer(a->config.api, 0, ask_on_client_thread, r);
		return;
	}
	(void)err_set(&err, ERR_THROTTLED, "%d requests wait for live look-ups already: try again",
		LIMIT_WAITING_REQUESTS);
	fail(r, 503, "ServiceUnavailable", &err);
	request_end(r);
}

/* NULL, with the exchange answered, for what is no AdmissionReview. */
static struct request *receive(struct admission *a, struct exchange *x, bool mutates)
{
	CLEANUP(request_free_p) struct request *r = xcalloc(1, sizeof(*r));
	struct err err = ERR_INIT;

	r->admission = a;
	r->exchange = x;
	r->mutates = mutates;
	r->confirmed = (struct definitions)DEFINITIONS_INIT;
	if (parse(r, &err) < 0) {
		log_event(LOG_DEBUG, "request refused", LOG_STR("webhook", webhook_name(r)),
			LOG_ERR(&err), LOG_END);
		metric_add(metric_at(&requests, webhook_name(r), "", "refused"), 1);
		exchange_fail(x, 400, "BadRequest", err.msg);
		return NULL;
	}
	return STEAL(r);
}

static void admit(struct admission *a, struct exchange *x, bool mutates)
{
	CLEANUP(request_free_p) struct request *r = receive(a, x, mutates);

	if (r && judge(r) == VERDICT_NEEDS)
		wait_for_answers(STEAL(r));
}

void admission_validate(void *ctx, struct exchange *x)
{
	admit(ctx, x, false);
}

void admission_mutate(void *ctx, struct exchange *x)
{
	admit(ctx, x, true);
}
