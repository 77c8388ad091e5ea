"""The API server of hack/localcluster, and the objects that the benchmark creates in it."""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse

from daemon import cpu_of

ROOT = pathlib.Path(__file__).resolve().parents[3]
LIFECYCLE = "/apis/lifecycle.keptn.sh/v1"
REGISTRATION = "/apis/admissionregistration.k8s.io/v1"


class Cluster:
    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        self.local = threading.local()

    def __enter__(self):
        self._control("down")  # what an interrupted run may have left
        try:
            self._control("up", *self.options)
            env = dict(line.removeprefix("export ").split("=", 1) for line in self._control("env").splitlines())
            self.server, self.token, self.kubeconfig, ca = (
                env[k].strip("'\"") for k in ("CLUSTER_SERVER", "CLUSTER_TOKEN", "KUBECONFIG", "CLUSTER_CA"))
            self.tls = ssl.create_default_context(cafile=ca)
            self.environment = {"CLUSTER_SERVER": self.server, "CLUSTER_TOKEN": self.token, "CLUSTER_CA": ca}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._control("down")

    def _control(self, *arguments):
        out = subprocess.run([ROOT / "hack/localcluster", "--dir", self.folder, *arguments],
                             stdout=subprocess.PIPE, text=True)
        if out.returncode != 0:
            raise RuntimeError(f"hack/localcluster {' '.join(arguments)}: exit {out.returncode}\n{out.stdout}")
        return out.stdout

    def stop_controllers(self):
        """Leaves only the API server and etcd running: no Job gets a pod, and none ends automatically."""
        for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
            os.kill(self.pid(name), signal.SIGKILL)

    def pid(self, name):
        pid = int((self.folder / "run" / name).read_text().split()[0])
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
        if command != str(self.folder / "bin" / name):
            raise RuntimeError(f"process {pid} is not {name}: {command}")
        return pid

    def cpu(self):
        """CPU seconds of the API server and etcd so far."""
        return sum(cpu_of(self.pid(name)) for name in ("kube-apiserver", "etcd"))

    def headers(self):
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def call(self, method, path, body=None, accept=(200, 201)):
        """Status and decoded answer; another status than those in `accept` is an error."""
        if not hasattr(self.local, "connection"):
            url = urllib.parse.urlsplit(self.server)
            self.local.connection = http.client.HTTPSConnection(url.hostname, url.port, context=self.tls, timeout=120)
        connection = self.local.connection
        text = json.dumps(body) if body is not None else None
        headers = self.headers()
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        try:
            connection.request(method, path, text, headers)
            response = connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            connection.close()  # the server closed it while it was idle; the next request opens it again
            connection.request(method, path, text, headers)
            response = connection.getresponse()
        answer = json.loads(response.read())
        if accept and response.status not in accept:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.get('message')}")
        return response.status, answer

    def prepare(self):
        self.apply("-k", ROOT / "manifests/crds")

    def kubectl(self, *arguments):
        return subprocess.run([self.folder / "bin/kubectl", "--kubeconfig", self.kubeconfig, *arguments],
                              stdout=subprocess.DEVNULL).returncode

    def apply(self, *what):
        """Applies manifests, and waits until all CRDs are served."""
        if self.kubectl("apply", "--server-side", *what) != 0:
            raise RuntimeError(f"kubectl apply {what}: it failed")
        # kubectl wait fails at once for a new CRD that has no conditions yet.
        for _ in range(10):
            if self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s") == 0:
                return
            time.sleep(1)
        raise RuntimeError("the CRDs are not established")

    def create_all(self, path, objects):
        """Creates them as fast as the API server allows over a few connections."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in pool.map(lambda o: self.call("POST", path(o), o, accept=(201, 409)), objects):
                pass

    def create_namespaces(self, names):
        self.create_all(lambda _: "/api/v1/namespaces", [{"metadata": {"name": n}} for n in names])

    def label_namespaces(self, labels):
        for name, values in labels.items():
            self.call("PATCH", f"/api/v1/namespaces/{name}", {"metadata": {"labels": values}})

    def wait_until(self, holds, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: not within {seconds} s")
            time.sleep(0.1)

    def create_definitions(self, definitions):
        self.create_all(lambda d: f"{LIFECYCLE}/namespaces/{d['metadata']['namespace']}/keptntaskdefinitions"
                                  "?fieldManager=kubectl-client-side-apply", definitions)

    def delete_all(self, collections):
        """Deletes a few at a time, and again: a busy API server may time out with thousands after a minute."""
        def delete(path):
            while self.call("DELETE", path, {"propagationPolicy": "Background"}, accept=(200, 504))[0] == 504:
                pass

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(delete, collections))

    def register(self, webhook, ca_file, policies=False):
        """Sends every KeptnAppContext through this webhook and no other; and, where asked, PromotionPolicies."""
        ca = base64.b64encode(pathlib.Path(ca_file).read_bytes()).decode()
        contexts = {"apiGroups": ["lifecycle.keptn.sh"], "apiVersions": ["v1", "v1beta1"], "resources": ["keptnappcontexts"]}
        kinds = {"contexts": contexts}
        if policies:
            kinds["policies"] = {"apiGroups": ["promogate.dev"], "apiVersions": ["v1alpha1"], "resources": ["promotionpolicies"]}
        self.unregister()
        for kind, path in (("Mutating", "/mutate"), ("Validating", "/validate")):
            self.call("POST", f"{REGISTRATION}/{kind.lower()}webhookconfigurations", {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": f"{kind}WebhookConfiguration",
                "metadata": {"name": "bench"},
                "webhooks": [{
                    "name": f"{name}.{kind.lower()}.bench.promogate.dev",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": webhook.url(path), "caBundle": ca},
                    "rules": [rule | {"operations": ["CREATE", "UPDATE"]}],
                    "failurePolicy": "Fail",
                    "matchPolicy": "Equivalent",
                    "sideEffects": "None",
                    "timeoutSeconds": 3,
                } for name, rule in kinds.items() if kind == "Validating" or name == "contexts"],
            })

    def unregister(self):
        for kind in ("mutating", "validating"):
            self.call("DELETE", f"{REGISTRATION}/{kind}webhookconfigurations/bench", accept=(200, 404))

    def wait_guarded(self, good, bad, seconds=20):
        """Waits until a valid context gets its default and an invalid one is rejected."""
        path = f"{LIFECYCLE}/namespaces/{good['metadata']['namespace']}/keptnappcontexts"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, stored = self.call("POST", path, good, accept=None)
            refused, reason = self.call("POST", path, bad, accept=None)
            annotations = stored.get("metadata", {}).get("annotations", {})
            if (status == 201 and "promogate.dev/resolved-on-failure" in annotations
                    and 400 <= refused < 500 and "promotionTasks[0]" in reason["message"]):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the webhook is not called as it should be: {status} {stored}, {refused} {reason}")

    def delete_contexts(self, namespace):
        """Repeats the deletion: a busy API server may time out with thousands after a minute."""
        path = f"{LIFECYCLE}/namespaces/{namespace}/keptnappcontexts"
        for _ in range(20):
            status, _ = self.call("DELETE", path, accept=(200, 504))
            if status == 200:
                return
        raise RuntimeError(f"DELETE {path}: not done after 20 times")
