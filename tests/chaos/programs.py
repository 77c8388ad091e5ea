"""programs - two reconcilers and a webhook as processes, each behind a proxy of its own.

A program that ends without being asked to, or with another status than it should, is a finding; so
is a report of a sanitizer in its log, and a /metrics that answers anything but 200.
"""
import base64
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time

from cluster import ROOT
from proxy import Proxy

REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer|Assertion")
KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: local, cluster: {{server: "https://127.0.0.1:{port}", certificate-authority: "{ca}"}}}}]
users: [{{name: account, user: {{tokenFile: "{home}/token"}}}}]
contexts: [{{name: local, context: {{cluster: local, user: account}}}}]
current-context: local
"""


class Program:
    """A process that can be ended and started again. findings: what was wrong with it."""

    def __init__(self, name, account, command, cluster, seed, folder, log):
        self.name, self.command, self.log = name, command, log
        self.home = os.path.join(folder, name)
        self.findings = []
        self.process = None
        self.is_stopped = False
        self.starts = 0
        os.makedirs(self.home)
        self.proxy = Proxy(name, seed, cluster, log)
        token = cluster.kubectl("create", "token", account, "-n", "promogate-system", "--duration=4h")
        self.write("token", token)
        self.write("kubeconfig", KUBECONFIG.format(port=self.proxy.port, ca=cluster.ca, home=self.home))

    def write(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        if self.process:
            return
        self.starts += 1
        environment = os.environ | {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}
        with open(self.log_file(), "wb") as log:
            self.process = subprocess.Popen(
                [*self.command, f"--kubeconfig={self.home}/kubeconfig"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, env=environment)
        self.log(f"{self.name}: started, pid {self.process.pid}")

    def log_file(self):
        return os.path.join(self.home, f"log.{self.starts}")

    def said(self, message):
        """The last line of this start's log with this message, as an object, or None."""
        with open(self.log_file(), encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if f'"msg":"{message}"' in line.replace('": "', '":"')]
        return json.loads(lines[-1]) if lines else None

    def stop(self):
        if self.process and not self.is_stopped:
            self.is_stopped = True
            self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        if self.process and self.is_stopped:
            self.is_stopped = False
            self.process.send_signal(signal.SIGCONT)

    def end(self, with_signal):
        """Ends it, and notes whether it ended as it should."""
        self.check()
        if not self.process:
            return
        self.wake()
        # Before it serves, it may not listen to signals yet.
        want = [-signal.SIGKILL] if with_signal == signal.SIGKILL else [0] if self.said("serving") else [0, -with_signal]
        self.process.send_signal(with_signal)
        try:
            self.ended(self.process.wait(90), want)
        except subprocess.TimeoutExpired:
            self.findings.append(f"{self.name} did not end within 90 s of {with_signal.name}")
            self.process.kill()
            self.process.wait()
        self.process = None

    def ended(self, status, want):
        if status not in want:
            self.findings.append(f"{self.name} exited with {status}: {self.log_file()}")

    def check(self):
        """Whether it runs as it should. Starts it again if not, after a finding."""
        if self.process and self.process.poll() is not None:
            self.ended(self.process.returncode, [])
            self.process = None
            self.start()

    def scrape(self):
        """A program that is stopped, or busy, need not answer."""
        serving = self.said("serving") if self.process and not self.is_stopped else None
        if not serving:
            return
        connection = http.client.HTTPConnection("127.0.0.1", serving["plainPort"], timeout=2)
        try:
            connection.request("GET", "/metrics")
            status = connection.getresponse().status
            if status != 200:
                self.findings.append(f"{self.name}: /metrics answered {status}")
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def reports(self):
        """Lines of sanitizers, of all starts."""
        for number in range(1, self.starts + 1):
            name = os.path.join(self.home, f"log.{number}")
            with open(name, encoding="utf-8", errors="replace") as file:
                yield from (f"{name}: {line.strip()}" for line in file if REPORT.search(line) and line[0] != "{")


class Programs:
    """All three. They run from start() on."""

    def __init__(self, cluster, seed, folder, build, log):
        self.cluster, self.folder = cluster, folder
        common = (cluster, seed, folder, log)
        flags = ["--metrics-listen=127.0.0.1:0", "--lease-duration=6s", "--renew-deadline=4s",
                 "--retry-period=500ms", "--max-running-jobs=30", "--max-running-jobs-per-namespace=10",
                 "--namespace=promogate-system"]
        self.reconcilers = [
            Program(name, "promogate-reconciler",
                    [f"{build}/promogate-reconciler", f"--identity={name}", *flags], *common)
            for name in ("first", "second")]
        self.webhook = Program("webhook", "promogate-webhook", [f"{build}/promogate-webhook"], *common)
        self.every = [*self.reconcilers, self.webhook]

    def start(self):
        home = self.webhook.home
        subprocess.run([f"{ROOT}/certs/make", "--out", f"{home}/tls"], check=True, stdout=subprocess.DEVNULL)
        self.webhook.command += [f"--tls-cert-file={home}/tls/tls.crt", f"--tls-key-file={home}/tls/tls.key",
                                 "--metrics-listen=127.0.0.1:0", "--drain-timeout=1s"]
        self.webhook.command += ["--listen=127.0.0.1:0"]
        for program in self.every:
            program.start()
        port = self.serves(self.webhook)["port"]
        self.webhook.command[-1] = f"--listen=127.0.0.1:{port}"
        self.register(port)

    def serves(self, program):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            program.check()
            if found := program.said("serving"):
                return found
            time.sleep(0.1)
        raise TimeoutError(f"{program.name} does not serve")

    def register(self, port):
        manifests = os.path.join(self.folder, "manifests")
        shutil.copytree(f"{ROOT}/manifests", manifests)
        with open(f"{self.webhook.home}/tls/ca.crt", "rb") as file:
            bundle = base64.b64encode(file.read()).decode()
        with open(f"{manifests}/local/endpoint.env", "w", encoding="utf-8") as file:
            file.write(f"endpoint=127.0.0.1:{port}\ncaBundle={bundle}\n")
        self.cluster.kubectl("apply", "-k", f"{manifests}/local")

    def check(self):
        for program in self.every:
            program.check()
            program.scrape()

    def calm(self):
        for program in self.every:
            program.proxy.calm = True
            program.wake()
            program.start()

    def end(self):
        for program in self.every:
            program.end(signal.SIGTERM)

    def kill(self):
        for program in self.every:
            if program.process:
                program.process.kill()
                program.process.wait()

    def findings(self):
        return [f for p in self.every for f in p.findings]

    def reports(self):
        return [r for p in self.every for r in p.reports()]
