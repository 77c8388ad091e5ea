"""The calls of each user agent, from the API server's audit log (hack/localcluster up --audit)."""

import collections
import datetime
import json
import os

WRITES = ("create", "update", "patch", "delete", "deletecollection")

Call = collections.namedtuple("Call", "verb resource subresource namespace name code received done")


class Audit:
    def __init__(self, path, agents):
        """`agents`: prefixes of the user agents whose calls count."""
        self.path = path
        self.agents = agents
        self.file = open(path, "rb")
        self.file.seek(0, os.SEEK_END)

    def lines(self):
        """Lines since the last call. The API server rotates the log: it renames a long one and starts a new one."""
        while True:
            for line in self.file:
                if line.endswith(b"\n"):
                    yield line
                else:
                    self.file.seek(-len(line), os.SEEK_CUR)
                    return
            if os.stat(self.path).st_ino == os.fstat(self.file.fileno()).st_ino:
                return
            self.file.close()
            self.file = open(self.path, "rb")

    def calls(self, agent):
        """All calls of one of the agents since the last time, in the order in which they were answered."""
        wanted = f'"userAgent":"{self.agents[agent]}'.encode()
        events = (json.loads(line) for line in self.lines() if wanted in line)
        # A watch is logged twice; it counts when it begins.
        return [call(e) for e in events if (e["verb"] == "watch") == (e["stage"] == "ResponseStarted")]


def call(event):
    about = event.get("objectRef", {})
    return Call(event["verb"], about.get("resource", ""), about.get("subresource", ""), about.get("namespace", ""),
                about.get("name", ""), event.get("responseStatus", {}).get("code", 0),
                moment(event["requestReceivedTimestamp"]), moment(event["stageTimestamp"]))


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def sorts(calls):
    """Counts each verb and resource, the most frequent first."""
    return collections.Counter(
        f"{c.verb} {c.resource}{'/' + c.subresource if c.subresource else ''}{'' if c.code < 300 else f' ({c.code})'}"
        for c in calls)
