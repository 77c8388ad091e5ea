#include "keptn/onfailure.h"

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
	int i = str_index(names, ARRAY_SIZE(names), name);

	if (i >= 0)
		*ret = (enum on_failure)i;
	return i >= 0;
}

enum on_failure_choice on_failure_choice(const char *name)
{
	enum on_failure value;

	if (!on_failure_parse(name, &value))
		return ON_FAILURE_UNSET;
	return value == ON_FAILURE_WARN ? ON_FAILURE_CHOOSE_WARN : ON_FAILURE_CHOOSE_BLOCK;
}
