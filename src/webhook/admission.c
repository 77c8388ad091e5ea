#include "webhook/admission.h"

#include <stdlib.h>

#include "webhook/pending.h"

struct admission {
	struct request_config config;
	struct pending *pending;
};

struct admission *admission_new(const struct env *env, const struct request_config *config)
{
	struct admission *a = xcalloc(1, sizeof(*a));

	a->config = *config;
	a->config.env = env;
	a->pending = pending_new(env);
	return a;
}

void admission_free(struct admission *a)
{
	if (!a)
		return;
	pending_free(a->pending);
	free(a);
}

static void admit(struct admission *a, struct exchange *x, bool mutates)
{
	CLEANUP(request_free_p) struct request *r = request_receive(&a->config, x, mutates);

	if (r && request_judge(r) == VERDICT_PENDING)
		pending_add(a->pending, STEAL(r));
}

void admission_validate(void *ctx, struct exchange *x)
{
	admit(ctx, x, false);
}

void admission_mutate(void *ctx, struct exchange *x)
{
	admit(ctx, x, true);
}
