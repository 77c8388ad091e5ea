/*
 * leads - the names of the tasks that may use a KeptnTaskDefinition: its own, and those of
 * definitions whose functionRefs may lead to it.
 */
#ifndef PROMOGATE_ADMISSION_LEADS_H
#define PROMOGATE_ADMISSION_LEADS_H

#include "admission/lookup.h"

/* Adds the names, without values. */
void leads_find(const struct known *k, const char *ns, const char *name, struct strmap *ret);

#endif
