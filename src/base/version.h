/*
 * version - the version of Promogate, from `git describe` at build time.
 */
#ifndef PROMOGATE_BASE_VERSION_H
#define PROMOGATE_BASE_VERSION_H

extern const char promogate_version[];

#endif
