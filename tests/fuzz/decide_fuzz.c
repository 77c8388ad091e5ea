/*
 * Any bytes as the dice that make a few policies, a namespace and an application: what the policies
 * decide, check and audit has the properties of policy/properties.h.
 */
#include <stdio.h>

#include "policy/properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const properties[])(struct world *w) = {order_does_not_matter,
		a_policy_without_deny_changes_nothing, one_more_policy_never_allows_what_was_denied,
		the_text_explains_the_decision, the_audit_counts_what_the_check_reports};
	CLEANUP(buf_release) struct buf broken = BUF_INIT(300000);
	CLEANUP(free_p) struct world *w = xmalloc(sizeof(*w));

	draw(w, (struct dice){.at = data, .left = size}, &broken);
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		properties[i](w);
	if (broken.len) {
		(void)fprintf(stderr, "%s\n", buf_str(&broken));
		abort();
	}
	return 0;
}
