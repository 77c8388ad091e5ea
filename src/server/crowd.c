#include "server/crowd.h"

#include "base/limits.h"

enum crowd_choice crowd_choose(const struct crowd *c)
{
	unsigned unfinished = c->silent + c->unfinished;
	unsigned open = unfinished + c->arriving + c->deciding + c->idle;

	if (open + c->closing >= c->limit + LIMIT_SERVER_CLOSING)
		return CROWD_WAIT;
	if (c->arriving > c->limit / 2)
		return CROWD_WAIT;
	if (open < c->limit)
		return CROWD_ROOM;
	if (c->idle && unfinished <= c->limit / 2)
		return CROWD_IDLE;
	if (!unfinished)
		return CROWD_WAIT;
	if (c->silent && (!c->unfinished || c->silent_ms <= c->unfinished_ms))
		return CROWD_SILENT;
	return CROWD_UNFINISHED;
}
