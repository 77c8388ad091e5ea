"""The objects of the benchmark: realistic definitions, and a context with five promotion tasks."""

import json

NAMESPACE = "podtato"
KEPTN_NAMESPACE = "keptn-system"
CONTEXTS = f"/apis/lifecycle.keptn.sh/v1/namespaces/{NAMESPACE}/keptnappcontexts"

# The context's tasks: three in its namespace, and two in Keptn's with the definition that one refers to.
LOCAL = ("open-pull-request", "notify-team", "tag-release")
COMMON = ("update-inventory", "close-change-ticket", "http-function")
OTHERS = ("smoke-test", "load-test", "warm-caches", "publish-notes")

CODE = """const text = Deno.env.get("DATA") ?? "{}";
const data = JSON.parse(text);
const context = JSON.parse(Deno.env.get("KEPTN_CONTEXT") ?? "{}");
const token = JSON.parse(Deno.env.get("SECURE_DATA") ?? "{}").token;
const branch = `promote/${context.appName}-${context.appVersion}`;

const response = await fetch(`${data.api}/repos/${data.repository}/dispatches`, {
  method: "POST",
  headers: {"Authorization": `Bearer ${token}`, "Accept": "application/json"},
  body: JSON.stringify({
    event_type: "promote",
    client_payload: {branch, stage: data.stage, traceparent: context.metadata.traceparent},
  }),
});
if (response.status >= 300) {
  console.error(`the dispatch was refused: ${response.status} ${await response.text()}`);
  Deno.exit(1);
}
console.log(`opened ${branch}`);
"""


def applied(manifest):
    """The manifest as kubectl apply sends it: with its own text in an annotation."""
    text = json.dumps(manifest, separators=(",", ":"))
    manifest["metadata"].setdefault("annotations", {})["kubectl.kubernetes.io/last-applied-configuration"] = text
    return manifest


def definition(namespace, name, spec):
    return applied({
        "apiVersion": "lifecycle.keptn.sh/v1",
        "kind": "KeptnTaskDefinition",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "podtato-head", "team": "platform"},
        },
        "spec": spec,
    })


def spec_of(number):
    """Two of four have inline code, one refers to another's code, one is a container."""
    common = {"retries": 3, "timeout": "5m", "serviceAccount": {"name": "promotion"}}
    if number % 4 == 2:
        return common | {"deno": {
            "functionRef": {"name": "http-function"},
            "parameters": {"map": {"url": "https://inventory.example.com/v1/deployments", "method": "PUT"}},
            "secureParameters": {"secret": "inventory-token"},
        }}
    if number % 4 == 3:
        return common | {"container": {
            "name": "task",
            "image": "registry.example.com/platform/promotion-task:v1.4.2",
            "command": ["/bin/promote", "--stage=production"],
            "env": [{"name": "CHANGE_BOARD", "value": "https://changes.example.com"}],
            "resources": {"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "50m", "memory": "32Mi"}},
        }}
    return common | {"deno": {
        "inline": {"code": CODE},
        "parameters": {"map": {"api": "https://api.example.com", "repository": "platform/stages", "stage": "production"}},
        "secureParameters": {"secret": "forge-token"},
    }}


def ten_definitions():
    made = [definition(NAMESPACE, name, spec_of(i)) for i, name in enumerate(LOCAL + OTHERS)]
    kinds = {"update-inventory": 2, "close-change-ticket": 3, "http-function": 0}
    return made + [definition(KEPTN_NAMESPACE, name, spec_of(kinds[name])) for name in COMMON]


def many_namespaces():
    return [f"team-{n:02}" for n in range(50)]


def many_definitions(total):
    """As many as are needed for `total`, including the first ten."""
    namespaces = many_namespaces()
    return [definition(namespaces[n % len(namespaces)], f"promotion-step-{n:05}", spec_of(n)) for n in range(total - 10)]


def promotion_definitions():
    """The definitions of the tasks that tests/bench/client uses: containers, for all namespaces."""
    return [definition(KEPTN_NAMESPACE, f"promote-{n:02}", spec_of(3)) for n in range(10)]


def context(**metadata):
    """A valid context; `metadata` has its name or generateName, and more."""
    return applied({
        "apiVersion": "lifecycle.keptn.sh/v1",
        "kind": "KeptnAppContext",
        "metadata": {
            "namespace": NAMESPACE,
            "labels": {
                "app.kubernetes.io/name": "podtato-head",
                "app.kubernetes.io/part-of": "podtato-head",
                "app.kubernetes.io/managed-by": "kubectl",
            },
            "annotations": {"promogate.dev/on-failure": "Warn", "example.com/owner": "platform@example.com"},
        } | metadata,
        "spec": {
            "preDeploymentTasks": ["warm-caches"],
            "postDeploymentTasks": ["smoke-test", "load-test"],
            "postDeploymentEvaluations": ["availability", "latency"],
            "promotionTasks": ["open-pull-request", "notify-team", "tag-release", "update-inventory", "close-change-ticket"],
            "metadata": {"commit": "6f1c0a1b3f0e4f1b8f1d2c7e9a5b4d3c2e1f0a9b", "stage": "staging", "region": "eu-central"},
            "spanLinks": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        },
    })


def broken_context(**metadata):
    broken = context(**metadata)
    broken["spec"]["promotionTasks"][0] = "open-pull-requst"
    return broken
