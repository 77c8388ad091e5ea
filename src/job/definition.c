#include "job/definition.h"

#include <string.h>

#include "base/mem.h"
#include "base/packing.h"
#include "base/str.h"
#include "base/strmap.h"
#include "job/keys.h"
#include "json/emit.h"
#include "kube/duration.h"

/* The defaults of Keptn's CRD. */
enum { DEFAULT_RETRIES = 10, DEFAULT_TIMEOUT_SECONDS = 300 };

static const int64_t second_ns = 1000000000;

static const char *const runtime_names[RUNTIME_COUNT] = {
	[RUNTIME_DENO] = "deno",
	[RUNTIME_PYTHON] = "python",
};

const char *runtime_name(enum runtime r)
{
	return runtime_names[r];
}

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
	JOB_TERM,
	JOB_ON_FAILURE,
	JOB_DECIDED_BY,
	JOB_OUTCOME,
	JOB_RELEASED,
	JOB_KEPT_QUEUE,
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

/* While it is read: its arrays and its JSON texts are its own, other strings are the object's. */
struct draft {
	struct job_definition d;
	struct job_pair *pairs;
	size_t count;
	char **texts;
	size_t ntexts;
	bool too_large;
};

static void draft_release(struct draft *f)
{
	while (f->ntexts)
		free(f->texts[--f->ntexts]);
	free(f->texts);
	free(f->pairs);
}

static void add_pair(struct draft *f, const char *key, const char *value)
{
	f->pairs = xreallocarray(f->pairs, f->count + 1, sizeof(*f->pairs));
	f->pairs[f->count++] = (struct job_pair){key, value};
}

static void end_list(struct draft *f, enum job_list list)
{
	f->d.bounds[list + 1] = (unsigned)f->count;
}

/* Takes the text. */
static const char *keep(struct draft *f, struct buf *text)
{
	f->too_large |= text->overflowed;
	f->texts = xreallocarray(f->texts, f->ntexts + 1, sizeof(*f->texts));
	return f->texts[f->ntexts++] = buf_steal(text);
}

/* The value as JSON; "" for none. */
static const char *text_of(struct draft *f, const struct json *j)
{
	struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct emit e = EMIT_INIT(&text);

	if (!j)
		return "";
	emit_json(&e, j);
	return keep(f, &text);
}

static const char *string_at(const struct json *object, const char *key, const char *member)
{
	return json_string_or(json_at(object, key, member), "");
}

static const struct json *object_or_null(const struct json *j)
{
	return json_type(j) == JSON_OBJECT ? j : NULL;
}

static void read_inherited(struct draft *f, const struct json *map)
{
	json_each (item, object_or_null(map))
		if (json_string(item) && !is_excluded(json_key(item)))
			add_pair(f, json_key(item), json_string(item));
}

/* --- a function ------------------------------------------------------------------------------- */

static void read_code(struct job_definition *d, const struct json *runtime)
{
	static const struct {
		enum code_origin origin;
		const char *key, *member;
	} places[] = {
		{CODE_INLINE, "inline", "code"},
		{CODE_CONFIG_MAP, "configMapRef", "name"},
		{CODE_HTTP, "httpRef", "url"},
	};

	d->code = "";
	for (size_t i = 0; i < ARRAY_SIZE(places) && !*d->code; i++) {
		d->origin = places[i].origin;
		d->code = string_at(runtime, places[i].key, places[i].member);
	}
}

/* The part of the spec that has the runtime's name; NULL for a container. */
static const struct json *find_runtime(const struct json *spec, enum runtime *ret)
{
	for (int r = 0; r < RUNTIME_COUNT; r++) {
		const struct json *runtime = object_or_null(json_get(spec, runtime_names[r]));

		*ret = (enum runtime)r;
		if (runtime)
			return runtime;
	}
	return NULL;
}

static void read_function(struct draft *f, const struct json *spec)
{
	const struct json *runtime = find_runtime(spec, &f->d.runtime);

	read_code(&f->d, runtime);
	f->d.secret = string_at(runtime, "secureParameters", "secret");
	f->d.arguments = json_string_or(json_get(runtime, "cmdParameters"), "");
	json_each (item, object_or_null(json_at(runtime, "parameters", "map")))
		if (json_string(item))
			add_pair(f, json_key(item), json_string(item));
}

/* --- a container ------------------------------------------------------------------------------ */

static const char *members_of(struct draft *f, const struct json *container)
{
	struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct emit e = EMIT_INIT(&text);

	json_each (field, container)
		if (!str_eq(json_key(field), "env"))
			emit_key_json(&e, json_key(field), field);
	return text.data ? keep(f, &text) : "";
}

static bool is_own_variable(const char *name)
{
	return str_eq(name, JOB_CONTEXT_VARIABLE) || str_eq(name, JOB_ID_VARIABLE) ||
	       str_eq(name, JOB_ATTEMPT_VARIABLE) || str_eq(name, JOB_ON_FAILURE_VARIABLE);
}

static void read_env(struct draft *f, const struct json *env)
{
	json_each (variable, env) {
		const char *name = json_string(json_get(variable, "name"));

		if (is_own_variable(name))
			add_pair(f, name, "");
		else
			add_pair(f, "", text_of(f, variable));
	}
}

static void read_mounts(struct draft *f, const struct json *mounts)
{
	CLEANUP(strmap_release) struct strmap names = STRMAP_INIT(NULL);

	json_each (mount, mounts) {
		const char *name = json_string(json_get(mount, "name"));

		if (!name || strmap_has(&names, name))
			continue;
		strmap_put(&names, name, NULL);
		add_pair(f, name, "");
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

static void read_timing(struct job_definition *d, const struct json *spec)
{
	const char *timeout = json_string(json_get(spec, "timeout"));
	int64_t ns;

	d->retries = DEFAULT_RETRIES;
	d->ttl_seconds = DEFAULT_TTL_SECONDS;
	d->timeout_seconds = DEFAULT_TIMEOUT_SECONDS;
	(void)json_int64(json_get(spec, "retries"), &d->retries);
	(void)json_int64(json_get(spec, "ttlSecondsAfterFinished"), &d->ttl_seconds);
	if (timeout && duration_parse(timeout, &ns) == 0)
		d->timeout_seconds = ns / second_ns;
}

static void read_identity(struct draft *f, const struct json *spec)
{
	const struct json *automount = json_at(spec, "automountServiceAccountToken", "type");
	const struct json *secrets = json_get(spec, "imagePullSecrets");

	f->d.service_account = json_string(json_at(spec, "serviceAccount", "name"));
	f->d.automount = text_of(f, json_type(automount) == JSON_BOOL ? automount : NULL);
	f->d.pull_secrets = text_of(f, json_count(secrets) ? secrets : NULL);
}

static void read_draft(struct draft *f, const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");
	const struct json *spec = json_get(object, "spec");
	const struct json *container = object_or_null(json_get(spec, "container"));

	taskdef_read(object, &f->d.taskdef);
	read_timing(&f->d, spec);
	read_identity(f, spec);
	f->d.container = members_of(f, container);
	f->d.memory = text_of(f, json_at(container, "resources", "limits", "memory"));
	read_inherited(f, json_get(metadata, "labels"));
	end_list(f, JOB_LABELS);
	read_inherited(f, json_get(metadata, "annotations"));
	end_list(f, JOB_ANNOTATIONS);
	read_function(f, spec);
	end_list(f, JOB_PARAMETERS);
	read_env(f, json_get(container, "env"));
	end_list(f, JOB_ENV);
	read_mounts(f, json_get(container, "volumeMounts"));
	end_list(f, JOB_MOUNTS);
}

static void visit_texts(struct draft *f, struct packing *p)
{
	struct job_definition *d = &f->d;
	const char **const texts[] = {&d->taskdef.function_ref, &d->service_account, &d->automount,
		&d->pull_secrets, &d->code, &d->secret, &d->arguments, &d->container, &d->memory};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		packing_text(p, texts[i]);
	for (size_t i = 0; i < f->count; i++) {
		packing_text(p, &f->pairs[i].key);
		packing_text(p, &f->pairs[i].value);
	}
}

struct job_definition *job_definition_decode(const struct json *object)
{
	CLEANUP(draft_release) struct draft f = {.count = 0};
	struct packing measure = {NULL, 0}, copy = {NULL, 0};
	struct job_definition *d;
	size_t pairs;

	read_draft(&f, object);
	if (f.too_large)
		return NULL;
	pairs = f.count * sizeof(*f.pairs);
	visit_texts(&f, &measure);
	f.d.whole = true;
	f.d.size = sizeof(*d) + pairs + measure.size;
	d = xmalloc(f.d.size);
	copy.at = (char *)(d + 1) + pairs;
	visit_texts(&f, &copy);
	*d = f.d;
	d->pairs = (struct job_pair *)(d + 1);
	if (pairs)
		memcpy(d + 1, f.pairs, pairs);
	return d;
}

struct job_definition *job_definition_outline(const struct json *object)
{
	struct packing measure = {NULL, 0}, copy = {NULL, 0};
	struct job_definition own = {.whole = false}, *d;

	taskdef_read(object, &own.taskdef);
	packing_text(&measure, &own.taskdef.function_ref);
	own.size = sizeof(*d) + measure.size;
	d = xmalloc(own.size);
	copy.at = (char *)(d + 1);
	packing_text(&copy, &own.taskdef.function_ref);
	*d = own;
	return d;
}

const struct job_definition *job_definition_of(const struct taskdef *t)
{
	return (const struct job_definition *)t;
}
