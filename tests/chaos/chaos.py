#!/usr/bin/env python3
"""chaos - both programs under faults, in a cluster that other people use too; prints TAP.

    chaos.py [--seconds N] [--seed N] [--programs DIR] [--folder DIR]

A control plane, two reconcilers and a webhook, each behind a proxy that fails requests (proxy.py), and
a driver that does what people do (driver.py). Watches straight at the API server keep the history
(history.py). At the end the faults stop, everything must come to rest, and the history must hold
every invariant (invariants.py). The same seed gives the same actions and the same faults; how they
fall together is up to the machine. The folder keeps the history, the faults and all logs.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time

from cluster import ROOT, Cluster
from driver import Driver
from history import History
from invariants import NAMES, World
from programs import Programs

REST_SECONDS = 240
# Established does not mean yet that a kind is served.
SERVED = [f"/apis/lifecycle.keptn.sh/v1/{kind}" for kind in (
    "keptnappcontexts", "keptntaskdefinitions", "keptnapps", "keptnappversions")] + [
        "/apis/options.keptn.sh/v1alpha1/keptnconfigs", "/apis/promogate.dev/v1alpha1/promotionpolicies"]


class Log:
    """A file with a line for all that was done, with the seconds since the start."""

    def __init__(self, name):
        self.file = open(name, "w", encoding="utf-8", buffering=1)
        self.lock = threading.Lock()
        self.start = time.monotonic()

    def __call__(self, text):
        with self.lock:
            self.file.write(f"{time.monotonic() - self.start:8.3f} {text}\n")


def install(cluster):
    """The kinds, and the accounts with the permissions of the manifests."""
    cluster.kubectl("create", "-k", f"{ROOT}/manifests/crds")
    cluster.kubectl("create", "-k", f"{ROOT}/manifests/policy")
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    for path in SERVED:
        cluster.wait_for(path)
    for name in ("namespace", "rbac"):
        cluster.kubectl("apply", "-f", f"{ROOT}/manifests/webhook/access/{name}.yaml")
    cluster.kubectl("apply", "-k", f"{ROOT}/manifests/reconciler/access")
    cluster.kubectl("create", "namespace", "keptn-system")


def comes_to_rest(history, programs, log):
    """What still waits or is left over when the time is up: nothing, if it came to rest."""
    deadline = time.monotonic() + REST_SECONDS
    while True:
        programs.check()
        unrest = World().of(history.all("version"), history.all("job")).unrest()
        if not unrest or time.monotonic() > deadline:
            log(f"rest: {len(unrest)} things are not at rest")
            return unrest
        time.sleep(1)


class Tap:
    def __init__(self):
        self.number, self.failed = 0, 0

    def __call__(self, name, findings):
        self.number += 1
        self.failed += bool(findings)
        print(f"{'not ok' if findings else 'ok'} {self.number} - {name}")
        for finding in findings[:20]:
            print(f"#   {finding}")
        sys.stdout.flush()


def report(history, driver, programs, unrest):
    tap = Tap()
    world = World().play(history.in_order())
    for rule, name in NAMES.items():
        tap(f"{rule}: {name}", [f for f in world.findings if f.startswith(rule + " ")])
    tap("I4: everything comes to rest", unrest)
    tap("the webhook accepts nothing that is invalid, and denies nothing that is valid", driver.findings)
    tap("no program ended by itself, and /metrics never failed", programs.findings())
    tap("no sanitizer reported anything", programs.reports())
    tap("the history is complete", history.lost)
    promotions = [v["promotion"] for v in world.versions.values()]
    counts = {state: promotions.count(state) for state in sorted(set(promotions))}
    tap(f"something was promoted: {counts}, {len(world.started)} attempts of tasks ran", [] if world.started else ["nothing"])
    print(f"1..{tap.number}")
    return tap.failed


def run(arguments, folder, log):
    cluster = Cluster(folder)
    try:
        install(cluster)
        history = History(cluster, f"{folder}/history")
        programs = Programs(cluster, arguments.seed, folder, arguments.programs, log)
        try:
            history.start()
            programs.start()
            driver = Driver(cluster, history, programs, arguments.seed, log)
            driver.prepare()
            driver.run(arguments.seconds)
            driver.end()
            unrest = comes_to_rest(history, programs, log)
            programs.end()
            history.is_over = True
            print(f"# actions: {driver.counts}")
            return report(history, driver, programs, unrest)
        finally:
            programs.kill()
    finally:
        cluster.down()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", default=str(random.randrange(1 << 32)))
    parser.add_argument("--programs", default=f"{ROOT}/build/asan-clang")
    parser.add_argument("--folder", default=f"{ROOT}/build/chaos")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = os.path.realpath(arguments.folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print(f"# seed {arguments.seed}, {arguments.seconds} s: make chaos SEED={arguments.seed} SECONDS={arguments.seconds}",
          flush=True)
    failed = run(arguments, folder, Log(f"{folder}/log"))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
