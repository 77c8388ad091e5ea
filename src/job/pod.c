#include "job/pod.h"

#include "base/limits.h"
#include "base/str.h"
#include "job/meta.h"
#include "json/gojson.h"

static const char *const mount_paths[RUNTIME_COUNT] = {
	[RUNTIME_DENO] = "/var/data/function.ts",
	[RUNTIME_PYTHON] = "/var/data/function.py",
};

/* The variables that every container gets. */
enum { OWN_CONTEXT, OWN_ID, OWN_ATTEMPT, OWN_ON_FAILURE, OWN_COUNT };

struct own {
	struct buf values[OWN_COUNT];
};

static const char *const own_names[OWN_COUNT] = {
	[OWN_CONTEXT] = JOB_CONTEXT_VARIABLE,
	[OWN_ID] = JOB_ID_VARIABLE,
	[OWN_ATTEMPT] = JOB_ATTEMPT_VARIABLE,
	[OWN_ON_FAILURE] = JOB_ON_FAILURE_VARIABLE,
};

static void own_init(struct own *own, const struct job_spec *s)
{
	for (int i = 0; i < OWN_COUNT; i++)
		buf_init(&own->values[i], LIMIT_JOB_BYTES);
	keptn_context_encode(&s->version.context, &own->values[OWN_CONTEXT]);
	(void)buf_addf(&own->values[OWN_ID], "%s/%s", s->version.uid, job_meta_task(s));
	(void)buf_addf(&own->values[OWN_ATTEMPT], "%u", s->attempt);
	(void)buf_add(&own->values[OWN_ON_FAILURE], on_failure_name(s->on_failure));
}

static void own_release(struct own *own)
{
	for (int i = 0; i < OWN_COUNT; i++)
		buf_release(&own->values[i]);
}

static void emit_variable(struct emit *e, const char *name, const char *value)
{
	emit_object_begin(e);
	emit_key_string(e, "name", name);
	emit_key_string(e, "value", value);
	emit_object_end(e);
}

static void emit_own(struct emit *e, const struct own *own, int which)
{
	emit_variable(e, own_names[which], buf_str(&own->values[which]));
}

/* --- the definition's own container ----------------------------------------------------------- */

/* A variable that is set already is replaced in place, as a whole. */
static void emit_container_env(
	struct emit *e, const struct job_definition *d, const struct own *own)
{
	bool seen[OWN_COUNT] = {false};

	emit_key(e, "env");
	emit_array_begin(e);
	job_list_each (variable, d, JOB_ENV) {
		int which = str_index(own_names, OWN_COUNT, variable->key);

		if (which < 0) {
			emit_raw(e, variable->value);
		} else {
			emit_own(e, own, which);
			seen[which] = true;
		}
	}
	for (int i = 0; i < OWN_COUNT; i++)
		if (!seen[i])
			emit_own(e, own, i);
	emit_array_end(e);
}

static void emit_container(struct emit *e, const struct job_definition *d, const struct own *own)
{
	emit_object_begin(e);
	emit_raw(e, d->container);
	emit_container_env(e, d, own);
	emit_object_end(e);
}

/* In memory, up to the container's limit: it counts towards the pod's memory. */
static void emit_scratch_volume(struct emit *e, const char *name, const char *memory)
{
	emit_object_begin(e);
	emit_key_string(e, "name", name);
	emit_key(e, "emptyDir");
	emit_object_begin(e);
	emit_key_string(e, "medium", "Memory");
	emit_key(e, "sizeLimit");
	emit_raw(e, *memory ? memory : "\"1Gi\"");
	emit_object_end(e);
	emit_object_end(e);
}

/* A definition has no field for volumes, so each volume that the container mounts is made here. */
static void emit_scratch_volumes(struct emit *e, const struct job_definition *d)
{
	if (d->bounds[JOB_MOUNTS] == d->bounds[JOB_MOUNTS + 1])
		return;
	emit_key(e, "volumes");
	emit_array_begin(e);
	job_list_each (mount, d, JOB_MOUNTS)
		emit_scratch_volume(e, mount->key, d->memory);
	emit_array_end(e);
}

/* --- a function ------------------------------------------------------------------------------- */

bool job_pod_brings_code(const struct job_spec *s, const struct function *f)
{
	return f->origin == CODE_INLINE ||
	       (f->origin == CODE_CONFIG_MAP && !str_eq(f->namespace, s->version.namespace));
}

/* SECURE_DATA is the name of the variable and of the key in the Secret. */
static void emit_secret_variable(struct emit *e, const char *secret)
{
	emit_object_begin(e);
	emit_key_string(e, "name", "SECURE_DATA");
	emit_key(e, "valueFrom");
	emit_object_begin(e);
	emit_key(e, "secretKeyRef");
	emit_object_begin(e);
	emit_key_string(e, "name", secret);
	emit_key_string(e, "key", "SECURE_DATA");
	emit_object_end(e);
	emit_object_end(e);
	emit_object_end(e);
}

static void emit_function_env(
	struct emit *e, const struct function *f, const struct own *own, const char *parameters)
{
	emit_key(e, "env");
	emit_array_begin(e);
	if (f->parameters.count)
		emit_variable(e, "DATA", parameters);
	emit_own(e, own, OWN_CONTEXT);
	emit_variable(e, "CMD_ARGS", f->arguments);
	if (*f->secret)
		emit_secret_variable(e, f->secret);
	emit_variable(e, "SCRIPT", f->origin == CODE_HTTP ? f->code : mount_paths[f->runtime]);
	emit_own(e, own, OWN_ID);
	emit_own(e, own, OWN_ATTEMPT);
	emit_own(e, own, OWN_ON_FAILURE);
	emit_array_end(e);
}

static void emit_function_mount(struct emit *e, const struct function *f)
{
	emit_key(e, "volumeMounts");
	emit_array_begin(e);
	emit_object_begin(e);
	emit_key_string(e, "name", FUNCTION_VOLUME);
	emit_key_bool(e, "readOnly", true);
	emit_key_string(e, "mountPath", mount_paths[f->runtime]);
	emit_key_string(e, "subPath", FUNCTION_KEY);
	emit_object_end(e);
	emit_array_end(e);
}

static int emit_function(struct emit *e, const struct job_spec *s, const struct function *f,
	const struct own *own, struct err *err)
{
	CLEANUP(buf_release) struct buf parameters = BUF_INIT(LIMIT_JOB_BYTES);

	gojson_map(&parameters, &f->parameters);
	if (parameters.overflowed)
		return err_set(err, ERR_TOO_LARGE, "the parameters of task \"%s\" are too large",
			job_meta_task(s));
	emit_object_begin(e);
	emit_key_string(e, "name", "keptn-function-runner");
	emit_key_string(e, "image", s->images[f->runtime]);
	emit_key_string(e, "imagePullPolicy", "IfNotPresent");
	emit_function_env(e, f, own, buf_str(&parameters));
	if (f->origin != CODE_HTTP)
		emit_function_mount(e, f);
	emit_object_end(e);
	return 0;
}

static void emit_function_volume(struct emit *e, const struct job_spec *s, const struct function *f)
{
	emit_key(e, "volumes");
	emit_array_begin(e);
	emit_object_begin(e);
	emit_key_string(e, "name", FUNCTION_VOLUME);
	emit_key(e, "configMap");
	emit_object_begin(e);
	emit_key_string(e, "name", job_pod_brings_code(s, f) ? s->name : f->code);
	emit_object_end(e);
	emit_object_end(e);
	emit_array_end(e);
}

/* --- the pod ---------------------------------------------------------------------------------- */

static void emit_if_set(struct emit *e, const char *key, const char *json)
{
	if (!*json)
		return;
	emit_key(e, key);
	emit_raw(e, json);
}

static void emit_identity(struct emit *e, const struct job_definition *d)
{
	if (d->service_account)
		emit_key_string(e, "serviceAccountName", d->service_account);
	emit_if_set(e, "automountServiceAccountToken", d->automount);
	emit_if_set(e, "imagePullSecrets", d->pull_secrets);
}

int job_pod_emit(
	const struct job_spec *s, const struct function *f, struct emit *e, struct err *err)
{
	CLEANUP(own_release) struct own own;
	const struct job_definition *d = job_spec_definition(s);

	own_init(&own, s);
	if (own.values[OWN_CONTEXT].overflowed)
		return err_set(err, ERR_TOO_LARGE,
			"the metadata of application \"%s\" is too large", s->version.context.app);
	emit_key(e, "spec");
	emit_object_begin(e);
	emit_key_string(e, "restartPolicy", "OnFailure");
	emit_identity(e, d);
	emit_key(e, "containers");
	emit_array_begin(e);
	if (!f)
		emit_container(e, d, &own);
	else if (emit_function(e, s, f, &own, err) < 0)
		return -1;
	emit_array_end(e);
	if (!f)
		emit_scratch_volumes(e, d);
	else if (f->origin != CODE_HTTP)
		emit_function_volume(e, s, f);
	emit_object_end(e);
	return 0;
}
