/*
 * elector - takes part in the election of a leader by a Lease (kube/lease.h), and says when it
 * leads and when no longer.
 *
 * It leads from the first write that succeeds, and for renew_deadline after the last one was sent:
 * then it stops by itself, whether that call hangs, fails or this process was stopped, and well
 * before anybody else may take the Lease. One elector leads at most once; whoever wants to take
 * part again makes another. A standby asks every retry_period, and up to 1.2 times as long on top.
 *
 * All callbacks run on the client's thread (client/api.h), later than elector_new(). None comes
 * once api_free() has begun, but for a release's done.
 */
#ifndef PROMOGATE_CONTROLLER_ELECTOR_H
#define PROMOGATE_CONTROLLER_ELECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "controller/env.h"

struct elector;

struct elector_config {
	const struct env *env; /* borrowed */
	/* What lease_config_check() accepts. The strings are copied. */
	const char *namespace, *name, *identity;
	int64_t lease_duration_ms, renew_deadline_ms, retry_period_ms;

	/* At most once. */
	void (*leading)(void *ctx);
	/* At most once, after leading, and not once elector_step_down() has begun. */
	void (*lost)(void *ctx, const struct err *why);
	/* When the one who is seen to hold it changes; NULL: nobody asks. */
	void (*standing_by)(void *ctx, const char *holder);
	void *ctx;
};

/* Starts at once. */
struct elector *elector_new(const struct elector_config *config);
/* After api_free(). */
void elector_free(struct elector *e);
DEFINE_CLEANUP(struct elector, elector_free)

/*
 * Whether it leads at this moment, by the clock. To be asked before anything that only a leader may
 * do: after this process was stopped, another callback may run before the timer that tells. If it
 * has been too long, it calls lost. On the client's thread.
 */
bool elector_leading(struct elector *e);

/*
 * Whether it has lately held the Lease, or seen that another one holds it: that a standby is ready.
 * Any thread.
 */
bool elector_reached(const struct elector *e);

/*
 * Stops leading and gives the Lease up if it is held, then calls done, exactly once, on the
 * client's thread; after ELECTOR_STEP_DOWN_MS whether or not the API server has answered, and also
 * when api_free() comes first. Once; any thread; before api_free().
 */
enum { ELECTOR_STEP_DOWN_MS = 2000 };
void elector_step_down(struct elector *e, void (*done)(void *ctx), void *ctx);

#endif
