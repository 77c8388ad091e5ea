#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "settle.h"

void trace_add(struct trace *t, const struct step *step)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->steps = xreallocarray(t->steps, t->cap, sizeof(*t->steps));
	}
	t->steps[t->count++] = *step;
}

void trace_release(struct trace *t)
{
	free(t->steps);
	*t = (struct trace){.count = 0};
}

static void print_bounds(const struct model *m, FILE *to)
{
	const struct bounds *b = &m->bounds;

	(void)fprintf(to,
		"bounds versions=%u tasks=%u attempts=%u created=%u replicas=%u apart=%d late=%d "
		"plant=%d "
		"omit=%d hunted=%s total=%u acts=",
		b->versions, b->tasks, b->attempts, b->created, b->replicas, b->apart, b->late,
		b->plant, b->omit, b->hunted ? b->hunted : "any", b->acts_total);
	for (unsigned a = 0; a < ACT_CHANGE; a++)
		(void)fprintf(to, "%s%u", a ? "," : "", b->acts[a]);
	(void)fprintf(to, b->policies ? " policies=%u\n" : "\n", b->policies);
	if (model_adds(m))
		(void)fprintf(to, "added %u,%u,%u early=%u\n", b->added[0], b->added[1],
			b->added[2], b->early);
	if (b->acts[ACT_CHANGE] || b->acts[ACT_EXPIRE])
		(void)fprintf(
			to, "more change=%u expire=%u\n", b->acts[ACT_CHANGE], b->acts[ACT_EXPIRE]);
	if (b->second)
		(void)fprintf(to, "second\n");
	if (b->apps)
		(void)fprintf(to, "apps quota=%u cap=%u\n", b->quota, b->cap);
	if (b->queues)
		(void)fprintf(to, "queues %u\n", b->queues);
	if (b->far)
		(void)fprintf(to, "far since=%d max-age=%d ended=%d,%d,%d\n",
			(int)m->settings.since, (int)m->settings.max_age, (int)m->settings.ended[0],
			(int)m->settings.ended[1], (int)m->settings.ended[2]);
}

void trace_print(struct model *m, const struct trace *t, const char *broken, FILE *to)
{
	struct state s;
	char line[200];

	print_bounds(m, to);
	model_start(m, &s);
	for (size_t i = 0; i < t->count; i++) {
		model_say(m, &s, &t->steps[i], line, sizeof(line));
		(void)fprintf(to, "%s\n", line);
		model_take(m, &s, &t->steps[i]);
	}
	(void)fprintf(to, "! %s\n", broken);
}

static bool parse_bounds(const char *line, struct bounds *b, char hunted[8])
{
	unsigned apart, late, plant, omit, *acts = b->acts;

	b->policies = 0;
	if (sscanf(line,
		    "bounds versions=%u tasks=%u attempts=%u created=%u replicas=%u apart=%u "
		    "late=%u "
		    "plant=%u omit=%u hunted=%7s total=%u acts=%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u "
		    "policies=%u",
		    &b->versions, &b->tasks, &b->attempts, &b->created, &b->replicas, &apart, &late,
		    &plant, &omit, hunted, &b->acts_total, &acts[0], &acts[1], &acts[2], &acts[3],
		    &acts[4], &acts[5], &acts[6], &acts[7], &acts[8], &acts[9], &acts[10],
		    &acts[11], &b->policies) < 23)
		return false;
	b->apart = apart;
	b->late = late;
	b->plant = plant;
	b->omit = omit;
	b->hunted = strcmp(hunted, "any") == 0 ? NULL : hunted;
	return b->versions <= VERSIONS_MAX && b->policies <= b->tasks && b->tasks <= TASKS_MAX &&
	       b->attempts <= ATTEMPTS_MAX && b->created <= CREATED_MAX &&
	       b->replicas <= REPLICAS_MAX;
}

static void parse_added(struct bounds *b, const char *line)
{
	unsigned added[VERSIONS_MAX], early;

	if (sscanf(line, "added %u,%u,%u early=%u", &added[0], &added[1], &added[2], &early) != 4)
		return;
	for (unsigned v = 0; v < VERSIONS_MAX; v++)
		b->added[v] = (uint8_t)added[v];
	b->early = (uint8_t)early;
}

static void parse_more(struct bounds *b, const char *line)
{
	(void)sscanf(line, "more change=%u expire=%u", &b->acts[ACT_CHANGE], &b->acts[ACT_EXPIRE]);
}

static void parse_apps(struct bounds *b, const char *line)
{
	b->apps = sscanf(line, "apps quota=%u cap=%u", &b->quota, &b->cap) == 2;
}

static void parse_queues(struct bounds *b, const char *line)
{
	unsigned queues;

	if (sscanf(line, "queues %u", &queues) == 1)
		b->queues = (uint8_t)queues;
}

static void parse_far(struct model *m, const char *line)
{
	int since, max_age, ended[VERSIONS_MAX];

	if (sscanf(line, "far since=%d max-age=%d ended=%d,%d,%d", &since, &max_age, &ended[0],
		    &ended[1], &ended[2]) != 5)
		return;
	m->bounds.far = true;
	m->settings.since = since;
	m->settings.max_age = max_age;
	for (unsigned v = 0; v < VERSIONS_MAX; v++)
		m->settings.ended[v] = ended[v];
}

struct matching {
	const struct model *m;
	const struct state *s;
	const char *line;
	struct step step;
	bool found;
};

static void match(void *ctx, const struct step *step)
{
	struct matching *w = ctx;
	char said[200];

	model_say(w->m, w->s, step, said, sizeof(said));
	if (strcmp(said, w->line) != 0)
		return;
	w->found = true;
	w->step = *step;
}

static void replay_line(struct model *m, struct state *s, const char *line, struct replayed *ret)
{
	struct matching w = {.m = m, .s = s, .line = line};

	if (ret->broken || ret->stuck[0])
		return;
	model_steps(m, s, match, &w);
	if (!w.found) {
		(void)snprintf(ret->stuck, sizeof(ret->stuck), "%s", line);
		return;
	}
	model_take(m, s, &w.step);
	ret->broken = m->broken;
}

static bool replay(FILE *f, bool fixed, struct replayed *ret)
{
	struct model m;
	struct state s;
	struct bounds b = {.name = "replay"};
	char line[200], hunted[8];
	bool begun = false;

	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		if (!begun) {
			if (!parse_bounds(line, &b, hunted))
				return false;
			if (fixed) {
				b.plant = PLANT_NOTHING;
				b.omit = OMIT_NOTHING;
				b.hunted = NULL;
			}
			model_init(&m, &b);
			model_start(&m, &s);
			begun = true;
		} else if (strncmp(line, "added ", 6) == 0 || strncmp(line, "queues ", 7) == 0) {
			parse_added(&b, line);
			parse_queues(&b, line);
			model_init(&m, &b);
			model_start(&m, &s);
		} else if (strncmp(line, "more ", 5) == 0) {
			parse_more(&b, line);
			model_init(&m, &b);
			model_start(&m, &s);
		} else if (strcmp(line, "second") == 0) {
			b.second = true;
			model_init(&m, &b);
			model_start(&m, &s);
		} else if (strncmp(line, "apps ", 5) == 0) {
			parse_apps(&b, line);
			model_init(&m, &b);
			model_start(&m, &s);
		} else if (strncmp(line, "far ", 4) == 0) {
			parse_far(&m, line);
		} else if (line[0] == '!') {
			(void)snprintf(ret->expected, sizeof(ret->expected), "%s", line + 2);
		} else {
			replay_line(&m, &s, line, ret);
		}
	}
	if (begun && !ret->broken && !ret->stuck[0])
		ret->broken = settle(&m, &s.world);
	return begun;
}

bool trace_replay(const char *path, bool fixed, struct replayed *ret)
{
	FILE *f = fopen(path, "r");
	bool done;

	*ret = (struct replayed){.broken = NULL};
	if (!f)
		return false;
	done = replay(f, fixed, ret);
	(void)fclose(f);
	return done;
}
