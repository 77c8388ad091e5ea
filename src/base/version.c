#include "base/version.h"

/* The Makefile says it. */
#ifndef PROMOGATE_VERSION
#define PROMOGATE_VERSION "unknown"
#endif

const char promogate_version[] = PROMOGATE_VERSION;
