#include "kube/lease.h"

#include "base/str.h"
#include "json/emit.h"
#include "kube/names.h"
#include "kube/timestamp.h"

/* client-go's JitterFactor: a try may come this much later than the period. In percent. */
enum { JITTER_PERCENT = 120 };
/* Longer than any use, and far from an overflow. */
enum { LONGEST_MS = 24 * 60 * 60 * 1000 };
/* What an int32 of the API holds. */
enum { MOST_TRANSITIONS = INT32_MAX };

/* The fields that an election reads and writes; other fields of the spec are kept. */
static const char *const fields[] = {
	"holderIdentity",
	"leaseDurationSeconds",
	"acquireTime",
	"renewTime",
	"leaseTransitions",
};

static int check_timing(const struct lease_config *c, struct err *err)
{
	if (c->retry_period_ms <= 0)
		return err_set(err, ERR_INVALID, "--retry-period: must be at least 1ms");
	if (c->lease_duration_ms > LONGEST_MS)
		return err_set(err, ERR_INVALID, "--lease-duration: must be at most 24h");
	if (c->lease_duration_ms <= c->renew_deadline_ms)
		return err_set(err, ERR_INVALID,
			"--lease-duration (%lldms): must be longer than --renew-deadline (%lldms)",
			(long long)c->lease_duration_ms, (long long)c->renew_deadline_ms);
	if (c->renew_deadline_ms <= 0 || c->retry_period_ms >= c->renew_deadline_ms ||
		c->renew_deadline_ms * 100 <= c->retry_period_ms * JITTER_PERCENT)
		return err_set(err, ERR_INVALID,
			"--renew-deadline (%lldms): must be longer than 1.2 times --retry-period "
			"(%lldms)",
			(long long)c->renew_deadline_ms, (long long)c->retry_period_ms);
	return 0;
}

int lease_config_check(const struct lease_config *config, struct err *err)
{
	if (!name_is_subdomain(config->namespace))
		return err_set(err, ERR_INVALID,
			"--namespace: \"%s\" is not a valid namespace name", config->namespace);
	if (!name_is_subdomain(config->name))
		return err_set(err, ERR_INVALID, "--lease-name: \"%s\" is not a valid object name",
			config->name);
	if (!*config->identity)
		return err_set(err, ERR_INVALID, "--identity: must not be empty");
	return check_timing(config, err);
}

void lease_view_release(struct lease_view *v)
{
	json_free(v->object);
	*v = (struct lease_view)LEASE_VIEW_INIT;
}

static bool is_same_value(const struct json *a, const struct json *b)
{
	int64_t m = 0, n = 0;

	if (json_type(a) != json_type(b))
		return false;
	if (json_type(a) == JSON_NUMBER)
		return json_int64(a, &m) && json_int64(b, &n) && m == n;
	return str_eq(json_string(a), json_string(b));
}

/* A changed label does not mean that the holder is alive: only the record counts. */
static bool is_same_record(const struct json *a, const struct json *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!is_same_value(json_at(a, "spec", fields[i]), json_at(b, "spec", fields[i])))
			return false;
	return true;
}

int lease_view_set(
	struct lease_view *v, const char *text, size_t len, int64_t now_ms, struct err *err)
{
	CLEANUP(json_free_p) struct json *object = NULL;

	if (json_parse(text, len, &object, err) < 0)
		return err_wrap(err, "the Lease");
	if (!*json_string_or(json_at(object, "metadata", "resourceVersion"), ""))
		return err_set(err, ERR_IO, "the Lease: no metadata.resourceVersion");
	if (!v->object || !is_same_record(v->object, object))
		v->changed_ms = now_ms;
	json_free(v->object);
	v->object = STEAL(object);
	return 0;
}

const char *lease_holder(const struct lease_view *v)
{
	return json_string_or(json_at(v->object, "spec", "holderIdentity"), "");
}

uint64_t lease_resource_version(const struct lease_view *v)
{
	const char *text = json_string_or(json_at(v->object, "metadata", "resourceVersion"), "");
	int64_t version;

	return str_to_int64(text, &version) == 0 && version > 0 ? (uint64_t)version : 0;
}

static int64_t int_or(const struct json *object, const char *field, int64_t otherwise)
{
	int64_t n;

	return json_int64(json_at(object, "spec", field), &n) ? n : otherwise;
}

static int64_t whole_seconds(int64_t ms)
{
	return (ms + 999) / 1000;
}

/* The holder sets how long the Lease is valid; if it does not, our own duration counts. */
static bool is_taken(const struct lease_view *v, const struct lease_config *config, int64_t now_ms)
{
	const char *holder = lease_holder(v);
	int64_t seconds =
		int_or(v->object, "leaseDurationSeconds", whole_seconds(config->lease_duration_ms));

	if (!*holder || str_eq(holder, config->identity) || seconds < 0)
		return false;
	return (now_ms - v->changed_ms) / 1000 < seconds;
}

/* The record in a Lease. */
struct record {
	const char *holder;
	int64_t seconds;
	const char *acquired, *renewed;
	int64_t transitions;
};

static bool is_field(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (str_eq(key, fields[i]))
			return true;
	return false;
}

static void emit_metadata(
	struct emit *e, const struct json *object, const struct lease_config *config)
{
	if (object) {
		emit_key_json(e, "metadata", json_get(object, "metadata"));
		return;
	}
	emit_key_object(e, "metadata");
	emit_key_string(e, "namespace", config->namespace);
	emit_key_string(e, "name", config->name);
	emit_object_end(e);
}

static void emit_lease(struct buf *body, const struct json *object,
	const struct lease_config *config, const struct record *r)
{
	struct emit e = EMIT_INIT(body);

	emit_object_begin(&e);
	emit_key_string(&e, "apiVersion", "coordination.k8s.io/v1");
	emit_key_string(&e, "kind", "Lease");
	emit_metadata(&e, object, config);
	emit_key_object(&e, "spec");
	emit_key_string(&e, "holderIdentity", r->holder);
	emit_key_int(&e, "leaseDurationSeconds", r->seconds);
	emit_key_string(&e, "acquireTime", r->acquired);
	emit_key_string(&e, "renewTime", r->renewed);
	emit_key_int(&e, "leaseTransitions", r->transitions);
	json_each (other, json_get(object, "spec"))
		if (!is_field(json_key(other)))
			emit_key_json(&e, json_key(other), other);
	emit_object_end(&e);
	emit_object_end(&e);
}

static int64_t transitions_of(const struct json *object)
{
	int64_t n = int_or(object, "leaseTransitions", 0);

	return n >= 0 && n <= MOST_TRANSITIONS ? n : 0;
}

enum lease_step lease_next(const struct lease_view *v, const struct lease_config *config,
	int64_t now_ms, int64_t wall_ms, struct buf *body)
{
	struct timestamp now = timestamp_format_micro(wall_ms);
	struct record r = {
		.holder = config->identity,
		.seconds = whole_seconds(config->lease_duration_ms),
		.acquired = now.text,
		.renewed = now.text,
		.transitions = transitions_of(v->object),
	};

	if (v->object && is_taken(v, config, now_ms))
		return LEASE_WAIT;
	if (v->object && str_eq(lease_holder(v), config->identity))
		r.acquired = json_string_or(json_at(v->object, "spec", "acquireTime"), now.text);
	else if (v->object && r.transitions < MOST_TRANSITIONS)
		r.transitions++;
	emit_lease(body, v->object, config, &r);
	return v->object ? LEASE_UPDATE : LEASE_CREATE;
}

/* As client-go's release(): no holder, and the shortest duration that a Lease can have. */
bool lease_give_up(const struct lease_view *v, const struct lease_config *config, int64_t wall_ms,
	struct buf *body)
{
	struct timestamp now = timestamp_format_micro(wall_ms);
	const struct record r = {
		.holder = "",
		.seconds = 1,
		.acquired = now.text,
		.renewed = now.text,
		.transitions = transitions_of(v->object),
	};

	if (!str_eq(lease_holder(v), config->identity))
		return false;
	emit_lease(body, v->object, config, &r);
	return true;
}
