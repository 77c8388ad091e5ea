#include "run/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int read_all(int fd, const char *path, struct buf *to, struct err *err)
{
	char piece[4096];
	ssize_t n;

	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0 && buf_addn(to, piece, (size_t)n) < 0)
			return err_set(err, ERR_TOO_LARGE, "%s: over %zu bytes", path, to->max);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return err_set_errno(err, errno, "reading %s", path);
	return 0;
}

int file_read(const char *path, struct buf *to, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret;

	if (fd < 0)
		return err_set_errno(err, errno, "opening %s", path);
	ret = read_all(fd, path, to, err);
	(void)close(fd);
	return ret;
}
