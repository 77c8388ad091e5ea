/*
 * execute_internal - a plan that is being executed, and one of its actions: what the parts of
 * execute share.
 */
#ifndef PROMOGATE_RECONCILER_EXECUTE_INTERNAL_H
#define PROMOGATE_RECONCILER_EXECUTE_INTERNAL_H

#include "reconciler/api_requests.h"
#include "reconciler/apps.h"
#include "reconciler/execute.h"

struct execution {
	const struct executor *x;
	struct app *app;
	struct snapshot *snapshot;
	struct plan plan;
	execute_done_fn *done;
	void *ctx;
	void (*go_on)(struct execution *run); /* called after each step: starts the next ones */
	unsigned round; /* cache_round() when it began */
	size_t next; /* action to start */
	unsigned in_flight, annotations; /* requests; those of them that nothing waits for */
	size_t bytes; /* of the bodies in flight */
	bool dropped;
	bool annotation_lost; /* the API server does not answer them: no more are sent */
	struct err err; /* the first one; the rest was dropped for it */
	struct execute_result result;
	struct plan lost; /* writes to versions whose reply was lost */
};

/* One action under way. */
struct step {
	struct execution *run;
	const struct plan_action *action;
	size_t bytes; /* of its request's body */
	/* "namespace/name" to the struct job_definition that the cache has only in outline. */
	struct strmap fetched;
	char *fetching; /* the one that is asked for */
};

/* execute_step.c. */
const struct appversion *step_version(const struct step *step);
void execution_drop(struct execution *run, const struct err *err);
void step_send(struct step *step, const struct kube_request *request, api_done_fn *done);

/* The result of an action, as an api_done_fn: ends the step. */
void step_done(void *step, const struct api_response *response, const struct err *err);
/* The result of one that needs several requests. None of these ends the step. */
void step_failed(struct step *step, const struct err *err);
void step_job_is_gone(struct step *step);
/* The next plan waits until the watch has brought this Job. */
void step_await_job(struct step *step, const struct json *job);
/* Reports the error if it is an answer that a person must know; NULL: of the action itself. */
void step_rejected(const struct step *step, const char *doing, const struct err *err);
void step_code_exists(struct step *step);
void step_free(struct step *step);
/* Ends the step and frees it, and starts the next ones. */
void step_over(struct step *step);

/*
 * PLAN_CREATE_JOB and PLAN_CREATE_CODE (execute_create.c): 0 if a request is in flight; else the
 * error for step_failed().
 */
int step_create_job(struct step *step, struct err *err);
int step_create_code(struct step *step, struct err *err);

/*
 * Replaces the outlines of a resolution by what was fetched (execute_fetch.c). 0: it is whole; 1: a
 * GET is in flight, after which the action of the step starts over.
 */
int step_fetch_outlines(struct step *step, struct resolution *task, struct err *err);

#endif
