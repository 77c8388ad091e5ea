#!/usr/bin/env python3
"""certificates - what happens around certificates that are renewed, until a file appears.

    certificates.py pod DIR STOP        writes the Secret to DIR as the kubelet does, at once
    certificates.py verify ADDRESS STOP new connections, verified by the caBundle that is stored

$CLUSTER_SERVER, $CLUSTER_CA and $CLUSTER_TOKEN are the API server's. `verify` prints one JSON object:
how many connections were made, with how many different certificates and bundles, and what failed.
"""
import base64
import hashlib
import json
import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request

CONTEXT = ssl.create_default_context(cafile=os.environ["CLUSTER_CA"])
VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/promogate"
SECRET = "/api/v1/namespaces/promogate-system/secrets/promogate-webhook-tls"


def get(path):
    request = urllib.request.Request(
        os.environ["CLUSTER_SERVER"] + path, headers={"Authorization": "Bearer " + os.environ["CLUSTER_TOKEN"]})
    with urllib.request.urlopen(request, context=CONTEXT, timeout=10) as response:
        return json.load(response)


def publish(folder, data, version):
    """A folder of each version, and a link to the current one, which changes in one step."""
    target = os.path.join(folder, version)
    os.makedirs(target, exist_ok=True)
    for name in ("tls.crt", "tls.key"):
        with open(os.path.join(target, name), "wb") as file:
            file.write(base64.b64decode(data[name]))
    link = os.path.join(folder, "..link")
    os.symlink(version, link)
    os.rename(link, os.path.join(folder, "..data"))
    for name in ("tls.crt", "tls.key"):
        if not os.path.islink(os.path.join(folder, name)):
            os.symlink(os.path.join("..data", name), os.path.join(folder, name))


def pod(folder, stop):
    last = None
    while not os.path.exists(stop):
        try:
            secret = get(SECRET)
            version = secret["metadata"]["resourceVersion"]
            if version != last:
                publish(folder, secret["data"], version)
                last = version
        except urllib.error.HTTPError as e:
            if e.code != 404:
                raise
        time.sleep(0.2)


def verify(address, stop):
    host, port = address.rsplit(":", 1)
    result = {"connections": 0, "failed": []}
    certificates, bundles = set(), set()
    while not os.path.exists(stop):
        bundle = base64.b64decode(get(VALIDATING)["webhooks"][0]["clientConfig"]["caBundle"]).decode()
        bundles.add(bundle)
        try:
            context = ssl.create_default_context(cadata=bundle)
            with socket.create_connection((host, int(port)), timeout=10) as plain:
                with context.wrap_socket(plain, server_hostname=host) as tls:
                    certificates.add(hashlib.sha256(tls.getpeercert(binary_form=True)).hexdigest())
            result["connections"] += 1
        except (OSError, ssl.SSLError) as e:
            result["failed"].append(f"{time.time():.1f}: {e!r}")
        time.sleep(0.02)
    result["certificates"] = len(certificates)
    result["bundles"] = len(bundles)
    print(json.dumps(result))


{"pod": pod, "verify": verify}[sys.argv[1]](*sys.argv[2:])
