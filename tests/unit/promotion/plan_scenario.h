/*
 * plan_scenario - the language of tests/scenarios/plan: the view of one application, and the plan
 * that it must get. A blank line ends a scenario.
 *
 *	it TITLE                      begins one
 *	version NAME [tasks=A,B] [added=A,B] [former=A,B] [undefined=A,B] [enrolled] [created=N]
 *		[revision=N] [generation=N] [delivered]
 *		[ended=N] [promotion=STATE] [retry=N] [abort=N] [outcome=N] [waits-since=N]
 *		[superseded] [undefined-since=N] [foreign] [version=V] [previous=V]
 *		[claim=TERM-NONCE] [create-refused]
 *		                      its version is NAME without version=
 *	item VERSION TASK STATE [JOB] a status item
 *	on-failure TASK Block|Warn    as decided now, by "now"; Block by "default" if there is none
 *	job VERSION TASK NAME suspended|paused|running|complete|failed [own] [unlocked] [ttl]
 *		[deleting] [bare] [queue] [term=N] [carries=Block|Warn] suspended: and locked, if it is not unlocked.
 *		                      bare: the ConfigMap with its code does not exist. queue: it has one
 *	gone NAME                     a live GET of this Job answered NotFound
 *	waiting VERSION TEXT          its annotation; "outcome=N": that of an attempt
 *	refused VERSION TEXT          which policy forbids that it starts
 *	rejected VERSION TEXT         what the API server rejects of it
 *	now N, random N, room N, since N, max-age N, deadline N, explain N, idle, held
 *	term N, claim NONCE
 *	> LINE                        in order: an action; then "starts VERSION JOBS" or
 *		                      "waits VERSION JOBS (REASON)"; then "wake N"
 *
 * Versions of equal creation are as new as previous= and then their names say. now is 1000, room
 * 100, random 0.
 */
#ifndef PROMOGATE_TESTS_PLAN_SCENARIO_H
#define PROMOGATE_TESTS_PLAN_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "promotion/plan.h"
#include "unit.h"

enum { SCENARIO_MAX = 16 };

struct plan_scenario {
	const char *title;
	struct view_version versions[SCENARIO_MAX];
	struct view_task tasks[SCENARIO_MAX][SCENARIO_MAX];
	struct view_item items[SCENARIO_MAX][SCENARIO_MAX];
	struct view_job jobs[SCENARIO_MAX];
	struct view_decision decisions[SCENARIO_MAX];
	const char *gone[SCENARIO_MAX];
	struct view view;
	int64_t now;
	uint64_t random;
	struct buf want;
};

static inline int64_t plan_number(const char *text)
{
	int64_t n = 0;

	if (!text || str_to_int64(text, &n) < 0)
		fail_msg("%s is not a number", text ? text : "nothing");
	return n;
}

static const char *const plan_states[] = {
	"-", "Pending", "Progressing", "Succeeded", "Failed", "Warning", "Deprecated", "Unknown"};

static inline enum view_state plan_state(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(plan_states); i++)
		if (str_eq(plan_states[i], name))
			return (enum view_state)i;
	fail_msg("%s is not a state", name);
	return VIEW_NONE;
}

static inline struct view_version *plan_find_version(struct plan_scenario *s, const char *name)
{
	for (size_t i = 0; i < s->view.nversions; i++)
		if (str_eq(s->versions[i].name, name))
			return &s->versions[i];
	fail_msg("%s: no version %s", s->title, name);
	return NULL;
}

/* "A,B" */
static inline void plan_read_tasks(
	struct view_version *v, struct view_task *tasks, enum view_task_kind kind, char *list)
{
	char *save = NULL;

	for (char *t = strtok_r(list, ",", &save); t; t = strtok_r(NULL, ",", &save))
		tasks[v->ntasks++] = (struct view_task){.name = t, .kind = kind, .defined = true};
	v->tasks = tasks;
}

static inline void plan_undefine(struct view_version *v, struct view_task *tasks, char *list)
{
	char *save = NULL;

	for (char *t = strtok_r(list, ",", &save); t; t = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < v->ntasks; i++)
			if (str_eq(tasks[i].name, t))
				tasks[i].defined = false;
}

static inline bool plan_version_flag(struct view_version *v, const char *word)
{
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {{"delivered", &v->delivered}, {"superseded", &v->superseded},
		{"foreign", &v->foreign}, {"create-refused", &v->create_refused},
		{"enrolled", &v->enrolled}};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (str_eq(flags[i].word, word)) {
			*flags[i].flag = true;
			return true;
		}
	return false;
}

static inline void plan_read_claim(struct view_version *v, char *value)
{
	char *save = NULL;

	v->claim_term = (uint64_t)plan_number(strtok_r(value, "-", &save));
	v->claim_nonce = (uint64_t)plan_number(strtok_r(NULL, "-", &save));
}

static inline void plan_version_value(
	struct view_version *v, struct view_task *tasks, const char *key, char *value)
{
	if (str_eq(key, "tasks"))
		plan_read_tasks(v, tasks, VIEW_OWN, value);
	else if (str_eq(key, "added"))
		plan_read_tasks(v, tasks, VIEW_ADDED, value);
	else if (str_eq(key, "former"))
		plan_read_tasks(v, tasks, VIEW_FORMER, value);
	else if (str_eq(key, "undefined"))
		plan_undefine(v, tasks, value);
	else if (str_eq(key, "created"))
		v->created = plan_number(value);
	else if (str_eq(key, "revision"))
		v->revision = plan_number(value);
	else if (str_eq(key, "generation"))
		v->generation = plan_number(value);
	else if (str_eq(key, "version"))
		v->version = value;
	else if (str_eq(key, "claim"))
		plan_read_claim(v, value);
	else if (str_eq(key, "previous"))
		v->previous = value;
	else if (str_eq(key, "undefined-since"))
		v->undefined_since = plan_number(value);
	else if (str_eq(key, "ended"))
		v->ended = plan_number(value);
	else if (str_eq(key, "promotion"))
		v->promotion = plan_state(value);
	else if (str_eq(key, "retry"))
		v->retry = (unsigned)plan_number(value);
	else if (str_eq(key, "outcome"))
		v->outcome = (unsigned)plan_number(value);
	else if (str_eq(key, "waits-since"))
		v->waits_since = plan_number(value);
	else if (str_eq(key, "abort"))
		v->abort = (unsigned)plan_number(value);
	else
		fail_msg("a version has no %s", key);
}

static inline void plan_read_version(struct plan_scenario *s, char **save)
{
	size_t n = s->view.nversions++;
	struct view_version *v = &s->versions[n];

	v->name = v->uid = v->version = strtok_r(NULL, " ", save);
	v->previous = "";
	v->resource_version = "1";
	v->ended = 1000;
	v->items = s->items[n];
	for (char *word; (word = strtok_r(NULL, " ", save));) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (value)
			plan_version_value(v, s->tasks[n], word, value);
		else if (!plan_version_flag(v, word))
			fail_msg("%s: a version is not %s", s->title, word);
	}
}

static inline void plan_read_item(struct plan_scenario *s, char **save)
{
	struct view_version *v = plan_find_version(s, strtok_r(NULL, " ", save));
	struct view_item *item = &s->items[v - s->versions][v->nitems++];
	const char *job;

	item->task = strtok_r(NULL, " ", save);
	item->state = plan_state(strtok_r(NULL, " ", save));
	job = strtok_r(NULL, " ", save);
	item->job = job ? job : "";
	item->attempt = job ? job_name_attempt(job, item->task) : 1;
	assert_int_not_equal(item->attempt, 0);
}

static inline void plan_read_job(struct plan_scenario *s, char **save)
{
	struct view_job *job = &s->jobs[s->view.njobs++];

	job->version_uid = strtok_r(NULL, " ", save);
	job->task = strtok_r(NULL, " ", save);
	job->name = job->uid = strtok_r(NULL, " ", save);
	job->attempt = job_name_attempt(job->name, job->task);
	job->ready = true;
	job->decided_by = "then";
	for (const char *word; (word = strtok_r(NULL, " ", save));) {
		job->suspended |= str_eq(word, "suspended") || str_eq(word, "paused");
		job->locked |= str_eq(word, "suspended");
		job->locked &= !str_eq(word, "unlocked");
		job->own |= str_eq(word, "own");
		job->has_queue |= str_eq(word, "queue");
		job->expires |= str_eq(word, "ttl");
		job->released |= str_eq(word, "paused");
		job->deleting |= str_eq(word, "deleting");
		job->ready &= !str_eq(word, "bare");
		if (str_starts(word, "carries="))
			job->on_failure = on_failure_choice(word + strlen("carries="));
		if (str_starts(word, "term="))
			job->term = (uint64_t)plan_number(word + strlen("term="));
		if (str_eq(word, "complete"))
			job->outcome = VIEW_COMPLETE;
		if (str_eq(word, "failed"))
			job->outcome = VIEW_JOB_FAILED;
	}
}

static inline void plan_read_decision(struct plan_scenario *s, char **save)
{
	struct view_decision *d = &s->decisions[s->view.ndecisions++];

	d->task = strtok_r(NULL, " ", save);
	d->decided_by = "now";
	if (!on_failure_parse(strtok_r(NULL, " ", save), &d->on_failure))
		fail_msg("%s: Block or Warn?", s->title);
}

static inline void plan_read_text(struct plan_scenario *s, const char *word, char **save)
{
	struct view_version *v = plan_find_version(s, strtok_r(NULL, " ", save));
	const char *text = strtok_r(NULL, "\n", save);

	if (str_eq(word, "waiting"))
		v->waiting = text;
	else if (str_eq(word, "refused"))
		v->refused = text;
	else
		v->rejected = text;
}

static inline void plan_read_setting(struct plan_scenario *s, const char *word, char **save)
{
	const char *value = strtok_r(NULL, " ", save);

	if (str_eq(word, "now"))
		s->now = plan_number(value);
	else if (str_eq(word, "random"))
		s->random = (uint64_t)plan_number(value);
	else if (str_eq(word, "room"))
		s->view.room = (unsigned)plan_number(value);
	else if (str_eq(word, "since"))
		s->view.since = plan_number(value);
	else if (str_eq(word, "max-age"))
		s->view.max_age = plan_number(value);
	else if (str_eq(word, "deadline"))
		s->view.deadline = plan_number(value);
	else if (str_eq(word, "explain"))
		s->view.explain_after = plan_number(value);
	else if (str_eq(word, "term"))
		s->view.term = (uint64_t)plan_number(value);
	else if (str_eq(word, "claim"))
		s->view.claim = (uint64_t)plan_number(value);
	else if (str_eq(word, "idle"))
		s->view.idle = true;
	else if (str_eq(word, "held"))
		s->view.held = true;
	else
		fail_msg("%s: no such word: %s", s->title, word);
}

/* One line, which is changed, and must live as long as the scenario. */
static inline void plan_scenario_line(struct plan_scenario *s, char *line)
{
	char *save = NULL;
	const char *word;

	if (str_starts(line, "> ")) {
		(void)buf_addf(&s->want, "%s\n", line + 2);
		return;
	}
	word = strtok_r(line, " ", &save);
	if (str_eq(word, "version"))
		plan_read_version(s, &save);
	else if (str_eq(word, "item"))
		plan_read_item(s, &save);
	else if (str_eq(word, "job"))
		plan_read_job(s, &save);
	else if (str_eq(word, "waiting") || str_eq(word, "rejected") || str_eq(word, "refused"))
		plan_read_text(s, word, &save);
	else if (str_eq(word, "on-failure"))
		plan_read_decision(s, &save);
	else if (str_eq(word, "gone"))
		s->gone[s->view.ngone++] = strtok_r(NULL, " ", &save);
	else
		plan_read_setting(s, word, &save);
}

static inline void plan_scenario_begin(struct plan_scenario *s, const char *title)
{
	memset(s, 0, sizeof(*s));
	s->title = title;
	s->view.versions = s->versions;
	s->view.jobs = s->jobs;
	s->view.decisions = s->decisions;
	s->view.gone = s->gone;
	s->view.room = 100;
	s->view.namespace = "dev";
	s->now = 1000;
	buf_init(&s->want, LIMIT_RESPONSE_BYTES);
}

#endif
