#!/usr/bin/env python3
"""load - reviews straight at the webhook's port, as an API server sends them, until a file appears.

    load.py ADDRESS CA STOP

Four connections are kept alive and closed where an answer says so; another is new for each request.
Prints one JSON object: how many answers were right, how many of them said "Connection: close", and
what failed. What can't connect any more, or not finish its handshake, has lost no request: it ends
the load, and "refused" is the time of the first. ADDRESS is host:port, CA a PEM file.
"""
import http.client
import json
import os
import ssl
import sys
import threading
import time
import uuid

HOST, PORT = sys.argv[1].rsplit(":", 1)
CONTEXT = ssl.create_default_context(cafile=sys.argv[2])
STOP = sys.argv[3]
LOCK = threading.Lock()
RESULT = {"answered": 0, "closes": 0, "connections": 0, "failed": [], "refused": None}


def review(uid, twice):
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": uid, "operation": "CREATE", "name": "load", "namespace": "default",
        "kind": {"group": "lifecycle.keptn.sh", "version": "v1", "kind": "KeptnAppContext"},
        "resource": {"group": "lifecycle.keptn.sh", "version": "v1", "resource": "keptnappcontexts"},
        "object": {"apiVersion": "lifecycle.keptn.sh/v1", "kind": "KeptnAppContext",
                   "metadata": {"name": "load", "namespace": "default",
                                "annotations": {"promogate.dev/on-failure": "Warn"}},
                   "spec": {"promotionTasks": ["B", "B"] if twice else []}}}})


def connect():
    c = http.client.HTTPSConnection(HOST, int(PORT), timeout=10, context=CONTEXT)
    c.connect()
    with LOCK:
        RESULT["connections"] += 1
    return c


def ask(c, n):
    """One request; true if the connection may be used again."""
    uid = str(uuid.uuid4())
    c.request("POST", "/validate?timeout=3s", review(uid, n % 2), {"Content-Type": "application/json"})
    r = c.getresponse()
    body = r.read()
    answer = json.loads(body)["response"] if r.status == 200 else {}
    with LOCK:
        if r.status == 200 and answer["uid"] == uid and answer["allowed"] == (n % 2 == 0):
            RESULT["answered"] += 1
        else:
            RESULT["failed"].append(f"{r.status}: {body[:200]!r}")
        RESULT["closes"] += r.will_close
    return not r.will_close


def work(keep):
    c = None
    n = 0
    while not os.path.exists(STOP):
        try:
            c = c or connect()
        except (OSError, ssl.SSLError):
            with LOCK:
                RESULT["refused"] = RESULT["refused"] or time.time()
            return
        try:
            n += 1
            if not ask(c, n) or not keep:
                c.close()
                c = None
        except (OSError, http.client.HTTPException, ValueError, KeyError) as e:
            with LOCK:
                RESULT["failed"].append(repr(e))
            c = None


threads = [threading.Thread(target=work, args=(i < 4,)) for i in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(json.dumps(RESULT))
