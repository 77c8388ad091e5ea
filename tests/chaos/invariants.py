#!/usr/bin/env python3
"""invariants - checks a history (history.py) against docs/promotion-protocol.md.

    invariants.py FILE      what is wrong in a history that was kept

It knows nothing of Promogate's code: only what the API server showed. Each finding begins with the
invariant. Jobs that are forged, deletions that were noted, and writes that changed the annotation
TOUCH are other people's, and break nothing by themselves.
"""
import collections
import json
import sys

ENDED = ("Succeeded", "Failed", "Warning", "Deprecated")
NAMES = {
    "I1": "one Job at most ran for each version, task and attempt",
    "I2": "no recorded outcome changed",
    "I3": "no two versions of an application ran at once",
    "I5": "nothing started for a version that was superseded before",
    "I6": "no committed Job was deleted",
    "I7": "every outcome is that of its Job",
    "I8": "nothing ran that no open item names",
    "I9": "no Job had a TTL before its outcome was recorded",
    "I13": "what a failed task meant is what its Job carries",
    "P1": "a promotion ends with its tasks, and its end stays",
    "P2": "no item names a Job that somebody else made",
    "P3": "nothing was promoted before its delivery",
}


class World:
    """What exists at one point of the history, and what ever ran. findings: what was wrong so far."""

    def __init__(self):
        self.versions = {}
        self.jobs = {}
        self.jobs_of = collections.defaultdict(dict)
        self.apps = collections.defaultdict(dict)
        self.gone = {}
        self.by_name = {}
        self.noted = set()
        self.started = collections.defaultdict(set)
        self.outside = set()
        self.findings = []

    def found(self, rule, at, text):
        self.findings.append(f"{rule} at {at['rv']}: {text}")

    def play(self, events):
        self.noted = {e["object"]["uid"] for e in events if e["kind"] == "note"}
        for event in events:
            if event["kind"] != "note":
                getattr(self, event["kind"])(event, event["object"])
        return self

    # --- what is asked of the world ---------------------------------------------------------------

    def owner_of(self, job):
        """The version of a Job, unless it is gone or about to be."""
        version = self.versions.get(job["id"].partition("/")[0])
        return None if version is None or version["deleting"] else version

    def is_ours(self, job):
        return job["id"] and not job["forged"]

    def names_it(self, version, job):
        """Whether an open item names this Job."""
        return any(i["job"] == job["name"] and i["status"] == "Progressing" for i in version["items"])

    def running(self, version):
        return [j for j in self.jobs_of[version["uid"]].values() if j["runs"] and self.is_ours(j) and
                not j["end"] and not j["deleting"] and j["uid"] not in self.outside]

    def siblings(self, version):
        return [v for v in self.apps[(version["namespace"], version["app"])].values()
                if v["uid"] != version["uid"] and not v["deleting"]]


    # --- Jobs -------------------------------------------------------------------------------------

    def job(self, at, job):
        before = self.jobs.get(job["uid"])
        of_version = self.jobs_of[job["id"].partition("/")[0]]
        if at["type"] == "DELETED":
            self.jobs.pop(job["uid"], None)
            of_version.pop(job["uid"], None)
            self.gone[job["uid"]] = before or job
            self.deleted(at, before or job)
            return
        self.jobs[job["uid"]] = of_version[job["uid"]] = job
        self.by_name[(job["namespace"], job["name"])] = job["uid"]
        if not self.is_ours(job):
            return
        touched = job["touch"] != (before["touch"] if before else "")
        if job["runs"] and not (before and before["runs"]):
            self.starts(at, job, touched)
        if job["ttl"] is not None and not touched and (before is None or before["ttl"] is None):
            self.expires(at, job)

    def starts(self, at, job, touched):
        """A Job may run from now on."""
        version = self.owner_of(job)
        if touched and not (version and self.names_it(version, job)):
            self.outside.add(job["uid"])
            return
        self.outside.discard(job["uid"])
        self.ran(at, job)
        if version and not self.names_it(version, job):
            self.found("I8", at, f"{job['name']} was released, and no open item of {version['name']} names it")
        if version:
            self.alone(at, version)

    def ran(self, at, job):
        jobs = self.started[(job["id"], job["attempt"])]
        jobs.add(job["uid"])
        if len(jobs) > 1:
            self.found("I1", at, f"{job['name']} is Job {len(jobs)} of {job['id']}, attempt {job['attempt']}")

    def alone(self, at, version):
        if not self.running(version):
            return
        for other in self.siblings(version):
            if self.running(other):
                self.found("I3", at, f"Jobs of {version['name']} and {other['name']} run at once")

    def expires(self, at, job):
        version = self.owner_of(job)
        if not version:
            return
        task = job["id"].partition("/")[2]
        items = [i for i in version["items"] if i["task"] == task]
        if any(i["job"] == job["name"] and i["status"] == "Progressing" for i in items) or not items:
            self.found("I9", at, f"{job['name']} got a TTL, and its outcome is not recorded")

    def deleted(self, at, job):
        version = self.owner_of(job)
        # With a TTL that somebody else has set, it may be gone once it has ended.
        if not version or not self.is_ours(job) or job["uid"] in self.noted or job["ttl"] is not None:
            return
        if self.names_it(version, job) and version["abort"] < job["attempt"]:
            self.found("I6", at, f"{job['name']} was deleted, and an open item of {version['name']} names it")

    def pod(self, at, pod):
        job = self.jobs.get(pod["job"])
        if at["type"] == "ADDED" and job and self.is_ours(job) and job["uid"] not in self.outside:
            self.ran(at, job)

    # --- versions ---------------------------------------------------------------------------------

    def version(self, at, version):
        before = self.versions.get(version["uid"])
        of_app = self.apps[(version["namespace"], version["app"])]
        if at["type"] == "DELETED":
            self.versions.pop(version["uid"], None)
            of_app.pop(version["uid"], None)
            return
        self.versions[version["uid"]] = of_app[version["uid"]] = version
        if before:
            self.ended_stays(at, before, version)
            for item in version["items"]:
                self.item(at, before, version, item)
            if version["promotion"] != before["promotion"]:
                self.outcome(at, version)
        if version["items"] and not version["delivered"]:
            self.found("P3", at, f"{version['name']} has items, and is not delivered")
        for job in self.running(version):
            if not version["deleting"] and not self.names_it(version, job):
                self.found("I8", at, f"{job['name']} runs, and no open item of {version['name']} names it any more")

    def ended_stays(self, at, before, version):
        name, was, now = version["name"], before["promotion"], version["promotion"]
        for item in before["items"]:
            after = [i for i in version["items"] if i["task"] == item["task"]]
            retried = item["status"] == "Failed" and any(i["job"] != item["job"] for i in after)
            if item["status"] in ENDED and item not in after and not retried:
                self.found("I2", at, f"{name}: {item} became {after}")
        if was in ("Succeeded", "Deprecated") and now not in (was, "Deprecated"):
            self.found("P1", at, f"{name} was {was}, and became {now}")
        open_items = [i for i in version["items"] if i["status"] == "Progressing"]
        if now != was and now in ("Succeeded", "Failed", "Warning") and open_items:
            self.found("P1", at, f"{name} became {now}, and these are open: {open_items}")
        succeeded = {i["task"] for i in version["items"] if i["status"] == "Succeeded"}
        if now == "Succeeded" and not succeeded >= set(version["tasks"]):
            self.found("P1", at, f"{name} succeeded, but its tasks did not: {version['items']}")

    def outcome(self, at, version):
        """It follows from the Jobs that failed. Without one of them, and after an abort, it is decided otherwise."""
        failed = [i for i in version["items"] if i["status"] == "Failed"]
        jobs = [self.jobs.get(self.by_name.get((version["namespace"], i["job"]))) for i in failed]
        if version["promotion"] not in ("Failed", "Warning") or version["abort"] or not failed:
            return
        if not all(j and j["end"] == "Failed" and not j["deleting"] for j in jobs):
            return
        follows = "Failed" if any(j["on_failure"] == "Block" for j in jobs) else "Warning"
        if version["promotion"] != follows:
            self.found("I13", at, f"{version['name']} became {version['promotion']}, but its Jobs say {follows}: {jobs}")

    def item(self, at, before, version, item):
        old = next((i for i in before["items"] if i["task"] == item["task"] and i["job"] == item["job"]), None)
        if item == old:
            return
        uid = self.by_name.get((version["namespace"], item["job"]))
        job = self.jobs.get(uid) or self.gone.get(uid)
        if item["status"] == "Progressing":
            self.commits(at, before, version, item, job)
        elif old and old["status"] == "Progressing":
            self.records(at, version, item, job, uid in self.jobs)

    def commits(self, at, before, version, item, job):
        name = version["name"]
        if job and job["uid"] in self.outside:
            self.outside.discard(job["uid"])
            self.ran(at, job)
        if before["promotion"] == "Deprecated" or before["superseded"]:
            self.found("I5", at, f"{name} was superseded, and committed {item['job']}")
        if job and (job["forged"] or job["id"] != f"{version['uid']}/{item['task']}"):
            self.found("P2", at, f"{name} committed {item['job']}, which is not of its making: {job}")
        if job and before["abort"] >= job["attempt"]:
            self.found("I5", at, f"{name} committed {item['job']} after its attempt was aborted")
        for other in self.siblings(version):
            if any(i["status"] == "Progressing" for i in other["items"]):
                self.found("I3", at, f"{name} committed {item['job']} while {other['name']} is active")

    def records(self, at, version, item, job, exists):
        says = f"{version['name']} recorded {item['status']} for {item['job']}"
        if item["status"] == "Succeeded" and (not job or job["end"] != "Complete"):
            self.found("I7", at, f"{says}, which did not succeed: {job}")
        if item["status"] == "Failed" and exists and job["end"] != "Failed" and not job["deleting"]:
            self.found("I7", at, f"{says}, which exists and did not fail: {job}")

    # --- I4: what is not at rest ------------------------------------------------------------------

    def of(self, versions, jobs):
        """A world of which only the present is known."""
        self.versions = {v["uid"]: v for v in versions}
        self.jobs = {j["uid"]: j for j in jobs}
        return self

    def unrest(self):
        return [*self.waiting(), *self.left_over()]

    def waiting(self):
        for v in self.versions.values():
            if not v["delivered"] or not v["tasks"] or v["deleting"]:
                continue
            if v["promotion"] not in ENDED or any(i["status"] not in ENDED for i in v["items"]):
                yield f"I4: {v['namespace']}/{v['name']} waits: {v['promotion']} {v['items']}"

    def left_over(self):
        for j in self.jobs.values():
            # Promogate can't see a Job without its label, if the reply to the create was lost as well.
            if not self.owner_of(j) or j["deleting"] or not self.is_ours(j) or not j["labelled"]:
                continue
            if j["suspended"] or j["ttl"] is None:
                yield f"I4: {j['namespace']}/{j['name']} is left over: {j}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = sorted((json.loads(line) for line in file), key=lambda e: e["rv"])
    world = World().play(events)
    print("\n".join(world.findings + world.unrest()) or f"{len(events)} events, and nothing is wrong")
    sys.exit(bool(world.findings))


if __name__ == "__main__":
    main()
