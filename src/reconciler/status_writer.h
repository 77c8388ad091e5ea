/*
 * status_writer - writes the status of PromotionPolicies, each only when it differs from what is
 * stored. It reads the policy first, so what the status has of times survives a change of the
 * leader; a policy whose status it knows costs no call.
 *
 * One at a time. On the client's thread alone (controller/env.h).
 */
#ifndef PROMOGATE_RECONCILER_STATUS_WRITER_H
#define PROMOGATE_RECONCILER_STATUS_WRITER_H

#include "controller/env.h"
#include "policy/status.h"

struct status_writer;

struct status_writer *status_writer_new(const struct env *env); /* env is borrowed */
void status_writer_free(struct status_writer *w); /* after api_free() */

/* err NULL: the status is as it should be, or the policy has changed or is gone. */
typedef void status_writer_done_fn(void *ctx, const struct err *err);

/*
 * version: the policy's resourceVersion, as far as the watch has brought it. Returns false if there
 * is nothing to do; else done is called once, later, and name and findings stay valid until then.
 */
bool status_writer_write(struct status_writer *w, const char *name, const char *version,
	const struct policy_findings *findings, status_writer_done_fn *done, void *ctx);

/* Of how many policies it knows the status. */
size_t status_writer_count(const struct status_writer *w);
/* It reads them all again. */
void status_writer_clear(struct status_writer *w);

#endif
