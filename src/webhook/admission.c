#include "webhook/admission.h"

#include <stdlib.h>

#include "webhook/pending.h"
#include "webhook/request.h"

struct admission {
	struct admission_config config;
	struct waiting *waiting;
};

struct admission *admission_new(const struct admission_config *config)
{
	struct admission *a = xcalloc(1, sizeof(*a));

	a->config = *config;
	a->waiting = waiting_new(config->api);
	return a;
}

void admission_free(struct admission *a)
{
	if (!a)
		return;
	waiting_free(a->waiting);
	free(a);
}

static void admit(struct admission *a, struct exchange *x, bool mutates)
{
	CLEANUP(request_free_p) struct request *r = request_receive(&a->config, x, mutates);

	if (r && request_judge(r) == VERDICT_NEEDS)
		waiting_add(a->waiting, STEAL(r));
}

void admission_validate(void *ctx, struct exchange *x)
{
	admit(ctx, x, false);
}

void admission_mutate(void *ctx, struct exchange *x)
{
	admit(ctx, x, true);
}
