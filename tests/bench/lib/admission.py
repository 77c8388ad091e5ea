"""The webhook: the load on each side, through the API server and straight at its port."""

import json
import pathlib
import subprocess
import time

import go
import load
import objects
import review
from cluster import Cluster
from say import say
from webhook import Webhook

HERE = pathlib.Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
REVIEW = HERE / "review.json"
MANY = 10_000
CALLS = 2  # of a webhook for each create: to default it, and to validate it

# The core of the webhook under test when only it and the load run; the load has the other.
SERVER_CORE, LOAD_CORE = 0, 1


class Admission:
    """Rows of report.ADMISSION: `samples[side][scenario]` is a list of dicts, one for each round."""

    def __init__(self, options):
        self.out = options.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.sides = {"promogate": options.webhook.resolve(), "peer": self.out / "peer"}
        if options.self_test:
            self.sides["promogate"] = self.sides["peer"]
        quick = options.quick
        self.rounds = options.rounds or (1 if quick else 3)
        self.creates = 1500 if quick else 5000
        self.requests = 5000 if quick else 20000
        self.connects = 1000 if quick else 4000
        self.certs = self.out / "certs"
        self.samples = {side: {} for side in self.sides}
        self.log = self.out / "h2load.log"
        self.create_body = self.out / "create.json"

    def start(self, side, core=None):
        return Webhook(self.sides[side], self.certs, self.cluster.kubeconfig, self.out / f"{side}.log", core)

    def keep(self, side, scenario, **values):
        self.samples[side].setdefault(scenario, []).append(values)

    def measured(self, side, scenario, webhook, admissions, send):
        before = webhook.cpu()
        values = send()
        time.sleep(0.5)  # what it does afterwards, such as following a watch, counts
        cpu = webhook.cpu() - before
        self.keep(side, scenario, **values, cpu=cpu / admissions * 10_000, per_cpu=admissions / cpu if cpu else 0)

    def agree(self):
        said = self.compare(review.questions)
        if not said["no fault"]["allowed"] or said["twice"]["allowed"]:
            raise RuntimeError(f"the peer is not a webhook: {said}")

    def compare(self, questions):
        """Before anything is measured: both sides give the same verdicts."""
        recorded = json.loads(REVIEW.read_text())
        said = {}
        for side in self.sides:
            with self.start(side) as webhook:
                said[side] = review.answers(webhook, self.certs / "ca.crt", questions(recorded))
        for question, ours in said["promogate"].items():
            if ours != said["peer"][question]:
                raise RuntimeError(f"{question}: promogate says {ours}, the peer {said['peer'][question]}")
        return said["peer"]

    def straight(self, side, prefix=""):
        with self.start(side, SERVER_CORE) as webhook:
            def send(count, *headers):
                return load.run([webhook.url("/mutate"), webhook.url("/validate")], count, 20, REVIEW,
                                ("content-type: application/json",) + headers, self.log, http1=True, core=LOAD_CORE)

            send(1000)
            self.measured(side, f"{prefix}port", webhook, self.requests, lambda: send(self.requests))
            # h2load answers "close" with the next connection.
            send(200, "connection: close")
            self.measured(side, f"{prefix}connect", webhook, self.connects, lambda: send(self.connects, "connection: close"))

    def through_server(self, side, scenarios, memory, start=None):
        with self.start(side) as webhook:
            if start:
                time.sleep(5)
                self.keep(side, start, **webhook.memory(), ready=webhook.seconds_to_ready)
            self.cluster.register(webhook, self.certs / "ca.crt")
            self.cluster.wait_guarded(objects.context(generateName="bench-"), objects.broken_context(generateName="bench-"))

            def send(count, in_flight):
                return load.run([self.cluster.server + objects.CONTEXTS + "?fieldManager=kubectl-client-side-apply"],
                                count, in_flight, self.create_body,
                                [f"{k}: {v}" for k, v in self.cluster.headers().items()], self.log, http1=False)

            send(300, 20)
            time.sleep(1)
            for scenario, in_flight in scenarios:
                self.measured(side, scenario, webhook, self.creates * CALLS, lambda: send(self.creates, in_flight))
                time.sleep(1)
            self.keep(side, memory, **webhook.memory())
            self.cluster.unregister()
            self.cluster.delete_contexts(objects.NAMESPACE)

    def alternate(self, what, *phases):
        for n in range(self.rounds):
            for phase in phases:
                # The order alternates, so that what changes with time affects both alike.
                for side in sorted(self.sides, reverse=n % 2 == 0):
                    say(f"{what}: round {n + 1} of {self.rounds}, {phase.__name__.replace('_', ' ')}, {side}")
                    phase(side)

    def run(self):
        go.build(HERE / "peer", ".", self.out / "peer")
        for side in self.sides:
            (self.out / f"{side}.log").unlink(missing_ok=True)
        with Cluster(self.out / "cluster") as self.cluster:
            self.prepare()
            self.agree()
            say("both sides give the same verdicts")
            self.measure()

    def record(self):
        with Cluster(self.out / "cluster") as self.cluster:
            self.prepare()
            review.record(self.cluster, self.certs, REVIEW)
            say(f"recorded {REVIEW}")

    def prepare(self):
        say("cluster up")
        subprocess.run([ROOT / "certs/make", "--out", self.certs], check=True, stdout=subprocess.DEVNULL)
        self.create_body.write_text(json.dumps(objects.context(generateName="podtato-head-"), separators=(",", ":")))
        self.cluster.prepare()
        self.cluster.create_namespaces([objects.NAMESPACE, objects.KEPTN_NAMESPACE])
        self.cluster.create_definitions(objects.ten_definitions())

    def measure(self):
        def straight_at_the_port(side):
            self.straight(side)

        def through_the_API_server(side):
            self.through_server(side, (("api20", 20), ("api100", 100)), "memory")

        def through_the_API_server_many(side):
            self.through_server(side, (("many_api20", 20),), "many_memory", "many_start")

        self.alternate("10 definitions", straight_at_the_port, through_the_API_server)
        self.cluster.create_namespaces(objects.many_namespaces())
        self.cluster.create_definitions(objects.many_definitions(MANY))
        say(f"{MANY} definitions created")
        self.alternate(f"{MANY} definitions", through_the_API_server_many)
