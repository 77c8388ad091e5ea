#!/usr/bin/env python3
"""Creates KeptnAppContexts in one namespace, each with 32 tasks of names that nothing else asks for,
over many connections at once, until the file STOP exists. Prints how often it got which status.

    flood.py URL CA TOKEN NAMESPACE CONNECTIONS STOP
"""

import collections
import http.client
import itertools
import json
import os
import ssl
import sys
import threading
import urllib.parse


def body(namespace, number):
    return json.dumps({
        "apiVersion": "lifecycle.keptn.sh/v1",
        "kind": "KeptnAppContext",
        "metadata": {"generateName": "flood-", "namespace": namespace},
        "spec": {"promotionTasks": [f"missing-{number}-{i}" for i in range(32)]},
    })


def main():
    url, ca, token, namespace, connections, stop = sys.argv[1:]
    host = urllib.parse.urlsplit(url).netloc
    path = f"/apis/lifecycle.keptn.sh/v1/namespaces/{namespace}/keptnappcontexts"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    tls = ssl.create_default_context(cafile=ca)
    numbers, statuses = itertools.count(), collections.Counter()

    def run():
        connection = http.client.HTTPSConnection(host, context=tls)
        while not os.path.exists(stop):
            connection.request("POST", path, body(namespace, next(numbers)), headers)
            response = connection.getresponse()
            response.read()
            statuses[response.status] += 1

    threads = [threading.Thread(target=run) for _ in range(int(connections))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(statuses))


if __name__ == "__main__":
    main()
