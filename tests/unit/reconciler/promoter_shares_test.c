/* What applications and namespaces share in the promoter: plans, turns, and room under the limit. */
#include "reconciler/promoter.h"

#include "cluster.h"

struct stage {
	struct cluster cluster;
	struct promoter *promoter;
};

static bool may_act(void *ctx)
{
	(void)ctx;
	return true;
}

static int stage_up_with(void **state, unsigned max_running_jobs)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	const struct promoter_config config = {.env = &s->cluster.fake.env,
		.keptn_namespace = "keptn-system",
		.max_running_jobs = max_running_jobs,
		.may_act = may_act};

	cluster_init(&s->cluster);
	s->promoter = promoter_new(&config);
	*state = s;
	return 0;
}

static int stage_up(void **state)
{
	return stage_up_with(state, 0);
}

static int stage_up_for_two_jobs(void **state)
{
	return stage_up_with(state, 2);
}

static int stage_down(void **state)
{
	struct stage *s = *state;

	fake_env_release(&s->cluster.fake);
	promoter_free(s->promoter);
	free(s);
	return 0;
}

/* --- objects ---------------------------------------------------------------------------------- */

/* A version of the same name as its application, with these tasks and status members. */
static char *version_of(
	struct stage *s, const char *ns, const char *app, const char *tasks, const char *status)
{
	return xasprintf("{\"metadata\":{\"namespace\":\"%s\",\"name\":\"%s\",\"uid\":\"u-%s\","
			 "\"resourceVersion\":\"%u\",\"creationTimestamp\":\"" TIME "\"},"
			 "\"spec\":{\"appName\":\"%s\",\"version\":\"1\",\"promotionTasks\":[%s]},"
			 "\"status\":{\"endTime\":\"" TIME "\"%s}}",
		ns, app, app, ++s->cluster.version, app, tasks, status);
}

/* All lists; the definitions a and b are those of Keptn's namespace. */
static void lists(struct stage *s, const char *versions)
{
#define DEFINITION(name)                                                                           \
	"{\"metadata\":{\"namespace\":\"keptn-system\",\"name\":\"" name                           \
	"\"},\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}"
	cluster_list(&s->cluster, "keptntaskdefinitions", DEFINITION("a") "," DEFINITION("b"));
	cluster_list(&s->cluster, "keptnappcontexts", "");
	cluster_list(&s->cluster, "promotionpolicies", "");
	cluster_list(&s->cluster, "/api/v1/namespaces", CLUSTER_NAMESPACE);
	cluster_list(&s->cluster, "keptnconfigs", "");
	cluster_list(&s->cluster, "jobs", "");
	cluster_list(&s->cluster, "keptnappversions", versions);
}

static void version_event(
	struct stage *s, const char *ns, const char *app, const char *tasks, const char *status)
{
	CLEANUP(free_p) char *version = version_of(s, ns, app, tasks, status);

	cluster_event(&s->cluster, "keptnappversions", "MODIFIED", version);
}

/* --- calls ------------------------------------------------------------------------------------ */

static struct fake_task *create_in(struct stage *s, const char *ns)
{
	CLEANUP(free_p) char *path = xasprintf("/%s/jobs", ns);

	return cluster_call(&s->cluster, "POST", path);
}

static size_t count_creates_in(const struct stage *s, const char *ns)
{
	CLEANUP(free_p) char *path = xasprintf("/%s/jobs", ns);
	size_t n = 0;

	for (const struct fake_task *t = s->cluster.fake.first; t; t = t->next)
		n += t->kind == FAKE_CALL && str_eq(t->method, "POST") && strstr(t->path, path);
	return n;
}

/* Fails all creates of Jobs in this namespace. */
static void creates_fail(struct stage *s, const char *ns, enum err_kind kind)
{
	struct fake_task *t;

	while ((t = create_in(s, ns)))
		fake_fail(&s->cluster.fake, t, kind);
	fake_env_run(&s->cluster.fake, 0);
}

/* Answers all creates of Jobs in this namespace, and delivers the Jobs. */
static void creates_succeed(struct stage *s, const char *ns)
{
	struct fake_task *t;

	while ((t = create_in(s, ns))) {
		CLEANUP(free_p) char *uid = xasprintf("j%u", s->cluster.version);
		CLEANUP(free_p) char *job = cluster_job_sent(&s->cluster, t->body, uid, "");

		fake_answer(&s->cluster.fake, t, job);
		cluster_event(&s->cluster, "jobs", "ADDED", job);
	}
}

static void posts_are_answered(struct stage *s)
{
	struct fake_task *t;

	fake_env_run(&s->cluster.fake, 100);
	while ((t = cluster_call(&s->cluster, "POST", "/events")))
		fake_answer(&s->cluster.fake, t, "{}");
}

/* An Event or an annotation that is being written; NULL: none is. */
static struct fake_task *note(struct stage *s)
{
	for (struct fake_task *t = s->cluster.fake.first; t; t = t->next)
		if (t->kind == FAKE_CALL && !strstr(t->path, "/status") &&
			(strstr(t->path, "/events") || strstr(t->path, "/keptnappversions/")))
			return t;
	return NULL;
}

/* Time passes; Events and annotations are written. */
static void pass(struct stage *s, int64_t ms)
{
	struct fake_task *t;

	for (int64_t end = s->cluster.fake.mono_ms + ms; s->cluster.fake.mono_ms < end;) {
		fake_env_run(&s->cluster.fake, ms < 100 ? ms : 100);
		while ((t = note(s)))
			fake_answer(&s->cluster.fake, t, "{}");
	}
}

/* --- plans ------------------------------------------------------------------------------------ */

static void a_namespace_whose_creates_hang_leaves_room_for_others(void **state)
{
	enum { NOISY = 100 };
	struct stage *s = *state;
	CLEANUP(buf_release) struct buf versions = BUF_INIT(LIMIT_LIST_PAGE_BYTES);
	CLEANUP(free_p) char *quiet = version_of(s, "quiet", "q", "\"a\"", DELIVERED);

	for (int i = 0; i < NOISY; i++) {
		CLEANUP(free_p) char *app = xasprintf("n%d", i);
		CLEANUP(free_p) char *v = version_of(s, "noisy", app, "\"a\"", DELIVERED);

		(void)buf_addf(&versions, "%s,", v);
	}
	(void)buf_add(&versions, quiet);
	lists(s, buf_str(&versions));
	assert_true(count_creates_in(s, "noisy") < NOISY);
	assert_int_equal(count_creates_in(s, "quiet"), 1);
	/* Later ones, too. */
	for (int i = 0; i < 10; i++) {
		CLEANUP(free_p) char *ns = xasprintf("late-%d", i);

		version_event(s, ns, "app", "\"a\"", DELIVERED);
		assert_int_equal(count_creates_in(s, ns), 1);
	}
}

static void a_namespace_whose_creates_hung_prepares_one_application_at_a_time(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *q = version_of(s, "x", "q", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *r = version_of(s, "y", "r", "\"a\"", DELIVERED);
	CLEANUP(free_p) char *t = version_of(s, "y", "t", "\"a\"", DELIVERED);
	CLEANUP(free_p) char *all = xasprintf("%s,%s,%s,%s", p, q, r, t);

	lists(s, all);
	assert_int_equal(count_creates_in(s, "x"), 4);
	assert_int_equal(count_creates_in(s, "y"), 2);
	creates_fail(s, "x", ERR_TIMEOUT);
	for (int i = 0; i < 5; i++) {
		pass(s, 60000);
		assert_int_equal(count_creates_in(s, "x"), 2);
		creates_fail(s, "x", ERR_TIMEOUT);
	}
}

/* Under a quota they would lock each other out; each of them gets its turn. */
static void applications_whose_jobs_are_refused_take_turns(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *q = version_of(s, "x", "q", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *both = xasprintf("%s,%s", p, q);
	unsigned of_p = 0, of_q = 0;

	lists(s, both);
	assert_int_equal(count_creates_in(s, "x"), 4);
	creates_fail(s, "x", ERR_QUOTA);
	assert_int_equal(count_creates_in(s, "x"), 0);
	for (int i = 0; i < 40; i++) {
		cluster_run(&s->cluster, 30000);
		if (count_creates_in(s, "x") == 0)
			continue;
		assert_int_equal(count_creates_in(s, "x"), 2);
		if (strstr(create_in(s, "x")->body, "\"u-p\""))
			of_p++;
		else
			of_q++;
		creates_fail(s, "x", ERR_QUOTA);
	}
	assert_true(of_p > 5 && of_q > 5);
}

/* What was refused may have been refused for what its definition says. */
static void a_change_of_a_definition_ends_the_pause(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\"", DELIVERED);

	lists(s, p);
	for (int i = 0; i < 8; i++) {
		creates_fail(s, "x", ERR_QUOTA);
		pass(s, 60000);
	}
	creates_fail(s, "x", ERR_QUOTA);
	pass(s, 1000);
	assert_null(create_in(s, "x"));
	cluster_event(&s->cluster, "keptntaskdefinitions", "MODIFIED",
		"{\"metadata\":{\"namespace\":\"keptn-system\",\"name\":\"a\",\"resourceVersion\":"
		"\"900\"},\"spec\":{\"container\":{\"name\":\"c\",\"image\":\"i\"}}}");
	assert_non_null(create_in(s, "x"));
}

static void an_application_that_is_deleted_leaves_its_turn_to_the_next(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\"", DELIVERED);
	CLEANUP(free_p) char *q = version_of(s, "x", "q", "\"a\"", DELIVERED);
	CLEANUP(free_p) char *both = xasprintf("%s,%s", p, q), *gone = NULL;
	struct fake_task *create;
	bool of_p;

	lists(s, both);
	creates_fail(s, "x", ERR_TIMEOUT);
	pass(s, 60000);
	assert_int_equal(count_creates_in(s, "x"), 1);
	create = create_in(s, "x");
	of_p = strstr(create->body, "\"u-p\"");
	/* Its Job exists, and is not seen yet. */
	fake_answer(&s->cluster.fake, create, "{}");
	fake_env_run(&s->cluster.fake, 0);
	gone = xasprintf("{\"metadata\":{\"namespace\":\"x\",\"name\":\"%s\",\"resourceVersion\":"
			 "\"990\"}}",
		of_p ? "p" : "q");
	cluster_event(&s->cluster, "keptnappversions", "DELETED", gone);
	pass(s, 60000);
	assert_int_equal(count_creates_in(s, "x"), 1);
	assert_non_null(strstr(create_in(s, "x")->body, of_p ? "\"u-q\"" : "\"u-p\""));
}

/* --- room under the limit --------------------------------------------------------------------- */

/* p and q have two tasks each, and there is room for two Jobs: q waits. */
static void q_waits_for_p(struct stage *s)
{
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *q = version_of(s, "y", "q", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *both = xasprintf("%s,%s", p, q);

	lists(s, both);
	assert_int_equal(count_creates_in(s, "x"), 2);
	assert_int_equal(count_creates_in(s, "y"), 0);
	posts_are_answered(s);
}

static void a_create_that_fails_gives_its_room_back_at_once(void **state)
{
	static const enum err_kind kinds[] = {ERR_IO, ERR_TIMEOUT, ERR_QUOTA, ERR_FORBIDDEN,
		ERR_THROTTLED, ERR_INVALID, ERR_EXISTS};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct stage *s;

		print_message("# %s\n", err_kind_name(kinds[i]));
		(void)stage_up_for_two_jobs(state);
		s = *state;
		q_waits_for_p(s);
		/* Of the other create nothing is known yet. */
		fake_fail(&s->cluster.fake, create_in(s, "x"), kinds[i]);
		fake_env_run(&s->cluster.fake, 0);
		assert_int_equal(count_creates_in(s, "y"), 0);
		creates_fail(s, "x", kinds[i]);
		assert_int_equal(count_creates_in(s, "y"), 2);
		(void)stage_down(state);
	}
}

static void a_commit_keeps_its_room_unless_it_is_refused(void **state)
{
	static const struct {
		enum err_kind kind;
		bool keeps;
	} rows[] = {{ERR_NONE, true}, {ERR_IO, true}, {ERR_TIMEOUT, true}, {ERR_CONFLICT, false},
		{ERR_FORBIDDEN, false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stage *s;
		struct fake_task *commit;

		print_message("# %s\n", err_kind_name(rows[i].kind));
		(void)stage_up_for_two_jobs(state);
		s = *state;
		q_waits_for_p(s);
		creates_succeed(s, "x");
		commit = cluster_call(&s->cluster, "PATCH", "/keptnappversions/p/status");
		assert_non_null(commit);
		if (rows[i].kind == ERR_NONE)
			fake_answer(&s->cluster.fake, commit, "{}");
		else
			fake_fail(&s->cluster.fake, commit, rows[i].kind);
		fake_env_run(&s->cluster.fake, 0);
		assert_int_equal(count_creates_in(s, "y"), rows[i].keeps ? 0 : 2);
		(void)stage_down(state);
	}
}

/*
 * The promotion of dev/app's version "v" has ended, and its Job has no TTL yet; "w" is the next one,
 * of two tasks. q has two tasks as well.
 */
static void a_ttl_is_missing(struct stage *s, const char *ns_of_q)
{
	CLEANUP(free_p) char *job = cluster_job(&s->cluster, "a-1-bcdfghjk", "a", "app");
	CLEANUP(free_p)
	char *complete = xasprintf("%.*s{\"conditions\":[{\"type\":\"Complete\",\"status\":"
				   "\"True\"}]}}",
		(int)(strlen(job) - strlen("{}}")), job);
	CLEANUP(free_p)
	char *v = cluster_version(&s->cluster, "v", "app",
		",\"status\":\"Succeeded\",\"currentPhase\":\"Completed\",\"promotionStatus\":"
		"\"Succeeded\",\"promotionTaskStatus\":[{\"definitionName\":\"a\",\"name\":"
		"\"a-1-bcdfghjk\",\"status\":\"Succeeded\"}]");
	CLEANUP(free_p) char *w = cluster_version(&s->cluster, "w", "app", DELIVERED);
	CLEANUP(free_p) char *q = version_of(s, ns_of_q, "q", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *all = xasprintf("%s,%s,%s", v, w, q);

	lists(s, all);
	cluster_event(&s->cluster, "jobs", "ADDED", complete);
}

static struct fake_task *ttl(struct stage *s)
{
	struct fake_task *t = cluster_call(&s->cluster, "PATCH", "/dev/jobs/a-1-bcdfghjk");

	assert_non_null(t);
	return t;
}

/* Refusing the TTL does not drop the plan: it starts w. */
static void a_commit_keeps_its_room_though_another_action_is_refused(void **state)
{
	struct stage *s = *state;

	a_ttl_is_missing(s, "y");
	creates_succeed(s, "dev");
	fake_fail(&s->cluster.fake, ttl(s), ERR_FORBIDDEN);
	fake_answer(&s->cluster.fake,
		cluster_call(&s->cluster, "PATCH", "/keptnappversions/w/status"), "{}");
	fake_env_run(&s->cluster.fake, 0);
	assert_int_equal(count_creates_in(s, "y"), 0);
}

/* While it backs off, everybody else would wait for it. */
static void a_waiter_that_backs_off_starts_once_it_can(void **state)
{
	struct stage *s = *state;

	a_ttl_is_missing(s, "a");
	assert_int_equal(count_creates_in(s, "a"), 2);
	for (int i = 0; i < 10; i++) {
		fake_fail(&s->cluster.fake, ttl(s), ERR_FORBIDDEN);
		while (!cluster_call(&s->cluster, "PATCH", "/dev/jobs/a-1-bcdfghjk")) {
			fake_env_run_next(&s->cluster.fake);
			cluster_answer_annotations(&s->cluster);
		}
	}
	fake_fail(&s->cluster.fake, ttl(s), ERR_FORBIDDEN);
	fake_env_run(&s->cluster.fake, 1000);
	assert_null(cluster_call(&s->cluster, "PATCH", "/dev/jobs/a-1-bcdfghjk"));
	creates_fail(s, "a", ERR_IO);
	fake_fail(&s->cluster.fake, ttl(s), ERR_FORBIDDEN);
	assert_int_equal(count_creates_in(s, "dev"), 2);
}

static struct fake_task *commit_of_p(struct stage *s)
{
	return cluster_call(&s->cluster, "PATCH", "/keptnappversions/p/status");
}

static void a_refused_commit_backs_off_though_there_is_no_room_in_between(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\",\"b\"", DELIVERED);

	lists(s, p);
	creates_succeed(s, "x");
	for (int i = 0; i < 8; i++) {
		fake_fail(&s->cluster.fake, commit_of_p(s), ERR_FORBIDDEN);
		while (!commit_of_p(s))
			pass(s, 100);
	}
	fake_fail(&s->cluster.fake, commit_of_p(s), ERR_FORBIDDEN);
	/* q takes the room, and p has none when its backoff is over. */
	version_event(s, "y", "q", "\"a\",\"b\"", DELIVERED);
	pass(s, 120000);
	assert_null(commit_of_p(s));
	creates_fail(s, "y", ERR_IO);
	fake_fail(&s->cluster.fake, commit_of_p(s), ERR_FORBIDDEN);
	pass(s, 900);
	assert_null(commit_of_p(s));
}

/* Others need what they hold. */
static void jobs_beside_a_refused_one_are_given_back_at_once(void **state)
{
	struct stage *s = *state;
	CLEANUP(free_p) char *p = version_of(s, "x", "p", "\"a\",\"b\"", DELIVERED);
	CLEANUP(free_p) char *job = NULL;
	struct fake_task *create;

	lists(s, p);
	create = create_in(s, "x");
	job = cluster_job_sent(&s->cluster, create->body, "j", "");
	fake_answer(&s->cluster.fake, create, job);
	cluster_event(&s->cluster, "jobs", "ADDED", job);
	creates_fail(s, "x", ERR_QUOTA);
	/* First of all it is claimed. */
	assert_non_null(cluster_call(&s->cluster, "PATCH", "/keptnappversions/p"));
}

#define ON_STAGE(test)     cmocka_unit_test_setup_teardown(test, stage_up, stage_down)
#define FOR_TWO_JOBS(test) cmocka_unit_test_setup_teardown(test, stage_up_for_two_jobs, stage_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(a_namespace_whose_creates_hang_leaves_room_for_others),
		ON_STAGE(a_namespace_whose_creates_hung_prepares_one_application_at_a_time),
		ON_STAGE(applications_whose_jobs_are_refused_take_turns),
		ON_STAGE(a_change_of_a_definition_ends_the_pause),
		ON_STAGE(an_application_that_is_deleted_leaves_its_turn_to_the_next),
		cmocka_unit_test(a_create_that_fails_gives_its_room_back_at_once),
		cmocka_unit_test(a_commit_keeps_its_room_unless_it_is_refused),
		FOR_TWO_JOBS(a_refused_commit_backs_off_though_there_is_no_room_in_between),
		ON_STAGE(jobs_beside_a_refused_one_are_given_back_at_once),
		FOR_TWO_JOBS(a_commit_keeps_its_room_though_another_action_is_refused),
		FOR_TWO_JOBS(a_waiter_that_backs_off_starts_once_it_can),
	};

	return cmocka_run_group_tests_name("promoter_shares", tests, NULL, NULL);
}
