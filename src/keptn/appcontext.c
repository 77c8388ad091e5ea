#include "keptn/appcontext.h"

static const char *const names[TASK_LIST_COUNT] = {
	[PRE_DEPLOYMENT_TASKS] = "preDeploymentTasks",
	[POST_DEPLOYMENT_TASKS] = "postDeploymentTasks",
	[PROMOTION_TASKS] = "promotionTasks",
};

const char *task_list_name(enum task_list list)
{
	return names[list];
}

void appcontext_read(const struct json *object, const char *namespace, struct appcontext *ret)
{
	const struct json *metadata = json_get(object, "metadata");
	const char *name = json_string(json_get(metadata, "name"));

	if (!name)
		name = json_string(json_get(metadata, "generateName"));
	ret->name = name ? name : "";
	ret->namespace = namespace;
	ret->deleting = json_string(json_get(metadata, "deletionTimestamp")) != NULL;
	ret->annotations = json_get(metadata, "annotations");
	ret->spec = json_get(object, "spec");
	for (int i = 0; i < TASK_LIST_COUNT; i++)
		ret->tasks[i] = json_get(ret->spec, names[i]);
	ret->span_links = json_get(ret->spec, "spanLinks");
}
