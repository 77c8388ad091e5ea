/*
 * onfailure - the blocking policy: does a failed promotion task fail the deployment (which Keptn's
 * KEP leaves open)? Block or Warn, decided by the first of these that is set:
 *
 *   1. the application: the annotation promogate.dev/on-failure on its KeptnAppContext
 *   2. KeptnConfig.spec.blockDeployment
 *   3. Block
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

/* Which of the three decided. */
enum on_failure_source { ON_FAILURE_BY_ANNOTATION, ON_FAILURE_BY_CONFIG, ON_FAILURE_BY_DEFAULT };

struct on_failure_decision {
	enum on_failure value;
	enum on_failure_source source;
};

/* annotation: as written, NULL if absent; an unknown value counts as absent. */
struct on_failure_decision on_failure_decide(const char *annotation, enum block_deployment config);
/* "KeptnConfig's blockDeployment", …: for a sentence about the decision. */
const char *on_failure_source_text(enum on_failure_source source);

#endif
