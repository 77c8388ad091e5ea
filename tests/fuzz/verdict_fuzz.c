/*
 * The whole verdict. An input is lines of JSON: the AdmissionReview, then what is known,
 *
 *	{"namespace":"dev","name":"a","cached":true,"live":true,"spec":{…}}
 *	{"block":false,"lenient":"helm","lenientUser":"someone"}
 *	{"policy":"prod","spec":{…}}
 *	{"labelsOf":"dev","cached":true,"live":true,"terminating":false,"labels":{…}}
 *	{"contextOf":"dev","cached":true,"live":true,"context":{…}}
 */
#include <assert.h>

#include "admission/verdict.h"
#include "kube/names.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct json *lines[64]; /* the review first */
	size_t count;
	struct definitions cached, live;
	struct policies policies;
	struct strmap cached_labels, live_labels; /* struct labels */
	struct strmap terminating; /* namespaces */
	struct strmap cached_contexts, live_contexts; /* "namespace/name" to struct subject */
	struct strmap lenient, lenient_users;
	enum block_deployment block;
};

static void world_release(struct world *w)
{
	while (w->count)
		json_free(w->lines[--w->count]);
	definitions_release(&w->cached);
	definitions_release(&w->live);
	policies_release(&w->policies);
	strmap_release(&w->cached_labels);
	strmap_release(&w->live_labels);
	strmap_release(&w->terminating);
	strmap_release(&w->cached_contexts);
	strmap_release(&w->live_contexts);
	strmap_release(&w->lenient);
	strmap_release(&w->lenient_users);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void learn_policy(struct world *w, const struct json *line)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(json_free_p) struct json *object = NULL;
	struct emit e = EMIT_INIT(&text);
	struct policy *p;

	emit_object_begin(&e);
	emit_key_object(&e, "metadata");
	emit_key_string(&e, "name", json_string(json_get(line, "policy")));
	emit_object_end(&e);
	emit_key_json(&e, "spec", json_get(line, "spec"));
	emit_object_end(&e);
	if (json_parse(buf_str(&text), text.len, &object, NULL) < 0)
		return;
	p = policy_decode(object);
	if (p)
		policies_put(&w->policies, p);
}

static void learn_labels(struct world *w, const struct json *line)
{
	const char *ns = json_string(json_get(line, "labelsOf"));
	const struct json *labels = json_get(line, "labels");

	if (json_is_true(json_get(line, "cached")))
		strmap_put(&w->cached_labels, ns, labels_decode(labels));
	if (json_is_true(json_get(line, "live")))
		strmap_put(&w->live_labels, ns, labels_decode(labels));
	if (json_is_true(json_get(line, "terminating")))
		strmap_put(&w->terminating, ns, NULL);
}

/* Stored objects have valid names. */
static void put_context(struct strmap *to, const char *ns, const struct json *object)
{
	CLEANUP(free_p) struct subject *s = subject_decode(object, ns);
	CLEANUP(free_p) char *key = NULL;

	if (!name_is_subdomain(ns) || !name_is_subdomain(or_empty(s->name)))
		return;
	key = xasprintf("%s/%s", ns, s->name);
	strmap_put(to, key, s);
	s = NULL;
}

static void learn_context(struct world *w, const struct json *line)
{
	const char *ns = json_string(json_get(line, "contextOf"));
	const struct json *object = json_get(line, "context");

	if (json_is_true(json_get(line, "cached")))
		put_context(&w->cached_contexts, ns, object);
	if (json_is_true(json_get(line, "live")))
		put_context(&w->live_contexts, ns, object);
}

static void learn(struct world *w, const struct json *line)
{
	const char *ns = or_empty(json_string(json_get(line, "namespace")));
	const char *name = or_empty(json_string(json_get(line, "name")));
	const char *lenient = json_string(json_get(line, "lenient"));
	const char *user = json_string(json_get(line, "lenientUser"));

	if (json_string(json_get(line, "policy"))) {
		learn_policy(w, line);
		return;
	}
	if (json_string(json_get(line, "labelsOf"))) {
		learn_labels(w, line);
		return;
	}
	if (json_string(json_get(line, "contextOf"))) {
		learn_context(w, line);
		return;
	}
	if (json_is_true(json_get(line, "cached")))
		definitions_put(&w->cached, ns, name, taskdef_decode(line));
	if (json_is_true(json_get(line, "live")))
		definitions_put(&w->live, ns, name, taskdef_decode(line));
	if (lenient)
		strmap_put(&w->lenient, lenient, NULL);
	if (user)
		strmap_put(&w->lenient_users, user, NULL);
	if (json_type(json_get(line, "block")) == JSON_BOOL)
		w->block = json_is_true(json_get(line, "block")) ? BLOCK_DEPLOYMENT_TRUE
								 : BLOCK_DEPLOYMENT_FALSE;
}

static void world_read(struct world *w, const char *data, size_t size)
{
	const char *end = data + size;

	while (data < end && w->count < ARRAY_SIZE(w->lines)) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *stop = newline ? newline : end;
		struct json *line = NULL;

		if (json_parse(data, (size_t)(stop - data), &line, NULL) < 0)
			return;
		w->lines[w->count++] = line;
		if (w->count > 1)
			learn(w, line);
		data = stop + 1;
	}
}

/* A surroundings' labels. */
static const struct labels *cached_labels(const void *ctx, const char *ns)
{
	const struct world *w = ctx;

	return strmap_get(&w->cached_labels, ns);
}

struct visit {
	known_visit_fn *visit;
	void *ctx;
};

static bool visit_context(void *ctx, const char *key, void *subject)
{
	const struct visit *v = ctx;

	(void)key;
	return v->visit(v->ctx, subject);
}

/* A surroundings' contexts. */
static void cached_contexts(const void *ctx, const char *ns, known_visit_fn *visit, void *visit_ctx)
{
	CLEANUP(free_p) char *prefix = ns ? xasprintf("%s/", ns) : xstrdup("");
	const struct world *w = ctx;
	struct visit v = {visit, visit_ctx};

	strmap_walk_prefix(&w->cached_contexts, prefix, visit_context, &v);
}

/* What was looked up. */
struct answers {
	const struct world *w;
	struct definitions definitions;
	struct strmap namespaces;
	struct strmap contexts; /* borrows struct subject */
	struct surroundings around;
};

static void answers_release(struct answers *a)
{
	definitions_release(&a->definitions);
	strmap_release(&a->namespaces);
	strmap_release(&a->contexts);
}

static struct answers answers_of(const struct world *w)
{
	return (struct answers){
		.w = w,
		.definitions = DEFINITIONS_INIT,
		.namespaces = STRMAP_INIT(namespace_state_free),
		.contexts = STRMAP_INIT(NULL),
		.around = {&w->policies, cached_labels, cached_contexts, w},
	};
}

static size_t answers_count(const struct answers *a)
{
	return a->definitions.by_key.count + a->namespaces.count + a->contexts.count;
}

static struct labels *copy_labels(const struct labels *l)
{
	struct labels *copy = xmalloc(sizeof(*copy));

	*copy = *l;
	return copy;
}

static void look_up_namespace(struct answers *a, const char *ns)
{
	const struct labels *labels = strmap_get(&a->w->live_labels, ns);
	struct namespace_state *state = NULL;

	if (labels) {
		state = xcalloc(1, sizeof(*state));
		state->labels = copy_labels(labels);
		state->terminating = strmap_has(&a->w->terminating, ns);
	}
	strmap_put(&a->namespaces, ns, state);
}

static void look_up_definition(struct answers *a, const char *key)
{
	CLEANUP(free_p) char *ns = xstrndup(key, strcspn(key, "/"));
	const char *name = key + strlen(ns) + 1;
	const struct taskdef *t = NULL;
	struct taskdef *copy = NULL;

	if (definitions_find(&a->w->live, ns, name, &t) == DEFINITIONS_PRESENT)
		copy = taskdef_copy(t);
	definitions_put(&a->definitions, ns, name, copy);
}

static void look_up_context(struct answers *a, const char *key)
{
	CLEANUP(free_p) char *ns = xstrndup(key, strcspn(key, "/"));
	CLEANUP(free_p) char *id = xasprintf("%s%s", ns, strrchr(key, '/'));

	strmap_put(&a->contexts, id, strmap_get(&a->w->live_contexts, id));
}

/* "namespace", "namespace/definition" or "namespace/keptnappcontexts/context". */
static void look_up(void *ctx, const char *key, void *value)
{
	const char *slash = strchr(key, '/');

	(void)value;
	if (!slash)
		look_up_namespace(ctx, key);
	else if (slash == strrchr(key, '/'))
		look_up_definition(ctx, key);
	else
		look_up_context(ctx, key);
}

static struct known known_of(const struct world *w, const struct answers *a)
{
	return (struct known){
		.keptn_namespace = "keptn-system",
		.cached = &w->cached,
		.confirmed = &a->definitions,
		.confirmed_namespaces = &a->namespaces,
		.confirmed_contexts = &a->contexts,
		.around = &a->around,
		.lenient_managers = &w->lenient,
		.lenient_users = &w->lenient_users,
		.block_deployment = w->block,
		.ask_wording = true,
	};
}

/* Each round of look-ups confirms at least one more name, so this ends. */
static void validate(const struct world *w, const struct review *r, struct verdict *v)
{
	CLEANUP(answers_release) struct answers answers = answers_of(w);
	struct known known = known_of(w, &answers);

	for (;;) {
		CLEANUP(needs_release) struct needs needs = NEEDS_INIT;
		size_t before = answers_count(&answers);

		verdict_init(v);
		if (verdict_validate(r, &known, &needs, v) == 0)
			break;
		assert(needs.names.count <= LIMIT_LOOKUPS_PER_ROUND);
		strmap_walk(&needs.names, look_up, &answers);
		assert(answers_count(&answers) == before + needs.names.count);
		assert(answers_count(&answers) > before);
		verdict_release(v);
		known.ask_wording = false;
	}
	assert(v->allowed == (findings_errors(&v->findings) == 0));
	assert(v->patch.empty);
}

static bool allows(const struct world *w, const struct review *r)
{
	CLEANUP(verdict_release) struct verdict v;

	validate(w, r, &v);
	return v.allowed || v.findings.overflowed;
}

static void check_warnings(const struct json *warnings)
{
	size_t sum = 0;

	json_each (item, warnings) {
		size_t chars = 0;

		for (const char *p = json_string(item); *p; p++)
			chars += (*p & 0xc0) != 0x80;
		assert(chars <= LIMIT_WARNING_CHARS);
		sum += chars;
	}
	assert(sum <= LIMIT_WARNINGS_CHARS);
}

static void check_answer(const struct review *r, struct verdict *v)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(json_free_p) struct json *answer = NULL;
	const struct json *response, *causes;
	struct err err = ERR_INIT;

	verdict_encode(r, v, &text);
	assert(!text.overflowed);
	assert(json_parse(buf_str(&text), text.len, &answer, &err) == 0);
	response = json_get(answer, "response");
	assert(str_eq(json_string(json_get(response, "uid")), r->uid));
	assert(json_type(json_get(response, "allowed")) == JSON_BOOL);
	assert(json_is_true(json_get(response, "allowed")) == v->allowed);
	check_warnings(json_get(response, "warnings"));
	causes = json_at(response, "status", "details", "causes");
	/* What is denied of a deletion is not a field. */
	if (r->operation != REVIEW_DELETE)
		assert((v->allowed || v->too_large) == (json_count(causes) == 0));
}

/* What may be written: the list and the annotations of ours, and what is around them if absent. */
static bool is_ours(const struct json *object, const char *path)
{
	static const char *const always[] = {"/spec/promotionTasks",
		"/metadata/annotations/promogate.dev~1resolved-on-failure",
		"/metadata/annotations/promogate.dev~1defaulted-tasks"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (str_eq(path, always[i]))
			return true;
	if (str_eq(path, "/spec"))
		return json_type(json_get(object, "spec")) == JSON_NULL;
	return str_eq(path, "/metadata/annotations") &&
	       json_type(json_at(object, "metadata", "annotations")) == JSON_NULL;
}

static struct json *apply(const struct json *object, struct verdict *v)
{
	const struct buf *text = patch_text(&v->patch);
	CLEANUP(json_free_p) struct json *patch = NULL;

	assert(json_parse(buf_str(text), text->len, &patch, NULL) == 0);
	json_each (operation, patch)
		assert(is_ours(object, json_string(json_get(operation, "path"))));
	return tree_patched(object, patch);
}

/* Applying the patch twice is the same as once, and does not change the verdict. */
static void check_mutation(const struct world *w, const struct review *r)
{
	CLEANUP(answers_release) struct answers none = answers_of(w);
	CLEANUP(verdict_release) struct verdict v;
	CLEANUP(verdict_release) struct verdict again;
	CLEANUP(needs_release) struct needs needs = NEEDS_INIT;
	CLEANUP(json_free_p) struct json *patched = NULL;
	struct known known = known_of(w, &none);
	struct review next = *r;

	known.ask_wording = false;
	verdict_init(&v);
	verdict_init(&again);
	assert(verdict_mutate(r, &known, &needs, &v) == 0);
	assert(v.allowed && !v.findings.count);
	check_answer(r, &v);
	if (v.patch.empty)
		return;
	patched = apply(r->object, &v);
	next.object = patched;
	assert(verdict_mutate(&next, &known, &needs, &again) == 0);
	assert(again.patch.empty);
	/* A list that a policy gives is validated as well. */
	assert(w->policies.count || allows(w, r) == allows(w, &next));
}

/* An update without a change is allowed; dry runs and GitOps engines get no stricter verdict. */
static void check_leniency(const struct world *w, const struct review *r, bool allowed)
{
	struct review same = *r, dry = *r;

	same.operation = REVIEW_UPDATE;
	same.old_object = r->object;
	assert(allows(w, &same));
	dry.dry_run = true;
	assert(!allowed || allows(w, &dry));
}

/* --- policies that only report ---------------------------------------------------------------- */

static void mutate(const struct world *w, const struct review *r, struct verdict *v)
{
	CLEANUP(answers_release) struct answers none = answers_of(w);
	CLEANUP(needs_release) struct needs needs = NEEDS_INIT;
	struct known known = known_of(w, &none);

	known.ask_wording = false;
	verdict_init(v);
	assert(verdict_mutate(r, &known, &needs, v) == 0);
}

/* Without Deny, a policy changes no outcome and no write. */
static void check_reports(const struct world *w, const struct review *r, bool allowed)
{
	CLEANUP(policies_release) struct policies enforcing = POLICIES_INIT;
	CLEANUP(verdict_release) struct verdict with;
	CLEANUP(verdict_release) struct verdict without;
	struct world less = *w;

	for (size_t i = 0; i < w->policies.count; i++)
		if (policy_enforces(w->policies.at[i]))
			policies_put(&enforcing, policy_ref(w->policies.at[i]));
	less.policies = enforcing;
	assert(allows(&less, r) == allowed);
	mutate(w, r, &with);
	mutate(&less, r, &without);
	assert(with.patch.empty == without.patch.empty);
	if (!with.patch.empty)
		assert(str_eq(
			buf_str(patch_text(&with.patch)), buf_str(patch_text(&without.patch))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(world_release)
	struct world w = {.cached = DEFINITIONS_INIT,
		.live = DEFINITIONS_INIT,
		.cached_labels = STRMAP_INIT(free),
		.live_labels = STRMAP_INIT(free),
		.terminating = STRMAP_INIT(NULL),
		.cached_contexts = STRMAP_INIT(free),
		.live_contexts = STRMAP_INIT(free),
		.lenient = STRMAP_INIT(NULL),
		.lenient_users = STRMAP_INIT(NULL)};
	CLEANUP(verdict_release) struct verdict v;
	struct review r;

	verdict_init(&v);
	world_read(&w, (const char *)data, size);
	if (!w.count || review_decode(w.lines[0], &r, NULL) < 0)
		return 0;
	verdict_release(&v);
	validate(&w, &r, &v);
	check_answer(&r, &v);
	check_mutation(&w, &r);
	check_reports(&w, &r, v.allowed || v.findings.overflowed);
	if (r.object)
		check_leniency(&w, &r, v.allowed);
	return 0;
}
