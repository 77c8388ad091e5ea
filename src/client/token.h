/*
 * token - a bearer token that may rotate in its file: the kubelet writes a new one at 80 % of the
 * old one's life. Owned by the client's thread. Time is an argument.
 */
#ifndef PROMOGATE_CLIENT_TOKEN_H
#define PROMOGATE_CLIENT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct token {
	char *file; /* NULL: the value is fixed */
	char *value; /* NULL: none, or not read yet */
	int64_t read_ms; /* when the file was last read */
};

#define TOKEN_INIT {.file = NULL}

/* value and file are copied; either may be NULL. ERR_INVALID for an invalid token. */
int token_init(struct token *t, const char *value, const char *file, struct err *err);
void token_release(struct token *t);

/*
 * *ret is the token, NULL if there is none; valid until the next call. The file is reloaded every
 * TOKEN_REREAD_MS; if that fails, the old token stays in use, and it is an error only if there is
 * none.
 */
enum { TOKEN_REREAD_MS = 10 * 1000 };
int token_get(struct token *t, int64_t now_ms, const char **ret, struct err *err);
/* Reads the file now, because the API server rejected the token; true if it has changed. */
bool token_refused(struct token *t, int64_t now_ms);

#endif
