/*
 * judge - the rules of promotion/rules.h, put to one KeptnAppContext.
 */
#ifndef PROMOGATE_PROMOTION_JUDGE_H
#define PROMOGATE_PROMOTION_JUDGE_H

#include "keptn/appcontext.h"
#include "promotion/findings.h"
#include "promotion/lookup.h"

/*
 * Appends every finding, in the order of the fields. What a finding about another object rests on
 * and is not confirmed goes to needs.
 */
void judge_appcontext(const struct appcontext *app, const struct known *k, struct findings *to,
	struct needs *needs);

#endif
