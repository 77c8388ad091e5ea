"""A memory cgroup (version 1) below this process's own: the limit that a pod would have, and its peak."""

import os
import pathlib
import time

MIB = 1024 * 1024
ROOT = pathlib.Path("/sys/fs/cgroup/memory")


def own():
    with open("/proc/self/cgroup") as f:
        for line in f:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if "memory" in controllers.split(","):
                return ROOT / path.lstrip("/")
    raise OSError("no memory cgroup of version 1")


class MemoryGroup:
    """What the kernel keeps for sockets counts too. Processes end when they are over the limit."""

    def __init__(self, limit):
        self.path = own() / f"promogate-bench-{os.getpid()}"
        self.path.mkdir()
        for file in ("memory.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes"):
            (self.path / file).write_text(str(limit))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _ in range(50):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.1)  # its last process is still ending

    def inside(self, command):
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self.path), *command]

    def peak(self):
        return sum(int((self.path / file).read_text())
                   for file in ("memory.max_usage_in_bytes", "memory.kmem.tcp.max_usage_in_bytes")) / MIB


def group(limit):
    """None where such a group can't be made."""
    try:
        return MemoryGroup(limit)
    except OSError:
        return None
