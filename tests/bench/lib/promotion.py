"""The reconciler: latency and cost of a promotion, and a flood of them."""

import json
import pathlib
import statistics
import subprocess
import time

import go
import objects
from audit import WRITES, Audit, sorts
from cluster import LIFECYCLE, Cluster
from daemon import Daemon, free_port
from report import TASKS
from say import say

HERE = pathlib.Path(__file__).resolve().parents[1]
NAMESPACE = "promotion"
SPREAD = 10  # namespaces of a flood
FLOOD, FLOOD_TASKS = 1000, 5
MANY, MANY_APPS = 10_000, 500
IDLE_SECONDS = 20
# Versions that the floor promotes at a time: 40 Jobs in flight keep both cores busy. Twice or four times as many
# only queue.
FLOOR_WIDTH = 8

AGENTS = {"promogate": "promogate-reconciler/", "peer": "peer-reconciler/", "floor": "floor"}


class Promotion:
    def __init__(self, options):
        self.out = options.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.sides = {"promogate": options.reconciler.resolve(), "floor": self.out / "client",
                      "peer": self.out / "peer-reconciler"}
        self.agents = dict(AGENTS)
        if options.self_test:
            self.sides["promogate"] = self.sides["peer"]
            self.agents["promogate"] = self.agents["peer"]
        self.self_test = options.self_test
        self.only = options.only
        quick = options.quick
        # Many short rounds, so that other work on the machine affects all sides alike.
        self.rounds = 1 if quick else options.rounds or 4
        self.flood_rounds = 1 if quick else 2
        self.together, self.in_turn = 8, 4  # versions of each round
        self.flood_versions = 200 if quick else FLOOD
        self.many = 1000 if quick else MANY
        self.samples = {side: {} for side in self.sides}
        self.serial = 0

    def run(self):
        go.build(HERE / "client", ".", self.out / "client")
        go.build(HERE / "peer", "./reconciler", self.out / "peer-reconciler")
        for side in self.sides:
            (self.out / f"{side}-reconciler.log").unlink(missing_ok=True)
        for measure in (self.latency, self.flood, self.neighbour, self.many_versions):
            if self.only not in (None, measure.__name__.removesuffix("_versions")):
                continue
            with Cluster(self.out / "cluster", "--audit") as self.cluster:
                self.prepare()
                measure()

    def prepare(self):
        say("cluster up")
        self.cluster.prepare()
        self.cluster.create_namespaces(
            [objects.KEPTN_NAMESPACE, "promogate-system", NAMESPACE]
            + spread("flood") + spread("many"))
        self.cluster.create_definitions(objects.promotion_definitions())
        self.cluster.stop_controllers()
        self.audit = Audit(self.cluster.folder / "audit.log", self.agents)

    def start(self, side):
        port = free_port()
        command = [self.sides[side], f"--metrics-listen=127.0.0.1:{port}"]
        if side == "floor":
            command[1:1] = ["floor", f"--workers={FLOOR_WIDTH}"]
        else:
            command += [f"--kubeconfig={self.cluster.kubeconfig}", f"--keptn-namespace={objects.KEPTN_NAMESPACE}"]
        if side == "promogate" and not self.self_test:
            command += ["--max-running-jobs=0", "--since=2020-01-01T00:00:00Z", "--max-age=0"]
        return Daemon(command, port, self.out / f"{side}-reconciler.log", environment=self.cluster.environment)

    def client(self, command, **flags):
        arguments = [f"--{k.replace('_', '-')}={v}" for k, v in flags.items()]
        out = subprocess.run([self.out / "client", command, *arguments], stdout=subprocess.PIPE, text=True, timeout=300,
                             env=self.cluster.environment)
        if out.returncode != 0:
            raise RuntimeError(f"client {command} {' '.join(arguments)}: exit {out.returncode}")
        return json.loads(out.stdout) if out.stdout else None

    def keep(self, side, scenario, **values):
        self.samples[side].setdefault(scenario, []).append(values)

    def wipe(self):
        """Deletes them explicitly: no garbage collector runs."""
        self.cluster.delete_all([f"{api}/namespaces/{namespace}/{kind}"
                                 for api, kind in (("/apis/batch/v1", "jobs"), (LIFECYCLE, "keptnappversions"))
                                 for namespace in [NAMESPACE] + spread("flood")])

    # --- one promotion at a time --------------------------------------------------------------------

    def latency(self):
        for n in range(self.rounds):
            for side in turn(self.sides, n):
                say(f"one promotion at a time: round {n + 1} of {self.rounds}, {side}")
                with self.start(side):
                    self.promote("warm-up", max(TASKS), self.in_turn, False)
                    self.one_by_one(side)
                self.wipe()

    def promote(self, what, tasks, versions, in_turn):
        self.serial += 1
        times = self.client("latency", namespace=NAMESPACE, prefix=f"{what}-{self.serial:03}", tasks=tasks,
                            versions=versions, in_turn=str(in_turn).lower())
        time.sleep(0.5)  # what comes after the last outcome is counted with it
        return times

    def one_by_one(self, side):
        kept = {}
        running = {n: [] for n in TASKS}
        for mode, versions in (("together", self.together), ("in_turn", self.in_turn)):
            for tasks in TASKS:
                self.audit.calls(side)
                times = self.promote(mode.replace("_", "-"), tasks, versions, mode == "in_turn")
                calls = [c for c in self.audit.calls(side) if c.resource != "leases"]
                events = [c for c in calls if c.resource == "events"]
                apart = sum(c.resource == "configmaps" for c in calls) + len(events)
                running[tasks] += times["running"]
                kept.setdefault(f"recorded_{mode}", {})[f"tasks{tasks}"] = statistics.median(times["recorded"])
                counted = kept.setdefault(f"calls_{mode}", {})
                counted[f"tasks{tasks}"] = (len(calls) - apart) / versions
                counted[f"events{tasks}"] = len(events) / versions
                counted[f"sorts{tasks}"] = {k: round(v / versions, 2) for k, v in sorts(calls).items()}
        kept["running"] = {f"tasks{n}": statistics.median(times) for n, times in running.items()}
        for scenario, values in kept.items():
            self.keep(side, scenario, **values)

    # --- many at once -------------------------------------------------------------------------------

    def flood(self):
        for n in range(self.flood_rounds):
            for side in turn(self.sides, n):
                say(f"{self.flood_versions} versions at once: round {n + 1} of {self.flood_rounds}, {side}")
                self.keep(side, "flood", **self.one_flood(side))

    def one_flood(self, side):
        self.client("fill", namespace="flood", namespaces=SPREAD, versions=self.flood_versions, apps=self.flood_versions,
                    tasks=FLOOD_TASKS)
        self.audit.calls(side)
        before = self.cluster.cpu()
        with self.start(side) as daemon:
            calls = self.until_all_run(side, daemon)
            values = daemon.memory() | {"cpu": daemon.cpu()}
            together = self.cluster.cpu() - before + values["cpu"]
        self.wipe()
        writes = [c for c in calls if c.verb in WRITES and c.code < 300 and c.resource != "leases"]
        unsuspended = max(c.done for c in writes if c.verb == "patch" and c.resource == "jobs")
        first = min(c.received for c in writes)
        seconds = max(c.done for c in writes) - first
        return values | {"rate": len(writes) / seconds, "seconds": unsuspended - first, "writes": len(writes),
                         "cpu_each": together / len(writes) * 1000,
                         "calls": sum(c.resource != "leases" for c in calls) / self.flood_versions,
                         "sorts": dict(sorts(calls))}

    def until_all_run(self, side, daemon, seconds=240):
        """Uses the audit log: a watch on all of this would add to the cost that is measured."""
        wanted = self.flood_versions * FLOOD_TASKS
        deadline = time.monotonic() + seconds
        calls, quiet = [], 0
        while quiet < 2:
            daemon.check_alive()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{side}: not all Jobs ran within {seconds} s: {dict(sorts(calls))}")
            time.sleep(1)
            more = self.audit.calls(side)
            calls += more
            running = {(c.namespace, c.name) for c in calls if c.verb == "patch" and c.resource == "jobs" and c.code == 200}
            quiet = quiet + 1 if len(running) == wanted and not any(c.verb in WRITES and c.resource != "leases" for c in more) else 0
        return calls

    # --- one namespace beside another ---------------------------------------------------------------

    def neighbour(self):
        for n in range(self.flood_rounds):
            for side in turn(("promogate", "peer"), n):
                say(f"beside a namespace with {FLOOD} versions: round {n + 1} of {self.flood_rounds}, {side}")
                self.keep(side, "neighbour", **self.beside_neighbour(side))

    def beside_neighbour(self, side):
        with self.start(side):
            self.promote("warm-up", FLOOD_TASKS, self.in_turn, False)
            calm = self.promote("calm", FLOOD_TASKS, self.together, False)
        self.client("fill", namespace="flood", namespaces=1, versions=FLOOD, apps=FLOOD,
                    tasks=FLOOD_TASKS)
        self.audit.calls(side)
        with self.start(side):
            beside = self.promote("beside", FLOOD_TASKS, self.together, False)
        running = {c.name for c in self.audit.calls(side) if c.verb == "patch" and c.resource == "jobs" and c.code == 200
                   and c.namespace != NAMESPACE}
        if len(running) == FLOOD * FLOOD_TASKS:
            raise RuntimeError(f"{side}: the neighbour's versions were promoted too soon: nothing was measured")
        self.wipe()
        calm, beside = (statistics.median(times["running"]) for times in (calm, beside))
        return {"calm": calm, "beside": beside, "times": beside / calm}

    # --- many, and nothing to do --------------------------------------------------------------------

    def many_versions(self):
        self.client("fill", namespace="many", namespaces=SPREAD, versions=self.many, apps=MANY_APPS, promoted="true")
        say(f"{self.many} versions created")
        for side in ("promogate", "peer"):
            say(f"{self.many} versions: {side}")
            with self.start(side) as daemon:
                time.sleep(3)
                before = daemon.memory()
                times = self.promote("many", FLOOD_TASKS, self.in_turn, True)
                after = daemon.memory()
                self.keep(side, "many", ready=daemon.seconds_to_ready, private=before["private"], rss=after["rss"],
                          private_later=after["private"], peak=after["peak"], tasks5=statistics.median(times["running"]))
                time.sleep(2)
                self.idle(side, daemon)

    def idle(self, side, daemon):
        self.audit.calls(side)
        cpu = daemon.cpu()
        time.sleep(IDLE_SECONDS)
        calls = self.audit.calls(side)
        leases = sum(c.resource == "leases" for c in calls)
        self.keep(side, "idle", leases=leases, others=len(calls) - leases, cpu=daemon.cpu() - cpu, sorts=dict(sorts(calls)))


def spread(prefix):
    return [f"{prefix}-{n:02}" for n in range(SPREAD)]


def turn(sides, n):
    """The order alternates, so that what changes with time affects all sides alike."""
    order = list(sides)
    return order[n % len(order):] + order[:n % len(order)]
