#include "job/function.h"

#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "keptn/taskdefinition.h"

static const char *const names[RUNTIME_COUNT] = {
	[RUNTIME_DENO] = "deno",
	[RUNTIME_PYTHON] = "python",
};

const char *runtime_name(enum runtime r)
{
	return names[r];
}

static const char *name_of(const struct json *definition)
{
	return json_string_or(json_at(definition, "metadata", "name"), "");
}

static int refuse(const struct json *definition, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID, "the KeptnTaskDefinition \"%s\" can't run: %s",
		name_of(definition), what);
}

/* One of them, and that the next is what it refers to. */
static int check_one(
	const struct json *definition, const struct json *next, bool lends, struct err *err)
{
	CLEANUP(buf_release) struct buf what = BUF_INIT(LIMIT_DETAIL_BYTES);
	CLEANUP(free_p) struct taskdef *t = taskdef_decode(definition);
	unsigned faults = lends ? t->faults & TASKDEF_WITHOUT_CODE : t->faults;

	if (faults) {
		taskdef_describe(&what, faults);
		return refuse(definition, buf_str(&what), err);
	}
	if (lends && t->container)
		return refuse(definition, "it is a container and has no code to lend", err);
	if (!str_eq(t->function_ref, next ? name_of(next) : "")) {
		(void)buf_addf(&what, "its functionRef \"%s\" was not found", t->function_ref);
		return refuse(definition, buf_str(&what), err);
	}
	return 0;
}

int function_check(const struct json *const *definitions, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct json *next = i + 1 < count ? definitions[i + 1] : NULL;

		if (check_one(definitions[i], next, i > 0, err) < 0)
			return -1;
	}
	return 0;
}

/* The part of the spec that names the runtime; NULL for a container. */
static const struct json *find_runtime(const struct json *definition, enum runtime *ret)
{
	for (int r = 0; r < RUNTIME_COUNT; r++) {
		const struct json *runtime = json_at(definition, "spec", names[r]);

		*ret = (enum runtime)r;
		if (json_type(runtime) == JSON_OBJECT)
			return runtime;
	}
	return NULL;
}

bool function_is(const struct json *definition)
{
	enum runtime r;

	return find_runtime(definition, &r) != NULL;
}

static const char *text_at(const struct json *runtime, const char *key, const char *member)
{
	return json_string_or(json_at(runtime, key, member), "");
}

static void read_code(const struct json *runtime, struct function *to)
{
	static const struct {
		enum code_origin origin;
		const char *key, *member;
	} places[] = {
		{CODE_INLINE, "inline", "code"},
		{CODE_CONFIG_MAP, "configMapRef", "name"},
		{CODE_HTTP, "httpRef", "url"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places) && !*to->code; i++) {
		to->origin = places[i].origin;
		to->code = text_at(runtime, places[i].key, places[i].member);
	}
}

static void fill_parameters(struct strmap *to, const struct json *map)
{
	json_each (item, json_type(map) == JSON_OBJECT ? map : NULL) {
		const char *before = strmap_get(to, json_key(item));

		if (json_string(item) && (!before || !*before))
			strmap_put(to, json_key(item), (void *)json_string(item));
	}
}

void function_read(const struct json *const *definitions, size_t count, struct function *ret)
{
	const struct json *last = definitions[count - 1], *runtime = NULL;

	*ret = (struct function)FUNCTION_INIT;
	for (size_t i = 0; i < count; i++) {
		runtime = find_runtime(definitions[i], &ret->runtime);
		fill_parameters(&ret->parameters, json_at(runtime, "parameters", "map"));
		if (!*ret->secret)
			ret->secret = text_at(runtime, "secureParameters", "secret");
		if (!*ret->arguments)
			ret->arguments = json_string_or(json_get(runtime, "cmdParameters"), "");
	}
	read_code(runtime, ret);
	ret->namespace = json_string_or(json_at(last, "metadata", "namespace"), "");
}

void function_release(struct function *f)
{
	strmap_release(&f->parameters);
}
