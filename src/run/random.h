/*
 * random - randomness from the kernel, for the few that may draw it. What decides takes it as an
 * argument; any thread may call this.
 */
#ifndef PROMOGATE_RUN_RANDOM_H
#define PROMOGATE_RUN_RANDOM_H

#include <stdint.h>

uint32_t random_u32(void);

#endif
