#include "policy/status.h"

#include <stdlib.h>

#include "unit.h"

#define THEN "2026-11-24T01:02:03Z"
#define NOW  "2026-11-25T01:02:03Z"

static const struct policy_task added[] = {{"audit-trail", true, 0}, {"notify", false, 0}};
static const struct policy enforced = {.name = "p", .actions = POLICY_DENY, .added = {added, 2}};
static const struct audit audited = {.namespaces = 2,
	.contexts = 3,
	.total = 1,
	.first = {{.rule = POLICY_RULE_REQUIRED,
		.namespace = "dev",
		.name = "cart",
		.field = "spec.promotionTasks",
		.message = "m"}},
	.count = 1};

#define READY(at)                                                                                  \
	"{\"lastTransitionTime\":\"" at "\",\"message\":\"1 violation in 3 KeptnAppContexts of 2 " \
	"namespaces\",\"observedGeneration\":4,\"reason\":\"Audited\",\"status\":\"True\","        \
	"\"type\":\"Ready\"}"
#define SATISFIABLE(at)                                                                            \
	"{\"lastTransitionTime\":\"" at "\",\"message\":\"no policy contradicts it\","             \
	"\"observedGeneration\":4,\"reason\":\"NoConflict\",\"status\":\"True\","                  \
	"\"type\":\"Satisfiable\"}"
#define VIOLATIONS                                                                                 \
	"\"totalViolations\":1,\"violations\":[{\"action\":\"Deny\",\"field\":"                    \
	"\"spec.promotionTasks\",\"message\":\"m\",\"name\":\"cart\",\"namespace\":\"dev\","       \
	"\"rule\":\"PG112\"}]"
#define STATUS(at)                                                                                 \
	"{\"addedFor\":\"\",\"addedSince\":[{\"name\":\"audit-trail\",\"since\":\"" at             \
	"\"},{\"name\":\"notify\","                                                                \
	"\"since\":\"" at "\"}],\"conditions\":[" READY(at) "," SATISFIABLE(                       \
		at) "],\"auditedAt\":\"" at                                                        \
		    "\",\"matched\":{\"contexts\":3,\"namespaces\":2}," VIOLATIONS                 \
		    ",\"observedGeneration\":4}"

/* What is written at NOW; *ret_differs as policy_status_encode(). For free(). */
static char *encode(const struct policy_findings *f, const char *stored, bool *ret_differs)
{
	CLEANUP(json_free_p) struct json *object = NULL;
	struct buf text = BUF_INIT(LIMIT_POLICY_STATUS_BYTES);

	if (stored)
		assert_int_equal(json_parse(stored, strlen(stored), &object, NULL), 0);
	*ret_differs = policy_status_encode(f, object, NOW, &text);
	assert_false(text.overflowed);
	return buf_steal(&text);
}

static void says(const struct policy_findings *f, const char *stored, const char *want)
{
	bool differs;
	CLEANUP(free_p) char *text = encode(f, stored, &differs);

	assert_true(differs);
	assert_says(text, want);
}

static void a_first_status_has_everything(void **state)
{
	const struct policy_findings f = {.generation = 4, .policy = &enforced, .audit = &audited};
	bool differs;
	CLEANUP(free_p) char *text = encode(&f, NULL, &differs);

	(void)state;
	assert_true(differs);
	assert_string_equal(text, STATUS(NOW));
}

static void what_was_not_changed_is_not_written(void **state)
{
	const struct policy_findings f = {.generation = 4, .policy = &enforced, .audit = &audited};
	bool differs;

	(void)state;
	free(encode(&f, STATUS(THEN), &differs));
	assert_false(differs);
}

static void each_change_is_written(void **state)
{
	const struct audit none = {.namespaces = 2, .contexts = 3};
	const struct policy reporting = {.name = "p", .actions = POLICY_AUDIT, .added = {added, 2}};

	(void)state;
	says(&(struct policy_findings){.generation = 4, .policy = &enforced, .audit = &audited},
		"{}", "\"since\":\"" NOW "\"");
	says(&(struct policy_findings){.generation = 5, .policy = &enforced, .audit = &audited},
		STATUS(THEN), "\"observedGeneration\":5}");
	says(&(struct policy_findings){.generation = 4, .policy = &enforced, .audit = &none},
		STATUS(THEN), "\"totalViolations\":0,\"violations\":[]");
	says(&(struct policy_findings){.generation = 4, .policy = &reporting, .audit = &audited},
		STATUS(THEN), "{\"addedFor\":null,\"addedSince\":null,");
}

static void times_stay_while_nothing_changes(void **state)
{
	static const struct policy_task more[] = {{"new", false, 0}, {"notify", false, 0}};
	const struct policy p = {.name = "p", .actions = POLICY_DENY, .added = {more, 2}};
	const struct policy_findings f = {.generation = 4, .policy = &p, .audit = &audited};

	(void)state;
	says(&f, STATUS(THEN),
		"{\"addedFor\":\"\",\"addedSince\":[{\"name\":\"new\",\"since\":\"" NOW
		"\"},{\"name\":\"notify\","
		"\"since\":\"" THEN "\"}],\"conditions\":[" READY(THEN));
}

static void other_selectors_begin_anew(void **state)
{
	const struct policy p = {.name = "p",
		.actions = POLICY_DENY,
		.selectors = "0123456789abcdef",
		.added = {added, 2}};
	const struct policy_findings f = {.generation = 4, .policy = &p, .audit = &audited};

	(void)state;
	says(&f, STATUS(THEN),
		"{\"addedFor\":\"0123456789abcdef\",\"addedSince\":[{\"name\":\"audit-trail\","
		"\"since\":\"" NOW "\"},{\"name\":\"notify\",\"since\":\"" NOW
		"\"}],\"conditions\":[" READY(THEN));
}

static void a_condition_that_turns_has_a_new_time(void **state)
{
	const struct policy_findings f = {.generation = 4,
		.policy = &enforced,
		.audit = &audited,
		.conflict = "policy \"q\" does not allow \"a\""};

	(void)state;
	says(&f, STATUS(THEN),
		READY(THEN) ",{\"lastTransitionTime\":\"" NOW
			    "\",\"message\":\"policy \\\"q\\\" does not allow \\\"a\\\"\","
			    "\"observedGeneration\":4,\"reason\":\"Conflict\",\"status\":\"False\"");
}

static void one_that_is_not_valid_says_so_and_has_no_findings(void **state)
{
	const struct policy_findings f = {.generation = 5, .fault = "spec.priority: wrong"};

	(void)state;
	says(&f, STATUS(THEN),
		"{\"addedFor\":null,\"addedSince\":null,\"conditions\":[{\"lastTransitionTime\":\"" NOW
		"\",\"message\":\"spec.priority: wrong\",\"observedGeneration\":5,"
		"\"reason\":\"Invalid\",\"status\":\"False\",\"type\":\"Ready\"}");
	says(&f, STATUS(THEN),
		"\"auditedAt\":null,\"matched\":null,\"totalViolations\":null,\"violations\":null,"
		"\"observedGeneration\":5}");
}

static void before_an_audit_findings_of_this_generation_stay(void **state)
{
	struct policy_findings f = {.generation = 4, .policy = &enforced};
	bool differs;

	(void)state;
	free(encode(&f, STATUS(THEN), &differs));
	assert_false(differs);
	says(&f, "{}", "\"reason\":\"Auditing\",\"status\":\"False\",\"type\":\"Ready\"");
	says(&f, "{}", "\"since\":\"" NOW "\"");
	f.generation = 5;
	says(&f, STATUS(THEN), "\"reason\":\"Auditing\"");
	says(&f, STATUS(THEN), VIOLATIONS);
}

static void a_status_that_somebody_broke_is_written_again(void **state)
{
	static const char *const broken[] = {"[]", "3",
		"{\"addedSince\":3,\"conditions\":\"x\",\"matched\":[],\"violations\":{}}",
		"{\"addedSince\":[1,{\"name\":\"notify\",\"since\":\"never\"}]}"};
	const struct policy_findings f = {.generation = 4, .policy = &enforced, .audit = &audited};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
		says(&f, broken[i], STATUS(NOW));
}

static void the_longest_status_fits(void **state)
{
	static struct policy_task tasks[256];
	CLEANUP(free_p) char *name = xcalloc(1, LIMIT_NAME_BYTES + 1);
	CLEANUP(free_p) char *text = xcalloc(1, LIMIT_POLICY_VIOLATION_BYTES + 1);
	CLEANUP(free_p) char *fault = xcalloc(1, LIMIT_DETAIL_BYTES + 1);
	const struct policy p = {.name = "p", .actions = POLICY_DENY, .added = {tasks, 256}};
	struct audit a = {.total = 20, .count = LIMIT_POLICY_VIOLATIONS};
	const struct policy_findings f = {
		.generation = 4, .policy = &p, .audit = &a, .conflict = fault};
	bool differs;

	(void)state;
	memset(name, 'n', LIMIT_NAME_BYTES);
	memset(text, '"', LIMIT_POLICY_VIOLATION_BYTES);
	memset(fault, '"', LIMIT_DETAIL_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i].name = name;
	for (size_t i = 0; i < a.count; i++)
		a.first[i] = (struct audit_violation){
			.namespace = name, .name = name, .field = text, .message = text};
	free(encode(&f, NULL, &differs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_status_has_everything),
		cmocka_unit_test(what_was_not_changed_is_not_written),
		cmocka_unit_test(each_change_is_written),
		cmocka_unit_test(times_stay_while_nothing_changes),
		cmocka_unit_test(other_selectors_begin_anew),
		cmocka_unit_test(a_condition_that_turns_has_a_new_time),
		cmocka_unit_test(one_that_is_not_valid_says_so_and_has_no_findings),
		cmocka_unit_test(before_an_audit_findings_of_this_generation_stay),
		cmocka_unit_test(a_status_that_somebody_broke_is_written_again),
		cmocka_unit_test(the_longest_status_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
