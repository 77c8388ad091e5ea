#include "reconciler/audit_pass.h"

#include <stdlib.h>
#include <string.h>

#include "kube/names.h"
#include "policy/satisfy.h"

/* --- what it looks at ------------------------------------------------------------------------- */

static struct audit_target *add_target(
	struct audit_pass *pass, const char *name, const char *version, int64_t generation)
{
	struct audit_target *t;

	if (pass->ntargets == pass->capacity) {
		pass->capacity = pass->capacity ? 2 * pass->capacity : 8;
		pass->targets = xreallocarray(pass->targets, pass->capacity, sizeof(*t));
	}
	t = &pass->targets[pass->ntargets++];
	*t = (struct audit_target){.name = xstrdup(name), .version = xstrdup(version)};
	t->findings.generation = generation;
	return t;
}

static void add_valid(struct audit_pass *pass, struct policy *p)
{
	struct audit_target *t = add_target(pass, p->name, p->resource_version, p->generation);

	t->policy = policy_ref(p);
	t->findings.policy = p;
}

static void add_invalid(void *ctx, const struct invalid_policy *p)
{
	struct audit_target *t = add_target(ctx, p->name, p->resource_version, p->generation);

	t->fault = xstrdup(p->detail ? p->detail : "it is not valid");
	t->findings.fault = t->fault;
}

static bool add_context(void *ctx, const struct subject *s)
{
	struct audit_pass *pass = ctx;

	if (pass->ncontexts == pass->contexts_capacity) {
		pass->contexts_capacity = pass->ncontexts ? 2 * pass->ncontexts : 64;
		pass->contexts = xreallocarray(
			pass->contexts, pass->contexts_capacity, sizeof(*pass->contexts));
	}
	pass->contexts[pass->ncontexts++] = xasprintf("%s/%s", s->namespace, s->name);
	return true;
}

void audit_pass_begin(struct audit_pass *pass, const struct cache *cache)
{
	const struct policy_cache *policies = cache_policies(cache);
	const struct policies *valid = policy_cache_policies(policies);

	*pass = (struct audit_pass){.cache = cache};
	for (size_t i = 0; i < valid->count; i++) {
		add_valid(pass, valid->at[i]);
		policies_put(&pass->valid, policy_ref(valid->at[i]));
	}
	policy_cache_invalid(policies, add_invalid, pass);
	policy_cache_contexts(policies, NULL, add_context, pass);
}

/* One that stays in the status would still count if its task is added again. */
static bool since_differs(const struct policy *p)
{
	size_t added = policy_enforces(p) ? p->added.count : 0;

	for (size_t i = 0; i < added; i++)
		if (p->added.at[i].since == 0)
			return true;
	return p->nsince != added;
}

void audit_pass_begin_added(struct audit_pass *pass, const struct cache *cache)
{
	const struct policies *valid = policy_cache_policies(cache_policies(cache));

	*pass = (struct audit_pass){.cache = cache};
	for (size_t i = 0; i < valid->count; i++)
		if (since_differs(valid->at[i]))
			add_valid(pass, valid->at[i]);
}

/* --- one step --------------------------------------------------------------------------------- */

static void count_namespace(void *ctx, const char *ns, const struct labels *labels)
{
	struct audit_target *t = ctx;

	(void)ns;
	t->audit.namespaces += selector_matches(t->policy->namespaces, labels);
}

/* The first: people fix one after the other. */
static void find_conflict(const struct audit_pass *pass, struct audit_target *t)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_MESSAGE_BYTES);

	for (size_t i = 0; i < pass->valid.count && !t->conflict; i++)
		if (pass->valid.at[i] != t->policy &&
			satisfy_conflict(t->policy, pass->valid.at[i], &text))
			t->conflict = buf_steal(&text);
}

static size_t compare(struct audit_pass *pass, struct audit_target *t)
{
	policy_cache_namespaces(cache_policies(pass->cache), count_namespace, t);
	find_conflict(pass, t);
	t->findings.audit = &t->audit;
	t->findings.conflict = t->conflict;
	return 1 + t->audit.namespaces + pass->valid.count;
}

/* Both are in the order in which policies speak. */
static void audit_matched(
	struct audit_pass *pass, const struct policy_match *match, const struct subject *s)
{
	const struct resolver resolver = cache_resolver(pass->cache, s->namespace);
	struct audit_target *t = pass->targets;

	for (size_t i = 0; i < match->count; i++) {
		while (t->policy != match->at[i])
			t++;
		audit_add(&t->audit, t->policy, s, &resolver);
	}
}

static size_t audit_context(struct audit_pass *pass, const char *key)
{
	CLEANUP(policy_match_release) struct policy_match match = {.count = 0};
	CLEANUP(free_p) char *ns = name_namespace(key);
	const struct policy_cache *policies = cache_policies(pass->cache);
	const struct subject *s = policy_cache_context(policies, ns, key + strlen(ns) + 1);

	if (!s)
		return 1;
	policies_match(&pass->valid, policy_cache_namespace(policies, ns), s, NULL, &match);
	audit_matched(pass, &match, s);
	return 1 + pass->valid.count;
}

size_t audit_pass_step(struct audit_pass *pass)
{
	if (pass->compared < pass->valid.count)
		return compare(pass, &pass->targets[pass->compared++]);
	if (pass->audited < pass->ncontexts)
		return audit_context(pass, pass->contexts[pass->audited++]);
	return 0;
}

void audit_pass_release(struct audit_pass *pass)
{
	for (size_t i = 0; i < pass->ntargets; i++) {
		struct audit_target *t = &pass->targets[i];

		policy_unref(t->policy);
		audit_release(&t->audit);
		free(t->name);
		free(t->version);
		free(t->fault);
		free(t->conflict);
	}
	for (size_t i = 0; i < pass->ncontexts; i++)
		free(pass->contexts[i]);
	policies_release(&pass->valid);
	free(pass->targets);
	free(pass->contexts);
	*pass = (struct audit_pass)AUDIT_PASS_INIT;
}
