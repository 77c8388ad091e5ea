/* Jobs of an attempt that can't go on are given back before its commit: rule 14. */
#include "promotion/planning.h"

#include "base/str.h"
#include "promotion/plan_omit.h"

bool plan_claimed_later(const struct planning *p, const struct view_version *v)
{
	return v->claim_term > p->view->term && !OMITTED(OMIT_CLAIM_TERM);
}

/*
 * The view shows our claim, written after the last commit that we sent. So that commit has failed,
 * or would be in the view; and no replica commits what a later leader has claimed.
 */
static bool claimed(const struct view *view, const struct view_version *v)
{
	if (OMITTED(OMIT_CLAIM))
		return true;
	if (OMITTED(OMIT_CLAIM_NONCE))
		return v->claim_term == view->term;
	return view->claim != 0 && v->claim_term == view->term && v->claim_nonce == view->claim;
}

/* A later leader may commit the Jobs that it has created; anybody may change a Job's term. */
static bool discardable(const struct planning *p, const struct view_version *v,
	const struct view_job *job, unsigned attempt)
{
	return job->attempt == attempt && !job->deleting && str_eq(job->version_uid, v->uid) &&
	       (job->own || job->term <= p->view->term || OMITTED(OMIT_CLAIM_TERM));
}

void plan_discard(struct planning *p, const struct view_version *head, unsigned attempt)
{
	for (size_t i = 0; i < p->view->njobs && !OMITTED(OMIT_GIVE_BACK); i++) {
		const struct view_job *job = &p->view->jobs[i];

		if (!discardable(p, head, job, attempt))
			continue;
		if (!claimed(p->view, head)) {
			plan_add(p->to, PLAN_CLAIM, head)->nonce = p->random >> 1 | 1;
			return;
		}
		plan_add_job(p->to, PLAN_DELETE, PLAN_LEFT_OVER, head, job);
	}
}
