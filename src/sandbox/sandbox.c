#include "sandbox/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "run/log.h"
#include "run/sanitized.h"
#include "sandbox/landlock.h"
#include "sandbox/syscalls.h"

/* --- files and ports -------------------------------------------------------------------------- */

enum { HTTP_PORT = 80, HTTPS_PORT = 443, DNS_PORT = 53 };

uint16_t sandbox_port(const char *address)
{
	const char *scheme = strstr(address, "://");
	const char *host = scheme ? scheme + 3 : address;
	CLEANUP(free_p) char *authority = xstrndup(host, strcspn(host, "/"));
	const char *colon = strrchr(authority, ':');
	int64_t port;

	if (colon && str_to_int64(colon + 1, &port) == 0 && port >= 0 && port <= UINT16_MAX)
		return (uint16_t)port;
	if (!scheme)
		return 0;
	return strncmp(address, "http:", 5) == 0 ? HTTP_PORT : HTTPS_PORT;
}

/* Libraries that are loaded late, as for names and certificates; and settings that change. */
static const char *const system_paths[] = {
	"/etc",
	"/usr",
	"/lib",
	"/lib64",
	/* The C library asks how much memory to keep, and for how many processors. */
	"/proc/sys/vm/overcommit_memory",
	"/sys/devices/system/cpu",
};
/* May be a link to a folder in /run. */
#define RESOLV_CONF "/etc/resolv.conf"

/* Two for each file. */
enum { PATHS = ARRAY_SIZE(system_paths) + 2UL * (SANDBOX_FILES + 1) };

struct paths {
	char *path[PATHS];
	size_t count;
};

static void paths_release(struct paths *p)
{
	while (p->count)
		free(p->path[--p->count]);
}

/* The folder of a path; the path itself in the root, which would be everything. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup(path) : xstrndup(path, (size_t)(slash - path));
}

static bool is_link(const char *path)
{
	struct stat s;

	return lstat(path, &s) == 0 && S_ISLNK(s.st_mode);
}

/* Folders, so that another file may take its place. */
static void add_file(struct paths *p, const char *file)
{
	CLEANUP(free_p) char *real = realpath(file, NULL);
	char *folder = folder_of(file);

	if (is_link(folder)) {
		p->path[p->count++] = folder_of(folder);
		free(folder);
	} else {
		p->path[p->count++] = folder;
	}
	if (real)
		p->path[p->count++] = folder_of(real);
}

static int restrict_files_and_ports(const struct sandbox *sandbox, int abi, struct err *err)
{
	CLEANUP(paths_release) struct paths paths = {.count = 0};
	const uint16_t connect[] = {sandbox_port(sandbox->server), DNS_PORT};
	uint16_t bind[SANDBOX_LISTEN];
	struct landlock_needs needs = {
		.bind = bind, .connect = connect, .connect_count = ARRAY_SIZE(connect)};

	for (size_t i = 0; i < ARRAY_SIZE(system_paths); i++)
		paths.path[paths.count++] = xstrdup(system_paths[i]);
	add_file(&paths, RESOLV_CONF);
	for (size_t i = 0; i < SANDBOX_FILES; i++)
		if (sandbox->files[i])
			add_file(&paths, sandbox->files[i]);
	for (size_t i = 0; i < SANDBOX_LISTEN; i++)
		if (sandbox->listen[i])
			bind[needs.bind_count++] = sandbox_port(sandbox->listen[i]);
	needs.paths = (const char *const *)paths.path;
	needs.path_count = paths.count;
	return landlock_restrict(abi, &needs, err);
}

/* --- system calls ----------------------------------------------------------------------------- */

static char *append(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *append_number(char *at, unsigned number)
{
	if (number > 9)
		at = append_number(at, number / 10);
	*at = (char)('0' + number % 10);
	return at + 1;
}

/*
 * In the thread that made the call, which may hold any lock: so nothing but this is safe, and the
 * line has no time. Then SIGSYS as it is without a handler.
 */
static void on_violation(int signal, siginfo_t *info, void *context)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[128], *end = line;

	(void)context;
	end = append(end, "{\"level\":\"error\",\"msg\":\"system call not allowed by the sandbox, "
			  "exiting\",\"syscall\":");
	end = append_number(end, (unsigned)info->si_syscall);
	end = append(end, "}\n");
	if (poll(&p, 1, LOG_PATIENCE_MS) == 1)
		(void)!write(p.fd, line, (size_t)(end - line));
	(void)raise(signal);
	_exit(EXIT_FAILURE);
}

static int catch_violations(struct err *err)
{
	const struct sigaction action = {
		.sa_sigaction = on_violation,
		.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER,
	};

	return sigaction(SIGSYS, &action, NULL) < 0 ? err_set_errno(err, errno, "SIGSYS") : 0;
}

/* One that this processor or library does not know can't be called by it, either. */
static int add_rule(scmp_filter_ctx filter, const struct syscall_rule *rule)
{
	int number = seccomp_syscall_resolve_name(rule->name);
	struct scmp_arg_cmp conditions[SYSCALL_CONDITIONS + 1];
	unsigned count = 0;

	if (number == __NR_SCMP_ERROR)
		return 0;
	for (; count < SYSCALL_CONDITIONS && rule->conditions[count].mask; count++)
		conditions[count] = SCMP_CMP(rule->conditions[count].arg, SCMP_CMP_MASKED_EQ,
			rule->conditions[count].mask, rule->conditions[count].value);
	if (rule->own_process)
		conditions[count++] =
			SCMP_CMP(0, SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)getpid());
	return seccomp_rule_add_array(filter,
		rule->error ? SCMP_ACT_ERRNO((uint32_t)rule->error) : SCMP_ACT_ALLOW, number, count,
		conditions);
}

static int restrict_syscalls(struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int ret = filter ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < syscall_rule_count; i++) {
		ret = add_rule(filter, &syscall_rules[i]);
		if (ret < 0)
			(void)err_set_errno(err, -ret, "seccomp: %s", syscall_rules[i].name);
	}
	if (ret == 0) {
		ret = seccomp_load(filter);
		if (ret < 0)
			(void)err_set_errno(err, -ret, "seccomp");
	}
	seccomp_release(filter);
	return ret < 0 ? -1 : 0;
}

/* --- the process ------------------------------------------------------------------------------ */

static int lower_file_limit(struct err *err)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return err_set_errno(err, errno, "RLIMIT_NOFILE");
	if (r.rlim_max > LIMIT_OPEN_FILES)
		r.rlim_max = LIMIT_OPEN_FILES;
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &r) < 0 ? err_set_errno(err, errno, "RLIMIT_NOFILE") : 0;
}

/* Keys are in its memory. Debuggers need the same right as a dump. */
static int forbid_dumps(struct err *err)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? err_set_errno(err, errno, "PR_SET_DUMPABLE")
						      : 0;
}

static int forbid_privileges(struct err *err)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
		       ? err_set_errno(err, errno, "PR_SET_NO_NEW_PRIVS")
		       : 0;
}

int sandbox_enter(const struct sandbox *sandbox, int *ret_landlock, struct err *err)
{
	int abi;

	if (SANITIZED)
		return SANDBOX_SANITIZED;
	abi = landlock_abi();
	if (lower_file_limit(err) < 0 || forbid_dumps(err) < 0 || forbid_privileges(err) < 0 ||
		restrict_files_and_ports(sandbox, abi, err) < 0 || catch_violations(err) < 0 ||
		restrict_syscalls(err) < 0)
		return -1;
	*ret_landlock = abi;
	return 0;
}
