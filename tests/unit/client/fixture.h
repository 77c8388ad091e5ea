/*
 * fixture - starts tests/unit/client/server.py for a test program, and ends it; and a folder for
 * its files. One thread.
 */
#ifndef PROMOGATE_TESTS_CLIENT_FIXTURE_H
#define PROMOGATE_TESTS_CLIENT_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#include "unit.h"

struct fixture {
	pid_t pid;
	int to; /* its standard input: closing it ends the server */
	char *url;
	char folder[64];
};

static inline void fixture_folder(char folder[static 64])
{
	(void)snprintf(folder, 64, "/tmp/promogate-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static inline int fixture_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void fixture_remove_folder(const char *folder)
{
	(void)nftw(folder, fixture_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_start(struct fixture *f, int tls)
{
	static const char script[] = "tests/unit/client/server.py";
	int in[2], out[2];
	char port[16] = "";
	FILE *from;

	fixture_folder(f->folder);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		if (tls)
			(void)execlp("python3", "python3", script, "--tls", f->folder, NULL);
		else
			(void)execlp("python3", "python3", script, f->folder, NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	f->to = in[1];
	from = fdopen(out[0], "r");
	assert_non_null(from);
	assert_non_null(fgets(port, sizeof(port), from));
	(void)fclose(from);
	port[strcspn(port, "\n")] = '\0';
	f->url = xasprintf("%s://127.0.0.1:%s", tls ? "https" : "http", port);
}

static inline void fixture_stop(struct fixture *f)
{
	(void)close(f->to);
	(void)waitpid(f->pid, NULL, 0);
	fixture_remove_folder(f->folder);
	free(f->url);
}

/* A file in the folder; for free(). */
static inline char *fixture_path(const char *folder, const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

/* Replaces it in one step, as the kubelet does. */
static inline void fixture_write(const char *path, const char *text)
{
	CLEANUP(free_p) char *next = xasprintf("%s.next", path);
	FILE *file = fopen(next, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(next, path), 0);
}

#endif
