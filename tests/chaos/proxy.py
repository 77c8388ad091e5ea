"""proxy - stands between one program and the API server, and fails requests at random.

Which request fails, and how, depends on the seed alone: on the program, the kind of request, and how
many of that kind came before. TABLE has the faults, of calls and of watches, each with its share of
a thousand. A storm makes all calls of a kind fail for a moment. Only HTTP/1.1 is understood, with
requests that have a Content-Length.
"""
import asyncio
import json
import random
import re
import ssl
import threading
import time

STATUS = {403: "Forbidden", 410: "Expired", 429: "TooManyRequests", 500: "InternalError",
          503: "ServiceUnavailable"}

CALLS = {
    "lost request": 12,  # the connection ends, and nothing is passed on
    "lost reply": 12,  # it is passed on, and the connection ends in place of the answer
    "late": 4,  # the connection ends, and the request is passed on up to 15 s later
    "applied": 4,  # it is passed on, and the answer is 500
    "cut": 8,  # the answer ends in its middle
    "delay": 25,
    "slow": 8,  # the answer comes a few bytes at a time
    "403": 6, "plain 404": 6, "410": 4, "429": 1, "500": 8, "503": 8,
}
WATCHES = {
    "lost request": 40, "cut": 300, "silent": 30, "slow": 30, "delay": 50,
    "403": 20, "plain 404": 30, "410": 30, "429": 1, "500": 20, "503": 20, "410 event": 30,
}
STORMS = ["lost request", "lost reply", "403", "plain 404", "500", "503", "applied"]
SCOPES = ["/jobs", "/keptnappversions", "/leases", "/configmaps", "/events", "/"]


class Rule:
    """What a request is, as far as faults go."""

    def __init__(self, line):
        self.method, target = line.split(" ")[:2]
        path, _, query = target.partition("?")
        self.path = path
        self.is_watch = re.search(r"(^|&)watch=(1|true)", query) is not None
        names = [p for p in path.split("/") if p.startswith(("keptn", "jobs", "leases", "configmaps", "events"))]
        self.shape = f"{self.method} {'/'.join(names)} {self.is_watch}"


class Proxy:
    """One program's. It listens once the constructor returns; calm ends its faults."""

    def __init__(self, name, seed, cluster, log):
        self.name, self.seed, self.cluster, self.log = name, seed, cluster, log
        self.counts, self.storm, self.calm, self.port = {}, None, False, 0
        self.late = set()  # the event loop keeps no task alive by itself
        self.upstream = ssl.create_default_context(cafile=cluster.ca)
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        pki = self.cluster.folder + "/pki/apiserver"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki + ".crt", pki + ".key")
        server = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context, limit=1 << 24))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    # --- which fault ------------------------------------------------------------------------------

    def begin_storm(self, fault, scope, seconds):
        self.storm = (fault, scope, time.monotonic() + seconds)

    def fault_of(self, rule):
        """The fault of the next request of this kind, "" for none, and the randomness for its details."""
        number = self.counts[rule.shape] = self.counts.get(rule.shape, 0) + 1
        dice = random.Random(f"{self.seed} {self.name} {rule.shape} {number}")
        if self.calm:
            return "", dice
        if self.storm and time.monotonic() < self.storm[2] and self.storm[1] in rule.path:
            return self.storm[0] if not rule.is_watch or self.storm[0] in WATCHES else "cut", dice
        drawn = dice.randrange(1000)
        for fault, share in (WATCHES if rule.is_watch else CALLS).items():
            drawn -= share
            if drawn < 0:
                return fault, dice
        return "", dice

    # --- a connection -----------------------------------------------------------------------------

    async def serve(self, reader, writer):
        link = Link(self, reader, writer)
        try:
            while await link.exchange():
                pass
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            link.close()


class Link:
    """A connection of the program's, and the one to the API server that goes with it."""

    def __init__(self, proxy, reader, writer):
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.far_reader = self.far_writer = None

    def close(self):
        for writer in (self.writer, self.far_writer):
            if writer:
                writer.transport.abort()

    async def exchange(self):
        """One request and its answer. False if the connection is to end."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        request = head + await self.reader.readexactly(int(length.group(1)) if length else 0)
        line = head.partition(b"\r\n")[0].decode()
        rule = Rule(line)
        fault, dice = self.proxy.fault_of(rule)
        if fault:
            self.proxy.log(f"{self.proxy.name}: {fault}: {line}")
        if fault[-3:].isdigit():
            self.writer.write(refusal(fault))
            await self.writer.drain()
            return True
        if fault == "delay":
            await asyncio.sleep(dice.choice((0.1, 0.5, 3)))
        if fault == "lost request":
            return False
        if fault == "late":
            self.proxy.late.add(self.proxy.loop.create_task(self.pass_late(request, dice.uniform(1, 15))))
            return False
        await self.send(request)
        return await (self.watch if rule.is_watch else self.answer)(fault, dice)

    async def pass_late(self, request, seconds):
        await asyncio.sleep(seconds)
        link = Link(self.proxy, None, None)
        try:
            await link.send(request)
            await link.receive()
        except (OSError, EOFError):
            pass
        finally:
            link.close()

    async def send(self, request):
        if self.far_writer is None:
            self.far_reader, self.far_writer = await asyncio.open_connection(
                "127.0.0.1", self.proxy.cluster.port, ssl=self.proxy.upstream, limit=1 << 24)
        self.far_writer.write(request)
        await self.far_writer.drain()

    async def receive(self):
        """A whole answer, as it came."""
        head = await self.far_reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
            return head + await self.far_reader.readexactly(int(length.group(1)))
        if b"chunked" not in head:
            return head
        body = b""
        while True:
            size = await self.far_reader.readuntil(b"\r\n")
            body += size + await self.far_reader.readexactly(int(size, 16) + 2)
            if int(size, 16) == 0:
                return head + body

    async def answer(self, fault, dice):
        answer = await self.receive()
        if fault == "lost reply":
            return False
        if fault == "applied":
            answer = refusal("500")
        if fault == "cut":
            answer = answer[:dice.randrange(len(answer))]
        if fault == "slow":
            await self.trickle(answer)
        else:
            self.writer.write(answer)
            await self.writer.drain()
        return fault != "cut"

    async def trickle(self, data):
        step = max(1, len(data) // 20)
        for i in range(0, len(data), step):
            self.writer.write(data[i:i + step])
            await self.writer.drain()
            await asyncio.sleep(0.1)

    async def watch(self, fault, dice):
        """Passes a watch on until one side ends it, or the fault does. False."""
        end = {"cut": dice.uniform(0.5, 15), "silent": dice.uniform(5, 30), "410 event": dice.uniform(0, 3)}
        relay = asyncio.ensure_future(self.relay(fault))
        gone = asyncio.ensure_future(self.reader.read(1))
        await asyncio.wait((relay, gone), timeout=end.get(fault), return_when=asyncio.FIRST_COMPLETED)
        relay.cancel()
        gone.cancel()
        await asyncio.gather(relay, gone, return_exceptions=True)
        if fault == "410 event":
            event = json.dumps({"type": "ERROR", "object": status_of(410)}).encode() + b"\n"
            self.writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event))
            await self.writer.drain()
        return False

    async def relay(self, fault):
        if fault == "410 event":
            self.writer.write(await self.far_reader.readuntil(b"\r\n\r\n"))
            return await asyncio.sleep(60)
        is_first = True
        while data := await self.far_reader.read(65536):
            if fault == "slow":
                await self.trickle(data)
            elif is_first or fault != "silent":
                self.writer.write(data)
                await self.writer.drain()
            is_first = False


def status_of(code):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
            "reason": STATUS[code], "message": "chaos"}


def refusal(fault):
    """An answer with a status code, without asking the API server."""
    code = int(fault[-3:])
    body, kind, more = json.dumps(status_of(code)) if code in STATUS else "404 page not found\n", "application/json", ""
    if fault == "plain 404":
        kind = "text/plain"
    if code == 429:
        more = "Retry-After: 32\r\n"
    return (f"HTTP/1.1 {code} {STATUS.get(code, 'Not Found')}\r\nContent-Type: {kind}\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
