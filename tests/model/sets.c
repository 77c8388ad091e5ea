#include "sets.h"

#include "base/mem.h"

/* clang-format off */
enum { MILLION = 1000 * 1000 };

#define ANY {[ACT_ABORT] = 1, [ACT_DELETE_JOB] = 1, [ACT_DELETE_VERSION] = 1, [ACT_DEPRECATE] = 1, \
	[ACT_TOUCH] = 1}

/* versions, tasks, attempts, Jobs created for each task and attempt, replicas */
const struct set sets[] = {
	{{"1 version x 1 task, any one act", 1, 1, 1, 2, 2, .acts = ANY, .acts_total = 1},
		true, 20 * MILLION},
	{{"1 version x 2 tasks", 1, 2, 1, 1, 2, .acts_total = 0}, true, 20 * MILLION},
	{{"1 version x 1 task x 2 attempts, retry", 1, 1, 2, 1, 2,
		.acts = {[ACT_RETRY] = 1}, .acts_total = 1}, true, 20 * MILLION},
	{{"1 version x 1 task, definitions come late, abort", 1, 1, 1, 1, 2,
		.acts = {[ACT_ABORT] = 1}, .acts_total = 1, .late = true}, true, 20 * MILLION},
	{{"1 version x 1 task x 3 attempts, retries and an abort", 1, 1, 3, 1, 1,
		.acts = {[ACT_RETRY] = 2, [ACT_ABORT] = 1}, .acts_total = 3}, true, 20 * MILLION},
	{{"2 versions x 1 task", 2, 1, 1, 1, 2, .acts_total = 0}, true, 20 * MILLION},

	{{"1 version x 1 task, a neighbour", 1, 1, 1, 2, 1,
		.acts = {[ACT_FORGE] = 1, [ACT_RESUME] = 1, [ACT_UNLOCK] = 1, [ACT_DELETE_JOB] = 1},
		.acts_total = 3}, true, 20 * MILLION},
	{{"1 version x 1 task, a neighbour, a refusal, a late call", 1, 1, 1, 2, 1,
		.acts = {[ACT_FORGE] = 1, [ACT_UNLOCK] = 1, [ACT_REFUSE] = 1, [ACT_LATE] = 1},
		.acts_total = 4}, true, 20 * MILLION},
	{{"1 version x 1 task, a refusal, two leaders", 1, 1, 1, 1, 2,
		.acts = {[ACT_REFUSE] = 1}, .acts_total = 1}, true, 20 * MILLION},
	{{"2 versions x 1 task, annotated", 2, 1, 1, 1, 1, .acts_total = 0, .explain = true},
		true, 20 * MILLION},
	{{"1 version x 1 task x 2 attempts, retry, late definitions, annotated", 1, 1, 2, 1, 1,
		.acts = {[ACT_RETRY] = 1}, .acts_total = 1, .late = true, .explain = true}, true, 20 * MILLION},
	{{"1 version x 1 task, a refusal, a late call, a term", 1, 1, 1, 2, 1,
		.acts = {[ACT_REFUSE] = 1, [ACT_LATE] = 1, [ACT_TERM] = 1}, .acts_total = 3},
		true, 20 * MILLION},
	{{"1 version x 1 task, a refusal, a term, two leaders", 1, 1, 1, 1, 2,
		.acts = {[ACT_REFUSE] = 1, [ACT_TERM] = 1}, .acts_total = 2}, true, 20 * MILLION},

	{{"2 versions x 1 task, annotated, two leaders", 2, 1, 1, 1, 2, .acts_total = 0, .explain = true},
		false, 200 * MILLION},
	{{"1 version x 1 task, any two acts", 1, 1, 1, 2, 2, .acts = ANY, .acts_total = 2},
		false, 20 * MILLION},
	{{"1 version x 1 task, definitions come late, any one act", 1, 1, 1, 2, 2,
		.acts = ANY, .acts_total = 1, .late = true}, false, 50 * MILLION},
	{{"2 versions x 1 task, seen apart", 2, 1, 1, 1, 2, .apart = true}, false, 20 * MILLION},
	{{"3 replicas on 1 version x 1 task", 1, 1, 1, 2, 3, .acts_total = 0}, false, 200 * MILLION},
	{{"1 version x 2 tasks, any one act", 1, 2, 1, 1, 2, .acts = ANY, .acts_total = 1},
		false, 200 * MILLION},
	{{"1 version x 1 task x 2 attempts, each act", 1, 1, 2, 1, 2,
		.acts = {1, 1, 1, 1}, .acts_total = 4}, false, 200 * MILLION},
	{{"2 versions x 1 task, any one act", 2, 1, 1, 1, 2, .acts = ANY, .acts_total = 1},
		false, 200 * MILLION},
	{{"2 versions x 1 task x 2 attempts, retry", 2, 1, 2, 1, 2,
		.acts = {[ACT_RETRY] = 1}, .acts_total = 1}, false, 200 * MILLION},
	{{"1 version x 2 tasks, a refusal, a late call", 1, 2, 1, 2, 1,
		.acts = {[ACT_REFUSE] = 1, [ACT_LATE] = 1}, .acts_total = 2}, false, 200 * MILLION},
	{{"1 version x 1 task, a refusal, two leaders, two Jobs", 1, 1, 1, 2, 2,
		.acts = {[ACT_REFUSE] = 1}, .acts_total = 1}, false, 200 * MILLION},
	{{"1 version x 1 task, a refusal, a term, two leaders, two Jobs", 1, 1, 1, 2, 2,
		.acts = {[ACT_REFUSE] = 1, [ACT_TERM] = 1}, .acts_total = 2}, false, 200 * MILLION},
	{{"2 versions x 1 task, a neighbour", 2, 1, 1, 2, 1,
		.acts = {[ACT_FORGE] = 1, [ACT_UNLOCK] = 1, [ACT_DELETE_JOB] = 1}, .acts_total = 2},
		false, 200 * MILLION},
	{{"1 version x 1 task, a neighbour, two leaders", 1, 1, 1, 2, 2,
		.acts = {[ACT_FORGE] = 1, [ACT_UNLOCK] = 1}, .acts_total = 1}, false, 200 * MILLION},
	{{"1 version x 1 task, a refusal, a late call, two leaders", 1, 1, 1, 2, 2,
		.acts = {[ACT_REFUSE] = 1, [ACT_LATE] = 1}, .acts_total = 2}, false, 200 * MILLION},
};
const size_t sets_count = ARRAY_SIZE(sets);

const struct planted planted[] = {
	{{"rule 5, unique names", 1, 1, 1, 2, 2, .acts = {[ACT_DELETE_JOB] = 1}, .acts_total = 1,
		.plant = PLANT_SAME_NAMES}, "rule-5-names", "I1", 20 * MILLION, false},
	{{"rule 10, facts that stay true", 1, 1, 1, 1, 2,
		.omit = OMIT_CLEAN_UP_FACTS}, "rule-10-facts", "I6", 20 * MILLION, false},
	{{"rule 8, the live GET", 1, 1, 1, 1, 2,
		.plant = PLANT_CACHE_IS_TRUE}, "rule-8-live-get", "I7", 20 * MILLION, false},
	{{"rule 1, on records", 1, 1, 1, 1, 2,
		.plant = PLANT_BLIND_RECORDS}, "rule-1-records", "I2", 20 * MILLION, false},
	{{"rule 4, of undelivered siblings", 2, 1, 1, 1, 2, .apart = true,
		.omit = OMIT_FENCE_UNDELIVERED}, "rule-4-undelivered", "I3", 20 * MILLION, true},
	{{"rule 4, the mark", 2, 1, 2, 1, 2, .acts = {[ACT_RETRY] = 1}, .acts_total = 1,
		.omit = OMIT_FENCE_MARK}, "rule-4-mark", "I3", 50 * MILLION, false},
	{{"active by items", 2, 1, 1, 1, 1, .acts = {[ACT_DEPRECATE] = 1}, .acts_total = 1,
		.omit = OMIT_ACTIVE_BY_ITEMS}, "active-by-items", "I3", 20 * MILLION, false},
	{{"rule 9, second half", 1, 1, 2, 1, 2, .acts = {[ACT_RETRY] = 1}, .acts_total = 1,
		.omit = OMIT_EXPIRE_LATER}, "rule-9-later", "I4", 20 * MILLION, true},
	{{"rule 11, delete first", 1, 1, 1, 1, 2, .acts = {[ACT_ABORT] = 1}, .acts_total = 1,
		.omit = OMIT_ABORT_DELETES}, "rule-11-delete-first", "I8", 20 * MILLION, false},
	{{"rule 3, suspended Jobs", 1, 1, 1, 2, 2,
		.plant = PLANT_RUN_AT_ONCE}, "rule-3-suspend", "I8", 20 * MILLION, false},
	{{"rule 6, the commit's resourceVersion", 1, 1, 1, 2, 2,
		.plant = PLANT_BLIND_COMMIT}, "rule-6-commit", "I2", 20 * MILLION, false},
	{{"rule 9, TTL after the record", 1, 1, 1, 1, 1,
		.plant = PLANT_TTL_AT_ONCE}, "rule-9-ttl", "I9", 20 * MILLION, false},
	{{"rule 3, the second lock", 1, 1, 1, 1, 1, .acts = {[ACT_RESUME] = 1}, .acts_total = 1,
		.plant = PLANT_ONE_LOCK}, "rule-3-lock", "I8", 20 * MILLION, false},
	{{"rule 6, own Jobs", 1, 1, 1, 2, 1, .acts = {[ACT_FORGE] = 1}, .acts_total = 1,
		.omit = OMIT_OWN}, "rule-6-own", "I10", 20 * MILLION, false},
	{{"rule 6, no Job whose deletion was sent", 1, 2, 1, 1, 1,
		.acts = {[ACT_REFUSE] = 1, [ACT_LATE] = 1}, .acts_total = 2,
		.plant = PLANT_KEEP_OWN}, "rule-6-deletion", "I6", 20 * MILLION, true},
	{{"rule 14, the claim", 1, 1, 1, 1, 2, .acts = {[ACT_REFUSE] = 1}, .acts_total = 1,
		.omit = OMIT_CLAIM}, "rule-14-claim", "I6", 20 * MILLION, false},
	{{"rule 14, a claim after the last commit", 1, 1, 1, 2, 1,
		.acts = {[ACT_FORGE] = 1, [ACT_UNLOCK] = 1, [ACT_REFUSE] = 1, [ACT_LATE] = 1},
		.acts_total = 4, .omit = OMIT_CLAIM_NONCE}, "rule-14-nonce", "I6", 20 * MILLION, true},
	{{"rule 14, the later term", 1, 1, 1, 1, 2, .acts = {[ACT_REFUSE] = 1}, .acts_total = 1,
		.omit = OMIT_CLAIM_TERM}, "rule-14-term", "I6", 20 * MILLION, true},
};
const size_t planted_count = ARRAY_SIZE(planted);

const struct bounds walks[] = {
	{"3 versions x 2 tasks x 3 attempts, cap, since, max-age, late definitions", 3, 2, 3, 3, 2, .apart = true,
		.acts = {4, 3, 2, 1, 1, 2}, .acts_total = 9, .late = true, .far = true},
	{"2 versions x 2 tasks x 2 attempts, 3 replicas, every act", 2, 2, 2, 3, 3,
		.acts = {2, 2, 1, 1, 1, 1}, .acts_total = 6},
	{"2 versions x 2 tasks x 2 attempts, a neighbour, refusals, late calls, terms", 2, 2, 2, 3, 2,
		.acts = {2, 1, 1, 1, 1, 1, 2, 1, 2, 3, 2, 2}, .acts_total = 9},
};
const size_t walks_count = ARRAY_SIZE(walks);
