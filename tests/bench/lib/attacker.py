"""Clients that stall or flood, as a process: attacker.py KIND HOST PORT PLAIN_PORT CA BODY

Prints a line once all of them are there, and each second replaces those that the webhook has cut, until its input ends.
"""

import os
import pathlib
import resource
import select
import socket
import ssl
import sys
import threading
import time

PATIENCE = 10


class Attacker:
    def __init__(self, host, port, plain_port, ca, body):
        self.https, self.plain = (host, int(port)), (host, int(plain_port))
        self.tls = ssl.create_default_context(cafile=ca)
        self.body = pathlib.Path(body).read_bytes()
        self.hello = self.client_hello()

    def tcp(self, address, received=None):
        s = socket.socket()
        s.settimeout(PATIENCE)
        if received:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, received)
        s.connect(address)
        return s

    def secure(self, s):
        return self.tls.wrap_socket(s, server_hostname=self.https[0])

    def post(self, body, path="/validate"):
        return (f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    # Each opens a connection of its kind.

    def bodies(self):
        s = self.secure(self.tcp(self.https))
        s.sendall(self.post(b"[" * 65536)[:-1])
        return s

    def halves(self):
        s = self.secure(self.tcp(self.https))
        s.sendall(self.post(self.body)[:-1])
        return s

    def hellos(self):
        s = self.tcp(self.https)
        s.sendall(self.hello)
        return s

    def probes(self):
        s = self.tcp(self.plain)
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        return s

    def unread(self):
        s = self.secure(self.tcp(self.https, received=4096))
        s.sendall(self.post(self.body))
        return s

    COUNTS = {"bodies": 270, "halves": 1100, "hellos": 1500, "probes": 1200, "unread": 1000}

    def client_hello(self):
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self.tls.wrap_bio(into, out, server_hostname="x").do_handshake()
        except ssl.SSLWantReadError:
            pass
        return out.read()

    def hold(self, kind):
        """As many as COUNTS says, always."""
        open_one, held = getattr(self, kind), {}
        poll, again = select.poll(), 0
        while not ended():
            if time.monotonic() > again:
                self.fill(kind, open_one, held, poll)
                if not again:
                    print("standing", flush=True)
                again = time.monotonic() + 1
            for fd, _ in poll.poll(50):
                poll.unregister(fd)
                held.pop(fd).close()

    def fill(self, kind, open_one, held, poll):
        for _ in range(self.COUNTS[kind] - len(held)):
            try:
                s = open_one()
            except OSError:
                break
            held[s.fileno()] = s
            # Not POLLIN: an answer stays unread.
            poll.register(s, select.POLLRDHUP)

    def flood(self, _):
        """150 clients that send one request after the other."""
        def client():
            while True:
                try:
                    with self.secure(self.tcp(self.https)) as s:
                        while True:
                            s.sendall(self.post(self.body))
                            if not s.recv(65536):
                                break
                except OSError:
                    time.sleep(0.01)

        for _ in range(150):
            threading.Thread(target=client, daemon=True).start()
        print("standing", flush=True)
        while not ended():
            time.sleep(0.05)


def ended():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def main():
    kind, *rest = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attacker = Attacker(*rest)
    (attacker.hold if kind in attacker.COUNTS else attacker.flood)(kind)
    os._exit(0)


main()
