/*
 * judge - applies the rules of admission/rules.h to one KeptnAppContext.
 */
#ifndef PROMOGATE_ADMISSION_JUDGE_H
#define PROMOGATE_ADMISSION_JUDGE_H

#include "admission/findings.h"
#include "admission/lookup.h"
#include "keptn/appcontext.h"

/*
 * Appends every finding, in the order of the fields. A finding about another object adds to needs
 * the names that it depends on and that no live look-up has confirmed.
 */
void judge_appcontext(const struct appcontext *app, const struct known *k, struct findings *to,
	struct needs *needs);

#endif
