#!/usr/bin/env python3
"""cut - a proxy between the reconciler and the API server that ends one of them at a chosen call, or
misbehaves for longer.

    cut.py PORT UPSTREAM-PORT CERTIFICATE KEY CA FOLDER

Everything is passed on as it comes. While FOLDER/plan exists, calls are counted, from 1: all but
watches, lists, and what is asked of the Lease and of the ConfigMap that holds `since`. The plan is
one line, "NUMBER MODE PID", and says what happens at that call, once:

    before   PID is killed (SIGKILL), and the call is not passed on
    after    the call is passed on and answered, PID is killed, and the answer is not passed on
    lost     as "after", but nobody is killed: the connection breaks
    stall    PID is stopped (SIGSTOP), and the call is passed on once FOLDER/go exists

FOLDER/calls gets a line for each call that is counted, FOLDER/fired one when the plan was carried
out. A file that is moved to FOLDER/plan is a new plan, and counting begins again. FOLDER/port has
the port, once it listens.

Other files change what happens for as long as they exist:

    FOLDER/refuse       has a regular expression: requests whose first line it matches are answered
                        with 429 and Retry-After: 30; FOLDER/refused gets a line for each
    FOLDER/cut-watches  has a number: watches are cut after so many seconds; FOLDER/cuts gets a line
                        for each
    FOLDER/swallow      nothing more is passed on to watches that are older than this file; their
                        connections stay open

Only requests are understood: they come with Content-Length, and the next one on a connection only
after the answer to the one before.
"""
import json
import os
import re
import select
import signal
import socket
import ssl
import sys
import threading
import time

FOLDER = sys.argv[6]
NOT_COUNTED = re.compile(r"[?&](watch|limit|continue)=|/leases(/|\?|$)"
                         r"|/namespaces/promogate-system/configmaps")


def path_of(name):
    return os.path.join(FOLDER, name)


def note(name, line):
    with open(path_of(name), "a", encoding="utf-8") as file:
        file.write(line + "\n")


def read(name):
    """What is in this file, without space around it; None if it does not exist."""
    try:
        with open(path_of(name), encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def too_many_requests():
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 429,
                       "reason": "TooManyRequests", "message": "the test's refusal"}).encode()
    return (b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
            b"Retry-After: 30\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def carry_out(mode, pid, line):
    if mode == "stall":
        os.kill(pid, signal.SIGSTOP)
    elif mode != "lost":
        os.kill(pid, signal.SIGKILL)
        while is_alive(pid):
            time.sleep(0.001)
    note("fired", f"{mode} {line}")


class Plan:
    """What of the plan is still to be done. One call at a time is counted."""

    def __init__(self):
        self.lock = threading.Lock()
        self.identity = None
        self.calls = 0
        self.due = None

    def load(self):
        try:
            stat = os.stat(path_of("plan"))
            with open(path_of("plan"), encoding="utf-8") as file:
                number, mode, pid = file.read().split()
        except FileNotFoundError:
            self.identity = None
            return
        if self.identity != (stat.st_ino, stat.st_mtime_ns):
            self.identity = (stat.st_ino, stat.st_mtime_ns)
            self.calls = 0
            self.due = (int(number), mode, int(pid))

    def of_call(self, line):
        """What happens at the call with this request line: mode and pid, None and 0 for nothing."""
        with self.lock:
            self.load()
            if self.identity is None or NOT_COUNTED.search(line):
                return None, 0
            self.calls += 1
            note("calls", line)
            if not self.due or self.due[0] != self.calls:
                return None, 0
            _, mode, pid = self.due
            self.due = None
            # Here, so that no other call is passed on meanwhile.
            if mode in ("before", "stall"):
                carry_out(mode, pid, line)
            return mode, pid


PLAN = Plan()


class Connection:
    """One of the reconciler's, and the one to the API server that goes with it."""

    def __init__(self, client, upstream_port, ca):
        self.client = client
        context = ssl.create_default_context(cafile=ca)
        self.upstream = context.wrap_socket(
            socket.create_connection(("127.0.0.1", upstream_port)), server_hostname="127.0.0.1")
        self.pending = None  # the call whose answer decides
        self.buffered = b""
        self.watch = None  # the watch that it is used for, and since when
        self.began = 0

    # By one thread alone: a TLS connection can't be read and written at the same time.
    def run(self):
        try:
            while True:
                swallowed = self.is_swallowed()
                select.select([self.client] if swallowed else [self.client, self.upstream], [], [],
                              0.1 if self.watch else None)
                if self.is_cut() or not self.pass_requests(*received(self.client)):
                    break
                if not swallowed and not self.pass_answers(*received(self.upstream)):
                    break
        except OSError:
            pass
        self.client.close()
        self.upstream.close()

    def is_swallowed(self):
        try:
            return self.watch is not None and os.stat(path_of("swallow")).st_mtime > self.began
        except FileNotFoundError:
            return False

    def is_cut(self):
        after = read("cut-watches") if self.watch else None
        if after is None or time.time() < self.began + float(after):
            return False
        note("cuts", self.watch)
        return True

    def pass_requests(self, data, is_open):
        self.buffered += data
        while True:
            head, separator, rest = self.buffered.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            length = int(length.group(1)) if length else 0
            if not separator or len(rest) < length:
                return is_open
            self.buffered = rest[length:]
            line = head.partition(b"\r\n")[0].decode()
            if not self.pass_request(line, head + separator + rest[:length]):
                return False

    def pass_request(self, line, request):
        refuse = read("refuse")
        if refuse and re.search(refuse, line):
            note("refused", line)
            send(self.client, too_many_requests())
            return True
        if "watch=true" in line:
            self.watch, self.began = line, time.time()
        mode, pid = PLAN.of_call(line)
        if mode == "before":
            return False
        if mode == "stall":
            while not os.path.exists(path_of("go")):
                time.sleep(0.02)
        elif mode in ("after", "lost"):
            self.pending = (mode, pid, line)
        send(self.upstream, request)
        return True

    def pass_answers(self, data, is_open):
        if data and self.pending:
            carry_out(*self.pending)
            return False
        send(self.client, data)
        return is_open


def received(sock):
    """What there is to read now, and whether there may be more later."""
    data = b""
    sock.settimeout(0)
    try:
        while more := sock.recv(65536):
            data += more
        return data, False
    except (ssl.SSLWantReadError, BlockingIOError):
        return data, True


def send(sock, data):
    sock.settimeout(60)
    sock.sendall(data)


def serve(raw, context, upstream_port, ca):
    try:
        Connection(context.wrap_socket(raw, server_side=True), upstream_port, ca).run()
    except OSError:
        raw.close()


def main():
    port, upstream_port = int(sys.argv[1]), int(sys.argv[2])
    certificate, key, ca = sys.argv[3:6]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    note("port", str(listener.getsockname()[1]))
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=serve, args=(raw, context, upstream_port, ca), daemon=True).start()


main()
