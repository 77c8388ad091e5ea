/*
 * onfailure - the blocking policy, which answers the question that Keptn's KEP leaves open: does a
 * failed promotion task fail the deployment? Block or Warn, decided by the first that speaks:
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

/* KeptnConfig's blockDeployment: false can be told from unset. */
enum block_deployment { BLOCK_DEPLOYMENT_UNSET, BLOCK_DEPLOYMENT_TRUE, BLOCK_DEPLOYMENT_FALSE };

/* "Block", "Warn". */
const char *on_failure_name(enum on_failure value);
/* Exactly one of these names. */
bool on_failure_parse(const char *name, enum on_failure *ret);

/* Who spoke first. */
enum on_failure_source { ON_FAILURE_BY_ANNOTATION, ON_FAILURE_BY_CONFIG, ON_FAILURE_BY_DEFAULT };

struct on_failure_decision {
	enum on_failure value;
	enum on_failure_source source;
};

/* annotation: as written, NULL if absent; a value that is not known doesn't speak. */
struct on_failure_decision on_failure_decide(const char *annotation, enum block_deployment config);
/* "KeptnConfig's blockDeployment", …: what a sentence says that it was decided by. */
const char *on_failure_source_text(enum on_failure_source source);
/* The value alone. */
enum on_failure on_failure_resolve(const char *annotation, enum block_deployment config);

#endif
