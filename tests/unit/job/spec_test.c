/*
 * Runs the scenarios of tests/corpus/jobspec; scenario.h has their language. With a folder as
 * argument it only writes there what each one makes, for a real API server to check:
 * N.job.json and N.configmap.json.
 */
#include "job/spec.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "flat.h"
#include "job/name.h"
#include "job/scenario.h"
#include "job/status.h"

/* What a scenario makes. */
struct made {
	struct job_name name;
	struct resolution task;
	struct job_spec spec;
	struct buf metadata;
	struct job_spec_code code;
	struct buf job, configmap;
	struct err err;
};

static void made_release(struct made *m)
{
	buf_release(&m->metadata);
	buf_release(&m->job);
	buf_release(&m->configmap);
}

static const char *text_at(const struct json *object, const char *key, const char *member)
{
	return json_string_or(json_at(object, key, member), "");
}

/* Borrows from the version, and keeps its metadata in m. */
static struct job_spec_version version_of(const struct json *version, struct made *m)
{
	keptn_context_metadata(version, &m->metadata);
	return (struct job_spec_version){
		.namespace = text_at(version, "metadata", "namespace"),
		.name = text_at(version, "metadata", "name"),
		.uid = text_at(version, "metadata", "uid"),
		.context = {text_at(version, "spec", "appName"),
			text_at(version, "spec", "version"), buf_str(&m->metadata)},
	};
}

/* As the reconciler does it. */
static int resolve_task(const struct jobscenario *s, struct made *m)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT(LIMIT_DETAIL_BYTES);
	const struct resolver resolver = {
		m->spec.version.namespace, "keptn-system", jobscenario_find, s};

	resolve(&resolver, s->definitions[0].name, &m->task);
	if (m->task.outcome == RESOLVE_RUNS)
		return 0;
	resolution_describe(&m->task, NULL, &why);
	return err_set(&m->err, ERR_INVALID, "%s", buf_str(&why));
}

static void make(const struct jobscenario *s, struct made *m)
{
	*m = (struct made){.spec = {.task = &m->task,
				   .attempt = (uint32_t)s->attempt,
				   .term = 7,
				   .on_failure = ON_FAILURE_WARN,
				   .decided_by = "policy prod@7"}};
	buf_init(&m->metadata, LIMIT_REVIEW_BYTES);
	buf_init(&m->job, LIMIT_JOB_BYTES);
	buf_init(&m->configmap, LIMIT_JOB_BYTES);
	m->name = job_name_make(s->definitions[0].name, m->spec.attempt, 0);
	m->spec.name = m->name.text;
	if (!s->no_images) {
		m->spec.images[RUNTIME_DENO] = "deno-runtime";
		m->spec.images[RUNTIME_PYTHON] = "python-runtime";
	}
	m->spec.version = version_of(s->version, m);
	if (resolve_task(s, m) < 0 || job_spec_encode(&m->spec, &m->job, &m->err) < 0)
		return;
	m->code = job_spec_code(&m->spec);
	if (m->code.needed)
		(void)job_spec_encode_code(
			&m->spec, "the-uid-of-the-job", s->source, &m->configmap, &m->err);
}

static bool is_shown(const struct jobscenario *s, const char *line)
{
	for (size_t i = 0; i < s->show_count; i++)
		if (str_starts(line, s->shows[i]))
			return true;
	return s->show_count == 0;
}

static void say(const struct jobscenario *s, struct buf *said, struct buf *lines)
{
	char *rest = lines->data, *line;

	while ((line = strsep(&rest, "\n")) && *line)
		if (is_shown(s, line))
			(void)buf_addf(said, "%s\n", line);
}

static void say_json(
	const struct jobscenario *s, struct buf *said, const char *prefix, const struct buf *text)
{
	CLEANUP(json_free_p) struct json *j = jobscenario_parse(buf_str(text));
	CLEANUP(buf_release) struct buf lines = BUF_INIT(LIMIT_JOB_BYTES);

	flat_add(&lines, prefix, j);
	assert_false(lines.overflowed);
	say(s, said, &lines);
}

/* What jobstatus reads is what was written. */
static void check_status(const struct jobscenario *s, const struct made *m)
{
	CLEANUP(json_free_p) struct json *job = jobscenario_parse(buf_str(&m->job));
	struct job_status status;

	job_status_read(job, &status);
	assert_int_equal(status.state, JOB_SUSPENDED);
	assert_string_equal(status.namespace, m->spec.version.namespace);
	assert_string_equal(status.name, m->name.text);
	assert_string_equal(status.owner_uid, m->spec.version.uid);
	assert_string_equal(status.task, s->definitions[0].name);
	assert_int_equal(status.attempt, s->attempt);
	assert_int_equal(status.on_failure, ON_FAILURE_CHOOSE_WARN);
	assert_string_equal(status.decided_by, "policy prod@7");
	assert_int_equal(status.brings_code, m->code.needed);
	assert_false(status.ttl_set);
}

static void scenario_holds(void **state)
{
	CLEANUP(buf_release) struct buf said = BUF_INIT(LIMIT_RESPONSE_BYTES);
	CLEANUP(made_release) struct made m;
	const struct jobscenario *s = *state;

	make(s, &m);
	if (m.err.kind) {
		(void)buf_addf(&said, "error: %s\n", m.err.msg);
	} else {
		check_status(s, &m);
		say_json(s, &said, "", &m.job);
		if (m.code.source_name)
			(void)buf_addf(&said, "copies %s/%s\n", m.code.source_namespace,
				m.code.source_name);
		if (m.code.needed)
			say_json(s, &said, "configmap", &m.configmap);
	}
	if (!str_eq(buf_str(&said), buf_str(&s->want))) {
		/* cmocka cuts its messages. */
		(void)fprintf(stderr, "--- %s\n--- made\n%s--- wanted\n%s", s->title,
			buf_str(&said), buf_str(&s->want));
		fail_msg("the Job differs");
	}
}

/* A definition may be far larger than what comes of it, or the other way round. */
static void what_is_too_large_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LIMIT_REVIEW_BYTES);
	CLEANUP(buf_release) struct buf small = BUF_INIT(100);
	struct jobscenario *s = jobscenario_new("too large");
	struct err err = ERR_INIT;
	struct made m;

	(void)state;
	jobscenario_define(s, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"podtato-dev\"},"
			      "\"spec\":{\"deno\":{\"inline\":{\"code\":\"1\"}}}}");
	make(s, &m);
	assert_int_equal(m.err.kind, ERR_NONE);
	assert_int_equal(job_spec_encode(&m.spec, &small, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	buf_reset(&small);
	assert_int_equal(job_spec_encode_code(&m.spec, "uid", NULL, &small, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	made_release(&m);

	(void)buf_add(&text,
		"{\"metadata\":{\"namespace\":\"podtato-dev\",\"uid\":\"u\"},\"spec\":{\"metadata\":{\"a\":\"");
	for (int i = 0; i < LIMIT_JOB_BYTES / 6 + 1; i++)
		(void)buf_addc(&text, '<');
	(void)buf_add(&text, "\"}}}");
	json_free(s->version);
	s->version = jobscenario_parse(buf_str(&text));
	make(s, &m);
	assert_int_equal(m.err.kind, ERR_TOO_LARGE);
	assert_says(m.err.msg, "metadata");
	made_release(&m);
	jobscenario_free(s);
}

struct suite {
	struct CMUnitTest *tests;
	size_t count;
};

static void add_test(struct suite *suite, struct CMUnitTest test)
{
	suite->tests = xreallocarray(suite->tests, suite->count + 1, sizeof(*suite->tests));
	suite->tests[suite->count++] = test;
}

static void *add_scenario(void *ctx, const char *title)
{
	struct jobscenario *s = jobscenario_new(title);

	add_test(ctx, (struct CMUnitTest){
			      .name = s->title, .test_func = scenario_holds, .initial_state = s});
	return s;
}

static void write_file(const char *folder, size_t n, const char *kind, const struct buf *text)
{
	CLEANUP(free_p) char *path = xasprintf("%s/%02zu.%s.json", folder, n, kind);
	FILE *f = fopen(path, "w");

	if (!f || fputs(buf_str(text), f) < 0 || fclose(f) != 0)
		abort();
}

static int write_all(const char *folder, const struct suite *suite)
{
	for (size_t i = 0; i < suite->count; i++) {
		CLEANUP(made_release) struct made m;

		make(suite->tests[i].initial_state, &m);
		if (m.err.kind)
			continue;
		write_file(folder, i, "job", &m.job);
		if (m.code.needed)
			write_file(folder, i, "configmap", &m.configmap);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct suite suite = {NULL, 0};
	glob_t files;
	int failed;

	if (glob("tests/corpus/jobspec/*.txt", 0, NULL, &files) != 0)
		return 1;
	for (size_t i = 0; i < files.gl_pathc; i++)
		scenario_file_read(files.gl_pathv[i], add_scenario, jobscenario_line, &suite);
	globfree(&files);
	if (argc == 2) {
		failed = write_all(argv[1], &suite);
	} else {
		add_test(&suite, (struct CMUnitTest)cmocka_unit_test(what_is_too_large_is_refused));
		failed = _cmocka_run_group_tests("jobspec", suite.tests, suite.count, NULL, NULL);
	}
	for (size_t i = 0; i < suite.count; i++)
		jobscenario_free(suite.tests[i].initial_state);
	free(suite.tests);
	return failed;
}
