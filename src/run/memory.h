/*
 * memory - returns memory to the system. Any thread.
 */
#ifndef PROMOGATE_RUN_MEMORY_H
#define PROMOGATE_RUN_MEMORY_H

#include <stddef.h>

/*
 * After something of this many bytes was parsed and freed: parsed, it was up to forty times as
 * large, in small pieces, which the allocator would keep for good. Does nothing for what is small,
 * since the call costs about a millisecond.
 */
void memory_trim_after(size_t bytes);

#endif
