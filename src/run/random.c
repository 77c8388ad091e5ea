#include "run/random.h"

#include <stdlib.h>
#include <sys/random.h>

uint32_t random_u32(void)
{
	uint32_t bits;

	/* Up to 256 bytes are returned at once after early boot: getrandom(2). */
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		abort();
	return bits;
}
