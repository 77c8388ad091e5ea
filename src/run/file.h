/*
 * file - small files, read whole: configuration, certificates, tokens. Any thread.
 */
#ifndef PROMOGATE_RUN_FILE_H
#define PROMOGATE_RUN_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends the content of the file. ERR_TOO_LARGE above the maximum of the buffer, ERR_NOT_FOUND if
 * the file does not exist, else ERR_FORBIDDEN or ERR_IO. The message names the path.
 */
int file_read(const char *path, struct buf *to, struct err *err);

#endif
