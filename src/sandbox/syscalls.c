#include "sandbox/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "base/mem.h"

#define ANY(name_)                {.name = #name_}
#define REFUSED(name_, error_)    {.name = #name_, .error = (error_)}
#define OWN_PROCESS(name_)        {.name = #name_, .own_process = 1}
#define IS(arg_, value_)          {.arg = (arg_), .mask = UINT32_MAX, .value = (value_)}
#define BITS(arg_, mask_, value_) {.arg = (arg_), .mask = (mask_), .value = (value_)}
#define IF(name_, ...)                                                                             \
	{                                                                                          \
		.name = #name_, .conditions = { __VA_ARGS__ }                                      \
	}
#define REFUSED_IF(name_, error_, ...)                                                             \
	{                                                                                          \
		.name = #name_, .error = (error_), .conditions = { __VA_ARGS__ }                   \
	}

/* Only to read; arg_ is the argument with the flags. */
#define READ_ONLY(name_, arg_) IF(name_, BITS(arg_, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY))

/* Of a type, without its flags, and with the default protocol or the one that is the default. */
#define SOCKET(family_, type_, protocol_)                                                          \
	IF(socket, IS(0, family_), BITS(1, 0xf, type_), IS(2, 0)),                                 \
		IF(socket, IS(0, family_), BITS(1, 0xf, type_), IS(2, protocol_))

const struct syscall_rule syscall_rules[] = {
	/* Files. */
	READ_ONLY(open, 1),
	READ_ONLY(openat, 2),
	REFUSED(openat2, ENOSYS), /* its flags can't be examined */
	ANY(access),
	ANY(close),
	ANY(dup),
	ANY(faccessat),
	ANY(faccessat2),
	ANY(fadvise64),
	ANY(fcntl),
	ANY(fstat),
	ANY(getcwd),
	ANY(getdents64),
	ANY(lseek),
	ANY(memfd_create),
	ANY(newfstatat),
	ANY(pread64),
	ANY(read),
	ANY(readlink),
	ANY(readlinkat),
	ANY(readv),
	ANY(stat),
	ANY(lstat),
	ANY(statx),
	ANY(write),
	ANY(writev),
	/* What isatty() asks of a stream. */
	IF(ioctl, IS(1, TCGETS)),
	IF(ioctl, IS(1, FIONBIO)),
	IF(ioctl, IS(1, FIONREAD)),
	IF(ioctl, IS(1, SIOCOUTQ)),

	/* The network. */
	SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
	SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
	/* The C library asks nscd and the kernel about names and addresses, where they answer. */
	REFUSED_IF(socket, EAFNOSUPPORT, IS(0, AF_UNIX)),
	REFUSED_IF(socket, EAFNOSUPPORT, IS(0, AF_NETLINK)),
	IF(socketpair, IS(0, AF_UNIX)),
	ANY(accept),
	ANY(accept4),
	ANY(bind),
	ANY(connect),
	ANY(getpeername),
	ANY(getsockname),
	ANY(getsockopt),
	ANY(listen),
	ANY(recvfrom),
	ANY(recvmmsg),
	ANY(recvmsg),
	ANY(sendmmsg),
	ANY(sendmsg),
	ANY(sendto),
	ANY(setsockopt),
	ANY(shutdown),

	/* Waiting. */
	ANY(clock_nanosleep),
	ANY(epoll_create1),
	ANY(epoll_ctl),
	ANY(epoll_pwait),
	ANY(epoll_pwait2),
	ANY(epoll_wait),
	ANY(eventfd2),
	ANY(nanosleep),
	ANY(pipe2),
	ANY(poll),
	ANY(ppoll),
	ANY(pselect6),
	ANY(restart_syscall),
	ANY(select),

	/* Memory. */
	ANY(brk),
	ANY(madvise),
	ANY(mmap),
	ANY(mprotect),
	ANY(mremap),
	ANY(munmap),

	/* Threads, never another process. */
	IF(clone, BITS(0, CLONE_THREAD, CLONE_THREAD)),
	REFUSED(clone3, ENOSYS), /* its flags can't be examined; the C library then uses clone */
	ANY(exit),
	ANY(exit_group),
	ANY(futex),
	ANY(gettid),
	IF(prctl, IS(0, PR_SET_NAME)),
	REFUSED_IF(prctl, EINVAL, IS(0, PR_SET_VMA)), /* names of memory, for people */
	ANY(rseq),
	ANY(sched_getaffinity),
	ANY(sched_yield),
	ANY(set_robust_list),

	/* Signals, only to itself. */
	OWN_PROCESS(kill),
	OWN_PROCESS(tgkill),
	ANY(rt_sigaction),
	ANY(rt_sigprocmask),
	ANY(rt_sigreturn),
	ANY(rt_sigtimedwait),

	/* What it may know. */
	ANY(clock_getres),
	ANY(clock_gettime),
	ANY(getegid),
	ANY(geteuid),
	ANY(getgid),
	ANY(getpid),
	ANY(getrandom),
	ANY(getrusage),
	ANY(gettimeofday),
	ANY(getuid),
	IF(prlimit64, IS(0, 0)),
	ANY(sysinfo),
	ANY(time),
	ANY(uname),
};
const size_t syscall_rule_count = ARRAY_SIZE(syscall_rules);
