/*
 * unit - what every unit test includes: cmocka with the headers that it wants, and an assertion
 * on messages.
 */
#ifndef PROMOGATE_TESTS_UNIT_H
#define PROMOGATE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* text contains part. */
#define assert_says(text, part)                                                                    \
	do {                                                                                       \
		if (!strstr((text), (part)))                                                       \
			fail_msg("\"%s\" does not say \"%s\"", (text), (part));                    \
	} while (0)

#endif
