/*
 * lease - who leads, by a coordination.k8s.io/v1 Lease: one step of the election that client-go's
 * tools/leaderelection holds, so that people find in the Lease what they know. Pure.
 *
 * The holder renews the Lease; whoever has seen it unchanged for its leaseDurationSeconds, by a
 * clock of his own, may take it. Times in the Lease are for people to read: no two clocks are ever
 * compared. Each write is conditional on the resourceVersion that was read, so one candidate wins.
 * It is no fence: a holder that stalls does not know that it has lost until it looks again.
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
	const char *identity; /* not empty; of no other candidate */
	int64_t lease_duration_ms; /* how long others leave it alone; in it, whole seconds */
	int64_t renew_deadline_ms; /* a holder that could not renew for so long stops leading */
	int64_t retry_period_ms; /* between two tries */
};

/*
 * What client-go asks of the same numbers, and names that objects can have; ERR_INVALID with a
 * message that names the flag.
 */
int lease_config_check(const struct lease_config *config, struct err *err);

/* The Lease as it was last seen. Plain data, owned by its caller. */
struct lease_view {
	struct json *object; /* NULL: there is none */
	int64_t changed_ms; /* when its record was first seen as it is, on the caller's clock */
};

#define LEASE_VIEW_INIT {.object = NULL}

void lease_view_release(struct lease_view *v); /* for CLEANUP() too */
/*
 * What a read or a write was answered. now_ms never steps back; for a write of one's own it is when
 * that was sent: others saw it no earlier. ERR_IO if it is no object that could be written again.
 */
int lease_view_set(
	struct lease_view *v, const char *text, size_t len, int64_t now_ms, struct err *err);
/* There is none. */
void lease_view_set_absent(struct lease_view *v);

/* Who holds it: "" for nobody; valid until the view changes. */
const char *lease_holder(const struct lease_view *v);

enum lease_step {
	LEASE_WAIT, /* another one holds it */
	LEASE_CREATE, /* POST the body to the collection */
	LEASE_UPDATE, /* PUT the body: to take it over, or to renew what is held already */
};

/*
 * What to do about it at now_ms, on the clock of lease_view_set(). Adds to body what is to be
 * sent, with wall_ms (since 1970) as its times, and whatever else the Lease said left as it was.
 */
enum lease_step lease_next(const struct lease_view *v, const struct lease_config *config,
	int64_t now_ms, int64_t wall_ms, struct buf *body);

/* Whether config's candidate holds it, and the PUT body that leaves it to whoever comes first. */
bool lease_give_up(const struct lease_view *v, const struct lease_config *config, int64_t wall_ms,
	struct buf *body);

#endif
