#include "keptn/resolve.h"

#include "base/str.h"
#include "kube/names.h"

/* Notes the key if the answer is not confirmed. */
static const struct taskdef *find_in(struct resolution *r, const char *ns, const char *name)
{
	struct resolve_found found = r->resolver.find(r->resolver.ctx, ns, name);

	if (!found.confirmed)
		r->unconfirmed[r->nunconfirmed++] =
			(struct resolve_link){name, ns, found.definition};
	return found.definition;
}

/* Appends the definition that a valid name means; false if there is none. */
static bool append(struct resolution *r, const char *name)
{
	const char *const namespaces[] = {r->resolver.namespace, r->resolver.keptn_namespace};
	size_t n = str_eq(namespaces[0], namespaces[1]) ? 1 : 2;

	for (size_t i = 0; i < n; i++) {
		const struct taskdef *t = find_in(r, namespaces[i], name);

		if (!t)
			continue;
		r->chain[r->count++] = (struct resolve_link){name, namespaces[i], t};
		return true;
	}
	return false;
}

static bool is_in_chain(const struct resolution *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(r->chain[i].name, name))
			return true;
	return false;
}

/* Follows one functionRef; RESOLVE_RUNS if code may come from there. */
static enum resolve_outcome follow(struct resolution *r, const char *ref)
{
	const struct taskdef *parent;

	if (is_in_chain(r, ref))
		return RESOLVE_CYCLE;
	if (r->count == RESOLVE_CHAIN_MAX)
		return RESOLVE_TOO_DEEP;
	if (!append(r, ref))
		return RESOLVE_PARENT_MISSING;
	parent = r->chain[r->count - 1].definition;
	if (parent->container)
		return RESOLVE_PARENT_CONTAINER;
	return parent->faults & TASKDEF_WITHOUT_CODE ? RESOLVE_PARENT_WITHOUT_CODE : RESOLVE_RUNS;
}

void resolve_name(const struct resolver *r, const char *name, struct resolution *ret)
{
	ret->resolver = *r;
	ret->count = 0;
	ret->nunconfirmed = 0;
	if (!name_is_subdomain(name))
		ret->outcome = RESOLVE_BAD_NAME;
	else
		ret->outcome = append(ret, name) ? RESOLVE_RUNS : RESOLVE_MISSING;
}

void resolve(const struct resolver *r, const char *name, struct resolution *ret)
{
	resolve_name(r, name, ret);
	while (ret->outcome == RESOLVE_RUNS) {
		const char *ref = ret->chain[ret->count - 1].definition->function_ref;

		if (!*ref)
			break;
		ret->outcome = follow(ret, ref);
	}
	if (ret->outcome == RESOLVE_RUNS && ret->chain[0].definition->faults)
		ret->outcome = RESOLVE_FAULTY;
}

/* --- words ------------------------------------------------------------------------------------ */

static void add_bad_name(const char *suggestion, struct buf *to)
{
	(void)buf_addf(to, "must be a lowercase RFC 1123 subdomain of at most %d characters",
		LIMIT_NAME_BYTES);
	if (suggestion)
		(void)buf_addf(to, "; did you mean \"%s\"?", suggestion);
}

static void add_missing(const struct resolver *r, const char *suggestion, struct buf *to)
{
	(void)buf_addf(to, "no KeptnTaskDefinition of this name in \"%s\"", r->namespace);
	if (!str_eq(r->namespace, r->keptn_namespace))
		(void)buf_addf(to, " or \"%s\"", r->keptn_namespace);
	if (suggestion)
		(void)buf_addf(to, "; did you mean \"%s\"?", suggestion);
	else
		(void)buf_add(to, "; create it first, or correct the name");
}

/* `its functionRef "b"`, `the functionRef "c" of "b"`: the one that is at fault. */
static void add_ref(const struct resolution *r, const struct resolve_link *child, struct buf *to)
{
	const char *ref = child->definition->function_ref;

	if (child == r->chain)
		(void)buf_addf(to, "its functionRef \"%s\" ", ref);
	else
		(void)buf_addf(to, "the functionRef \"%s\" of \"%s\" ", ref, child->name);
}

static void add_chain_fault(const struct resolution *r, struct buf *to)
{
	static const char *const says[] = {
		[RESOLVE_PARENT_MISSING] = "does not exist: create it first, or correct the name",
		[RESOLVE_PARENT_CONTAINER] =
			"is a container and has no code to reference: name a definition with code",
		[RESOLVE_PARENT_WITHOUT_CODE] = "has no code to reference: ",
		[RESOLVE_CYCLE] = "is part of a cycle: end the chain at a definition with code",
	};
	const struct resolve_link *last = &r->chain[r->count - 1];
	bool at_last = r->outcome == RESOLVE_PARENT_MISSING || r->outcome == RESOLVE_CYCLE;

	if (r->outcome == RESOLVE_TOO_DEEP) {
		(void)buf_addf(to, "its code is more than %d functionRefs away: shorten the chain",
			LIMIT_FUNCTION_REF_DEPTH);
		return;
	}
	add_ref(r, at_last ? last : last - 1, to);
	(void)buf_add(to, says[r->outcome]);
	if (r->outcome == RESOLVE_PARENT_WITHOUT_CODE)
		taskdef_describe(to, last->definition->faults & TASKDEF_WITHOUT_CODE);
}

static void add_faults(const struct resolution *r, struct buf *to)
{
	const struct resolve_link *task = &r->chain[0];

	(void)buf_addf(to, "KeptnTaskDefinition \"%s\" in \"%s\" can't run: ", task->name,
		task->namespace);
	taskdef_describe(to, task->definition->faults);
	if (r->outcome == RESOLVE_FAULTY)
		return;
	(void)buf_add(to, task->definition->faults ? "; " : "");
	add_chain_fault(r, to);
}

void resolution_describe(const struct resolution *r, const char *suggestion, struct buf *to)
{
	if (r->outcome == RESOLVE_BAD_NAME)
		add_bad_name(suggestion, to);
	else if (r->outcome == RESOLVE_MISSING)
		add_missing(&r->resolver, suggestion, to);
	else if (r->outcome != RESOLVE_RUNS)
		add_faults(r, to);
}
