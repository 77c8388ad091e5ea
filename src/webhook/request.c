#include "webhook/request.h"

#include <stdlib.h>
#include <string.h>

#include "admission/policing.h"
#include "base/limits.h"
#include "base/str.h"
#include "kube/names.h"
#include "run/log.h"
#include "run/memory.h"
#include "run/metrics.h"
#include "webhook/preview.h"

METRIC_COUNTER(requests, "promogate_admission_requests_total",
	"AdmissionReviews answered, by webhook, operation and verdict.", "webhook", "operation",
	"verdict");
METRIC_COUNTER(found, "promogate_admission_findings_total", "Findings, by rule and final severity.",
	"rule", "severity");

METRIC_COUNTER(violations, "promogate_policy_violations_total",
	"Violations of PromotionPolicies in AdmissionReviews, by what they did to the request.",
	"policy", "rule", "action");

static void drop_tree(struct request *r)
{
	size_t bytes = r->tree ? r->tree_bytes : 0;

	r->review = (struct review){0};
	json_free(STEAL(r->tree));
	memory_trim_after(bytes);
}

void request_free(struct request *r)
{
	if (!r)
		return;
	drop_tree(r);
	definitions_release(&r->confirmed);
	strmap_release(&r->namespaces);
	strmap_release(&r->contexts);
	needs_release(&r->needs);
	free(r);
}

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

void request_fail(struct request *r, int status, const char *reason, const char *message,
	const struct err *err)
{
	count(r, "error");
	log_event(LOG_WARN, "request failed", LOG_STR("webhook", webhook_name(r)),
		LOG_STR("uid", r->review.uid), LOG_STR("namespace", r->review.namespace),
		LOG_STR("name", r->review.name), LOG_ERR(err), LOG_END);
	exchange_fail(r->exchange, status, reason, message);
}

static void count_findings(const struct verdict *v)
{
	for (size_t i = 0; i < v->findings.count; i++) {
		const struct finding *item = &v->findings.items[i];

		metric_add(metric_at(&found, item->rule->id, severity_name(item->severity)), 1);
		if (item->policy)
			metric_add(metric_at(&violations, item->policy, item->rule->id,
					   policing_action(item)),
				1);
	}
}

/* One line, however many findings: a bad object must not flood the log. */
static void log_denial(const struct request *r, const struct verdict *v)
{
	CLEANUP(buf_release) struct buf rules = BUF_INIT(LIMIT_DETAIL_BYTES);

	verdict_rules(v, &rules);
	log_event(LOG_INFO, "denied", LOG_STR("uid", r->review.uid),
		LOG_STR("operation", review_operation_name(r->review.operation)),
		LOG_STR("namespace", r->review.namespace), LOG_STR("name", r->review.name),
		LOG_STR("manager", r->review.field_manager), LOG_STR("user", r->review.user),
		LOG_STR("rules", buf_str(&rules)),
		LOG_INT("errors", (int64_t)findings_errors(&v->findings)), LOG_END);
}

/* /mutate is asked with failurePolicy Ignore: it may have been unreachable. */
static void fail_undefaulted(struct request *r)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_INTERNAL, "defaults were not written, try again");
	request_fail(r, 500, "InternalError", err.msg, &err);
}

static void answer(struct request *r, struct verdict *v)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(LIMIT_RESPONSE_BYTES);
	struct err err = ERR_INIT;

	if (v->defaults_missing) {
		fail_undefaulted(r);
		return;
	}
	verdict_encode(&r->review, v, &body);
	if (body.overflowed) {
		(void)err_set(&err, ERR_TOO_LARGE, "the response would exceed %d bytes",
			LIMIT_RESPONSE_BYTES);
		request_fail(r, 500, "InternalError", err.msg, &err);
		return;
	}
	count(r, v->allowed ? "allowed" : "denied");
	count_findings(v);
	if (!v->allowed)
		log_denial(r, v);
	exchange_reply(r->exchange, 200, "application/json", &body);
}

/* Without the cache's lock, which the preview takes for a moment at a time. */
static void answer_policy(struct request *r, struct verdict *v)
{
	CLEANUP(policy_unref_p) struct policy *p = policy_decode(r->review.object);
	CLEANUP(preview_release) struct preview preview = PREVIEW_INIT;

	if (p) {
		preview_make(r->config, p, &preview);
		v->warning = buf_str(&preview.impact);
		v->hint = preview.conflict.len ? buf_str(&preview.conflict) : NULL;
	}
	answer(r, v);
}

int request_judge(struct request *r)
{
	const struct request_config *config = r->config;
	CLEANUP(verdict_release) struct verdict v;
	struct cache_view view;
	struct known known;
	int ret = 0;

	verdict_init(&v);
	view = cache_read(config->cache);
	known = (struct known){
		.keptn_namespace = config->keptn_namespace,
		.cached = &view.definitions,
		.unheard = view.unheard,
		.confirmed = &r->confirmed,
		.confirmed_namespaces = &r->namespaces,
		.confirmed_contexts = &r->contexts,
		.around = &view.around,
		.lenient_managers = config->lenient_managers,
		.lenient_users = config->lenient_users,
		.block_deployment = view.block_deployment,
		.max_promotion_tasks = config->max_promotion_tasks,
		.ask_wording = !r->asked,
	};
	if (r->mutates)
		ret = verdict_mutate(&r->review, &known, &r->needs, &v);
	else
		ret = verdict_validate(&r->review, &known, &r->needs, &v);
	cache_read_end(config->cache);
	if (ret == 0 && v.is_policy)
		answer_policy(r, &v);
	else if (ret == 0)
		answer(r, &v);
	return ret;
}

int request_judge_again(struct request *r)
{
	needs_release(&r->needs);
	r->asked = true;
	return request_judge(r);
}

static int parse(struct request *r, struct err *err)
{
	size_t len;
	const char *body = exchange_body(r->exchange, &len);

	r->tree_bytes = len;
	if (json_parse_small(body, len, LIMIT_REVIEW_VALUES, &r->tree, err) < 0 ||
		review_decode(r->tree, &r->review, err) < 0)
		return err_wrap(err, "not an AdmissionReview");
	return 0;
}

void request_unparse(struct request *r)
{
	drop_tree(r);
}

void request_parse(struct request *r)
{
	struct err err = ERR_INIT;

	if (parse(r, &err) < 0)
		abort(); /* the same bytes as before */
}

static struct namespace_state *namespace_state(const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");
	struct namespace_state *s = xcalloc(1, sizeof(*s));

	s->terminating = json_type(json_get(metadata, "deletionTimestamp")) != JSON_NULL;
	s->labels = labels_decode(json_get(metadata, "labels"));
	return s;
}

static void learn_context(
	struct request *r, const char *ns, const char *name, const struct json *object)
{
	CLEANUP(free_p) char *key = xasprintf("%s/%s", ns, name);

	strmap_put(&r->contexts, key, object ? subject_decode(object, ns) : NULL);
}

void request_learn(struct request *r, const char *key, const struct json *object)
{
	static const char contexts[] = APPCONTEXT_RESOURCE "/";
	CLEANUP(free_p) char *ns = name_namespace(key);
	const char *rest = key + strlen(ns);

	if (!*rest)
		strmap_put(&r->namespaces, ns, object ? namespace_state(object) : NULL);
	else if (str_starts(rest + 1, contexts))
		learn_context(r, ns, rest + strlen(contexts) + 1, object);
	else
		definitions_put(
			&r->confirmed, ns, rest + 1, object ? taskdef_decode(object) : NULL);
}

struct request *request_receive(
	const struct request_config *config, struct exchange *x, bool mutates)
{
	CLEANUP(request_free_p) struct request *r = xcalloc(1, sizeof(*r));
	struct err err = ERR_INIT;

	r->config = config;
	r->exchange = x;
	r->mutates = mutates;
	r->confirmed = (struct definitions)DEFINITIONS_INIT;
	r->namespaces = (struct strmap)STRMAP_INIT(namespace_state_free);
	r->contexts = (struct strmap)STRMAP_INIT(free);
	if (parse(r, &err) < 0) {
		log_event(LOG_DEBUG, "request refused", LOG_STR("webhook", webhook_name(r)),
			LOG_ERR(&err), LOG_END);
		metric_add(metric_at(&requests, webhook_name(r), "", "refused"), 1);
		exchange_fail(x, 400, "BadRequest", err.msg);
		return NULL;
	}
	return STEAL(r);
}
