#include "client/pem.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"
#include "run/file.h"

void pem_release(struct pem *p)
{
	free(p->data);
	free(p->file);
	*p = (struct pem){.data = NULL};
}

bool pem_given(const struct pem *p)
{
	return p->data || p->file;
}

static int check(const struct buf *b, struct err *err)
{
	const char *text = buf_str(b);

	if (strlen(text) != b->len || !strstr(text, "-----BEGIN "))
		return err_set(err, ERR_INVALID, "not PEM data");
	return 0;
}

int pem_from_base64(const char *text, struct pem *ret, struct err *err)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);

	if (base64_decode(&b, text) < 0)
		return err_set(err, ERR_INVALID, "not valid base64");
	if (check(&b, err) < 0)
		return -1;
	ret->data = buf_steal(&b);
	return 0;
}

int pem_from_file(const char *path, struct pem *ret, struct err *err)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(LIMIT_CONFIG_FILE_BYTES);

	if (file_read(path, &b, err) < 0)
		return -1;
	if (check(&b, err) < 0)
		return err_wrap(err, "%s", path);
	ret->file = xstrdup(path);
	return 0;
}
