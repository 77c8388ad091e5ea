"""AdmissionReviews: recording one as the API server sends it, and asking both sides the same questions."""

import copy
import http.server
import json
import ssl
import threading
import urllib.request

import objects


def record(cluster, certs, path):
    """Stores the review that the API server sends for the context, with defaults and managedFields."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(body)
            answer = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
                "uid": json.loads(body)["request"]["uid"], "allowed": True}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    class Recorder(http.server.ThreadingHTTPServer):
        def url(self, at):
            return f"https://127.0.0.1:{self.server_port}{at}"

    with Recorder(("127.0.0.1", 0), Handler) as server:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f"{certs}/tls.crt", f"{certs}/tls.key")
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cluster.register(server, f"{certs}/ca.crt")
        for n in range(50):
            cluster.call("POST", objects.CONTEXTS + "?fieldManager=kubectl-client-side-apply",
                         objects.context(name=f"podtato-head-{n}"))
            if seen:
                break
        cluster.unregister()
        server.shutdown()
    path.write_bytes(seen[0])
    cluster.delete_contexts(objects.NAMESPACE)


def questions(recorded):
    """Name, path and review of each case in which both sides must agree."""
    def changed(**spec):
        review = copy.deepcopy(recorded)
        review["request"]["object"]["spec"].update(spec)
        return review

    tasks = recorded["request"]["object"]["spec"]["promotionTasks"]
    yield "no fault", "/validate", recorded
    yield "default", "/mutate", recorded
    yield "default, beta version", "/mutate", beta(recorded)
    yield "missing definition", "/validate", changed(promotionTasks=["open-pull-requst"] + tasks)
    yield "twice", "/validate", changed(promotionTasks=tasks + tasks[:1])
    yield "not a name", "/validate", changed(promotionTasks=["Open-Pull-Request"])
    yield "also post-deployment", "/validate", changed(promotionTasks=["smoke-test"])
    yield "missing post task", "/validate", changed(postDeploymentTasks=["gone"])
    yield "span link", "/validate", changed(spanLinks=["00-xyz"])
    abort = copy.deepcopy(recorded)
    abort["request"]["object"]["metadata"]["annotations"]["promogate.dev/on-failure"] = "Abort"
    yield "blocking policy", "/validate", abort
    yield "default without a blocking policy", "/mutate", abort
    late = changed(promotionTasks=["open-pull-requst"])
    late["request"]["dryRun"] = True
    yield "dry run", "/validate", late


def beta(recorded):
    review = copy.deepcopy(recorded)
    request = review["request"]
    for part in (request["kind"], request["resource"], request["requestKind"], request["requestResource"]):
        part["version"] = "v1beta1"
    request["object"]["apiVersion"] = "lifecycle.keptn.sh/v1beta1"
    return review


def answers(webhook, ca, asked):
    """A webhook's answer to each case, reduced to what does not depend on its wording."""
    tls = ssl.create_default_context(cafile=ca)
    said = {}
    for name, path, review in asked:
        request = urllib.request.Request(webhook.url(path), json.dumps(review).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, context=tls, timeout=10) as r:
            response = json.loads(r.read())["response"]
        said[name] = {
            "allowed": response["allowed"],
            "warnings": len(response.get("warnings", [])),
            "patched": "patch" in response,
            "suggests": "did you mean" in json.dumps(response),
            "audited": "violations" in response.get("auditAnnotations", {}),
        }
    return said
