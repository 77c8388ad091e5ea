/*
 * judge_policy - applies the rules PG301 and following to one PromotionPolicy: what its schema
 * cannot say.
 */
#ifndef PROMOGATE_ADMISSION_JUDGE_POLICY_H
#define PROMOGATE_ADMISSION_JUDGE_POLICY_H

#include "admission/findings.h"
#include "json/json.h"

void judge_policy(const struct json *object, struct findings *to);

#endif
