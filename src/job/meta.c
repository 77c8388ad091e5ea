#include "job/meta.h"

#include <string.h>

#include "base/str.h"
#include "kube/labelvalue.h"

/* Labels and annotations of the definition that a Job does not inherit. 'x/' is a prefix. */
static const char *const not_inherited[] = {
	/* Tools identify the objects that they applied by these, and prune others. */
	"kubectl.kubernetes.io/last-applied-configuration",
	"app.kubernetes.io/instance",
	"applyset.kubernetes.io/",
	"argocd.argoproj.io/",
	"kustomize.toolkit.fluxcd.io/",
	"helm.toolkit.fluxcd.io/",
	"meta.helm.sh/",
	"kapp.k14s.io/",
	"objectset.rio.cattle.io/",
	/* Set by the Job controller. */
	"batch.kubernetes.io/",
	"job-name",
	"controller-uid",
	/* Set by Promogate. */
	JOB_MANAGED_BY,
	JOB_APP,
	JOB_VERSION,
	JOB_TASK,
	JOB_ATTEMPT,
	JOB_TTL,
	JOB_ON_FAILURE,
	JOB_DECIDED_BY,
	JOB_OUTCOME,
	JOB_RELEASED,
	JOB_REASON,
	JOB_MESSAGE,
	JOB_KEPTN_APP,
	JOB_KEPTN_VERSION,
	JOB_KEPTN_TASK,
};

static bool is_excluded(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_inherited); i++) {
		const char *other = not_inherited[i];

		if (str_eq(key, other) ||
			(other[strlen(other) - 1] == '/' && str_starts(key, other)))
			return true;
	}
	return false;
}

const char *job_meta_task(const struct job_spec *s)
{
	return json_string_or(json_at(s->definitions[0], "metadata", "name"), "");
}

/* The labels or annotations that are inherited from the definition. */
static void emit_inherited(const struct job_spec *s, const char *which, struct emit *e)
{
	const struct json *map = json_at(s->definitions[0], "metadata", which);

	json_each (item, json_type(map) == JSON_OBJECT ? map : NULL)
		if (json_string(item) && !is_excluded(json_key(item)))
			emit_key_string(e, json_key(item), json_string(item));
}

static void emit_label(struct emit *e, const char *key, const char *value)
{
	emit_key_string(e, key, label_value_of(value).text);
}

static void emit_our_labels(const struct job_spec *s, struct emit *e)
{
	char attempt[16];

	(void)snprintf(attempt, sizeof(attempt), "%u", s->attempt);
	emit_label(e, JOB_MANAGED_BY, JOB_MANAGER);
	emit_label(e, JOB_APP, s->version.context.app);
	emit_label(e, JOB_VERSION, s->version.context.version);
	emit_label(e, JOB_TASK, job_meta_task(s));
	emit_label(e, JOB_ATTEMPT, attempt);
}

static void emit_labels(const struct job_spec *s, struct emit *e)
{
	emit_key(e, "labels");
	emit_object_begin(e);
	emit_inherited(s, "labels", e);
	emit_our_labels(s, e);
	emit_object_end(e);
}

static void emit_job_annotations(const struct job_spec *s, struct emit *e)
{
	int64_t ttl = DEFAULT_TTL_SECONDS;
	char text[24];

	(void)json_int64(json_at(s->definitions[0], "spec", "ttlSecondsAfterFinished"), &ttl);
	(void)snprintf(text, sizeof(text), "%lld", (long long)ttl);
	emit_key(e, "annotations");
	emit_object_begin(e);
	emit_inherited(s, "annotations", e);
	emit_key_string(e, JOB_KEPTN_APP, s->version.context.app);
	emit_key_string(e, JOB_KEPTN_VERSION, s->version.context.version);
	emit_key_string(e, JOB_KEPTN_TASK, s->name);
	emit_key_string(e, JOB_TASK, job_meta_task(s));
	emit_key_string(e, JOB_TTL, text);
	emit_object_end(e);
}

struct owner {
	const char *api_version, *kind, *name, *uid;
};

static void emit_owner(struct emit *e, const struct owner *owner)
{
	emit_key(e, "ownerReferences");
	emit_array_begin(e);
	emit_object_begin(e);
	emit_key_string(e, "apiVersion", owner->api_version);
	emit_key_string(e, "kind", owner->kind);
	emit_key_string(e, "name", owner->name);
	emit_key_string(e, "uid", owner->uid);
	emit_key_bool(e, "controller", true);
	emit_key_bool(e, "blockOwnerDeletion", true);
	emit_object_end(e);
	emit_array_end(e);
}

void job_meta_emit_owner(struct emit *e, const char *name, const char *uid)
{
	emit_owner(e, &(struct owner){"lifecycle.keptn.sh/v1", "KeptnAppVersion", name, uid});
}

void job_meta_emit_job(const struct job_spec *s, struct emit *e)
{
	const struct job_spec_version *v = &s->version;

	emit_key(e, "metadata");
	emit_object_begin(e);
	emit_key_string(e, "name", s->name);
	emit_key_string(e, "namespace", v->namespace);
	emit_labels(s, e);
	emit_job_annotations(s, e);
	job_meta_emit_owner(e, v->name, v->uid);
	emit_object_end(e);
}

void job_meta_emit_pod(const struct job_spec *s, struct emit *e)
{
	emit_key(e, "metadata");
	emit_object_begin(e);
	emit_labels(s, e);
	emit_key(e, "annotations");
	emit_object_begin(e);
	emit_inherited(s, "annotations", e);
	emit_object_end(e);
	emit_object_end(e);
}

void job_meta_emit_code(const struct job_spec *s, const char *job_uid, struct emit *e)
{
	emit_key(e, "metadata");
	emit_object_begin(e);
	emit_key_string(e, "name", s->name);
	emit_key_string(e, "namespace", s->version.namespace);
	emit_key(e, "labels");
	emit_object_begin(e);
	emit_our_labels(s, e);
	emit_object_end(e);
	emit_owner(e, &(struct owner){"batch/v1", "Job", s->name, job_uid});
	emit_object_end(e);
}
