/*
 * err - what went wrong, as a value on the caller's stack.
 *
 * A function that can fail takes `struct err *` as its last argument. It returns 0 for success and
 * leaves the error untouched; below 0 it failed and the error is filled; above 0 is an outcome that
 * its header documents. Making and returning an error is one line:
 *
 *	return err_set(err, ERR_INVALID, "port %ld: must be 1 to 65535", port);
 *
 * and a caller adds what it was doing:
 *
 *	return err_wrap(err, "reading %s", path);
 */
#ifndef PROMOGATE_BASE_ERR_H
#define PROMOGATE_BASE_ERR_H

#include <stdarg.h>

/* What a caller does next: kinds differ in whether and how to retry. */
enum err_kind {
	ERR_NONE,
	ERR_INVALID, /* the input is wrong; a retry can't help */
	ERR_NOT_FOUND, /* it does not exist */
	ERR_NOT_SERVED, /* no such path, or not the API server's answer: nothing is known */
	ERR_EXISTS, /* it exists already */
	ERR_CONFLICT, /* the object has changed: read it again */
	ERR_GONE, /* a resourceVersion too old to watch from: list again */
	ERR_FORBIDDEN, /* a permission is missing, or a policy denies it: an administrator must act */
	ERR_TERMINATING, /* its namespace is being deleted: nothing is created there any more */
	ERR_QUOTA, /* a quota or limit refuses for now */
	ERR_THROTTLED, /* too many requests: wait for retry_after_ms */
	ERR_AUTH, /* the credentials were rejected */
	ERR_TIMEOUT, /* no response in time; the request may have succeeded */
	ERR_TOO_LARGE, /* over one of our limits */
	ERR_IO, /* the network, a file, or the other side failed */
	ERR_INTERNAL, /* a library failed unexpectedly */
};

struct err {
	enum err_kind kind;
	int os_errno; /* 0, or the errno that caused it */
	int http_status; /* 0, or the HTTP status of the API server's response */
	unsigned retry_after_ms; /* 0, or how long the API server asks us to wait */
	char msg[512]; /* one line for people; cut between characters, never overrun */
};

#define ERR_INIT {.kind = ERR_NONE}

/* Fills err, which may be NULL, and returns -1. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, with ": strerror" appended to the message. */
int err_set_errno(struct err *err, int os_errno, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Prefixes the message of err, which may be NULL, with "context: ", keeps its kind, returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "NotFound", "Conflict", …: a short, stable word for logs and metrics. */
const char *err_kind_name(enum err_kind kind);

#endif
