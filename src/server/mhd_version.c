#include "server/mhd_version.h"

#include <stdio.h>

#include <microhttpd.h>

#include "run/log.h"

#define MHD_VERSIONS "0.9.75 to 1.0"

enum { OLDEST = 0x00097500, BEYOND = 0x01010000 };

#if MHD_VERSION < 0x00097500 || MHD_VERSION >= 0x01010000
#error "libmicrohttpd 0.9.75 to 1.0 is supported: see tests/unit/server/mhd_test.c before adding another"
#endif

/* As MHD_VERSION has it: each part in two hexadecimal digits that read as decimal ones. */
static unsigned number(const char *text)
{
	unsigned part[3] = {0};

	if (sscanf(text, "%2u.%2u.%2u", &part[0], &part[1], &part[2]) < 2) // NOLINT(cert-err34-c)
		return 0;
	for (int i = 0; i < 3; i++)
		part[i] = part[i] / 10 * 16 + part[i] % 10;
	return part[0] << 24 | part[1] << 16 | part[2] << 8;
}

int mhd_version_check(const char *in_use, struct err *err)
{
	unsigned version = number(in_use);

	if (version < OLDEST || version >= BEYOND)
		return err_set(err, ERR_INTERNAL, "libmicrohttpd %s is not supported; install %s",
			in_use, MHD_VERSIONS);
	if (version < (MHD_VERSION & ~0xffU))
		return err_set(err, ERR_INTERNAL,
			"libmicrohttpd %s is older than %x.%x.%x, with which this program was built",
			in_use, (unsigned)MHD_VERSION >> 24, (unsigned)MHD_VERSION >> 16 & 0xff,
			(unsigned)MHD_VERSION >> 8 & 0xff);
	log_event(LOG_INFO, "libmicrohttpd", LOG_STR("version", in_use), LOG_END);
	return 0;
}
