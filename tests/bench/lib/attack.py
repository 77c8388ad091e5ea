"""The webhook while clients stall or flood: what it refuses that is valid, and how long that takes."""

import concurrent.futures
import contextlib
import copy
import http.client
import json
import pathlib
import ssl
import statistics
import subprocess
import sys
import time

import memory
import objects
from cluster import Cluster
from say import say
from webhook import Webhook

HERE = pathlib.Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
PATIENCE = 3  # the timeoutSeconds of manifests/webhook/registration
LIMIT = 192 * 1024 * 1024  # of manifests/webhook/server/deployment.yaml
PROBE_PATIENCE = 1  # the kubelet's default timeoutSeconds
NOISY = "noisy"

# What attacker.py does, and what must go on meanwhile.
KINDS = {
    "bodies": "admission", "halves": "admission", "hellos": "admission", "unread": "admission", "flood": "admission",
    "probes": "probe",
}


class Attack:
    """Sides: "calm" is the same webhook just before the attack begins."""

    def __init__(self, options):
        self.out = options.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.program = options.webhook.resolve()
        self.rounds = options.rounds or 1
        self.requests = 50 if options.quick else 200
        self.certs = self.out / "certs"
        self.ca = self.certs / "ca.crt"
        self.samples = {"promogate": {}, "calm": {}}
        self.recorded = json.loads((HERE / "review.json").read_text())

    def keep(self, side, scenario, **values):
        self.samples[side].setdefault(scenario, []).append(values)

    def start(self, group=None):
        return Webhook(self.program, self.certs, self.cluster.kubeconfig, self.out / "attacked.log", group=group)

    @contextlib.contextmanager
    def attack(self, kind, port, plain_port):
        """Until the end of the block, from when all of its clients are there."""
        process = subprocess.Popen(
            [sys.executable, HERE / "lib/attacker.py", kind, "127.0.0.1", str(port), str(plain_port), self.ca,
             self.bodies / f"{kind}.json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            if process.stdout.readline() != "standing\n":
                raise RuntimeError(f"attacker.py {kind} ended")
            yield
        finally:
            process.communicate("end\n", timeout=30)

    def at_the_port(self, webhook):
        """Valid contexts, each on a new connection."""
        tls = ssl.create_default_context(cafile=self.ca)
        body = json.dumps(self.recorded)

        def ask():
            connection = http.client.HTTPSConnection("127.0.0.1", webhook.port, context=tls, timeout=PATIENCE)
            connection.request("POST", "/validate", body, {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())["response"]["allowed"]

        return timed(ask, self.requests, PATIENCE)

    def through_the_API_server(self):
        return timed(lambda: self.create("kubectl-client-side-apply&dryRun=All", objects.context(generateName="attacked-")),
                     self.requests, PATIENCE * 2)

    def create(self, manager, body):
        """Whether the API server stores it. A call that fails leaves no connection."""
        try:
            path = f"{objects.CONTEXTS}?fieldManager={manager}"
            return self.cluster.call("POST", path, body, accept=None)[0] == 201
        except (OSError, http.client.HTTPException):
            self.cluster.local.connection.close()
            raise

    def probe(self, webhook):
        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", webhook.metrics_port, timeout=PROBE_PATIENCE)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200

        return timed(ask, self.requests, PROBE_PATIENCE)

    def measure(self, side, kind, webhook):
        if KINDS[kind] == "probe":
            self.keep(side, kind, **named("probe", self.probe(webhook)))
        else:
            self.keep(side, kind, **named("port", self.at_the_port(webhook)),
                      **named("api", self.through_the_API_server()))

    def one(self, kind):
        group = memory.group(LIMIT)
        with group or contextlib.nullcontext(), self.start(group) as webhook:
            self.cluster.register(webhook, self.ca)
            self.cluster.wait_guarded(objects.context(generateName="bench-"), objects.broken_context(generateName="bench-"))
            self.measure("calm", kind, webhook)
            with self.attack(kind, webhook.port, webhook.metrics_port):
                self.measure("promogate", kind, webhook)
            webhook.check_alive()
            self.keep("promogate", "memory", **{kind: group.peak() if group else webhook.memory()["peak"]})
            self.cluster.unregister()
            self.cluster.delete_contexts(objects.NAMESPACE)

    def burst(self):
        """All contexts of an environment at once, before any of their definitions exists."""
        tasks = [[f"later-{n}-{i}" for i in range(20)] for n in range(200)]

        def create(names):
            body = objects.context(generateName="burst-")
            body["spec"]["promotionTasks"] = names
            # 200 at once keep the API server busy for longer: only its answer counts.
            return timed(lambda: self.create("argocd-controller", body), 1, 120)

        with self.start() as webhook:
            self.cluster.register(webhook, self.ca)
            self.cluster.wait_guarded(objects.context(generateName="bench-"), objects.broken_context(generateName="bench-"))
            with concurrent.futures.ThreadPoolExecutor(len(tasks)) as pool:
                each = list(pool.map(create, tasks))
            times = sorted(one["p50"] for one in each)
            self.keep("promogate", "burst", refused=sum(one["refused"] for one in each), p50=statistics.median(times),
                      p99=times[len(times) * 99 // 100])
            self.cluster.unregister()
            self.cluster.delete_contexts(objects.NAMESPACE)

    def ready(self):
        """Clients that wait for the port flood it from its first moment."""
        with self.start() as webhook:
            port, plain_port = webhook.port, webhook.metrics_port
        self.keep("calm", "ready", seconds=webhook.seconds_to_ready)
        with self.attack("flood", port, plain_port):
            with webhook:
                self.keep("promogate", "ready", seconds=webhook.seconds_to_ready)

    def run(self):
        (self.out / "attacked.log").unlink(missing_ok=True)
        with Cluster(self.out / "cluster") as self.cluster:
            self.prepare()
            for n in range(self.rounds):
                for kind in KINDS:
                    say(f"round {n + 1} of {self.rounds}: {kind}")
                    self.one(kind)
                for part in (self.burst, self.ready):
                    say(f"round {n + 1} of {self.rounds}: {part.__name__}")
                    part()

    def prepare(self):
        subprocess.run([ROOT / "certs/make", "--out", self.certs], check=True, stdout=subprocess.DEVNULL)
        self.cluster.prepare()
        self.cluster.create_namespaces([objects.NAMESPACE, objects.KEPTN_NAMESPACE])
        self.cluster.create_definitions(objects.ten_definitions())
        self.bodies = self.out / "attack"
        self.bodies.mkdir(exist_ok=True)
        for kind in KINDS:
            review = {"unread": self.many_findings, "flood": self.many_lookups}.get(kind, lambda: self.recorded)()
            (self.bodies / f"{kind}.json").write_text(json.dumps(review))

    def changed(self, namespace, **spec):
        review = copy.deepcopy(self.recorded)
        request = review["request"]
        request["namespace"] = request["object"]["metadata"]["namespace"] = namespace
        request["object"]["spec"] = spec
        return review

    def many_findings(self):
        """Has the largest answer."""
        return self.changed(NOISY, promotionTasks=[f"{n}" + "\x7f" * 256 for n in range(100)])

    def many_lookups(self):
        return self.changed(NOISY, promotionTasks=["mispelt"], preDeploymentTasks=[f"mispelt-{n}" for n in range(1000)])


def timed(ask, count, patience):
    """How many of `count` failed or took too long, and the percentiles of all, in milliseconds."""
    times, refused = [], 0
    for _ in range(count):
        started = time.monotonic()
        try:
            good = ask()
        except (OSError, http.client.HTTPException, KeyError, ValueError) as e:
            say(f"not answered: {e!r}")
            good = False
        times.append(time.monotonic() - started)
        refused += not good or times[-1] > patience
    times.sort()
    return {"refused": refused, "p50": statistics.median(times) * 1000, "p99": times[len(times) * 99 // 100] * 1000}


def named(prefix, values):
    return {f"{prefix}_{name}": value for name, value in values.items()}
