#!/usr/bin/env python3
"""server.py [--tls] DIR: an HTTP server on loopback that misbehaves on request.

Only transport: nothing in it knows Kubernetes. It prints its port and serves until its standard input
ends. With --tls it makes a CA, a serving certificate for 127.0.0.1 and api.test, and a client
certificate in DIR, and asks clients for theirs.
"""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

counts = {}
counts_lock = threading.Lock()
ended = threading.Event()


def count(key):
    with counts_lock:
        counts[key] = counts.get(key, 0) + 1
        return counts[key]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def setup(self):
        count("connections")
        self.served = 0
        super().setup()

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):
            pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def status(self, code, reason, headers=(), details=None):
        status = {"kind": "Status", "reason": reason, "message": "as you wished", "code": code}
        self.answer(code, status | ({"details": details} if details else {}), headers)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def begin_chunks(self, status=200):
        self.send_response(status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def go(self):
        self.served += 1
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        getattr(self, "go_" + re.sub("[-/]", "_", url.path.strip("/")), self.go_missing)()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = go

    def go_missing(self):
        self.answer(404, b"404 page not found\n", [("Content-Type", "text/plain")])

    def go_nowhere_things_a(self):
        self.status(404, "NotFound", details={"kind": "things", "name": "a"})

    def go_ok(self):
        self.answer(200, {"ok": True})

    def go_echo(self):
        self.answer(
            201,
            {
                "method": self.command,
                "path": self.path,
                "body": self.body.decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()},
            },
        )

    def go_count(self):
        with counts_lock:
            n = counts.get(self.query["of"], 0)
        self.answer(200, {"n": n})

    def go_hang(self):
        count("hang")
        ended.wait()

    def go_status(self):
        headers = [("Retry-After", self.query["after"])] if "after" in self.query else []
        self.status(int(self.query["code"]), self.query.get("reason", ""), headers)

    def go_throttle(self):
        """429 for the first n times, then fine. after=: how Retry-After is given, or that it is not."""
        if count("throttle-" + self.query["key"]) <= int(self.query["n"]):
            after = self.query.get("after", "1")
            self.status(429, "TooManyRequests", [("Retry-After", after)] if after else [])
        else:
            self.answer(200, {"ok": True})

    def go_apis_batch_v1_namespaces_a_jobs(self):
        """Each write is throttled."""
        count("jobs-a")
        self.status(429, "TooManyRequests", [("Retry-After", self.query["after"])])

    def go_apis_batch_v1_namespaces_b_jobs(self):
        self.answer(200, {"ok": True})

    go_apis_batch_v1_namespaces_a_jobs_x = go_apis_batch_v1_namespaces_b_jobs

    def go_endless(self):
        self.begin_chunks()
        while True:
            self.chunk(b"x" * 65536)

    def go_endless_failure(self):
        self.begin_chunks(500)
        while True:
            self.chunk(b"sorry " * 10000)

    def go_endless_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    def go_drip(self):
        self.begin_chunks()
        while True:
            self.chunk(b"x")
            time.sleep(0.05)

    def go_garbage(self):
        self.wfile.write(b"\x00\xff this is not HTTP \r\n\r\n")
        self.drop()

    def go_drop(self):
        self.drop()

    def go_drop_kept(self):
        """No answer on a connection that has had one before."""
        count("drop-kept-" + self.command)
        if self.served > 1:
            self.drop()
        else:
            self.answer(200, {"ok": True})

    def go_cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"not all of it")
        self.drop()

    def go_redirect(self):
        self.answer(302, b"", [("Location", "/ok")])

    def go_token(self):
        """401 unless the token is what the file says now."""
        with open(self.query["file"], encoding="ascii") as f:
            want = "Bearer " + f.read().strip()
        if self.headers.get("Authorization") == want:
            self.answer(200, {"ok": True})
        else:
            self.status(401, "Unauthorized")

    def go_lines(self):
        """Three lines, cut where it hurts."""
        self.begin_chunks()
        for piece in (b"o", b"ne\ntwo\nthr", b"ee\n", b""):
            self.chunk(piece)

    def go_lines_for_ever(self):
        self.begin_chunks()
        for i in range(1 << 30):
            self.chunk(b"line %d\n" % i)
            time.sleep(0.01)

    def go_lines_cut(self):
        self.begin_chunks()
        self.chunk(b"one\nhal")
        self.chunk(b"")

    def go_lines_drop(self):
        self.begin_chunks()
        self.chunk(b"one\n")
        self.drop()

    def go_lines_silent(self):
        self.begin_chunks()
        self.chunk(b"one\n")
        ended.wait()

    def go_line_long(self):
        self.begin_chunks()
        for piece in (b"x" * 65536,) * 3 + (b"\ntwo\n", b""):
            self.chunk(piece)


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    def path(name):
        return os.path.join(folder, name)

    def key(name):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path(name))

    for ca in ("ca", "other-ca"):
        key(ca + ".key")
        openssl(
            "req", "-x509", "-new", "-key", path(ca + ".key"), "-subj", "/CN=test-" + ca,
            "-days", "2", "-out", path(ca + ".crt"),
        )
    for name, extension in (
        ("server", "subjectAltName=IP:127.0.0.1,DNS:api.test"),
        ("client", "extendedKeyUsage=clientAuth"),
    ):
        key(name + ".key")
        openssl(
            "req", "-new", "-key", path(name + ".key"), "-subj", "/CN=test-" + name,
            "-out", path(name + ".csr"),
        )
        with open(path(name + ".ext"), "w", encoding="ascii") as f:
            f.write(extension)
        openssl(
            "x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.crt"),
            "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "2",
            "-extfile", path(name + ".ext"), "-out", path(name + ".crt"),
        )


class TlsHandler(Handler):
    def setup(self):
        # Here and not in accept(): a slow handshake must not hold up the others.
        self.request.do_handshake()
        super().setup()

    def go_who(self):
        peer = self.connection.getpeercert()
        names = dict(pair[0] for pair in peer["subject"]) if peer else {}
        self.answer(
            200,
            {
                "cn": names.get("commonName", ""),
                "version": self.connection.version(),
                "host": self.headers.get("Host"),
            },
        )


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


def main():
    server = Server(("127.0.0.1", 0), Handler)
    if sys.argv[1] == "--tls":
        folder = sys.argv[2]
        make_certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/server.crt", folder + "/server.key")
        context.load_verify_locations(folder + "/ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        server.RequestHandlerClass = TlsHandler
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    ended.set()


main()
