/*
 * judge - the rules of admission/rules.h, put to one KeptnAppContext.
 */
#ifndef PROMOGATE_ADMISSION_JUDGE_H
#define PROMOGATE_ADMISSION_JUDGE_H

#include "admission/findings.h"
#include "admission/lookup.h"
#include "keptn/appcontext.h"

/*
 * Appends every finding, in the order of the fields. What a finding about another object rests on
 * and is not confirmed goes to needs.
 */
void judge_appcontext(const struct appcontext *app, const struct known *k, struct findings *to,
	struct needs *needs);

#endif
