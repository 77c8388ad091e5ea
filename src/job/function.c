#include "job/function.h"

static void fill_parameters(struct strmap *to, const struct job_definition *d)
{
	job_list_each (pair, d, JOB_PARAMETERS) {
		const char *before = strmap_get(to, pair->key);

		if (!before || !*before)
			strmap_put(to, pair->key, (void *)pair->value);
	}
}

void function_read(const struct resolution *task, struct function *ret)
{
	const struct resolve_link *last = &task->chain[task->count - 1];
	const struct job_definition *d = job_definition_of(last->definition);

	*ret = (struct function){
		.runtime = d->runtime,
		.origin = d->origin,
		.code = d->code,
		.namespace = last->namespace,
		.parameters = STRMAP_INIT(NULL),
		.secret = "",
		.arguments = "",
	};
	for (size_t i = 0; i < task->count; i++) {
		d = job_definition_of(task->chain[i].definition);
		fill_parameters(&ret->parameters, d);
		if (!*ret->secret)
			ret->secret = d->secret;
		if (!*ret->arguments)
			ret->arguments = d->arguments;
	}
}

void function_release(struct function *f)
{
	strmap_release(&f->parameters);
}
