"""history - what happened to KeptnAppVersions, Jobs and pods, in the order of their resourceVersions.

All of them are kept in one etcd, so their resourceVersions are one clock. Watches that start before
anything happens, and lose nothing, see each write once. An event is a dictionary of what the
invariants need, as JSON: {"rv", "kind", "type", "object"}; "object" is made by job_of(), version_of()
or pod_of(). What the driver does in other people's place is marked: by the annotation TOUCH, which it
changes in the same write, or by a note of the uid before it deletes something.
"""
import json
import threading
import time

TOUCH = "chaos.promogate.dev/touch"
FORGED = "chaos.promogate.dev/forged"
KINDS = {
    "version": "/apis/lifecycle.keptn.sh/v1/keptnappversions",
    "job": "/apis/batch/v1/jobs",
    "pod": "/api/v1/pods",
}


def annotation(meta, name):
    return meta.get("annotations", {}).get(name, "")


def number(meta, name):
    value = annotation(meta, name)
    return int(value) if value.isdigit() else 0


def base_of(meta):
    return {"uid": meta["uid"], "namespace": meta["namespace"], "name": meta["name"],
            "created": meta["creationTimestamp"], "deleting": "deletionTimestamp" in meta,
            "touch": annotation(meta, TOUCH)}


def job_of(raw):
    """A Job. Its "id" is UID/TASK and its attempt a number, from the pod's environment, which is
    immutable; both are empty for a Job that is not a promotion's."""
    meta, spec = raw["metadata"], raw["spec"]
    container = spec["template"]["spec"]["containers"][0]
    env = {e["name"]: e.get("value", "") for e in container.get("env", [])}
    ends = [c["type"] for c in raw.get("status", {}).get("conditions", [])
            if c["status"] == "True" and c["type"] in ("Complete", "Failed")]
    return base_of(meta) | {
        "id": env.get("PROMOGATE_ID", ""), "attempt": int(env.get("PROMOGATE_ATTEMPT") or 0),
        "runs": not spec.get("suspend") and spec.get("parallelism", 1) != 0,
        "suspended": bool(spec.get("suspend")), "ttl": spec.get("ttlSecondsAfterFinished"),
        "on_failure": env.get("PROMOGATE_ON_FAILURE", ""),
        "end": ends[0] if ends else "", "forged": FORGED in meta.get("annotations", {}),
        "labelled": meta.get("labels", {}).get("app.kubernetes.io/managed-by") == "promogate"}


def version_of(raw):
    meta, spec, status = raw["metadata"], raw["spec"], raw.get("status", {})
    delivered = (bool(status.get("endTime")) and status.get("postDeploymentEvaluationStatus") ==
                 "Succeeded")
    items = [{"task": i["definitionName"], "job": i.get("name", ""), "status": i["status"],
              "end": i.get("endTime", "")} for i in status.get("promotionTaskStatus", [])]
    return base_of(meta) | {
        "app": spec["appName"], "tasks": spec.get("promotionTasks", []), "delivered": delivered,
        "promotion": status.get("promotionStatus", ""), "items": items,
        "retry": number(meta, "promogate.dev/retry"), "abort": number(meta, "promogate.dev/abort"),
        "superseded": annotation(meta, "promogate.dev/superseded-by")}


def pod_of(raw):
    owners = raw["metadata"].get("ownerReferences", [])
    return base_of(raw["metadata"]) | {"job": next((o["uid"] for o in owners if o["kind"] == "Job"), "")}


MAKERS = {"version": version_of, "job": job_of, "pod": pod_of}


class History:
    """The events so far, and the latest state of each object. lost: why a watch lost something."""

    def __init__(self, cluster, file):
        self.cluster = cluster
        self.file = open(file, "w", encoding="utf-8")
        self.lock = threading.Lock()
        self.events = []
        self.latest = {kind: {} for kind in KINDS}
        self.raw = {kind: {} for kind in KINDS}
        self.seen = {}
        self.lost = []
        self.is_over = False

    def start(self):
        for kind, path in KINDS.items():
            self.seen[kind] = int(self.cluster.get(path)["metadata"]["resourceVersion"])
            threading.Thread(target=self.follow, args=(kind, path), daemon=True).start()

    def follow(self, kind, path):
        while not self.is_over:
            query = f"{path}?watch=1&allowWatchBookmarks=true&resourceVersion={self.seen[kind]}"
            try:
                for line in self.cluster.stream(query):
                    self.take(kind, json.loads(line))
            except (OSError, ValueError, EOFError):
                time.sleep(0.2)

    def take(self, kind, event):
        if event["type"] == "ERROR":
            self.lost.append(f"{kind}: {event['object'].get('message')}")
            self.is_over = True
            return
        raw = event["object"]
        rv = int(raw["metadata"]["resourceVersion"])
        if event["type"] != "BOOKMARK":
            self.add({"rv": rv, "kind": kind, "type": event["type"], "object": MAKERS[kind](raw)}, raw)
        self.seen[kind] = rv

    def note(self, uid):
        """To be called before somebody else's deletion."""
        self.add({"rv": 0, "kind": "note", "type": "DELETES", "object": {"uid": uid}}, None)

    def add(self, event, raw):
        with self.lock:
            self.events.append(event)
            self.file.write(json.dumps(event) + "\n")
            if raw is None:
                return
            uid = event["object"]["uid"]
            for state, value in ((self.latest, event["object"]), (self.raw, raw)):
                if event["type"] == "DELETED":
                    state[event["kind"]].pop(uid, None)
                else:
                    state[event["kind"]][uid] = value

    def all(self, kind):
        with self.lock:
            return list(self.latest[kind].values())

    def raw_of(self, kind, uid):
        with self.lock:
            return self.raw[kind].get(uid)

    def in_order(self):
        with self.lock:
            self.file.flush()
            return sorted(self.events, key=lambda e: e["rv"])
