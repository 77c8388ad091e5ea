#include "server/mhd_version.h"

#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "run/log.h"

/* Each part of MHD_VERSION is two hexadecimal digits that read as decimal ones. */
#if MHD_VERSION < 0x00097500 || MHD_VERSION >= 0x01010000
#error "libmicrohttpd 0.9.75 to 1.0 is supported; tests/unit/server/mhd_test.c shows what differs"
#endif

int mhd_version_check(const char *in_use, struct err *err)
{
	const unsigned v = MHD_VERSION;
	char built[16];

	(void)snprintf(built, sizeof(built), "%x.%x.%x", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff);
	if (strverscmp(in_use, "0.9.75") < 0 || strverscmp(in_use, "1.1") >= 0)
		return err_set(err, ERR_INTERNAL,
			"libmicrohttpd %s is not supported; install 0.9.75 to 1.0", in_use);
	if (strverscmp(in_use, built) < 0)
		return err_set(err, ERR_INTERNAL, "libmicrohttpd %s is older than the build's, %s",
			in_use, built);
	log_event(LOG_INFO, "libmicrohttpd", LOG_STR("version", in_use), LOG_STR("built", built),
		LOG_END);
	return 0;
}
