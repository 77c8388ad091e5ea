#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Ends the message before a UTF-8 character that was cut: what is not UTF-8 is stored as another
 * text, and would differ from this one.
 */
static void trim(struct err *err)
{
	size_t len = strlen(err->msg), at = len, want;
	unsigned char first;

	while (at > 0 && len - at < 3 && ((unsigned char)err->msg[at - 1] & 0xC0) == 0x80)
		at--;
	first = at > 0 ? (unsigned char)err->msg[at - 1] : 0;
	want = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
	if (len - at + 1 < want)
		err->msg[at - 1] = '\0';
}

__attribute__((format(printf, 4, 0))) static void fill(
	struct err *err, enum err_kind kind, int os_errno, const char *fmt, va_list ap)
{
	memset(err, 0, sizeof(*err));
	err->kind = kind;
	err->os_errno = os_errno;
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	trim(err);
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	fill(err, kind, 0, fmt, ap);
	va_end(ap);
	return -1;
}

static enum err_kind kind_of_errno(int os_errno)
{
	switch (os_errno) {
	case ENOENT:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_FORBIDDEN;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_IO;
	}
}

int err_set_errno(struct err *err, int os_errno, const char *fmt, ...)
{
	char reason[128];
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	fill(err, kind_of_errno(os_errno), os_errno, fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s",
		strerror_r(os_errno, reason, sizeof(reason)));
	trim(err);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
	trim(err);
	return -1;
}

const char *err_kind_name(enum err_kind kind)
{
	static const char *const names[] = {
		[ERR_NONE] = "None",
		[ERR_INVALID] = "Invalid",
		[ERR_NOT_FOUND] = "NotFound",
		[ERR_NOT_SERVED] = "NotServed",
		[ERR_EXISTS] = "AlreadyExists",
		[ERR_CONFLICT] = "Conflict",
		[ERR_GONE] = "Gone",
		[ERR_FORBIDDEN] = "Forbidden",
		[ERR_TERMINATING] = "NamespaceTerminating",
		[ERR_QUOTA] = "Quota",
		[ERR_THROTTLED] = "Throttled",
		[ERR_AUTH] = "Unauthorized",
		[ERR_TIMEOUT] = "Timeout",
		[ERR_TOO_LARGE] = "TooLarge",
		[ERR_IO] = "IO",
		[ERR_INTERNAL] = "Internal",
	};

	return names[kind];
}
