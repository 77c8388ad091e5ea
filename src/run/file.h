/*
 * file - small files, read whole: configuration, certificates, tokens. Any thread.
 */
#ifndef PROMOGATE_RUN_FILE_H
#define PROMOGATE_RUN_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends what the file holds. Over the maximum of the buffer: ERR_TOO_LARGE; a file that is not
 * there: ERR_NOT_FOUND; else ERR_FORBIDDEN or ERR_IO. The message names the path.
 */
int file_read(const char *path, struct buf *to, struct err *err);

#endif
