#!/usr/bin/env python3
"""Creates KeptnAppContexts app-0 to app-(COUNT - 1), each with one of 100 labels and two promotion
tasks, over eight connections at once, straight at the API server.

    many.py URL CA TOKEN NAMESPACE COUNT
"""

import http.client
import itertools
import json
import ssl
import sys
import threading
import urllib.parse


def body(namespace, number):
    return json.dumps({
        "apiVersion": "lifecycle.keptn.sh/v1",
        "kind": "KeptnAppContext",
        "metadata": {"name": f"app-{number}", "namespace": namespace, "labels": {"team": f"team-{number % 100}"}},
        "spec": {"promotionTasks": ["open-pull-request", "notify"]},
    })


def main():
    url, ca, token, namespace, count = sys.argv[1:]
    host = urllib.parse.urlsplit(url).netloc
    path = f"/apis/lifecycle.keptn.sh/v1/namespaces/{namespace}/keptnappcontexts"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    tls = ssl.create_default_context(cafile=ca)
    numbers, failed = itertools.count(), []

    def run():
        connection = http.client.HTTPSConnection(host, context=tls)
        while (number := next(numbers)) < int(count) and not failed:
            connection.request("POST", path, body(namespace, number), headers)
            response = connection.getresponse()
            text = response.read()
            if response.status != 201:
                failed.append(f"{response.status}: {text[:200]!r}")

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
