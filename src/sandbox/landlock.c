#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

/* Of linux/landlock.h, which ends with version 2 in Debian 12; kernels are newer. */
enum {
	FILES_FIRST = (1 << 13) - 1,
	FILES_REFER = 1 << 13,
	FILES_TRUNCATE = 1 << 14,
	FILES_IOCTL_DEV = 1 << 15,
	TCP_BIND = 1 << 0,
	TCP_CONNECT = 1 << 1,
	RULE_TCP_PORT = 2, /* enum landlock_rule_type */
	SCOPE_ABSTRACT_UNIX = 1 << 0,
	SCOPE_SIGNAL = 1 << 1,
};
struct tcp_port {
	uint64_t allowed, port;
};

struct landlock_rights landlock_rights(int abi)
{
	struct landlock_rights r = {0};

	if (abi >= 1)
		r.files |= FILES_FIRST;
	if (abi >= 2)
		r.files |= FILES_REFER;
	if (abi >= 3)
		r.files |= FILES_TRUNCATE;
	if (abi >= 4)
		r.tcp |= TCP_BIND | TCP_CONNECT;
	if (abi >= 5)
		r.files |= FILES_IOCTL_DEV;
	if (abi >= 6)
		r.scopes |= SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return r;
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* A file has no entries to read, and the kernel refuses a rule that says so. */
static uint64_t reading(int fd)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode))
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	return LANDLOCK_ACCESS_FS_READ_FILE;
}

static int add_path(int ruleset, const char *path, struct err *err)
{
	struct landlock_path_beneath_attr rule = {
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	long ret;

	if (rule.parent_fd < 0)
		return 0;
	rule.allowed_access = reading(rule.parent_fd);
	ret = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	if (ret < 0)
		(void)err_set_errno(err, errno, "Landlock: %s", path);
	(void)close(rule.parent_fd);
	return ret < 0 ? -1 : 0;
}

static int add_ports(
	int ruleset, uint64_t right, const uint16_t *ports, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct tcp_port rule = {.allowed = right, .port = ports[i]};

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_TCP_PORT, &rule, 0) < 0)
			return err_set_errno(err, errno, "Landlock: port %u", ports[i]);
	}
	return 0;
}

static int add_rules(int ruleset, const struct landlock_rights *rights,
	const struct landlock_needs *needs, struct err *err)
{
	for (size_t i = 0; i < needs->path_count; i++)
		if (add_path(ruleset, needs->paths[i], err) < 0)
			return -1;
	if (!rights->tcp)
		return 0;
	if (add_ports(ruleset, TCP_BIND, needs->bind, needs->bind_count, err) < 0)
		return -1;
	return add_ports(ruleset, TCP_CONNECT, needs->connect, needs->connect_count, err);
}

/* How much of struct landlock_rights the kernel of this version knows. */
static size_t ruleset_bytes(int abi)
{
	if (abi >= 6)
		return sizeof(struct landlock_rights);
	return abi >= 4 ? offsetof(struct landlock_rights, scopes)
			: offsetof(struct landlock_rights, tcp);
}

int landlock_restrict(int abi, const struct landlock_needs *needs, struct err *err)
{
	struct landlock_rights rights = landlock_rights(abi);
	long fd, ret;

	if (abi < 1)
		return 0;
	fd = syscall(SYS_landlock_create_ruleset, &rights, ruleset_bytes(abi), 0);
	if (fd < 0)
		return err_set_errno(err, errno, "Landlock");
	ret = add_rules((int)fd, &rights, needs, err);
	if (ret == 0) {
		ret = syscall(SYS_landlock_restrict_self, (int)fd, 0);
		if (ret < 0)
			(void)err_set_errno(err, errno, "Landlock");
	}
	(void)close((int)fd);
	return ret < 0 ? -1 : 0;
}
