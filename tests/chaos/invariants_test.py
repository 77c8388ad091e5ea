"""Each invariant, broken by a short history, and a history that breaks none."""
import unittest

from invariants import World

JOB = {"uid": "j1", "namespace": "n", "name": "a-1-x", "created": "", "deleting": False, "touch": "", "id": "v1/a",
       "attempt": 1, "runs": False, "suspended": True, "ttl": None, "end": "", "forged": False, "labelled": True,
       "on_failure": "Block"}
RUNS = {"runs": True, "suspended": False}
VERSION = {"uid": "v1", "namespace": "n", "name": "app-1", "created": "", "deleting": False, "touch": "", "app": "app",
           "tasks": ["a"], "delivered": True, "promotion": "Pending", "items": [], "retry": 0, "abort": 0,
           "superseded": ""}


def item(status, job="a-1-x", end=""):
    return {"task": "a", "job": job, "status": status, "end": end}


def committed(status="Progressing", items=None, **more):
    return ("version", VERSION | {"promotion": "Progressing", "items": items or [item(status)]} | more)


def ended(promotion="Succeeded", status="Succeeded", **more):
    return ("version", VERSION | {"promotion": promotion, "items": [item(status, end="now")]} | more)


def version(**more):
    return ("version", VERSION | more)


def job(**more):
    return ("job", JOB | more)


def gone(kind, base, **more):
    return (kind, base | more, "DELETED")


OTHER = {"uid": "v2", "name": "app-2"}
OTHER_JOB = {"uid": "j2", "name": "a-1-y", "id": "v2/a"}
STARTS = [version(), job(), committed(), job(**RUNS)]

HOLD = {
    "a promotion": [*STARTS, job(**RUNS, end="Complete"), ended(), job(**RUNS, end="Complete", ttl=5)],
    "a retry": [*STARTS, job(**RUNS, end="Failed"), ended("Failed", "Failed"), job(uid="j2", name="a-2-y", attempt=2),
                committed(items=[item("Progressing", "a-2-y")]), job(uid="j2", name="a-2-y", attempt=2, **RUNS)],
    "a task that may fail": [
        version(), job(on_failure="Warn"), committed(), job(**RUNS, on_failure="Warn", end="Failed"),
        ended("Warning", "Failed")],
    "an abort": [*STARTS, committed(abort=1), gone("job", JOB, **RUNS), ended("Failed", "Failed", abort=1)],
    "somebody deletes a Job": [*STARTS, ("note", {"uid": "j1"}), gone("job", JOB, **RUNS), ended("Failed", "Failed")],
    "somebody pauses a Job": [*STARTS, job(touch="1"), job(touch="2", **RUNS)],
    "somebody resumes a Job before the commit": [version(), job(), job(touch="1", **RUNS)],
    "a forged Job runs": [version(), job(forged=True), job(forged=True, **RUNS, ttl=1)],
    "the next version, once this one has ended": [
        *STARTS, job(**RUNS, end="Complete"), ended(), version(**OTHER), job(**OTHER_JOB),
        committed(**OTHER, items=[item("Progressing", "a-1-y")]), job(**OTHER_JOB, **RUNS)],
    "the operator deprecates a version that runs": [
        *STARTS, committed(promotion="Deprecated"), job(**RUNS, end="Complete"), ended("Deprecated")],
}

BREAK = {
    "I1: two Jobs are released": [*STARTS, job(uid="j2", name="a-1-y", **RUNS)],
    "I1: two Jobs have pods": [*STARTS, job(uid="j2", name="a-1-y"), ("pod", {"uid": "p", "job": "j2"})],
    "I2: an outcome changes": [*STARTS, job(**RUNS, end="Complete"), ended(), ended("Failed", "Failed")],
    "I2: an outcome goes": [*STARTS, job(**RUNS, end="Complete"), ended(), version(promotion="Succeeded")],
    "I3: two versions run": [*STARTS, version(**OTHER), job(**OTHER_JOB), job(**OTHER_JOB, **RUNS)],
    "I3: two versions are committed": [*STARTS, version(**OTHER), committed(**OTHER, items=[item("Progressing", "z")])],
    "I5: a superseded version is committed": [version(promotion="Deprecated"), job(), committed()],
    "I5: an aborted attempt is committed": [version(abort=1), job(), committed(abort=1)],
    "I6: a committed Job is deleted": [*STARTS, gone("job", JOB, **RUNS)],
    "I7: a running Job is recorded missing": [*STARTS, ended("Failed", "Failed")],
    "I7: a success is made up": [*STARTS, job(**RUNS, end="Failed"), ended()],
    "I8: a Job runs before the commit": [version(), job(), job(**RUNS)],
    "I8: a Job runs from the start": [version(), job(**RUNS)],
    "I8: a Job runs on": [*STARTS, version(promotion="Failed", items=[item("Failed")])],
    "I9: a TTL before the record": [*STARTS, job(**RUNS, ttl=5)],
    "I9: a TTL from the start": [version(), job(ttl=5)],
    "I13: another outcome than the Job carries": [*STARTS, job(**RUNS, end="Failed"), ended("Warning", "Failed")],
    "P1: an end is undone": [version(promotion="Deprecated"), version()],
    "P1: it ends before its tasks": [*STARTS, committed(promotion="Succeeded")],
    "P2: a forged Job is committed": [version(), job(forged=True), committed()],
    "P3: an undelivered version is committed": [version(delivered=False), job(), committed(delivered=False)],
}

UNREST = {
    "a version waits": ([VERSION], []),
    "an item is open": ([VERSION | {"promotion": "Failed", "items": [item("Progressing")]}], []),
    "a Job is suspended": ([VERSION | {"promotion": "Succeeded"}], [JOB | {"ttl": 5}]),
    "a Job has no TTL": ([VERSION | {"promotion": "Succeeded"}], [JOB | RUNS]),
}


def played(history):
    world = World()
    seen = set()
    events = []
    for rv, (kind, thing, *gone_) in enumerate(history):
        type_ = gone_[0] if gone_ else ("MODIFIED" if thing["uid"] in seen else "ADDED")
        seen.add(thing["uid"])
        events.append({"rv": rv, "kind": kind, "type": type_, "object": thing})
    return world.play(events)


class InvariantsTest(unittest.TestCase):
    def test_what_may_happen_breaks_nothing(self):
        for name, history in HOLD.items():
            with self.subTest(name):
                self.assertEqual(played(history).findings, [])

    def test_each_invariant_can_be_broken(self):
        for name, history in BREAK.items():
            with self.subTest(name):
                rules = {f.split(" ")[0] for f in played(history).findings}
                self.assertIn(name.partition(":")[0], rules)

    def test_what_is_not_at_rest_is_found(self):
        for name, (versions, jobs) in UNREST.items():
            with self.subTest(name):
                self.assertEqual(len(World().of(versions, jobs).unrest()), 1)

    def test_a_world_at_rest_has_no_finding(self):
        world = World().of([VERSION | {"promotion": "Succeeded"}], [JOB | RUNS | {"end": "Complete", "ttl": 5}])
        self.assertEqual(world.unrest(), [])


if __name__ == "__main__":
    unittest.main()
