"""driver - what people, Keptn's operator and the cluster do to Promogate, at random, from one seed.

ACTIONS has each of them with its weight. What has to be undone is undone later, and all of it by
end(). The driver believes the history's latest state, which may lag: it errs as people do.
"""
import heapq
import json
import random
import re
import signal
import time

from cluster import quote
from history import FORGED, TOUCH
from proxy import SCOPES, STORMS

NAMESPACES = ["chaos-a", "chaos-b", "chaos-c", "chaos-flood"]
APPS = ["cart", "shop", "web"]
KEPTN, BATCH = "/apis/lifecycle.keptn.sh/v1", "/apis/batch/v1"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/promogate-system/leases"
POLICIES = "/apis/admissionregistration.k8s.io/v1"
PROMOTION_POLICIES = "/apis/promogate.dev/v1alpha1/promotionpolicies"
CONTAINER = {"container": {"name": "task", "image": "promote"}}
DEFINITIONS = {
    "quick": ("succeed", "0s", CONTAINER),
    "long": ("succeed", "5s", CONTAINER),
    "fails": ("fail", "1s", CONTAINER),
    "code": ("succeed", "1s", {"deno": {"inline": {"code": "1"}}}),
}

MARK = f'annotations: {{"{TOUCH}": "policy"}}'
POLICY_CHANGES = [
    f'Object{{metadata: Object.metadata{{{MARK}, labels: {{"app.kubernetes.io/managed-by": "platform"}}}}}}',
    f'Object{{metadata: Object.metadata{{{MARK}}}, spec: Object.spec{{ttlSecondsAfterFinished: 1}}}}',
    f'Object{{metadata: Object.metadata{{{MARK}}}, spec: Object.spec{{suspend: false}}}}',
]

ACTIONS = {
    "deliver": 30, "deliver_two": 4, "deliver_early": 3, "retry": 8, "abort": 4, "deprecate": 1,
    "delete_version": 2, "delete_job": 3, "pause_job": 2, "late_definition": 2, "quota": 1, "flood": 1,
    "forge": 3, "deliver_forged": 4, "resume_job": 3, "unlock_job": 2, "expire_job": 2, "disown_job": 1, "policy": 1,
    "promotion_policy": 4, "apply_context": 8, "steal_lease": 1, "delete_lease": 1, "storm": 3, "stop": 2, "kill": 2, "terminate": 1,
}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def attempt_of(version):
    """The attempt that its items are of, 1 without any."""
    attempts = [int(m.group(1)) for i in version["items"] if (m := re.search(r"-(\d+)-[a-z0-9]+$", i["job"]))]
    return max(attempts, default=1)


class Driver:
    def __init__(self, cluster, history, programs, seed, log):
        self.cluster, self.history, self.programs, self.log = cluster, history, programs, log
        self.random = random.Random(seed)
        self.serial = 0
        self.due = []
        self.previous = {}
        self.findings = []
        self.counts = dict.fromkeys(ACTIONS, 0)

    # --- running ----------------------------------------------------------------------------------

    def prepare(self):
        for ns in NAMESPACES:
            self.cluster.create("/api/v1/namespaces", {"metadata": {"name": ns}})
            for name, how in DEFINITIONS.items():
                self.define(ns, name, *how)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.undo(time.monotonic())
            name = self.random.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            self.counts[name] += 1
            getattr(self, name)()
            self.programs.check()
            time.sleep(self.random.uniform(0.1, 0.6))

    def later(self, seconds, action):
        heapq.heappush(self.due, (time.monotonic() + seconds, len(self.due), self.serial, action))
        self.serial += 1

    def undo(self, until):
        while self.due and self.due[0][0] <= until:
            heapq.heappop(self.due)[3]()

    def end(self):
        """Undoes what is still to be undone, and lets the programs work in peace."""
        self.undo(float("inf"))
        self.programs.calm()

    # --- helpers ----------------------------------------------------------------------------------

    def name(self, prefix):
        self.serial += 1
        return f"{prefix}-{self.serial}"

    def pick(self, kind, condition):
        found = sorted((o for o in self.history.all(kind) if condition(o)), key=lambda o: o["name"])
        return self.random.choice(found) if found else None

    def path(self, kind, thing):
        root = f"{BATCH}/namespaces/{thing['namespace']}/jobs" if kind == "job" else (
            f"{KEPTN}/namespaces/{thing['namespace']}/keptnappversions")
        return f"{root}/{quote(thing['name'])}"

    def touch(self, kind, thing, change):
        """Changes an object in another's place, so that the history knows it."""
        self.serial += 1
        metadata = change.get("metadata", {})
        metadata["annotations"] = metadata.get("annotations", {}) | {TOUCH: str(self.serial)}
        self.log(f"driver: touches {kind} {thing['name']}: {change}")
        return self.cluster.patch(self.path(kind, thing), change | {"metadata": metadata})

    def annotate(self, version, key, value):
        self.log(f"driver: {version['name']} {key}={value}")
        self.cluster.patch(self.path("version", version),
                           {"metadata": {"annotations": {f"promogate.dev/{key}": str(value)}}})

    def define(self, ns, name, play, seconds, spec):
        self.cluster.create(f"{KEPTN}/namespaces/{ns}/keptntaskdefinitions", {
            "apiVersion": "lifecycle.keptn.sh/v1", "kind": "KeptnTaskDefinition",
            "metadata": {"name": name, "annotations": {"promogate.dev/play": play,
                                                       "promogate.dev/play-for": seconds}},
            "spec": {"retries": 0, "ttlSecondsAfterFinished": 20} | spec})

    # --- versions ---------------------------------------------------------------------------------

    def create_version(self, ns, app, tasks):
        self.serial += 1
        version = {"namespace": ns, "name": f"{app}-{self.serial}"}
        self.log(f"driver: creates {ns}/{version['name']} {tasks}")
        self.cluster.create(f"{KEPTN}/namespaces/{ns}/keptnappversions", {
            "apiVersion": "lifecycle.keptn.sh/v1", "kind": "KeptnAppVersion",
            "metadata": {"name": version["name"]},
            "spec": {"appName": app, "version": str(self.serial), "revision": 1, "promotionTasks": tasks,
                     "previousVersion": self.previous.get((ns, app), ""), "metadata": {"stage": "dev"}}})
        self.previous[(ns, app)] = str(self.serial)
        return version

    def deliver_it(self, version):
        """The operator's last write; it writes nothing to a version that was superseded meanwhile."""
        while True:
            status, found = self.cluster.call("GET", self.path("version", version))
            if status != 200 or found.get("status", {}).get("promotionStatus") == "Deprecated":
                return
            if self.write_delivery(version, found["metadata"]["resourceVersion"]) != 409:
                return

    def write_delivery(self, version, seen):
        phases = ("preDeployment", "preDeploymentEvaluation", "postDeployment", "postDeploymentEvaluation")
        return self.cluster.patch(self.path("version", version) + "/status", {
            "metadata": {"resourceVersion": seen}, "status": {
            **{f"{phase}Status": "Succeeded" for phase in phases}, "workloadOverallStatus": "Succeeded",
            "promotionStatus": "Pending", "currentPhase": "Completed", "status": "Succeeded",
            "startTime": now(), "endTime": now()}})[0]

    def some_tasks(self):
        return self.random.sample(list(DEFINITIONS), self.random.choice((1, 1, 2, 3)))

    def deliver(self, ns=None, app=None):
        ns, app = ns or self.random.choice(NAMESPACES[:3]), app or self.random.choice(APPS)
        self.deliver_it(self.create_version(ns, app, self.some_tasks()))

    def deliver_two(self):
        """In one second, most of the time, and in any order."""
        ns, app = self.random.choice(NAMESPACES[:3]), self.random.choice(APPS)
        both = [self.create_version(ns, app, self.some_tasks()) for _ in range(2)]
        self.random.shuffle(both)
        for version in both:
            self.deliver_it(version)

    def deliver_early(self):
        """A version that is delivered only after a while, perhaps after a newer one."""
        version = self.create_version(self.random.choice(NAMESPACES[:3]), self.random.choice(APPS), self.some_tasks())
        self.later(self.random.uniform(2, 8), lambda: self.deliver_it(version))

    def late_definition(self):
        ns, task = self.random.choice(NAMESPACES[:3]), self.name("late")
        self.deliver_it(self.create_version(ns, self.random.choice(APPS), ["quick", task]))
        self.later(self.random.uniform(1, 10), lambda: self.define(ns, task, *DEFINITIONS["quick"]))

    def flood(self):
        for _ in range(15):
            self.deliver("chaos-flood", self.name("app"))

    def retry(self):
        version = self.pick("version", lambda v: v["promotion"] == "Failed" and v["delivered"])
        if version:
            self.annotate(version, "retry", attempt_of(version) + 1)

    def abort(self):
        version = self.pick("version", lambda v: v["delivered"] and v["promotion"] in ("Pending", "Progressing"))
        if version:
            self.annotate(version, "abort", attempt_of(version))

    def deprecate(self):
        """As the operator does when a newer version was delivered."""
        version = self.pick("version", lambda v: v["delivered"] and v["promotion"] in ("Pending", "Progressing"))
        if version:
            self.cluster.patch(self.path("version", version) + "/status", {"status": {"promotionStatus": "Deprecated"}})

    def delete_version(self):
        version = self.pick("version", lambda v: True)
        if version:
            self.cluster.delete(self.path("version", version), self.random.choice(("Background", "Foreground")))

    # --- Jobs -------------------------------------------------------------------------------------

    def delete_job(self):
        job = self.pick("job", lambda j: j["id"] and j["ttl"] is None)
        if job:
            self.history.note(job["uid"])
            self.cluster.delete(self.path("job", job))

    def pause_job(self):
        job = self.pick("job", lambda j: j["id"] and j["runs"] and not j["end"] and not j["forged"])
        if job and self.touch("job", job, {"spec": {"suspend": True}})[0] == 200:
            self.later(self.random.uniform(1, 8), lambda: self.touch("job", job, {"spec": {"suspend": False}}))

    def resume_job(self):
        """As Kueue does, whose label the definition may carry."""
        job = self.pick("job", lambda j: j["id"] and j["suspended"] and not j["forged"])
        if job:
            self.touch("job", job, {"spec": {"suspend": False}})

    def unlock_job(self):
        job = self.pick("job", lambda j: j["id"] and not j["runs"] and not j["forged"])
        if job:
            self.touch("job", job, {"spec": {"suspend": False, "parallelism": 1}})

    def expire_job(self):
        job = self.pick("job", lambda j: j["id"] and j["ttl"] is None and not j["forged"])
        if job:
            self.touch("job", job, {"spec": {"ttlSecondsAfterFinished": 2}})

    def disown_job(self):
        job = self.pick("job", lambda j: j["id"] and j["runs"] and not j["end"] and not j["forged"])
        raw = job and self.history.raw_of("job", job["uid"])
        if raw:
            owners = [owner | {"controller": False} for owner in raw["metadata"]["ownerReferences"]]
            self.touch("job", job, {"metadata": {"ownerReferences": owners}})

    def forge(self):
        """A second Job of a task that has one."""
        job = self.pick("job", lambda j: j["id"] and not j["forged"])
        if job:
            self.forge_like(job, job["id"].partition("/")[0], "")

    def deliver_forged(self):
        """A version whose Job is there before it is delivered."""
        job = self.pick("job", lambda j: j["id"] and not j["forged"])
        apps = [v["app"] for v in self.history.all("version") if job and job["id"].startswith(v["uid"] + "/")]
        if not apps:
            return
        # Of the same application, which KEPTN_CONTEXT names.
        version = self.create_version(job["namespace"], apps[0], [job["id"].partition("/")[2]])
        status, raw = self.cluster.call("GET", self.path("version", version))
        if status == 200:
            self.forge_like(job, raw["metadata"]["uid"], version["name"])
        self.deliver_it(version)

    def forge_like(self, job, uid, version):
        """Creates a Job that looks like this one, of the version with this uid and name."""
        raw = self.history.raw_of("job", job["uid"])
        old = raw["metadata"]["ownerReferences"][0] if raw else None
        if not old:
            return
        text = json.dumps({"metadata": raw["metadata"], "spec": raw["spec"]}).replace(job["id"].partition("/")[0], uid)
        new = json.loads(text.replace(f'"{old["name"]}"', f'"{version or old["name"]}"'))
        kept = {key: new["metadata"][key] for key in ("labels", "annotations", "ownerReferences")}
        new["metadata"] = kept | {"name": self.other_name(job["name"])}
        new["metadata"]["annotations"][FORGED] = "true"
        new["spec"].pop("selector")
        for labels in (new["metadata"]["labels"], new["spec"]["template"]["metadata"]["labels"]):
            for key in [k for k in labels if k.endswith(("controller-uid", "job-name"))]:
                labels.pop(key)
        new["spec"] |= self.random.choice((
            {"suspend": True, "parallelism": 0}, {"suspend": True, "parallelism": 0},
            {"suspend": False, "parallelism": 1},
            {"suspend": True, "parallelism": 1, "ttlSecondsAfterFinished": 1}))
        made = self.cluster.create(f"{BATCH}/namespaces/{job['namespace']}/jobs", new)
        self.log(f"driver: forges {new['metadata']['name']} of {uid}: {'created' if made else 'refused'}")

    def other_name(self, name):
        """The same, with other randomness."""
        prefix, _, suffix = name.rpartition("-")
        letters = self.random.choices("bcdfghjklmnpqrstvwxz", k=len(suffix))
        return f"{prefix}-{''.join(letters)}"

    # --- the cluster ------------------------------------------------------------------------------

    def policy(self):
        """A policy of the platform's that changes Jobs on their creation."""
        name, ns = self.name("chaos-policy"), self.random.choice(NAMESPACES[:3])
        change = self.random.choice(POLICY_CHANGES)
        self.log(f"driver: {name} in {ns}: {change}")
        self.cluster.create(f"{POLICIES}/mutatingadmissionpolicies", {"metadata": {"name": name}, "spec": {
            "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ns}},
                "resourceRules": [{"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": ["CREATE"],
                                   "resources": ["jobs"]}]},
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": change}}]}})
        self.cluster.create(f"{POLICIES}/mutatingadmissionpolicybindings", {
            "metadata": {"name": name}, "spec": {"policyName": name}})
        self.later(self.random.uniform(3, 12), lambda: self.delete_policy(name))

    def delete_policy(self, name):
        for kind in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
            self.cluster.delete(f"{POLICIES}/{kind}/{name}")

    def promotion_policy(self):
        """What a failed task means changes in the middle of promotions, and a task is added to them for a while."""
        name, ns = self.name("chaos-promotions"), self.random.choice(NAMESPACES[:3])
        added = self.random.choice(([], [{"name": "quick", "source": "Any"}], [{"name": "fails", "source": "Any"}]))
        means = self.random.sample(("Block", "Warn"), 2)
        self.log(f"driver: {name} in {ns}: a failed task means {means[0]}, later {means[1]}; adds {added}")
        self.cluster.create(PROMOTION_POLICIES, {
            "apiVersion": "promogate.dev/v1alpha1", "kind": "PromotionPolicy", "metadata": {"name": name}, "spec": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ns}},
                "priority": self.random.randint(0, 9), "validationActions": ["Deny"],
                "onFailure": {"default": means[0]}, "promotionTasks": {"added": added}}})
        self.later(self.random.uniform(1, 8), lambda: self.cluster.patch(f"{PROMOTION_POLICIES}/{name}", {
            "spec": {"onFailure": {"default": means[1]}}}))
        self.later(self.random.uniform(9, 20), lambda: self.cluster.delete(f"{PROMOTION_POLICIES}/{name}"))

    def quota(self):
        path = f"/api/v1/namespaces/{self.random.choice(NAMESPACES[:3])}/resourcequotas"
        name = self.name("quota")
        self.log(f"driver: {path} {name}")
        self.cluster.create(path, {"metadata": {"name": name}, "spec": {
            "hard": {"count/jobs.batch": str(self.random.randint(1, 6))}}})
        self.later(self.random.uniform(3, 12), lambda: self.cluster.delete(f"{path}/{name}"))

    def steal_lease(self):
        self.log("driver: steals the Lease")
        self.cluster.patch(f"{LEASE}/promogate-reconciler", {"spec": {
            "holderIdentity": "thief", "renewTime": now().replace("Z", ".000000Z")}})

    def delete_lease(self):
        self.log("driver: deletes the Lease")
        self.cluster.delete(f"{LEASE}/promogate-reconciler")

    # --- the webhook ------------------------------------------------------------------------------

    def apply_context(self):
        """One that is always valid, or one that never is; a failed call proves nothing."""
        tasks = self.random.choice((["quick"], ["quick", "quick"]))
        status, answer = self.cluster.call("POST", f"{KEPTN}/namespaces/chaos-a/keptnappcontexts", {
            "apiVersion": "lifecycle.keptn.sh/v1", "kind": "KeptnAppContext",
            "metadata": {"name": self.name("context")}, "spec": {"promotionTasks": tasks}})
        if (len(tasks) == 2 and status == 201) or (len(tasks) == 1 and status in (403, 422)):
            self.findings.append(f"a context with {tasks} was answered {status}: {answer}")

    # --- the programs -----------------------------------------------------------------------------

    def storm(self):
        program = self.random.choice(self.programs.every)
        fault, scope = self.random.choice(STORMS), self.random.choice(SCOPES)
        self.log(f"driver: storm for {program.name}: {fault} of {scope}")
        program.proxy.begin_storm(fault, scope, self.random.uniform(1, 6))

    def stop(self):
        program = self.random.choice(self.programs.every)
        self.log(f"driver: stops {program.name}")
        program.stop()
        self.later(self.random.uniform(0.5, 12), program.wake)

    def kill(self):
        self.end_program(signal.SIGKILL)

    def terminate(self):
        self.end_program(signal.SIGTERM)

    def end_program(self, with_signal):
        program = self.random.choice(self.programs.every)
        self.log(f"driver: {with_signal.name} to {program.name}")
        program.end(with_signal)
        self.later(self.random.uniform(0, 6), program.start)
