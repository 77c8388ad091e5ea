/*
 * glob - names in a policy: literal, except that each '*' stands for any text, also none.
 */
#ifndef PROMOGATE_POLICY_GLOB_H
#define PROMOGATE_POLICY_GLOB_H

#include <stdbool.h>

/* Whole names only. Time: the product of the two lengths at worst; it never backtracks further. */
bool glob_matches(const char *glob, const char *name);
/* A valid object name, in which a '*' may be anywhere. */
bool glob_is_valid(const char *glob);
/* It matches no more than one name: itself. */
bool glob_is_literal(const char *glob);

#endif
