/*
 * elector - elects a leader by a Lease (kube/lease.h), and reports when this process starts and
 * stops leading.
 *
 * It leads from the first successful write, and until renew_deadline after the last successful
 * write was sent. Then it stops leading, whether the call hangs, fails or the process was stopped,
 * and well before another candidate may take the Lease. One elector leads at most once; to take
 * part again, make another one. A standby reads the Lease every retry_period, plus a random delay
 * of up to 1.2 times as long.
 *
 * All callbacks run on the client's thread (controller/env.h), after elector_new() has returned.
 * Once api_free() has begun, only elector_step_down()'s done is called.
 */
#ifndef PROMOGATE_CONTROLLER_ELECTOR_H
#define PROMOGATE_CONTROLLER_ELECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "controller/env.h"
#include "kube/lease.h"

struct elector;

struct elector_config {
	const struct env *env; /* borrowed */
	struct lease_config lease; /* lease_config_check() accepts it; borrowed strings */

	/* At most once. */
	void (*leading)(void *ctx);
	/* At most once, after leading, and not once elector_step_down() has begun. */
	void (*lost)(void *ctx, const struct err *why);
	/* When the holder changes, as seen by a standby. May be NULL. */
	void (*standing_by)(void *ctx, const char *holder);
	void *ctx;
};

/* Starts at once. */
struct elector *elector_new(const struct elector_config *config);
/* After api_free(). */
void elector_free(struct elector *e);

/*
 * Whether it leads at this moment, by the clock. Check it before doing anything that only a leader
 * may do: after this process was stopped, another callback may run before the deadline's timer. If
 * the deadline has passed, it calls lost. On the client's thread.
 */
bool elector_leading(struct elector *e);

/*
 * A number that is greater than that of each earlier leader: the resourceVersion that the write
 * gave the Lease by which it was acquired. It grows even if somebody deletes the Lease. From
 * leading() on; 0 if the API server's resourceVersions are not numbers.
 */
uint64_t elector_term(const struct elector *e);

/*
 * Whether it has recently held the Lease or read who holds it, which makes a standby ready. Any
 * thread.
 */
bool elector_reached(const struct elector *e);

/*
 * Stops leading, releases the Lease if it is held, and calls done exactly once, on the client's
 * thread: after ELECTOR_STEP_DOWN_MS even if the API server has not answered, and also when
 * api_free() comes first. Call it at most once, on any thread, before api_free().
 */
enum { ELECTOR_STEP_DOWN_MS = 2000 };
void elector_step_down(struct elector *e, void (*done)(void *ctx), void *ctx);

#endif
