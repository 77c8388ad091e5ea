/*
 * Arbitrary graphs of definitions. An input is the task's name, a byte, then four bytes for each
 * definition: where it is, its name, its functionRef, its faults.
 *
 * Resolving ends; it agrees with a second, recursive implementation; the webhook, which starts from
 * a stale cache and confirms what it must, denies what the reconciler would not run, in the same
 * words.
 */
#include <assert.h>

#include "admission/lookup.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More than a chain may have. */
enum { NAMES = 24, IN_KEPTN = 1, CACHED = 2, LIVE = 4, CONTAINER = 8 };

static const char *const namespaces[] = {"dev", "keptn"};

struct world {
	struct definitions cached, live;
};

static void world_release(struct world *w)
{
	definitions_release(&w->cached);
	definitions_release(&w->live);
}

struct name {
	char text[8];
};

/* "n7"; some bytes are an invalid name, or, as a functionRef, none. */
static struct name name_of(uint8_t byte, const char *otherwise)
{
	struct name name = {""};
	int n = byte % 32;

	if (n < NAMES)
		(void)snprintf(name.text, sizeof(name.text), "n%d", n);
	else
		(void)snprintf(name.text, sizeof(name.text), "%s", otherwise);
	return name;
}

static void world_read(struct world *w, const uint8_t *data, size_t size)
{
	for (; size >= 4; data += 4, size -= 4) {
		struct name name = name_of(data[1], "N!"), ref = name_of(data[2], "");
		const char *ns = namespaces[data[0] & IN_KEPTN];
		struct taskdef t = {
			.faults = data[3],
			.container = data[0] & CONTAINER,
			.function_ref = ref.text,
		};

		if (data[0] & CACHED)
			definitions_put(&w->cached, ns, name.text, taskdef_copy(&t));
		if (data[0] & LIVE)
			definitions_put(&w->live, ns, name.text, taskdef_copy(&t));
	}
}

static const struct taskdef *find_one(const struct definitions *d, const char *ns, const char *name)
{
	const struct taskdef *t = NULL;

	(void)definitions_find(d, ns, name, &t);
	return t;
}

/* --- a second implementation ------------------------------------------------------------------ */

static const struct taskdef *find_either(const struct definitions *d, const char *name)
{
	const struct taskdef *t = find_one(d, namespaces[0], name);

	return t ? t : find_one(d, namespaces[1], name);
}

/* The outcome of a parent and what follows; path: the names from the task to its child. */
static enum resolve_outcome walk(
	const struct definitions *d, const char *name, const char **path, size_t depth)
{
	const struct taskdef *t = find_either(d, name);

	for (size_t i = 0; i < depth; i++)
		if (str_eq(path[i], name))
			return RESOLVE_CYCLE;
	if (depth > LIMIT_FUNCTION_REF_DEPTH)
		return RESOLVE_TOO_DEEP;
	if (!t)
		return depth ? RESOLVE_PARENT_MISSING : RESOLVE_MISSING;
	if (depth && t->container)
		return RESOLVE_PARENT_CONTAINER;
	if (depth && (t->faults & TASKDEF_WITHOUT_CODE))
		return RESOLVE_PARENT_WITHOUT_CODE;
	path[depth] = name;
	return *t->function_ref ? walk(d, t->function_ref, path, depth + 1) : RESOLVE_RUNS;
}

static enum resolve_outcome expect(const struct definitions *d, const char *task)
{
	const char *path[LIMIT_FUNCTION_REF_DEPTH + 1];
	enum resolve_outcome outcome;

	if (str_eq(task, "N!"))
		return RESOLVE_BAD_NAME;
	outcome = walk(d, task, path, 0);
	if (outcome == RESOLVE_RUNS && find_either(d, task)->faults)
		return RESOLVE_FAULTY;
	return outcome;
}

/* --- the two programs ------------------------------------------------------------------------- */

/* As the reconciler: its informer's copy is all there is. */
static struct resolve_found find_live(const void *ctx, const char *ns, const char *name)
{
	return (struct resolve_found){find_one(ctx, ns, name), true};
}

static void check(const struct resolution *r)
{
	CLEANUP(buf_release) struct buf says = BUF_INIT(LIMIT_DETAIL_BYTES);

	assert(r->count <= RESOLVE_CHAIN_MAX);
	assert(r->nunconfirmed <= ARRAY_SIZE(r->unconfirmed));
	resolution_describe(r, NULL, &says);
	assert(!says.overflowed);
	assert((says.len == 0) == (r->outcome == RESOLVE_RUNS));
}

static bool same_words(const struct resolution *a, const struct resolution *b)
{
	CLEANUP(buf_release) struct buf of_a = BUF_INIT(LIMIT_DETAIL_BYTES);
	CLEANUP(buf_release) struct buf of_b = BUF_INIT(LIMIT_DETAIL_BYTES);

	resolution_describe(a, NULL, &of_a);
	resolution_describe(b, NULL, &of_b);
	return str_eq(buf_str(&of_a), buf_str(&of_b));
}

/* Looks up live what must be confirmed; each time something is. */
static void confirm(
	const struct world *w, const struct resolution *r, struct definitions *confirmed)
{
	size_t before = confirmed->by_key.count;

	for (size_t i = 0; i < r->nunconfirmed; i++) {
		const struct resolve_link *key = &r->unconfirmed[i];
		const struct taskdef *t = find_one(&w->live, key->namespace, key->name);

		definitions_put(confirmed, key->namespace, key->name, t ? taskdef_copy(t) : NULL);
	}
	assert(confirmed->by_key.count == before + r->nunconfirmed);
}

/* As the webhook; with trust, what runs by the cache is not looked up. */
static void check_webhook(const struct world *w, const struct definitions *cached, bool trust,
	const char *task, const struct resolution *want)
{
	CLEANUP(definitions_release) struct definitions confirmed = DEFINITIONS_INIT;
	const struct known k = {
		.keptn_namespace = namespaces[1], .cached = cached, .confirmed = &confirmed};
	struct resolver resolver = lookup_resolver(&k, namespaces[0]);
	struct resolution got;

	for (;;) {
		resolve(&resolver, task, &got);
		check(&got);
		if (got.nunconfirmed == 0 || (trust && got.outcome == RESOLVE_RUNS))
			break;
		confirm(w, &got, &confirmed);
	}
	if (got.nunconfirmed)
		return;
	assert(got.outcome == want->outcome && got.count == want->count);
	assert(same_words(&got, want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(world_release) struct world w = {DEFINITIONS_INIT, DEFINITIONS_INIT};
	struct resolver live = {namespaces[0], namespaces[1], find_live, &w.live};
	struct definitions nothing = DEFINITIONS_INIT;
	struct resolution want;
	struct name task;

	if (!size)
		return 0;
	task = name_of(data[0], "N!");
	world_read(&w, data + 1, size - 1);
	resolve(&live, task.text, &want);
	check(&want);
	assert(want.outcome == expect(&w.live, task.text));
	check_webhook(&w, &w.cached, true, task.text, &want);
	check_webhook(&w, &w.cached, false, task.text, &want);
	check_webhook(&w, &nothing, true, task.text, &want);
	return 0;
}
