#include "admission/defaults.h"

#include "base/str.h"

void defaults_patch(const struct json *object, const struct known *k, struct patch *to)
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
		return;
	if (json_type(annotations) == JSON_OBJECT)
		patch_add_string(to, resolved_path, resolved);
	else if (json_type(annotations) == JSON_NULL)
		patch_add_object(to, annotations_path, RESOLVED_ON_FAILURE_ANNOTATION, resolved);
}
