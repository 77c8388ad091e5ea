#include "reconciler/status_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/strmap.h"
#include "json/emit.h"
#include "kube/timestamp.h"
#include "reconciler/api_requests.h"

/* What is stored, as far as it is known. */
struct known {
	char *version; /* resourceVersion */
	char *status; /* without times: what it was made from */
};

struct status_writer {
	const struct env *env;
	struct strmap known; /* of struct known, by name */
	/* What is being written. */
	const char *name;
	const struct policy_findings *findings;
	char *status;
	status_writer_done_fn *done;
	void *ctx;
};

static void known_free(void *value)
{
	struct known *known = value;

	free(known->version);
	free(known->status);
	free(known);
}

static char *without_times(const struct policy_findings *f)
{
	struct buf text = BUF_INIT(LIMIT_POLICY_STATUS_BYTES);

	(void)policy_status_encode(f, NULL, "", &text);
	return buf_steal(&text);
}

static void finish(struct status_writer *w, const struct err *err)
{
	free(STEAL(w->status));
	w->done(w->ctx, err && err->kind == ERR_NOT_FOUND ? NULL : err);
}

static void remember(struct status_writer *w, const struct json *object)
{
	struct known *known = xcalloc(1, sizeof(*known));

	known->version =
		xstrdup(json_string_or(json_at(object, "metadata", "resourceVersion"), ""));
	known->status = STEAL(w->status);
	strmap_put(&w->known, w->name, known);
}

static void send(
	struct status_writer *w, struct kube_request *r, const char *subresource, api_done_fn *done)
{
	r->url = (struct url){.group = POLICY_GROUP,
		.version = POLICY_VERSION,
		.resource = POLICY_RESOURCE,
		.name = w->name,
		.subresource = subresource};
	kube_request_send(w->env, r, done, w);
}

/* --- the write -------------------------------------------------------------------------------- */

static void patched(void *ctx, const struct api_response *response, const struct err *err)
{
	CLEANUP(json_free_p) struct json *object = response ? response_object(response) : NULL;
	struct status_writer *w = ctx;

	if (object)
		remember(w, object);
	finish(w, err);
}

static void emit_metadata(struct emit *e, const struct json *object)
{
	static const char *const keys[] = {"resourceVersion", "uid"};

	emit_key_object(e, "metadata");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		emit_key_string(
			e, keys[i], json_string_or(json_at(object, "metadata", keys[i]), ""));
	emit_object_end(e);
}

/* With the resourceVersion that was read: nobody's write is lost. */
static void patch(struct status_writer *w, const struct json *object, const char *status)
{
	CLEANUP(kube_request_release)
	struct kube_request r = {.method = "PATCH",
		.content_type = "application/merge-patch+json",
		.body = BUF_INIT(LIMIT_POLICY_STATUS_BYTES + LIMIT_NAME_BYTES)};
	struct emit e = EMIT_INIT(&r.body);

	emit_object_begin(&e);
	emit_metadata(&e, object);
	emit_key(&e, "status");
	emit_raw(&e, status);
	emit_object_end(&e);
	send(w, &r, "status", patched);
}

/* --- the read --------------------------------------------------------------------------------- */

static bool is_current(const struct status_writer *w, const struct json *object)
{
	const struct policy *p = w->findings->policy;
	int64_t generation = 0;

	return str_eq(json_string(json_at(object, "metadata", "name")), w->name) &&
	       (!p || str_eq(json_string(json_at(object, "metadata", "uid")), p->uid)) &&
	       json_int64(json_at(object, "metadata", "generation"), &generation) &&
	       generation == w->findings->generation;
}

static void keep_latest(const struct json *time, int64_t *ms)
{
	const char *text = json_string(time);
	int64_t time_ms = 0;

	if (text && timestamp_parse(text, &time_ms) == 0 && time_ms > *ms)
		*ms = time_ms;
}

/*
 * Not before the policy was written, by the API server's clock: if this one is behind it, an added
 * task would count for what was delivered before the policy.
 */
static int64_t now_ms(const struct status_writer *w, const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");
	int64_t ms = env_wall_ms(w->env);

	keep_latest(json_get(metadata, "creationTimestamp"), &ms);
	json_each (fields, json_get(metadata, "managedFields"))
		keep_latest(json_get(fields, "time"), &ms);
	return ms;
}

static void got(void *ctx, const struct api_response *response, const struct err *err)
{
	CLEANUP(json_free_p) struct json *object = response ? response_object(response) : NULL;
	CLEANUP(buf_release) struct buf status = BUF_INIT(LIMIT_POLICY_STATUS_BYTES);
	struct status_writer *w = ctx;

	if (!object || !is_current(w, object)) {
		finish(w, err); /* if it has changed, its next audit is due */
	} else if (policy_status_encode(w->findings, json_get(object, "status"),
			   timestamp_format(now_ms(w, object)).text, &status)) {
		patch(w, object, buf_str(&status));
	} else {
		remember(w, object);
		finish(w, NULL);
	}
}

bool status_writer_write(struct status_writer *w, const char *name, const char *version,
	const struct policy_findings *findings, status_writer_done_fn *done, void *ctx)
{
	const struct known *known = strmap_get(&w->known, name);
	struct kube_request r = {.method = NULL};

	w->status = without_times(findings);
	if (known && str_eq(known->version, version) && str_eq(known->status, w->status)) {
		free(STEAL(w->status));
		return false;
	}
	w->name = name;
	w->findings = findings;
	w->done = done;
	w->ctx = ctx;
	send(w, &r, NULL, got);
	return true;
}

size_t status_writer_count(const struct status_writer *w)
{
	return w->known.count;
}

void status_writer_clear(struct status_writer *w)
{
	strmap_clear(&w->known);
}

struct status_writer *status_writer_new(const struct env *env)
{
	struct status_writer *w = xcalloc(1, sizeof(*w));

	w->env = env;
	w->known = (struct strmap)STRMAP_INIT(known_free);
	return w;
}

void status_writer_free(struct status_writer *w)
{
	if (!w)
		return;
	strmap_release(&w->known);
	free(w->status);
	free(w);
}
