/*
 * lease - leader election by a coordination.k8s.io/v1 Lease: one step, as in client-go's
 * tools/leaderelection, so that the Lease reads as usual. Pure.
 *
 * The holder renews the Lease; a candidate that has seen it unchanged for its leaseDurationSeconds,
 * by its own clock, may take it. Times in the Lease are for people: no two clocks are ever
 * compared. Each write is conditional on the resourceVersion that was read, so one candidate wins.
 * It is not a fence: a holder that stalls does not know that it has lost until it checks again.
 */
#ifndef PROMOGATE_KUBE_LEASE_H
#define PROMOGATE_KUBE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/* Borrowed strings. */
struct lease_config {
	const char *namespace, *name;
	const char *identity; /* not empty, unique among candidates */
	int64_t lease_duration_ms; /* how long it is valid; whole seconds in the Lease */
	int64_t renew_deadline_ms; /* a holder that has not renewed for this long stops leading */
	int64_t retry_period_ms; /* between two tries */
};

/*
 * The checks of client-go on the same numbers, and of the names; ERR_INVALID with a message that
 * names the flag.
 */
int lease_config_check(const struct lease_config *config, struct err *err);

/* The Lease as it was last seen. Plain data, owned by its caller. */
struct lease_view {
	struct json *object; /* NULL: there is none */
	int64_t changed_ms; /* when its record was last seen to change, on the caller's clock */
};

#define LEASE_VIEW_INIT {.object = NULL}

/* For CLEANUP() too. From then on there is none, as after a 404. */
void lease_view_release(struct lease_view *v);
/*
 * The response to a read or a write. now_ms never steps back; for our own write it is when that was
 * sent, since others can't have seen it earlier. ERR_IO if it is not an object that could be
 * written again.
 */
int lease_view_set(
	struct lease_view *v, const char *text, size_t len, int64_t now_ms, struct err *err);

/* The holder, "" if there is none; valid until the view changes. */
const char *lease_holder(const struct lease_view *v);

/* The resourceVersion of the Lease; 0 if there is none, or it is not a number. */
uint64_t lease_resource_version(const struct lease_view *v);

enum lease_step {
	LEASE_WAIT, /* another candidate holds it */
	LEASE_CREATE, /* POST the body to the collection */
	LEASE_UPDATE, /* PUT the body: to take it over, or to renew it */
};

/*
 * What to do at now_ms, on the clock of lease_view_set(). Adds to body what to send, with wall_ms
 * (since 1970) as its times, and the rest of the Lease unchanged.
 */
enum lease_step lease_next(const struct lease_view *v, const struct lease_config *config,
	int64_t now_ms, int64_t wall_ms, struct buf *body);

/* Whether config's candidate holds it, and the PUT body that releases it. */
bool lease_give_up(const struct lease_view *v, const struct lease_config *config, int64_t wall_ms,
	struct buf *body);

#endif
