"""One program under test as a process: start it, wait until it is ready, and read what it costs from /proc."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_of(pid):
    """CPU seconds, user and system, of all its threads so far, ended ones too."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Daemon:
    """`metrics_port` serves /readyz. `core` pins the process from its start, so that Go counts one CPU."""

    def __init__(self, command, metrics_port, log, core=None, environment=None):
        self.command = ([] if core is None else ["taskset", "-c", str(core)]) + command
        self.program = command[0]
        self.metrics_port = metrics_port
        self.log = log
        self.environment = os.environ | (environment or {})

    def __enter__(self):
        started = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment)
        try:
            self._wait_ready()
        except BaseException:
            self.__exit__()
            raise
        self.seconds_to_ready = time.monotonic() - started
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                # Promogate's webhook would drain for a while. Nothing is in flight here.
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _wait_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/readyz", timeout=2) as r:
                    if r.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{self.program} was not ready within {seconds} s, see {self.log}")

    def check_alive(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.program} ended with {self.process.returncode}, see {self.log}")

    def cpu(self):
        return cpu_of(self.process.pid)

    def memory(self):
        """Resident, private and highest resident memory in MiB. Private is what no file backs."""
        values = {}
        for file in ("smaps_rollup", "status"):
            with open(f"/proc/{self.process.pid}/{file}") as f:
                for line in f:
                    name, _, rest = line.partition(":")
                    if rest.strip().endswith("kB"):
                        values[name] = int(rest.split()[0]) * 1024 / MIB
        return {"rss": values["Rss"], "private": values["Anonymous"], "peak": values["VmHWM"]}
