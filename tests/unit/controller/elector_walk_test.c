#include "json/emit.h"
#include "json/json.h"

#include "play.h"

/* Two electors, one Lease, and a network that delays and loses. */

/* As much of an API server as one Lease needs. */
struct store {
	char *spec; /* NULL: there is none */
	int version;
};

/* What it answers, after having done it; NULL with an error. For free(). */
static char *serve(struct store *s, const struct fake_task *c, struct err *err)
{
	bool put = str_eq(c->method, "PUT"), post = str_eq(c->method, "POST");
	CLEANUP(free_p) char *version = xasprintf("%d", s->version);
	CLEANUP(json_free_p) struct json *sent = NULL;

	if (put || post)
		assert_int_equal(json_parse(c->body, strlen(c->body), &sent, err), 0);
	if (!s->spec && !post)
		(void)err_set(err, ERR_NOT_FOUND, "there is none");
	else if (s->spec && post)
		(void)err_set(err, ERR_EXISTS, "there is one");
	else if (put && !str_eq(json_string(json_at(sent, "metadata", "resourceVersion")), version))
		(void)err_set(err, ERR_CONFLICT, "another version");
	if (err->kind != ERR_NONE)
		return NULL;
	if (sent) {
		struct buf spec = BUF_INIT(10000);
		struct emit e = EMIT_INIT(&spec);

		emit_json(&e, json_get(sent, "spec"));
		free(s->spec);
		s->spec = buf_steal(&spec);
		s->version++;
	}
	return xasprintf(
		"{\"metadata\":{\"resourceVersion\":\"%d\"},\"spec\":%s}", s->version, s->spec);
}

struct pair {
	struct play play[2];
	struct store store;
	uint32_t seed;
	int terms[2]; /* that were lost */
};

static uint32_t draw(struct pair *p, uint32_t below)
{
	p->seed ^= p->seed << 13;
	p->seed ^= p->seed >> 17;
	p->seed ^= p->seed << 5;
	return p->seed % below;
}

static void begin_term(struct pair *p, int i, int64_t mono_ms)
{
	struct elector_config c = config;

	p->play[i] = (struct play){.said = BUF_INIT(100000)};
	fake_env_init(&p->play[i].fake);
	p->play[i].fake.mono_ms = mono_ms;
	c.env = &p->play[i].fake.env;
	c.ctx = &p->play[i];
	c.lease.identity = i ? "one" : "zero";
	c.standing_by = NULL;
	p->play[i].elector = elector_new(&c);
}

static void end_term(struct play *play)
{
	fake_env_release(&play->fake);
	elector_free(play->elector);
	buf_release(&play->said);
}

/* Time passes for both; one that is stopped does not see it. */
static void pass(struct pair *p, int64_t ms, int stopped)
{
	for (int i = 0; i < 2; i++) {
		struct play *play = &p->play[i];

		if (i == stopped)
			fake_env_skip(&play->fake, ms);
		else
			fake_env_run(&play->fake, ms);
		play->fake.random = p->seed;
	}
	/* Both may look at the same moment, and no moment has two leaders. */
	assert_false(elector_leading(p->play[0].elector) && elector_leading(p->play[1].elector));
	for (int i = 0; i < 2; i++) {
		if (!strstr(buf_str(&p->play[i].said), "lost"))
			continue;
		p->terms[i]++;
		end_term(&p->play[i]);
		begin_term(p, i, p->play[!i].fake.mono_ms);
	}
}

/* The oldest call of one is done; its answer comes at once, late or never. */
static void answer_one(struct pair *p, int i, bool well)
{
	CLEANUP(free_p) char *answer = NULL;
	struct fake_env *fake = &p->play[i].fake;
	struct fake_task *call = fake_find(fake, FAKE_CALL, "", "");
	struct err err = ERR_INIT;

	if (!call)
		return;
	if (well || draw(p, 8))
		answer = serve(&p->store, call, &err);
	if (!well && draw(p, 4) == 0) {
		int term = p->terms[i];

		pass(p, draw(p, 12000), draw(p, 2) ? i : -1);
		if (p->terms[i] != term)
			return; /* its client has ended, and the call with it */
	}
	if (!well && draw(p, 6) == 0) {
		free(STEAL(answer));
		err = (struct err){.kind = ERR_TIMEOUT};
	}
	if (answer)
		fake_answer(fake, call, answer);
	else
		fake_fail(fake, call, err.kind == ERR_NONE ? ERR_TIMEOUT : err.kind);
}

/* One is cut off, or stopped, and the other continues in small steps. */
static void cut_off(struct pair *p, int i)
{
	int stopped = draw(p, 2) ? i : -1;

	for (uint32_t steps = 10 + draw(p, 60); steps > 0; steps--) {
		answer_one(p, !i, true);
		answer_one(p, !i, true);
		pass(p, 250, stopped);
	}
}

static void walk(uint32_t seed, int *terms)
{
	struct pair p = {.seed = seed};

	begin_term(&p, 0, 0);
	begin_term(&p, 1, 0);
	for (int i = 0; i < 1000; i++) {
		answer_one(&p, (int)draw(&p, 2), false);
		pass(&p, draw(&p, 1500), draw(&p, 4) ? -1 : (int)draw(&p, 2));
		if (draw(&p, 100) == 0)
			pass(&p, draw(&p, 40000), (int)draw(&p, 2));
		if (draw(&p, 20) == 0)
			cut_off(&p, (int)draw(&p, 2));
	}
	/* Left alone, they settle. */
	for (int i = 0; i < 100; i++) {
		answer_one(&p, i % 2, true);
		answer_one(&p, i % 2, true);
		pass(&p, 500, -1);
	}
	assert_true(elector_leading(p.play[0].elector) || elector_leading(p.play[1].elector));
	*terms += p.terms[0] + p.terms[1];
	end_term(&p.play[0]);
	end_term(&p.play[1]);
	free(p.store.spec);
}

static void no_two_lead_at_once(void **state)
{
	int terms = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++)
		walk(seed, &terms);
	/* The walks had many terms. */
	assert_true(terms > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_two_lead_at_once)};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("elector, walks", tests, NULL, NULL);
}
