/* Runs the scenarios of tests/scenarios/plan; plan_scenario.h has their language. */
#include "promotion/plan.h"

#include <glob.h>

#include "promotion/plan_scenario.h"

static const char *const reasons[] = {
	[PLAN_MISSING_JOB] = "missing",
	[PLAN_ABORTED] = "aborted",
	[PLAN_LEFT_OVER] = "left over",
	[PLAN_DEADLINE] = "deadline",
	[PLAN_NO_DEFINITION] = "no definition",
	[PLAN_LIMIT_REACHED] = "limit reached",
	[PLAN_TURN] = "turn",
	[PLAN_CREATE_REFUSED] = "create refused",
	[PLAN_CLAIMED] = "claimed",
	[PLAN_SIBLING_RUNS] = "sibling runs",
	[PLAN_TOO_OLD] = "too old",
	[PLAN_REFUSED] = "refused",
	[PLAN_NOT_OURS] = "not ours",
	[PLAN_RETRY_IGNORED] = "retry ignored",
	[PLAN_ABORT_IGNORED] = "abort ignored",
};

static void say_reason(struct buf *to, enum plan_reason reason)
{
	if (reason != PLAN_NO_REASON)
		(void)buf_addf(to, " (%s)", reasons[reason]);
}

static void say_changes(struct buf *to, const struct plan *p, const struct plan_action *a)
{
	for (size_t i = a->first; i < a->first + a->count; i++) {
		const struct plan_change *c = &p->changes[i];

		(void)buf_addf(to, " %s=%s", c->task,
			a->kind == PLAN_COMMIT ? c->job : plan_states[c->state]);
		say_reason(to, c->reason);
	}
	if (a->kind == PLAN_RECORD && a->promotion != VIEW_NONE)
		(void)buf_addf(to, " -> %s", plan_states[a->promotion]);
	if (a->kind == PLAN_RECORD && a->decision.task &&
		!str_eq(a->decision.decided_by, "default"))
		(void)buf_addf(to, " for %s (%s)", a->decision.task, a->decision.decided_by);
}

static void say_notes(struct buf *to, const struct plan_action *a)
{
	static const char *const notes[] = {"", " set", " removed"};

	if (a->outcome)
		(void)buf_addf(to, " outcome%s", notes[a->outcome]);
	if (a->waiting)
		(void)buf_addf(to, " waiting%s", notes[a->waiting]);
	if (a->waiting == PLAN_SET)
		(void)buf_addf(to, " %s", a->text);
}

/* What an action is about, and what its precondition is of. */
static void say_action(struct buf *to, const struct plan *p, const struct plan_action *a)
{
	static const char *const kinds[] = {"create", "code", "deprecate", "supersede", "claim",
		"commit", "unsuspend", "queue", "get-job", "record", "set-ttl", "delete", "report",
		"annotate", "enrol", "leave"};

	(void)buf_addf(to, "%s %s", kinds[a->kind], a->version->name);
	if (a->kind == PLAN_CREATE_JOB)
		(void)buf_addf(to, " %s %s", a->task, a->name.text);
	if (a->kind == PLAN_CREATE_JOB && a->decision.on_failure == ON_FAILURE_WARN)
		(void)buf_addf(to, " carries Warn (%s)", a->decision.decided_by);
	if (a->kind == PLAN_CLAIM)
		(void)buf_addf(to, " %llu", (unsigned long long)a->nonce);
	if (a->kind == PLAN_GET_JOB)
		(void)buf_addf(to, " %s", a->item->job);
	if (a->job)
		(void)buf_addf(to, " %s", a->job->name);
	if (a->other)
		(void)buf_addf(
			to, " %s %s", a->kind == PLAN_REPORT ? "after" : "by", a->other->name);
	if (a->kind == PLAN_COMMIT || (a->kind == PLAN_REPORT && a->attempt))
		(void)buf_addf(to, " %u", a->attempt);
	say_changes(to, p, a);
	say_reason(to, a->reason);
	say_notes(to, a);
	(void)buf_add(to, "\n");
}

static void run_scenario(struct plan_scenario *s)
{
	CLEANUP(buf_release) struct buf said = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(plan_release) struct plan p = PLAN_INIT;

	view_rank(s->versions, s->view.nversions);
	plan(&s->view, s->now, s->random, &p);
	for (size_t i = 0; i < p.nactions; i++)
		say_action(&said, &p, &p.actions[i]);
	if (p.start.version)
		(void)buf_addf(&said, "starts %s %u\n", p.start.version->name, p.start.jobs);
	if (p.wait.version) {
		(void)buf_addf(&said, "waits %s %u", p.wait.version->name, p.wait.needed);
		say_reason(&said, p.wait.reason);
		(void)buf_add(&said, "\n");
	}
	if (p.wake)
		(void)buf_addf(&said, "wake %lld\n", (long long)p.wake);
	if (!str_eq(buf_str(&said), buf_str(&s->want)))
		fail_msg("it %s\n--- want\n%s--- got\n%s", s->title, buf_str(&s->want),
			buf_str(&said));
	buf_release(&s->want);
}

static size_t run_text(char *text)
{
	struct plan_scenario s = {.title = NULL};
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (str_starts(line, "it ")) {
			if (s.title)
				run_scenario(&s);
			plan_scenario_begin(&s, line + 3);
			n++;
		} else if (*line != '#') {
			plan_scenario_line(&s, line);
		}
	}
	if (s.title)
		run_scenario(&s);
	return n;
}

static void run_file(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_YAML_BYTES);
	FILE *f = fopen(*state, "r");
	char part[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		(void)buf_addn(&text, part, n);
	(void)fclose(f);
	assert_true(text.len > 0);
	assert_true(run_text(text.data) > 0);
}

int main(void)
{
	struct CMUnitTest tests[SCENARIO_MAX];
	glob_t files;
	int failed;

	if (glob("tests/scenarios/plan/*.txt", 0, NULL, &files) != 0 ||
		files.gl_pathc > ARRAY_SIZE(tests))
		return 1;
	for (size_t i = 0; i < files.gl_pathc; i++)
		tests[i] = (struct CMUnitTest){
			.name = files.gl_pathv[i],
			.test_func = run_file,
			.initial_state = files.gl_pathv[i],
		};
	failed = _cmocka_run_group_tests("plan", tests, files.gl_pathc, NULL, NULL);
	globfree(&files);
	return failed;
}
