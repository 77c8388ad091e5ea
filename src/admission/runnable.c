#include "admission/runnable.h"

#include "base/limits.h"
#include "base/mem.h"

/* Why no code comes from the definition that ref names, NULL if there is none; false if it can. */
static bool add_parent_fault(struct buf *to, const char *ref, const struct taskdef *parent)
{
	if (!parent) {
		(void)buf_addf(to, "its functionRef \"%s\" does not exist: apply it first", ref);
	} else if (parent->container) {
		(void)buf_addf(
			to, "its functionRef \"%s\" is a container: name one with code", ref);
	} else if (parent->faults & TASKDEF_LENDS_NO_CODE) {
		(void)buf_addf(to, "its functionRef \"%s\" can't lend it code: ", ref);
		taskdef_describe(to, parent->faults & TASKDEF_LENDS_NO_CODE);
	} else {
		return false;
	}
	return true;
}

static bool is_among(const struct taskdef *t, const struct taskdef *const *chain, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (chain[i] == t)
			return true;
	return false;
}

/* Keptn looks each functionRef up from the application's namespace, whoever refers to it. */
static void describe_chain(
	const struct known *k, const char *app_ns, const struct taskdef *t, struct buf *to)
{
	const struct taskdef *chain[LIMIT_FUNCTION_REF_DEPTH];

	for (size_t n = 0; t->function_ref[0]; n++) {
		const char *ref = t->function_ref;

		if (n == LIMIT_FUNCTION_REF_DEPTH) {
			(void)buf_addf(to,
				"its code is over %d functionRefs away: shorten the chain",
				LIMIT_FUNCTION_REF_DEPTH);
			return;
		}
		chain[n] = t;
		t = lookup_definition(k, app_ns, ref).definition;
		if (is_among(t, chain, n + 1)) {
			(void)buf_addf(to,
				"its functionRef \"%s\" is part of a cycle: end it at code", ref);
			return;
		}
		if (add_parent_fault(to, ref, t))
			return;
	}
}

void runnable_describe(
	const struct known *k, const char *app_ns, const struct taskdef *t, struct buf *to)
{
	CLEANUP(buf_release) struct buf chain = BUF_INIT(LIMIT_DETAIL_BYTES);

	taskdef_describe(to, t->faults);
	describe_chain(k, app_ns, t, &chain);
	(void)buf_addf(to, "%s%s", t->faults && chain.len ? "; " : "", buf_str(&chain));
}

bool runnable_need(const struct known *k, const char *app_ns, const char *name, struct needs *needs)
{
	bool needed = false;

	for (int depth = 0; *name && depth <= LIMIT_FUNCTION_REF_DEPTH; depth++) {
		struct lookup l = lookup_definition(k, app_ns, name);

		needed |= lookup_need(k, app_ns, name, needs);
		if (!l.definition)
			break;
		name = l.definition->function_ref;
	}
	return needed;
}
