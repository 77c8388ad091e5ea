/*
 * random - randomness from the kernel. Pure code takes it as an argument instead. Any thread.
 */
#ifndef PROMOGATE_RUN_RANDOM_H
#define PROMOGATE_RUN_RANDOM_H

#include <stdint.h>

uint32_t random_u32(void);

#endif
