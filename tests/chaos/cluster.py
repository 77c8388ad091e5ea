"""cluster - a control plane of hack/localcluster, and calls to it as its administrator."""
import http.client
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
import urllib.parse

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
MERGE = "application/merge-patch+json"


class Cluster:
    """Its folder is below folder; it is up from the constructor on, until down()."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "cluster")
        self.local = threading.local()
        self.tool("up", "--audit")
        settings = self.tool("env")
        self.env = dict(os.environ)
        for line in settings.splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            self.env[name] = value.replace(':"$PATH"', ":" + os.environ["PATH"])
        self.server = self.env["CLUSTER_SERVER"]
        self.port = int(self.server.rpartition(":")[2])
        self.ca = self.env["CLUSTER_CA"]
        self.context = ssl.create_default_context(cafile=self.ca)

    def tool(self, *arguments):
        command = [f"{ROOT}/hack/localcluster", "--dir", self.folder, *arguments]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout

    def down(self):
        logs = os.path.join(os.path.dirname(self.folder), "cluster-logs")
        shutil.copytree(os.path.join(self.folder, "logs"), logs, dirs_exist_ok=True)
        self.tool("down")

    def kubectl(self, *arguments, text=None):
        return subprocess.run(["kubectl", *arguments], check=True, env=self.env, input=text, text=True,
                              stdout=subprocess.PIPE).stdout

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context)

    def headers(self, kind=None):
        token = {"Authorization": "Bearer " + self.env["CLUSTER_TOKEN"]}
        return token | ({"Content-Type": kind} if kind else {})

    def call(self, method, path, body=None, kind="application/json"):
        """Status code and object."""
        if not hasattr(self.local, "connection"):
            self.local.connection = self.connect()
        connection = self.local.connection
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               self.headers(kind))
            answer = connection.getresponse()
            body = answer.read()
            is_json = "json" in answer.getheader("Content-Type", "")
            return answer.status, json.loads(body) if is_json else body.decode()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def get(self, path):
        status, answer = self.call("GET", path)
        if status != 200:
            raise OSError(f"GET {path}: {status} {answer}")
        return answer

    def wait_for(self, path):
        deadline = time.monotonic() + 60
        while self.call("GET", path)[0] != 200:
            if time.monotonic() > deadline:
                raise TimeoutError(path)
            time.sleep(0.1)

    def create(self, path, body):
        """The object, or None if it was refused."""
        status, answer = self.call("POST", path, body)
        return answer if status == 201 else None

    def patch(self, path, body):
        return self.call("PATCH", path, body, MERGE)

    def delete(self, path, policy="Background"):
        return self.call("DELETE", f"{path}?propagationPolicy={policy}")[0]

    def stream(self, path):
        """The lines of a watch."""
        connection = self.connect()
        try:
            connection.request("GET", path, headers=self.headers())
            answer = connection.getresponse()
            while line := answer.readline():
                yield line
        finally:
            connection.close()


def quote(text):
    return urllib.parse.quote(text, safe="")
