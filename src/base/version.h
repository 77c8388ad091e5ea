/*
 * version - which Promogate this is, as `git describe` had it when it was built.
 */
#ifndef PROMOGATE_BASE_VERSION_H
#define PROMOGATE_BASE_VERSION_H

extern const char promogate_version[];

#endif
