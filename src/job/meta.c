#include "job/meta.h"

#include <stdio.h>

#include "base/str.h"
#include "kube/labelvalue.h"

const char *job_meta_task(const struct job_spec *s)
{
	return s->task->chain[0].name;
}

static void emit_inherited(const struct job_spec *s, enum job_list list, struct emit *e)
{
	job_list_each (pair, job_spec_definition(s), list)
		emit_key_string(e, pair->key, pair->value);
}

static bool is_queue(const struct job_pair *label)
{
	return str_eq(label->key, JOB_QUEUE) && *label->value;
}

/* The name of the queue comes with the release: job_patch_queue(). */
static void emit_job_inherited(const struct job_spec *s, struct emit *e)
{
	job_list_each (pair, job_spec_definition(s), JOB_LABELS)
		emit_key_string(e, pair->key, is_queue(pair) ? JOB_QUEUE_NONE : pair->value);
}

static void emit_kept_queue(const struct job_spec *s, struct emit *e)
{
	job_list_each (pair, job_spec_definition(s), JOB_LABELS)
		if (is_queue(pair))
			emit_key_string(e, JOB_KEPT_QUEUE, pair->value);
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

static void emit_job_labels(const struct job_spec *s, struct emit *e)
{
	emit_key_object(e, "labels");
	emit_job_inherited(s, e);
	emit_our_labels(s, e);
	emit_object_end(e);
}

static void emit_pod_labels(const struct job_spec *s, struct emit *e)
{
	emit_key_object(e, "labels");
	emit_inherited(s, JOB_LABELS, e);
	emit_our_labels(s, e);
	emit_object_end(e);
}

static void emit_job_annotations(const struct job_spec *s, struct emit *e)
{
	char ttl[24], term[24];

	(void)snprintf(term, sizeof(term), "%llu", (unsigned long long)s->term);
	(void)snprintf(ttl, sizeof(ttl), "%lld", (long long)job_spec_definition(s)->ttl_seconds);
	emit_key_object(e, "annotations");
	emit_inherited(s, JOB_ANNOTATIONS, e);
	emit_key_string(e, JOB_KEPTN_APP, s->version.context.app);
	emit_key_string(e, JOB_KEPTN_VERSION, s->version.context.version);
	emit_key_string(e, JOB_KEPTN_TASK, s->name);
	emit_key_string(e, JOB_TASK, job_meta_task(s));
	emit_key_string(e, JOB_TTL, ttl);
	emit_key_string(e, JOB_TERM, term);
	emit_key_string(e, JOB_ON_FAILURE, on_failure_name(s->on_failure));
	emit_key_string(e, JOB_DECIDED_BY, s->decided_by);
	emit_kept_queue(s, e);
	emit_object_end(e);
}

struct owner {
	const char *api_version, *kind, *name, *uid;
};

static void emit_owner(struct emit *e, const struct owner *owner)
{
	emit_key_array(e, "ownerReferences");
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

static void emit_version_owner(struct emit *e, const struct job_spec_version *v)
{
	emit_owner(e, &(struct owner){"lifecycle.keptn.sh/v1", "KeptnAppVersion", v->name, v->uid});
}

void job_meta_emit_job(const struct job_spec *s, struct emit *e)
{
	const struct job_spec_version *v = &s->version;

	emit_key_object(e, "metadata");
	emit_key_string(e, "name", s->name);
	emit_key_string(e, "namespace", v->namespace);
	emit_job_labels(s, e);
	emit_job_annotations(s, e);
	emit_version_owner(e, v);
	emit_object_end(e);
}

void job_meta_emit_pod(const struct job_spec *s, struct emit *e)
{
	emit_key_object(e, "metadata");
	emit_pod_labels(s, e);
	emit_key_object(e, "annotations");
	emit_inherited(s, JOB_ANNOTATIONS, e);
	emit_object_end(e);
	emit_object_end(e);
}

void job_meta_emit_code(const struct job_spec *s, const char *job_uid, struct emit *e)
{
	emit_key_object(e, "metadata");
	emit_key_string(e, "name", s->name);
	emit_key_string(e, "namespace", s->version.namespace);
	emit_key_object(e, "labels");
	emit_our_labels(s, e);
	emit_object_end(e);
	emit_owner(e, &(struct owner){"batch/v1", "Job", s->name, job_uid});
	emit_object_end(e);
}
