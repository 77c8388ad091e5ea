#include "keptn/taskdefinition.h"

#include "base/mem.h"
#include "base/packing.h"
#include "base/str.h"
#include "kube/duration.h"
#include "kube/names.h"

static const int64_t second_ns = 1000000000;

static bool is_set(const struct json *j)
{
	const char *s = json_string(j);

	return s && *s;
}

/* In any of the four places where a runtime takes its code from. */
static bool has_code(const struct json *runtime)
{
	return is_set(json_at(runtime, "inline", "code")) ||
	       is_set(json_at(runtime, "httpRef", "url")) ||
	       is_set(json_at(runtime, "configMapRef", "name")) ||
	       is_set(json_at(runtime, "functionRef", "name"));
}

static unsigned timeout_faults(const struct json *timeout)
{
	const char *text = json_string(timeout);
	int64_t ns;

	if (json_type(timeout) == JSON_NULL)
		return 0;
	if (!text || duration_parse(text, &ns) < 0)
		return TASKDEF_TIMEOUT_MALFORMED;
	return ns < second_ns ? TASKDEF_TIMEOUT_TOO_SHORT : 0;
}

static unsigned container_faults(const struct json *container)
{
	unsigned faults = 0;

	if (!is_set(json_get(container, "name")))
		faults |= TASKDEF_CONTAINER_UNNAMED;
	if (!is_set(json_get(container, "image")))
		faults |= TASKDEF_CONTAINER_WITHOUT_IMAGE;
	return faults;
}

static unsigned runtime_faults(const struct json *container, const struct json *runtime, int count)
{
	if (count == 0)
		return TASKDEF_NO_RUNTIME;
	if (count > 1)
		return TASKDEF_SEVERAL_RUNTIMES;
	if (container)
		return container_faults(container);
	return has_code(runtime) ? 0 : TASKDEF_NO_CODE;
}

/* "" without one; a name that is not a valid object name is a fault, and reads as "". */
static const char *read_function_ref(const struct json *runtime, unsigned *faults)
{
	const char *ref = json_string(json_at(runtime, "functionRef", "name"));

	if (!ref || !*ref)
		return "";
	if (name_is_subdomain(ref))
		return ref;
	*faults |= TASKDEF_FUNCTION_REF_MALFORMED;
	return "";
}

static const struct json *object_or_null(const struct json *j)
{
	return json_type(j) == JSON_OBJECT ? j : NULL;
}

bool taskdef_is(const struct json *object, const char *key)
{
	const struct json *metadata = json_get(object, "metadata");
	CLEANUP(free_p)
	char *own = xasprintf("%s/%s", json_string_or(json_get(metadata, "namespace"), ""),
		json_string_or(json_get(metadata, "name"), ""));

	return str_eq(json_string(json_get(object, "kind")), TASKDEF_KIND) && str_eq(own, key);
}

void taskdef_read(const struct json *object, struct taskdef *ret)
{
	const struct json *annotations = json_at(object, "metadata", "annotations");
	const struct json *spec = json_get(object, "spec");
	const struct json *container = object_or_null(json_get(spec, "container"));
	const struct json *deno = object_or_null(json_get(spec, "deno"));
	const struct json *python = object_or_null(json_get(spec, "python"));
	/* Where both are set, Keptn runs the deno one; here it is a fault anyway. */
	const struct json *runtime = deno ? deno : python;

	ret->faults = runtime_faults(container, runtime, !!container + !!deno + !!python) |
		      timeout_faults(json_get(spec, "timeout"));
	ret->on_failure =
		on_failure_choice(json_string(json_get(annotations, ON_FAILURE_ANNOTATION)));
	ret->container = container != NULL;
	ret->function_ref = read_function_ref(runtime, &ret->faults);
}

struct taskdef *taskdef_copy(const struct taskdef *t)
{
	struct taskdef copy = *t;
	struct packing measure = {NULL, 0}, fill = {NULL, 0};
	struct taskdef *ret;

	packing_text(&measure, &copy.function_ref);
	ret = xmalloc(sizeof(*ret) + measure.size);
	fill.at = (char *)(ret + 1);
	packing_text(&fill, &copy.function_ref);
	*ret = copy;
	return ret;
}

struct taskdef *taskdef_decode(const struct json *object)
{
	struct taskdef t;

	taskdef_read(object, &t);
	return taskdef_copy(&t);
}

void taskdef_describe(struct buf *to, unsigned faults)
{
	static const struct {
		enum taskdef_fault fault;
		const char *says;
	} words[] = {
		{TASKDEF_NO_RUNTIME, "it has no runtime: set one of container, deno, python"},
		{TASKDEF_SEVERAL_RUNTIMES,
			"it has several runtimes: keep one of container, deno, python"},
		{TASKDEF_NO_CODE,
			"it has no code: set one of inline.code, httpRef.url, configMapRef.name, functionRef.name"},
		{TASKDEF_CONTAINER_UNNAMED, "its container has no name: set spec.container.name"},
		{TASKDEF_CONTAINER_WITHOUT_IMAGE,
			"its container has no image: set spec.container.image"},
		{TASKDEF_TIMEOUT_MALFORMED,
			"its timeout is not a valid duration: set spec.timeout to a value such as 5m or 1h30m"},
		{TASKDEF_TIMEOUT_TOO_SHORT,
			"its timeout is under a second: set spec.timeout to 1s or more"},
		{TASKDEF_FUNCTION_REF_MALFORMED,
			"its functionRef is not a valid object name: correct functionRef.name"},
	};
	const char *before = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(faults & words[i].fault))
			continue;
		(void)buf_addf(to, "%s%s", before, words[i].says);
		before = "; ";
	}
}
