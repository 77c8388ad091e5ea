#include "policy/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/str.h"
#include "json/emit.h"
#include "kube/timestamp.h"
#include "policy/faults.h"
#include "policy/policy_internal.h"

/* In the order of the enums' bits. */
static const char *const actions[] = {"Deny", "Warn", "Audit"};
static const char *const points[] = {"Admission", "Promotion"};
static const char *const choices[] = {"Block", "Warn"};
/* From POLICY_STRICT_ALLOW on. */
static const char *const strictness[] = {"Allow", "Warn", "Deny"};

#define READ_SET(list, words) read_set(list, words, ARRAY_SIZE(words))

static unsigned read_set(const struct json *list, const char *const *words, size_t count)
{
	unsigned set = 0;

	json_each (item, list) {
		int i = str_index(words, count, json_string(item));

		if (i >= 0)
			set |= 1U << i;
	}
	return set;
}

static enum policy_strictness read_strictness(const struct json *j)
{
	int i = str_index(strictness, ARRAY_SIZE(strictness), json_string(j));

	return i < 0 ? POLICY_SILENT : (enum policy_strictness)(POLICY_STRICT_ALLOW + i);
}

static int64_t read_number(const struct json *j)
{
	int64_t n = 0;

	return json_int64(j, &n) ? n : 0;
}

static struct policy_names read_names(struct arena *arena, const struct json *list)
{
	struct policy_names names = {NULL, 0};
	const char **at;

	if (json_type(list) != JSON_ARRAY)
		return names;
	names.at = at = arena_array(arena, json_count(list), sizeof(*at));
	json_each (item, list)
		at[names.count++] = arena_text(arena, json_string_or(item, ""));
	return names;
}

/* Since when an added task counts, from status.addedSince; 0: not known yet. */
static int64_t read_since(const struct json *added_since, const char *task)
{
	int64_t ms;

	json_each (item, added_since) {
		const char *since = json_string(json_get(item, "since"));

		if (str_eq(json_string(json_get(item, "name")), task) && since &&
			timestamp_parse(since, &ms) == 0)
			return ms / 1000;
	}
	return 0;
}

static struct policy_tasks read_tasks(
	struct arena *arena, const struct json *list, const struct json *since)
{
	struct policy_task *at = arena_array(arena, json_count(list), sizeof(*at));
	struct policy_tasks tasks = {at, 0};

	json_each (item, list) {
		const char *name = json_string_or(json_get(item, "name"), "");

		at[tasks.count++] = (struct policy_task){
			.name = arena_text(arena, name),
			.shared = !str_eq(json_string(json_get(item, "source")), "Any"),
			.since = read_since(since, name),
		};
	}
	return tasks;
}

static struct policy_failure read_failure(const struct json *j)
{
	return (struct policy_failure){
		.preferred = on_failure_choice(json_string(json_get(j, "default"))),
		.allowed = READ_SET(json_get(j, "allowed"), choices),
	};
}

static void read_failures(struct policy *p, struct arena *arena, const struct json *list)
{
	struct policy_failure_of *at = arena_array(arena, json_count(list), sizeof(*at));

	p->failures = at;
	json_each (item, list)
		at[p->nfailures++] = (struct policy_failure_of){
			read_names(arena, json_get(item, "names")), read_failure(item)};
}

static void read_metadata(struct policy *p, struct arena *arena, const struct json *metadata)
{
	p->name = arena_text(arena, json_string_or(json_get(metadata, "name"), ""));
	p->uid = arena_text(arena, json_string_or(json_get(metadata, "uid"), ""));
	p->resource_version =
		arena_text(arena, json_string_or(json_get(metadata, "resourceVersion"), ""));
	p->generation = read_number(json_get(metadata, "generation"));
}

static void read_selectors(struct policy *p, const struct json *spec)
{
	static const char *const keys[] = {"namespaceSelector", "appSelector"};
	uint64_t hash = HASH_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_OBJECT_BYTES);
		struct emit e = EMIT_INIT(&text);

		emit_json(&e, json_get(spec, keys[i]));
		hash = hash_add(hash, buf_str(&text));
	}
	p->namespaces = selector_decode(json_get(spec, keys[0]));
	p->apps = selector_decode(json_get(spec, keys[1]));
	(void)snprintf(p->selectors, sizeof(p->selectors), "%016" PRIx64, hash);
}

static void read_spec(struct policy *p, struct arena *arena, const struct json *spec)
{
	const struct json *points_set = json_get(spec, "enforcedAt");

	p->priority = read_number(json_get(spec, "priority"));
	p->actions = READ_SET(json_get(spec, "validationActions"), actions);
	p->enforced_at = json_type(points_set) == JSON_ARRAY
				 ? READ_SET(points_set, points)
				 : POLICY_AT_ADMISSION | POLICY_AT_PROMOTION;
	p->message = arena_text(arena, json_string(json_get(spec, "message")));
	read_selectors(p, spec);
	p->failure = read_failure(json_get(spec, "onFailure"));
	read_failures(p, arena, json_at(spec, "onFailure", "tasks"));
	p->missing = read_strictness(json_at(spec, "definitions", "missing"));
	p->deletion = read_strictness(json_at(spec, "definitions", "deletion"));
}

const struct json *policy_added_since(const struct policy *p, const struct json *status)
{
	const char *stored = json_string_or(json_get(status, "addedFor"), p->selectors);

	return str_eq(stored, p->selectors) ? json_get(status, "addedSince") : NULL;
}

static void read_promotion_tasks(
	struct policy *p, struct arena *arena, const struct json *tasks, const struct json *status)
{
	p->required = read_tasks(arena, json_get(tasks, "required"), NULL);
	p->added = read_tasks(arena, json_get(tasks, "added"), policy_added_since(p, status));
	p->nsince = json_count(json_get(status, "addedSince"));
	p->preferred = read_names(arena, json_get(tasks, "default"));
	p->allowed = read_names(arena, json_get(tasks, "allowed"));
	p->max = (size_t)read_number(json_get(tasks, "max"));
}

/* Each value of the spec becomes at most one element of an array. */
static size_t room_for(const struct json *metadata, const struct json *spec)
{
	size_t each = sizeof(struct policy_failure_of) + sizeof(struct policy_task);

	return (json_size(spec) + 1) * (each + ARENA_PADDING) + json_text_size(spec) +
	       json_text_size(json_get(metadata, "name")) +
	       json_text_size(json_get(metadata, "uid")) +
	       json_text_size(json_get(metadata, "resourceVersion")) + sizeof("") * 3 +
	       (size_t)6 * ARENA_PADDING;
}

struct policy *policy_read(const struct json *object)
{
	const struct json *metadata = json_get(object, "metadata");
	const struct json *spec = json_get(object, "spec");
	struct arena arena;
	struct policy *p = arena_new(sizeof(*p), room_for(metadata, spec), &arena);

	p->refs = 1;
	read_metadata(p, &arena, metadata);
	read_spec(p, &arena, spec);
	read_promotion_tasks(
		p, &arena, json_get(spec, "promotionTasks"), json_get(object, "status"));
	return p;
}

static void count_fault(void *ctx, enum policy_fault fault, enum fielderr_type type,
	const char *field, const char *value, const char *detail)
{
	(void)fault;
	(void)type;
	(void)field;
	(void)value;
	(void)detail;
	++*(size_t *)ctx;
}

struct policy *policy_decode(const struct json *object)
{
	size_t faults = 0;

	policy_faults(object, count_fault, &faults);
	return faults ? NULL : policy_read(object);
}

struct policy *policy_ref(struct policy *p)
{
	p->refs++;
	return p;
}

void policy_unref(struct policy *p)
{
	if (!p || --p->refs)
		return;
	free((void *)p->namespaces);
	free((void *)p->apps);
	free(p);
}
