/*
 * execute_internal - a plan that is being carried out, and one of its actions: what the parts of
 * execute share.
 */
#ifndef PROMOGATE_RECONCILER_EXECUTE_INTERNAL_H
#define PROMOGATE_RECONCILER_EXECUTE_INTERNAL_H

#include "reconciler/api_requests.h"
#include "reconciler/execute.h"

struct execution {
	const struct executor *x;
	struct app *app;
	struct snapshot *snapshot;
	struct plan plan;
	execute_done_fn *done;
	void *ctx;
	unsigned round; /* cache_round() when it began */
	size_t next; /* action to start */
	unsigned in_flight;
	bool dropped, again;
	struct err err; /* of the first that made it drop the rest */
};

/* One action under way. */
struct step {
	struct execution *run;
	const struct plan_action *action;
};

const struct appversion *step_version(const struct step *step);
void step_send(struct step *step, const struct kube_request *request, api_done_fn *done);

/* What an action came to. */
void step_done(void *step, const struct api_response *response, const struct err *err);
/* The same for one that needed several calls; none of them ends the step. */
void step_failed(struct step *step, const struct err *err);
void step_code_is_there(struct step *step);
/* The step is over, and freed: the plan goes on. */
void step_over(struct step *step);

/*
 * PLAN_CREATE_JOB and PLAN_CREATE_CODE (execute_create.c): 0 if a call is under way; else the error
 * that step_failed() wants.
 */
int step_create_job(struct step *step, struct err *err);
int step_create_code(struct step *step, struct err *err);

#endif
