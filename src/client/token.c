#include "client/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/file.h"

/* It goes into a header line: visible ASCII only, so that it can't end the line. */
static int check(const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_INVALID, "empty token");
	for (const char *p = value; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return err_set(
				err, ERR_INVALID, "token with a byte that is not visible ASCII");
	return 0;
}

int token_init(struct token *t, const char *value, const char *file, struct err *err)
{
	if (value && check(value, err) < 0)
		return -1;
	*t = (struct token){
		.file = file ? xstrdup(file) : NULL,
		.value = value ? xstrdup(value) : NULL,
		.read_ms = INT64_MIN / 2,
	};
	return 0;
}

void token_release(struct token *t)
{
	free(t->file);
	free(t->value);
	*t = (struct token)TOKEN_INIT;
}

/* 0, or 1 if it has changed. */
static int reread(struct token *t, int64_t now_ms, struct err *err)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);
	static const char space[] = " \t\r\n";
	const char *value;

	t->read_ms = now_ms;
	if (file_read(t->file, &b, err) < 0) {
		/* Not ERR_NOT_FOUND: to a caller this would say that the object is missing. */
		if (err)
			err->kind = ERR_AUTH;
		return -1;
	}
	while (b.len && strchr(space, b.data[b.len - 1]))
		b.data[--b.len] = '\0';
	value = b.data ? b.data + strspn(b.data, space) : "";
	if (strlen(buf_str(&b)) != b.len)
		return err_set(err, ERR_INVALID, "%s: a NUL byte in the token", t->file);
	if (check(value, err) < 0)
		return err_wrap(err, "%s", t->file);
	if (str_eq(value, t->value))
		return 0;
	free(t->value);
	t->value = xstrdup(value);
	return 1;
}

int token_get(struct token *t, int64_t now_ms, const char **ret, struct err *err)
{
	if (t->file && (!t->value || now_ms - t->read_ms >= TOKEN_REREAD_MS) &&
		reread(t, now_ms, err) < 0 && !t->value)
		return -1;
	*ret = t->value;
	return 0;
}

bool token_refused(struct token *t, int64_t now_ms)
{
	return t->file && reread(t, now_ms, NULL) == 1;
}
