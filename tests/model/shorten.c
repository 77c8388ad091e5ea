#include "shorten.h"

#include <string.h>

#include "base/mem.h"
#include "settle.h"

struct wanted {
	const struct step *step;
	bool found;
};

static void compare(void *ctx, const struct step *step)
{
	struct wanted *w = ctx;

	w->found |= memcmp(step, w->step, sizeof(*step)) == 0;
}

static bool possible(const struct model *m, const struct state *s, const struct step *step)
{
	struct wanted w = {.step = step};

	model_steps(m, s, compare, &w);
	return w.found;
}

/* Whether the steps without from..from+n are possible and break the same invariant. */
static bool breaks_without(
	struct model *m, const struct trace *t, size_t from, size_t n, const char *broken)
{
	struct state s;

	model_start(m, &s);
	for (size_t i = 0; i < t->count; i++) {
		if (i >= from && i < from + n)
			continue;
		if (!possible(m, &s, &t->steps[i]))
			return false;
		model_take(m, &s, &t->steps[i]);
		if (m->broken)
			return strcmp(m->broken, broken) == 0;
	}
	m->broken = settle(m, &s.world);
	return m->broken && strcmp(m->broken, broken) == 0;
}

void shorten(struct model *m, struct trace *t, const char *broken)
{
	for (size_t n = t->count / 2; n > 0; n = n > 4 ? n / 2 : n - 1)
		for (size_t from = 0; from + n <= t->count;) {
			if (!breaks_without(m, t, from, n, broken)) {
				from++;
				continue;
			}
			t->count -= n;
			memmove(&t->steps[from], &t->steps[from + n],
				(t->count - from) * sizeof(*t->steps));
		}
}
