/*
 * judge - applies the rules of admission/rules.h to one KeptnAppContext.
 */
#ifndef PROMOGATE_ADMISSION_JUDGE_H
#define PROMOGATE_ADMISSION_JUDGE_H

#include "admission/applied.h"
#include "admission/findings.h"
#include "admission/lookup.h"
#include "keptn/appcontext.h"

/* Appends every finding, in the order of the fields, and then of the policies that match it. */
void judge_appcontext(const struct appcontext *app, const struct applied *a, const struct known *k,
	struct findings *to);

/* Adds the names that an unconfirmed finding in a context of app_ns depends on. */
void judge_needs(const struct finding *item, const struct known *k, const char *app_ns,
	bool decides, struct needs *to);

#endif
