#include "base/version.h"

/* Set by the Makefile. */
#ifndef PROMOGATE_VERSION
#define PROMOGATE_VERSION "unknown"
#endif

const char promogate_version[] = PROMOGATE_VERSION;
