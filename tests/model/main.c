/*
 * main - the model's command line; TAP on standard output.
 *
 *	model short            the small sets, for every run of the tests
 *	model full             all of them
 *	model only NAME        one
 *	model planted          finds each rule that is left out (a build with -DPLAN_OMITTABLE)
 *	model walk SECONDS SEED
 *	model replay FILE...   breaks the file's invariant; with the rule in place, none
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "explore.h"
#include "sets.h"
#include "walk.h"

#ifdef PLAN_OMITTABLE
#define CAN_OMIT true
#else
#define CAN_OMIT false
#endif
enum plan_omit plan_omitted; /* read only where plan() was compiled so */

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool report(bool good, const char *name)
{
	printf("%s - %s", good ? "ok" : "not ok", name);
	return good;
}

static void print_figures(const struct explored *e, double seconds)
{
	printf(": %u states, %u worlds, %u deep, %.1f s, %zu MiB", e->states, e->worlds, e->depth,
		seconds, e->bytes >> 20);
}

static bool run_set(const struct set *set)
{
	struct model m;
	struct explored e;
	double start = now();
	bool good;

	model_init(&m, &set->bounds);
	explore(&m, set->states_max, true, &e);
	good = report(e.closed, set->bounds.name);
	print_figures(&e, now() - start);
	printf("%s\n", e.broken ? "" : e.closed ? ", closed" : ", NOT CLOSED");
	if (e.broken)
		trace_print(&m, &e.trace, e.broken, stdout);
	(void)fflush(stdout);
	explored_release(&e);
	return good;
}

static bool run_sets(bool all, const char *only)
{
	bool good = true, any = false;

	for (size_t i = 0; i < sets_count; i++) {
		if (only ? !str_eq(sets[i].bounds.name, only) : !all && !sets[i].is_short)
			continue;
		any = true;
		good &= run_set(&sets[i]);
	}
	return good && any;
}

/* The file with the trace is the proof that the tests replay. */
static void save(struct model *m, const struct planted *p, const struct explored *e)
{
	const char *folder = getenv("MODEL_SAVE");
	CLEANUP(free_p) char *path = NULL;
	FILE *to;

	if (!folder)
		return;
	path = xasprintf("%s/%s.txt", folder, p->file);
	to = fopen(path, "w");
	if (!to)
		abort();
	(void)fprintf(to, "# Without %s.\n", p->bounds.name);
	trace_print(m, &e->trace, e->broken, to);
	(void)fclose(to);
}

static bool run_planted(const struct planted *p)
{
	struct model m;
	struct explored e;
	double start = now();
	bool good;

	model_init(&m, &p->bounds);
	m.bounds.hunted = p->breaks;
	explore(&m, p->states_max, str_eq(p->breaks, "I4") || str_eq(p->breaks, "I15"), &e);
	printf("%s - without %s", e.broken && str_starts(e.broken, p->breaks) ? "ok" : "not ok",
		p->bounds.name);
	print_figures(&e, now() - start);
	printf(", %zu steps to %s\n", e.trace.count, e.broken ? e.broken : "nothing");
	good = e.broken && str_starts(e.broken, p->breaks);
	if (good)
		save(&m, p, &e);
	else if (e.broken)
		trace_print(&m, &e.trace, e.broken, stdout);
	(void)fflush(stdout);
	explored_release(&e);
	return good;
}

/* The first walk has no policy, no neighbour, no refusal and no late call. */
static const struct bounds *walk_for(const struct planted *p)
{
	if (p->bounds.queues)
		return &walks[2];
	if (p->bounds.policies)
		return &walks[walks_count - 3];
	if (p->bounds.added[0])
		return &walks[walks_count - 2];
	for (unsigned act = ACT_FORGE; act < ACTS; act++)
		if (p->bounds.acts[act])
			return &walks[walks_count - 1];
	return &walks[0];
}

/* Shows that walks find bugs, so that a walk without a finding means something. */
static bool walk_planted(const struct planted *p)
{
	enum { SEED = 1, WALKS = 5000 };
	struct bounds b = *walk_for(p);
	struct model m;
	struct walked w;

	b.plant = p->bounds.plant;
	b.omit = p->bounds.omit;
	model_init(&m, &b);
	walk(&m, SEED, 0, WALKS, &w);
	printf("%s - walks without %s: %llu walks, then %zu steps to %s\n",
		w.broken ? "ok" : "not ok", p->bounds.name, (unsigned long long)w.walks,
		w.trace.count, w.broken ? w.broken : "nothing");
	trace_release(&w.trace);
	return w.broken;
}

static bool run_all_planted(void)
{
	bool good = CAN_OMIT;

	if (!CAN_OMIT)
		printf("not ok - this build can't leave rules out\n");
	for (size_t i = 0; CAN_OMIT && i < planted_count; i++) {
		good &= run_planted(&planted[i]);
		if (!planted[i].too_narrow)
			good &= walk_planted(&planted[i]);
	}
	return good;
}

static bool run_walks(unsigned seconds, uint64_t seed)
{
	bool good = true;

	for (size_t i = 0; i < walks_count; i++) {
		struct model m;
		struct walked w;

		model_init(&m, &walks[i]);
		walk(&m, seed, seconds, 0, &w);
		good &= report(!w.broken, walks[i].name);
		printf(": seed %llu, %llu walks, %llu steps\n", (unsigned long long)seed,
			(unsigned long long)w.walks, (unsigned long long)w.steps);
		if (w.broken) {
			printf("seed %llu:\n", (unsigned long long)w.seed);
			trace_print(&m, &w.trace, w.broken, stdout);
		}
		trace_release(&w.trace);
	}
	return good;
}

static bool run_replay(const char *path)
{
	struct replayed r, fixed;
	bool good = trace_replay(path, false, &r) && r.broken && str_eq(r.broken, r.expected) &&
		    trace_replay(path, true, &fixed) && !fixed.broken;

	printf("%s - %s\n", good ? "ok" : "not ok", path);
	if (!good)
		printf("want %s, got %s%s%s; with the rule %s\n", r.expected,
			r.broken ? r.broken : "nothing", r.stuck[0] ? ", stuck at " : "", r.stuck,
			fixed.broken ? fixed.broken : "nothing");
	return good;
}

static void print_memory(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	printf("# peak %ld MiB, %ld s of CPU\n", u.ru_maxrss >> 10, (long)u.ru_utime.tv_sec);
}

static bool run(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	bool good = true;

	if (str_eq(verb, "short") || str_eq(verb, "full"))
		return run_sets(str_eq(verb, "full"), NULL);
	if (str_eq(verb, "only") && argc == 3)
		return run_sets(true, argv[2]);
	if (str_eq(verb, "planted"))
		return run_all_planted();
	if (str_eq(verb, "walk") && argc == 4)
		return run_walks((unsigned)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
	if (!str_eq(verb, "replay"))
		return false;
	for (int i = 2; i < argc; i++)
		good &= run_replay(argv[i]);
	return good;
}

int main(int argc, char **argv)
{
	bool good = run(argc, argv);

	print_memory();
	return good ? 0 : 1;
}
