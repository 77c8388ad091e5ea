#include "controller/policy_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "controller/store.h"
#include "kube/names.h"
#include "policy/faults.h"
#include "run/log.h"

static const struct url policies_kind = {
	.group = POLICY_GROUP, .version = POLICY_VERSION, .resource = POLICY_RESOURCE};
static const struct url namespaces_kind = {.version = "v1", .resource = "namespaces"};
static const struct url contexts_kind = {
	.group = KEPTN_GROUP, .version = "v1", .resource = APPCONTEXT_RESOURCE};

/* A PromotionPolicy as it is stored, valid or not. */
struct stored_policy {
	struct policy *policy; /* NULL: it is not valid */
	struct invalid_policy invalid; /* then */
};

struct policy_cache {
	struct store stored; /* of struct stored_policy */
	struct store namespaces; /* of struct labels */
	struct store contexts; /* of struct subject */
	struct policies policies; /* those of `stored` that are valid */
	struct rwlock *lock; /* may be NULL */
	struct policy_cache_handler handler;
	bool differs; /* the list of policies under way brought a change */
	bool news; /* one that matters to more than the policy's own status */
};

/* A key without its namespace. */
static const char *key_name(const char *key)
{
	return strchr(key, '/') + 1;
}

/* --- policies --------------------------------------------------------------------------------- */

static void keep_first_fault(void *ctx, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_DETAIL_BYTES);
	struct invalid_policy *p = ctx;

	(void)fault;
	if (p->detail)
		return;
	(void)buf_addf(&text, "%s: ", field);
	fielderr_body(&text, type, value, detail);
	p->detail = buf_steal(&text);
}

static struct invalid_policy describe_invalid(const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");
	struct invalid_policy p = {
		.name = xstrdup(json_string_or(json_get(metadata, "name"), "")),
		.resource_version =
			xstrdup(json_string_or(json_get(metadata, "resourceVersion"), "")),
	};

	(void)json_int64(json_get(metadata, "generation"), &p.generation);
	policy_faults(object, keep_first_fault, &p);
	return p;
}

static void *decode_policy(void *ctx, const struct json *object)
{
	struct stored_policy *s = xcalloc(1, sizeof(*s));

	(void)ctx;
	s->policy = policy_decode(object);
	if (!s->policy)
		s->invalid = describe_invalid(object);
	return s;
}

static void free_stored(void *value)
{
	struct stored_policy *s = value;

	policy_unref(s->policy);
	free((char *)s->invalid.name);
	free((char *)s->invalid.resource_version);
	free((char *)s->invalid.detail);
	free(s);
}

/* Once for each generation. */
static void warn_of(const struct stored_policy *old, const struct stored_policy *now)
{
	if (now->policy ||
		(old && !old->policy && old->invalid.generation == now->invalid.generation))
		return;
	log_event(LOG_WARN, "PromotionPolicy ignored: not valid",
		LOG_STR("policy", now->invalid.name), LOG_STR("fault", now->invalid.detail),
		LOG_END);
}

static void write_lock(struct policy_cache *c)
{
	if (c->lock)
		rwlock_wrlock(c->lock);
}

static void write_unlock(struct policy_cache *c)
{
	if (c->lock)
		rwlock_unlock(c->lock);
}

static void report_news(struct policy_cache *c, const char *name)
{
	if (c->news && c->handler.policies_changed)
		c->handler.policies_changed(c->handler.ctx, name);
	c->news = false;
}

static bool same_since(const struct policy_tasks *a, const struct policy_tasks *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].since != b->at[i].since)
			return false;
	return true;
}

/* Not if only its status was written, except since when its tasks count. */
static bool is_news(const struct stored_policy *old, const struct stored_policy *now)
{
	if (!old || !now || !old->policy != !now->policy)
		return true;
	if (!now->policy)
		return old->invalid.generation != now->invalid.generation;
	return old->policy->generation != now->policy->generation ||
	       !str_eq(old->policy->uid, now->policy->uid) ||
	       !same_since(&old->policy->added, &now->policy->added);
}

static void update(struct policy_cache *c, const char *name, const struct stored_policy *now)
{
	write_lock(c);
	if (now && now->policy)
		policies_put(&c->policies, policy_ref(now->policy));
	else
		policies_remove(&c->policies, name);
	write_unlock(c);
}

static void policy_changed(void *ctx, const char *key, void *old, void *now)
{
	struct policy_cache *c = ctx;

	if (now)
		warn_of(old, now);
	c->news |= is_news(old, now);
	if (c->stored.listing) {
		c->differs = true;
		return;
	}
	update(c, key_name(key), now);
	report_news(c, key_name(key));
}

static void add_valid(void *ctx, const char *key, void *value)
{
	const struct stored_policy *s = value;

	(void)key;
	if (s->policy)
		policies_put(ctx, policy_ref(s->policy));
}

/* Readers see all changes of a list at once. */
static void policies_listed(void *ctx)
{
	struct policies before, now = POLICIES_INIT;
	struct policy_cache *c = ctx;

	if (!c->differs)
		return;
	c->differs = false;
	strmap_walk(&c->stored.objects, add_valid, &now);
	write_lock(c);
	before = c->policies;
	c->policies = now;
	write_unlock(c);
	policies_release(&before);
	report_news(c, NULL);
}

/* --- namespaces and contexts ------------------------------------------------------------------ */

static void *decode_namespace(void *ctx, const struct json *object)
{
	(void)ctx;
	return labels_decode(json_at(object, "metadata", "labels"));
}

static bool same_labels(const struct labels *a, const struct labels *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!str_eq(a->at[i].key, b->at[i].key) || !str_eq(a->at[i].value, b->at[i].value))
			return false;
	return true;
}

static void namespace_changed(void *ctx, const char *key, void *old, void *now)
{
	const struct policy_cache *c = ctx;

	if (old && now && same_labels(old, now))
		return;
	if (c->handler.namespace_changed)
		c->handler.namespace_changed(c->handler.ctx, key_name(key));
}

static void *decode_context(void *ctx, const struct json *object)
{
	(void)ctx;
	return subject_decode(object, json_string_or(json_at(object, "metadata", "namespace"), ""));
}

static void context_changed(void *ctx, const char *key, void *old, void *now)
{
	CLEANUP(free_p) char *ns = name_namespace(key);
	const struct policy_cache *c = ctx;

	(void)old;
	(void)now;
	if (c->handler.context_changed)
		c->handler.context_changed(c->handler.ctx, ns, key_name(key));
}

/* --- the whole -------------------------------------------------------------------------------- */

static void start(struct policy_cache *c, struct store *s, const struct env *env,
	const struct url *kind, const struct store_config *its)
{
	struct store_config config = *its;

	config.env = env;
	config.kind = kind;
	config.lock = c->lock;
	config.ctx = c;
	config.progressed = c->handler.progressed;
	config.progressed_ctx = c->handler.ctx;
	store_init(s, &config);
}

struct policy_cache *policy_cache_new(
	const struct env *env, struct rwlock *lock, const struct policy_cache_handler *handler)
{
	static const struct store_config policies = {.decode = decode_policy,
		.free_value = free_stored,
		.changed = policy_changed,
		.listed = policies_listed};
	static const struct store_config namespaces = {
		.decode = decode_namespace, .free_value = free, .changed = namespace_changed};
	static const struct store_config contexts = {
		.decode = decode_context, .free_value = free, .changed = context_changed};
	struct policy_cache *c = xcalloc(1, sizeof(*c));

	c->lock = lock;
	c->handler = *handler;
	start(c, &c->stored, env, &policies_kind, &policies);
	start(c, &c->namespaces, env, &namespaces_kind, &namespaces);
	start(c, &c->contexts, env, &contexts_kind, &contexts);
	return c;
}

void policy_cache_free(struct policy_cache *c)
{
	if (!c)
		return;
	store_release(&c->stored);
	store_release(&c->namespaces);
	store_release(&c->contexts);
	policies_release(&c->policies);
	free(c);
}

const struct policies *policy_cache_policies(const struct policy_cache *c)
{
	return &c->policies;
}

struct invalid_visit {
	policy_cache_invalid_fn *visit;
	void *ctx;
};

static void visit_invalid(void *ctx, const char *key, void *value)
{
	const struct stored_policy *s = value;
	const struct invalid_visit *v = ctx;

	(void)key;
	if (!s->policy)
		v->visit(v->ctx, &s->invalid);
}

void policy_cache_invalid(const struct policy_cache *c, policy_cache_invalid_fn *visit, void *ctx)
{
	struct invalid_visit v = {visit, ctx};

	strmap_walk(&c->stored.objects, visit_invalid, &v);
}

const struct labels *policy_cache_namespace(const struct policy_cache *c, const char *ns)
{
	return store_get(&c->namespaces, "", ns);
}

struct namespace_visit {
	policy_cache_namespace_fn *visit;
	void *ctx;
};

static void visit_namespace(void *ctx, const char *key, void *value)
{
	const struct namespace_visit *v = ctx;

	v->visit(v->ctx, key_name(key), value);
}

void policy_cache_namespaces(
	const struct policy_cache *c, policy_cache_namespace_fn *visit, void *ctx)
{
	struct namespace_visit v = {visit, ctx};

	strmap_walk(&c->namespaces.objects, visit_namespace, &v);
}

const struct subject *policy_cache_context(
	const struct policy_cache *c, const char *ns, const char *name)
{
	return store_get(&c->contexts, ns, name);
}

struct context_visit {
	policy_cache_visit_fn *visit;
	void *ctx;
};

static bool visit_context(void *ctx, const char *key, void *value)
{
	const struct context_visit *v = ctx;

	(void)key;
	return v->visit(v->ctx, value);
}

void policy_cache_contexts(
	const struct policy_cache *c, const char *ns, policy_cache_visit_fn *visit, void *ctx)
{
	CLEANUP(free_p) char *prefix = ns ? xasprintf("%s/", ns) : xstrdup("");
	struct context_visit v = {visit, ctx};

	strmap_walk_prefix(&c->contexts.objects, prefix, visit_context, &v);
}

void policy_cache_contexts_after(const struct policy_cache *c, const char *ns, const char *name,
	policy_cache_visit_fn *visit, void *ctx)
{
	CLEANUP(free_p) char *after = xasprintf("%s/%s", ns, name);
	struct context_visit v = {visit, ctx};

	strmap_walk_after(&c->contexts.objects, after, visit_context, &v);
}

bool policy_cache_synced(const struct policy_cache *c)
{
	return store_synced(&c->stored) && store_synced(&c->namespaces) &&
	       store_synced(&c->contexts);
}

bool policy_cache_namespaces_unheard(const struct policy_cache *c)
{
	return store_unheard(&c->namespaces);
}

/* The worst of two: not synced before not heard of. */
static int worse(int a, int b)
{
	return a < 0 || b < 0 ? -1 : a | b;
}

int policy_cache_ready(const struct policy_cache *c, struct buf *reasons)
{
	int policies = store_ready(&c->stored, reasons);
	int namespaces = store_ready(&c->namespaces, reasons);
	int contexts = store_ready(&c->contexts, reasons);

	return worse(worse(policies, namespaces), contexts);
}
