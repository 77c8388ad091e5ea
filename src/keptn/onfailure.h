/*
 * onfailure - what a failed promotion task means: does the deployment fail (which Keptn's KEP leaves
 * open)? Block or Warn. policy/decide.h decides it.
 */
#ifndef PROMOGATE_KEPTN_ONFAILURE_H
#define PROMOGATE_KEPTN_ONFAILURE_H

#include <stdbool.h>

#define ON_FAILURE_ANNOTATION          "promogate.dev/on-failure"
#define RESOLVED_ON_FAILURE_ANNOTATION "promogate.dev/resolved-on-failure"

enum on_failure { ON_FAILURE_BLOCK, ON_FAILURE_WARN };
/* What somebody says, who may say nothing. */
enum on_failure_choice { ON_FAILURE_UNSET, ON_FAILURE_CHOOSE_BLOCK, ON_FAILURE_CHOOSE_WARN };

/* KeptnConfig's blockDeployment: false and unset differ. */
enum block_deployment { BLOCK_DEPLOYMENT_UNSET, BLOCK_DEPLOYMENT_TRUE, BLOCK_DEPLOYMENT_FALSE };

/* "Block", "Warn". */
const char *on_failure_name(enum on_failure value);
/* Exactly one of these names. */
bool on_failure_parse(const char *name, enum on_failure *ret);
/* An annotation as written, NULL if absent; an unknown value counts as absent. */
enum on_failure_choice on_failure_choice(const char *name);

#endif
