#include "promotion/onfailure.h"

#include "base/mem.h"
#include "base/str.h"

static const char *const names[] = {
	[ON_FAILURE_BLOCK] = "Block",
	[ON_FAILURE_WARN] = "Warn",
};

const char *on_failure_name(enum on_failure value)
{
	return names[value];
}

bool on_failure_parse(const char *name, enum on_failure *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!str_eq(name, names[i]))
			continue;
		*ret = (enum on_failure)i;
		return true;
	}
	return false;
}

enum on_failure on_failure_resolve(const char *annotation, enum block_deployment config)
{
	enum on_failure value;

	if (on_failure_parse(annotation, &value))
		return value;
	return config == BLOCK_DEPLOYMENT_FALSE ? ON_FAILURE_WARN : ON_FAILURE_BLOCK;
}
