"""Admission with many PromotionPolicies and KeptnAppContexts, the preview of a policy, and the audit."""

import copy
import json
import time
import urllib.request

import objects
import review
from admission import MANY, ROOT, Admission
from daemon import Daemon, free_port
from say import say

POLICIES = 100
RESOURCE = "/apis/promogate.dev/v1alpha1/promotionpolicies"
EVERYWHERE = "everywhere"  # the policy that selects every namespace


def policy(name, selector, actions, **spec):
    return {
        "apiVersion": "promogate.dev/v1alpha1",
        "kind": "PromotionPolicy",
        "metadata": {"name": name},
        "spec": {"namespaceSelector": selector, "validationActions": actions,
                 "message": "see https://wiki.example.com/promotion"} | spec,
    }


def of_context():
    """Each rule once, for the namespace of the context that is created, and what they say of failure."""
    staging = {"matchLabels": {"env": "staging"}}
    shared = [{"name": "update-inventory", "source": "Shared"}]
    tasks = ["open-*", "*-team", "tag-release", "update-inventory", "close-*-ticket"]
    notify = [{"names": ["notify-*"], "default": "Warn", "allowed": ["Warn"]}]
    return [
        policy("staging-required", staging, ["Deny"], promotionTasks={"required": shared}),
        policy("staging-max", staging, ["Deny", "Audit"], promotionTasks={"max": 6}),
        policy("staging-allowed", staging, ["Warn"], promotionTasks={"allowed": tasks}),
        policy("staging-notify", staging, ["Deny"], priority=7, onFailure={"default": "Block", "tasks": notify}),
        policy("staging-audit", staging, ["Audit"], promotionTasks={"required": [{"name": "smoke-test", "source": "Any"}]}),
        policy("staging-default", staging, ["Deny"], promotionTasks={"default": ["open-pull-request", "update-inventory"]}),
        policy("staging-definitions", staging, ["Deny"], definitions={"missing": "Deny", "deletion": "Warn"}),
        policy("staging-gold", staging, ["Deny"], appSelector={"matchLabels": {"tier": "gold"}}, promotionTasks={"max": 1}),
        policy(EVERYWHERE, {}, ["Audit"], onFailure={"default": "Block", "allowed": ["Block", "Warn"]}),
    ]


def of_teams(count):
    """Two teams each, with a few violations among their contexts."""
    def selector(n):
        return {"matchExpressions": [{"key": "team", "operator": "In", "values": [f"team-{n % 50:02}", f"team-{n * 7 % 50:02}"]}]}

    return [policy(f"teams-{n:02}", selector(n), (["Deny"], ["Warn", "Audit"], ["Audit"])[n % 3], priority=n,
                   onFailure={"default": "Block", "allowed": ["Block", "Warn"],
                              "tasks": [{"names": ["*-0000*"], "default": "Warn"}]},
                   promotionTasks={"allowed": ["promotion-step-*"], "max": 4 if n == 0 else 8,
                                   "added": [{"name": "update-inventory", "source": "Shared"}]})
            for n in range(count)]


def contexts(total):
    """Spread over the teams, each with five tasks of its namespace."""
    namespaces = objects.many_namespaces()
    own = (total - 10) // len(namespaces)  # definitions of each
    made = []
    for n in range(total):
        team, app = n % len(namespaces), n // len(namespaces)
        made.append(objects.context(name=f"app-{app:03}", namespace=namespaces[team]))
        made[-1]["spec"]["promotionTasks"] = [
            f"promotion-step-{team + len(namespaces) * ((5 * app + i) % own):05}" for i in range(5)]
    return made


def questions(recorded):
    """As review.questions, about policies."""
    def changed(tasks=None, **annotations):
        made = copy.deepcopy(recorded)
        if tasks is not None:
            made["request"]["object"]["spec"]["promotionTasks"] = tasks
        made["request"]["object"]["metadata"]["annotations"].update(
            {f"promogate.dev/{key.replace('_', '-')}": value for key, value in annotations.items()})
        return made

    tasks = recorded["request"]["object"]["spec"]["promotionTasks"]
    without = changed()
    del without["request"]["object"]["spec"]["promotionTasks"]
    gold = changed()
    gold["request"]["object"]["metadata"]["labels"]["tier"] = "gold"
    yield "no violation", "/validate", recorded
    yield "required", "/validate", changed(tasks[:3])
    yield "too many", "/validate", changed(tasks + ["load-test", "warm-caches"])
    yield "not allowed", "/validate", changed(tasks + ["publish-notes"])
    yield "choice", "/validate", changed(on_failure="Block")
    yield "optional", "/validate", changed(optional_tasks="tag-release, notify-team")
    yield "by label", "/validate", gold
    yield "none", "/validate", changed([])
    yield "default of each task", "/mutate", changed(on_failure="")
    yield "default tasks", "/mutate", without


class Policies(Admission):
    """Rows of report.POLICIES."""

    def __init__(self, options):
        super().__init__(options)
        self.many = MANY // 10 if options.quick else MANY
        self.reconciler = options.reconciler.resolve()
        self.previews = 10 if options.quick else 40
        self.audits = 2 if options.quick else 5

    def prepare(self):
        super().prepare()
        self.cluster.apply("-k", ROOT / "manifests/policy")
        self.cluster.create_namespaces(["promogate-system"] + objects.many_namespaces())
        self.cluster.label_namespaces({objects.NAMESPACE: {"env": "staging"}}
                                      | {name: {"team": name} for name in objects.many_namespaces()})
        self.cluster.create_definitions(objects.many_definitions(self.many))
        self.cluster.create_all(lambda c: f"/apis/lifecycle.keptn.sh/v1/namespaces/{c['metadata']['namespace']}/keptnappcontexts"
                                "?fieldManager=kubectl-client-side-apply", contexts(self.many))
        made = of_context()
        self.cluster.create_all(lambda _: RESOURCE, made + of_teams(POLICIES - len(made)))
        say(f"{POLICIES} policies, {self.many} definitions, {self.many} contexts created")

    def agree(self):
        self.compare(questions)

    def measure(self):
        def straight_at_the_port(side):
            self.straight(side, "policies_")

        def through_the_API_server(side):
            self.through_server(side, (("policies_api20", 20),), "policies_memory", "policies_start")

        self.alternate(f"{POLICIES} policies", straight_at_the_port, through_the_API_server)
        if self.sides["promogate"] != self.sides["peer"]:
            self.preview()
            self.audit()

    # --- what only Promogate does -------------------------------------------------------------------

    def preview(self):
        """Of a policy that selects every namespace, on a dry run."""
        say("preview")
        body = policy("preview", {}, ["Deny"], promotionTasks={"max": 4})
        with self.start("promogate") as webhook:
            self.cluster.register(webhook, self.certs / "ca.crt", policies=True)
            self.cluster.wait_until(lambda: "would deny" in self.dry_run(body)[1], "the preview of a policy")
            before = webhook.cpu()
            each = sorted(self.dry_run(body)[0] for _ in range(self.previews))
            cpu = (webhook.cpu() - before) / self.previews * 1000
            self.keep("promogate", "preview", p50=each[len(each) // 2], highest=each[-1], cpu=cpu)
            self.cluster.unregister()

    def dry_run(self, body):
        """Milliseconds, and the warnings."""
        request = urllib.request.Request(f"{self.cluster.server}{RESOURCE}?dryRun=All", json.dumps(body).encode(),
                                         self.cluster.headers(), method="POST")
        started = time.monotonic()
        with urllib.request.urlopen(request, context=self.cluster.tls, timeout=30) as response:
            response.read()
            return (time.monotonic() - started) * 1000, " ".join(response.headers.get_all("Warning") or ())

    def audit(self):
        """All contexts again, after a change of the policy that selects every namespace."""
        port = free_port()
        command = [self.reconciler, f"--metrics-listen=127.0.0.1:{port}", f"--kubeconfig={self.cluster.kubeconfig}",
                   f"--keptn-namespace={objects.KEPTN_NAMESPACE}"]
        log = self.out / "promogate-reconciler.log"
        with Daemon(command, port, log) as reconciler:
            self.cluster.wait_until(self.all_audited, "the first audit", seconds=120)
            time.sleep(5)
            for n in range(self.audits):
                say(f"audit {n + 1} of {self.audits}")
                before, started = reconciler.cpu(), time.monotonic()
                self.cluster.call("PATCH", f"{RESOURCE}/{EVERYWHERE}", {"spec": {"message": f"change {n}"}})
                self.cluster.wait_until(self.all_audited, "the audit", seconds=120)
                took = time.monotonic() - started
                time.sleep(2)
                self.keep("promogate", "audit", cpu=reconciler.cpu() - before, seconds=took)

    def all_audited(self):
        """Each status is about the policy as it is."""
        _, policies = self.cluster.call("GET", RESOURCE)
        return all(p.get("status", {}).get("observedGeneration") == p["metadata"]["generation"]
                   and any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", ()))
                   for p in policies["items"])
