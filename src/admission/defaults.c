#include "admission/defaults.h"

#include <string.h>

#include "base/limits.h"
#include "base/str.h"

/* Whether the API server still accepts the annotations. */
static bool fits(const struct json *annotations, const char *resolved)
{
	size_t bytes = strlen(RESOLVED_ON_FAILURE_ANNOTATION) + strlen(resolved);

	json_each (item, annotations)
		if (!str_eq(json_key(item), RESOLVED_ON_FAILURE_ANNOTATION))
			bytes += strlen(json_key(item)) + strlen(json_string_or(item, ""));
	return bytes <= LIMIT_ANNOTATIONS_BYTES;
}

bool defaults_patch(const struct json *object, const struct known *k, struct patch *to)
{
	static const char *const annotations_path[] = {"metadata", "annotations", NULL};
	static const char *const resolved_path[] = {
		"metadata", "annotations", RESOLVED_ON_FAILURE_ANNOTATION, NULL};
	const struct json *metadata = json_get(object, "metadata");
	const struct json *annotations = json_get(metadata, "annotations");
	const char *own = json_string(json_get(annotations, ON_FAILURE_ANNOTATION));
	const char *resolved = on_failure_name(on_failure_decide(own, k->block_deployment).value);
	const char *before = json_string(json_get(annotations, RESOLVED_ON_FAILURE_ANNOTATION));

	if (json_type(metadata) != JSON_OBJECT || str_eq(before, resolved))
		return true;
	if (json_type(annotations) == JSON_OBJECT && !fits(annotations, resolved))
		return false;
	if (json_type(annotations) == JSON_OBJECT)
		patch_add_string(to, resolved_path, resolved);
	else if (json_type(annotations) == JSON_NULL)
		patch_add_object(to, annotations_path, RESOLVED_ON_FAILURE_ANNOTATION, resolved);
	return true;
}
