#include "sandbox/sandbox.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "run/file.h"
#include "run/sanitized.h"
#include "run/signal.h"
#include "run/thread.h"
#include "sandbox/landlock.h"
#include "unit.h"

enum { OTHER_PORT = 9, OWN_PORT = 6443 };

/* A folder with the folders in/ and out/, each with a file. */
static char folder[] = "/tmp/promogate-sandbox-XXXXXX";
static int abi; /* asked before: in the sandbox it can't be */
static char inside[64], outside[64], link_to_inside[64], by_link[64];

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static int make_folder(void **state)
{
	(void)state;
	abi = landlock_abi();
	if (!mkdtemp(folder))
		abort();
	(void)snprintf(inside, sizeof(inside), "%s/in", folder);
	(void)snprintf(outside, sizeof(outside), "%s/out", folder);
	if (mkdir(inside, 0700) < 0 || mkdir(outside, 0700) < 0)
		abort();
	(void)snprintf(inside, sizeof(inside), "%s/in/file", folder);
	(void)snprintf(outside, sizeof(outside), "%s/out/file", folder);
	(void)snprintf(link_to_inside, sizeof(link_to_inside), "%s/in/link", folder);
	(void)snprintf(by_link, sizeof(by_link), "%s/in/link/file", folder);
	put(inside, "inside");
	put(outside, "outside");
	return 0;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); // NOLINT(cert-env33-c): a test's own folder
}

/* --- in a process of its own ------------------------------------------------------------------ */

/* Returns 0, or another exit code. */
typedef int attempt_fn(void);

struct outcome {
	int status; /* of waitpid() */
	char said[256]; /* on stderr */
};

static void enter_and_try(attempt_fn *attempt)
{
	const struct sandbox sandbox = {
		.files = {inside, by_link},
		.server = "https://127.0.0.1:6443",
		.listen = {"127.0.0.1:0"},
	};
	struct err err = ERR_INIT;
	int landlock = -1;

	signal_setup();
	if (sandbox_enter(&sandbox, &landlock, &err) != 0 || landlock != abi) {
		(void)fprintf(stderr, "%s\n", err.msg);
		_exit(99);
	}
	_exit(attempt());
}

static struct outcome try(attempt_fn *attempt)
{
	struct outcome o = {.status = 0};
	size_t len = 0;
	ssize_t n;
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (dup2(fds[1], STDERR_FILENO) < 0)
			abort();
		enter_and_try(attempt);
	}
	(void)close(fds[1]);
	while (len < sizeof(o.said) - 1 &&
		(n = read(fds[0], o.said + len, sizeof(o.said) - 1 - len)) > 0)
		len += (size_t)n;
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &o.status, 0), pid);
	return o;
}

/* --- what ends it ----------------------------------------------------------------------------- */

static int start_a_program(void)
{
	char name[] = "true", *const argv[] = {name, NULL};

	return execv("/bin/true", argv);
}

/* Not fork(): some C libraries block all signals in it, and then nothing is logged. */
static int start_a_process(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0;
}

static int write_a_file(void)
{
	return open(inside, O_WRONLY | O_CLOEXEC) >= 0;
}

static int make_a_file(void)
{
	return open(inside, O_RDONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}

static int remove_a_file(void)
{
	return unlink(inside);
}

static int open_a_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0;
}

static int open_a_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP) >= 0;
}

static int open_a_multipath_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262 /* IPPROTO_MPTCP */) >= 0;
}

static int signal_another_process(void)
{
	return kill(1, 0);
}

static int trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static int make_a_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int undo_no_dumps(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void start_in_thread(void *ctx)
{
	(void)ctx;
	(void)start_a_program();
}

static int start_a_program_in_a_thread(void)
{
	struct thread *thread = NULL;
	struct err err = ERR_INIT;

	if (thread_start("attacker", start_in_thread, NULL, &thread, &err) < 0)
		return 98;
	thread_join(thread);
	return 0;
}

static const struct {
	const char *name;
	attempt_fn *attempt;
	long number;
} fatal[] = {
	{"start a program", start_a_program, SYS_execve},
	{"start a program in a thread", start_a_program_in_a_thread, SYS_execve},
	{"start a process", start_a_process, SYS_clone},
	{"write a file", write_a_file, SYS_openat},
	{"make a file", make_a_file, SYS_openat},
	{"open a packet socket", open_a_packet_socket, SYS_socket},
	{"open a raw socket", open_a_raw_socket, SYS_socket},
	{"open a multipath socket", open_a_multipath_socket, SYS_socket},
	{"signal another process", signal_another_process, SYS_kill},
	{"trace", trace, SYS_ptrace},
	{"make a namespace", make_a_namespace, SYS_unshare},
	{"undo that there are no dumps", undo_no_dumps, SYS_prctl},
};

static void a_system_call_that_is_not_allowed_ends_the_process(void **state)
{
	char line[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++) {
		struct outcome o = try(fatal[i].attempt);

		(void)snprintf(line, sizeof(line),
			"{\"level\":\"error\",\"msg\":\"system call not allowed by the sandbox, "
			"exiting\",\"syscall\":%ld}\n",
			fatal[i].number);
		if (!WIFSIGNALED(o.status) || WTERMSIG(o.status) != SIGSYS || WCOREDUMP(o.status) ||
			strcmp(o.said, line) != 0)
			fail_msg("%s: status %#x, \"%s\"", fatal[i].name, (unsigned)o.status,
				o.said);
	}
}

static void removing_a_file_ends_the_process(void **state)
{
	struct outcome o = try(remove_a_file);

	(void)state;
	assert_true(WIFSIGNALED(o.status));
	assert_int_equal(WTERMSIG(o.status), SIGSYS);
	assert_int_equal(access(inside, R_OK), 0);
}

/* --- what fails ------------------------------------------------------------------------------- */

/* 0 if it failed so, or if this kernel can't restrict it. */
static int failed_with(bool failed, int error, int needed)
{
	if (abi < needed)
		return 0;
	if (!failed)
		return 1;
	return errno == error ? 0 : errno;
}

static int open_a_file_outside(void)
{
	return failed_with(open(outside, O_RDONLY | O_CLOEXEC) < 0, EACCES, 1);
}

static int list_a_folder_outside(void)
{
	return failed_with(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0, EACCES, 1);
}

static int open_a_unix_socket(void)
{
	return failed_with(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0, EAFNOSUPPORT, 0);
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static int connect_to_another_port(void)
{
	return failed_with(connect_to(OTHER_PORT) < 0, EACCES, 4);
}

static int listen_on_another_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(OTHER_PORT)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return failed_with(bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0, EACCES, 4);
}

static int use_many_descriptors(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_max > LIMIT_OPEN_FILES;
}

/* --- what works ------------------------------------------------------------------------------- */

static int reads(const char *path, const char *text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;

	if (file_read(path, &b, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	return strcmp(buf_str(&b), text) != 0;
}

static int read_the_files(void)
{
	return reads(inside, "inside") || open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0;
}

static int read_a_file_in_memory(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 || write(fd, "memory", 6) != 6 || reads(path, "memory");
}

static int connect_to_the_api_server(void)
{
	return connect_to(OWN_PORT) == 0 || errno != ECONNREFUSED;
}

static int listen_where_it_does(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0;
}

static int look_up_a_name(void)
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo("localhost", "443", NULL, &list);

	if (error)
		return error;
	freeaddrinfo(list);
	return 0;
}

static int load_a_library(void)
{
	return !dlopen("libnss_compat.so.2", RTLD_NOW) && !dlopen("libutil.so.1", RTLD_NOW);
}

static void do_nothing(void *ctx)
{
	(void)ctx;
}

static int start_a_thread(void)
{
	struct thread *thread = NULL;
	struct err err = ERR_INIT;

	if (thread_start("thread", do_nothing, NULL, &thread, &err) < 0)
		return 1;
	thread_join(thread);
	return 0;
}

static int wake_itself(void)
{
	signal_wake();
	return signal_wait(1000) != SIGNAL_WOKEN;
}

static const struct {
	const char *name;
	attempt_fn *attempt;
} others[] = {
	{"a file outside can't be opened", open_a_file_outside},
	{"a folder outside can't be listed", list_a_folder_outside},
	{"a Unix socket fails as where there is none", open_a_unix_socket},
	{"another port can't be reached", connect_to_another_port},
	{"another port can't be listened on", listen_on_another_port},
	{"descriptors are limited", use_many_descriptors},
	{"the files are read", read_the_files},
	{"a file in memory is read", read_a_file_in_memory},
	{"the API server's port can be reached", connect_to_the_api_server},
	{"it listens", listen_where_it_does},
	{"names are looked up", look_up_a_name},
	{"a library is loaded", load_a_library},
	{"a thread is started", start_a_thread},
	{"it signals itself", wake_itself},
};

static void the_rest_fails_or_works_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct outcome o = try(others[i].attempt);

		if (o.status)
			fail_msg("%s: status %#x, \"%s\"", others[i].name, (unsigned)o.status,
				o.said);
	}
}

/* An assertion must still look like one. */
static int fail_an_assertion(void)
{
	abort();
}

static void abort_ends_the_process_as_ever(void **state)
{
	struct outcome o = try(fail_an_assertion);

	(void)state;
	assert_true(WIFSIGNALED(o.status));
	assert_int_equal(WTERMSIG(o.status), SIGABRT);
	assert_false(WCOREDUMP(o.status));
}

/* --- replaced files --------------------------------------------------------------------------- */

/* The parent acts when the child waits for a byte: it has entered the sandbox by then. */
static int ready[2], replaced[2];

static int read_what_replaced_it(void)
{
	char byte = 0;

	if (write(ready[1], "r", 1) != 1 || read(replaced[0], &byte, 1) != 1)
		return 1;
	return reads(inside, "replaced") || reads(by_link, "second");
}

static void a_file_or_its_folder_may_be_replaced(void **state)
{
	char path[96], second[96];
	struct outcome o;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(replaced, O_CLOEXEC), 0);
	(void)snprintf(path, sizeof(path), "%s/in/v1", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(symlink("v1", link_to_inside), 0);
	put(by_link, "first");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char byte;

		(void)close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			abort();
		(void)snprintf(path, sizeof(path), "%s/in/new", folder);
		put(path, "replaced");
		(void)rename(path, inside);
		(void)snprintf(path, sizeof(path), "%s/in/v2", folder);
		(void)mkdir(path, 0700);
		(void)snprintf(second, sizeof(second), "%s/in/v2/file", folder);
		put(second, "second");
		(void)unlink(link_to_inside);
		if (symlink("v2", link_to_inside) < 0 || write(replaced[1], "r", 1) != 1)
			abort();
		_exit(0);
	}
	o = try(read_what_replaced_it);
	if (o.status)
		fail_msg("status %#x, \"%s\"", (unsigned)o.status, o.said);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- without a process ------------------------------------------------------------------------ */

static void a_sanitizer_keeps_everything(void **state)
{
	const struct sandbox sandbox = {.server = "https://127.0.0.1"};
	struct err err = ERR_INIT;
	int landlock;

	(void)state;
	assert_int_equal(sandbox_enter(&sandbox, &landlock, &err), SANDBOX_SANITIZED);
}

static void ports_are_read(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
	} cases[] = {
		{":9443", 9443},
		{"127.0.0.1:0", 0},
		{"[::1]:9402", 9402},
		{"https://10.0.0.1:6443", 6443},
		{"https://api.example.org:8443/clusters/a:1", 8443},
		{"https://api.example.org/clusters/a", 443},
		{"http://127.0.0.1", 80},
		{"https://[fd00::1]", 443},
		{"https://[fd00::1]:6443", 6443},
		{"nothing", 0},
		{":99999", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (sandbox_port(cases[i].address) != cases[i].port)
			fail_msg("%s: port %u", cases[i].address, sandbox_port(cases[i].address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_call_that_is_not_allowed_ends_the_process),
		cmocka_unit_test(removing_a_file_ends_the_process),
		cmocka_unit_test(the_rest_fails_or_works_as_it_should),
		cmocka_unit_test(abort_ends_the_process_as_ever),
		cmocka_unit_test(a_file_or_its_folder_may_be_replaced),
		cmocka_unit_test(ports_are_read),
	};
	const struct CMUnitTest sanitized[] = {
		cmocka_unit_test(a_sanitizer_keeps_everything),
		cmocka_unit_test(ports_are_read),
	};

	if (SANITIZED)
		return cmocka_run_group_tests_name(
			"sandbox/sandbox", sanitized, make_folder, remove_folder);
	return cmocka_run_group_tests_name("sandbox/sandbox", tests, make_folder, remove_folder);
}
