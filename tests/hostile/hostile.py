#!/usr/bin/env python3
"""hostile - what a client can do to the HTTPS server, and that it still answers others afterwards.

Runs against a server that is already running, and prints TAP. The names of tests say what the server
does, whichever supported version of libmicrohttpd it runs with; where versions differ the test says how.

    HOSTILE_ADDRESS   host:port of the HTTPS port
    HOSTILE_CA        PEM file that its certificate verifies against
    HOSTILE_NAME      the name in the certificate              (default: the host)
    HOSTILE_PATH      a path that takes POST of application/json        (default: /validate)
    HOSTILE_BODY      a body that it answers 200 to; @file reads it     (default: an empty review)
    HOSTILE_PATIENCE  seconds after which a slow client must be gone    (default: 30)
    HOSTILE_IDLE      how many silent connections to hold               (default: 1000)
    HOSTILE_PLAIN     host:port of the plain port; its tests need it    (default: none)

Names of tests as arguments select them.
"""
import json
import os
import resource
import socket
import ssl
import sys
import time
import traceback
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # of the TLS versions that must not work
HOST, PORT = os.environ["HOSTILE_ADDRESS"].rsplit(":", 1)
PORT = int(PORT)
NAME = os.environ.get("HOSTILE_NAME", HOST)
PATH = os.environ.get("HOSTILE_PATH", "/validate")
PATIENCE = float(os.environ.get("HOSTILE_PATIENCE", "30"))
IDLE = int(os.environ.get("HOSTILE_IDLE", "1000"))
PLAIN = os.environ.get("HOSTILE_PLAIN", "").rpartition(":")[::2]
BODY = os.environ.get("HOSTILE_BODY") or json.dumps({
    "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {
        "uid": "hostile", "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "resource": {"group": "", "version": "v1", "resource": "configmaps"},
        "name": "x", "namespace": "default", "operation": "CREATE", "userInfo": {},
        "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},
    }})
if BODY.startswith("@"):
    with open(BODY[1:], encoding="utf-8") as f:
        BODY = f.read()
CONTEXT = ssl.create_default_context(cafile=os.environ["HOSTILE_CA"])
BODY_LIMIT = 7 * 1024 * 1024


def tcp(address=(HOST, PORT)):
    s = socket.create_connection(address, timeout=PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def sent(s, data):
    """The connection, after as much of data as it takes: the server may have cut it already."""
    try:
        s.sendall(data)
    except OSError:
        pass
    return s


def tls():
    return CONTEXT.wrap_socket(tcp(), server_hostname=NAME)


def head(*headers, method="POST", path=PATH):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def request(body, *headers, content_type="application/json", **kw):
    body = body.encode() if isinstance(body, str) else body
    return head(f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers, **kw) + body


class Answers:
    """Reads one answer after the other from a connection."""

    def __init__(self, s):
        self.s = s
        self.have = b""

    def more(self):
        piece = self.s.recv(65536)
        if not piece:
            raise EOFError("the connection was closed")
        self.have += piece

    def next(self):
        while b"\r\n\r\n" not in self.have:
            self.more()
        top, self.have = self.have.split(b"\r\n\r\n", 1)
        lines = top.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = int(headers.get("content-length", "0"))
        while len(self.have) < length:
            self.more()
        body, self.have = self.have[:length], self.have[length:]
        return int(lines[0].split()[1]), headers, body


def ask(data):
    with tls() as s:
        s.sendall(data)
        return Answers(s).next()


def still_answers():
    status, _, body = ask(request(BODY))
    assert status == 200, (status, body)


def gone(s, tickle=b""):
    """The server ends the connection in time, however often the client sends a little."""
    end = time.monotonic() + PATIENCE
    s.settimeout(0.2)
    while time.monotonic() < end:
        try:
            if not s.recv(65536):
                return
        except (TimeoutError, ssl.SSLWantReadError):
            pass
        except OSError:
            return
        try:
            if tickle:
                s.sendall(tickle)
        except TimeoutError:
            pass
        except OSError:
            return
    raise AssertionError("the connection is still open")


def expect_status(answer, code, reason=None):
    status, headers, body = answer
    assert status == code, (status, body[:300])
    if reason:
        said = json.loads(body)
        assert headers["content-type"].startswith("application/json"), headers
        assert said["kind"] == "Status" and said["code"] == code, said
        assert said["reason"] == reason and said["message"], said


def expect_bad_request(answer):
    """400, as a Status of ours, or as the page of libmicrohttpd 1.0, which refuses some requests itself."""
    status, headers, body = answer
    if headers.get("content-type", "").startswith("application/json"):
        expect_status(answer, 400, "BadRequest")
    else:
        assert status == 400 and body.startswith(b"<html>"), (status, headers, body[:300])


# --- TLS ---------------------------------------------------------------------------------------------

def client_hello():
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = CONTEXT.wrap_bio(into, out, server_hostname=NAME)
    try:
        o.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def truncated_handshakes():
    hello = client_hello()
    for n in (0, 1, 5, 6, 40, len(hello) - 1, len(hello)):
        with tcp() as s:
            s.sendall(hello[:n])


def half_a_handshake_and_silence():
    with tcp() as s:
        s.sendall(client_hello()[:50])
        gone(s)


def noise_instead_of_tls():
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 70000, os.urandom(4096)):
        with tcp() as s:
            try:
                s.sendall(noise)
            except OSError:
                pass
            gone(s)


def noise_after_the_handshake():
    s = tls()
    raw = socket.socket(fileno=s.detach())
    raw.settimeout(PATIENCE)
    raw.sendall(b"\x17\x03\x03\x00\x40" + os.urandom(64))
    gone(raw)
    raw.close()


def old_versions_are_refused():
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        old = ssl.create_default_context(cafile=os.environ["HOSTILE_CA"])
        old.minimum_version = old.maximum_version = version
        try:
            old.set_ciphers("ALL:@SECLEVEL=0")
            with tcp() as s, old.wrap_socket(s, server_hostname=NAME) as t:
                raise AssertionError(t.version())
        except (ssl.SSLError, OSError):
            pass


def both_new_versions_work():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        c = ssl.create_default_context(cafile=os.environ["HOSTILE_CA"])
        c.minimum_version = c.maximum_version = version
        with tcp() as s, c.wrap_socket(s, server_hostname=NAME) as t:
            t.sendall(request(BODY))
            expect_status(Answers(t).next(), 200)


# --- bodies ------------------------------------------------------------------------------------------

def nested_brackets():
    status, _, _ = ask(request("[" * 100000))
    assert status in (200, 400), status
    status, _, _ = ask(request("[" * 100000 + "]" * 100000))
    assert status in (200, 400), status


def bad_json():
    for body in (b"", b"{", b"\xff\xfe", b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"a":1,"a":2}',
                 b'{"kind":"AdmissionReview","kind":"x"}', b"null", b"{}" * 1000, b"\0" * 1000,
                 b'{"a":1e99999}', b'"' + b"\\u0000" * 1000 + b'"', b"[" + b"0," * 600000 + b"0]"):
        status, _, _ = ask(request(body))
        assert status in (200, 400, 413), (body[:40], status)


def a_gibibyte_announced():
    expect_status(ask(head("Content-Type: application/json", f"Content-Length: {1 << 30}")),
                  413, "RequestEntityTooLarge")


def a_gibibyte_sent():
    with tls() as s:
        s.settimeout(PATIENCE)
        s.sendall(head("Content-Type: application/json", f"Content-Length: {1 << 30}"))
        for _ in range(16):
            s.sendall(b"[" * 65536)
        expect_status(Answers(s).next(), 413, "RequestEntityTooLarge")
        gone(s)


def invalid_lengths():
    for length in ("-5", "abc", "9" * 30, "1x", "", "+3", "0x10"):
        with tls() as s:
            s.sendall(head("Content-Type: application/json", f"Content-Length: {length}"))
            status, _, _ = Answers(s).next()
            assert status in (400, 413), (length, status)
            gone(s)


def ambiguous_framing():
    for extra in (("Content-Length: 2", "Content-Length: 3"),
                  ("Content-Length: 2", "Transfer-Encoding: chunked"),
                  ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
                  ("Transfer-Encoding: gzip",), ("Transfer-Encoding: chunked, identity",)):
        with tls() as s:
            s.sendall(head("Content-Type: application/json", *extra) + b"{}")
            expect_bad_request(Answers(s).next())
            gone(s)


def chunked():
    with tls() as s:
        half = len(BODY.encode()) // 2
        first, second = BODY.encode()[:half], BODY.encode()[half:]
        s.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked"))
        s.sendall(b"%x\r\n%s\r\n" % (len(first), first))
        s.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(second), second))
        expect_status(Answers(s).next(), 200)


def a_chunk_extension_is_ignored_or_refused():
    """libmicrohttpd 0.9.75 ignores it. 1.0.1 takes the end of its line for data and refuses the chunk; Go's client,
    which is the API server's, sends none."""
    body = BODY.encode()
    with tls() as s:
        s.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked"))
        s.sendall(b"%x;ext=1\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        answer = Answers(s).next()
        if answer[0] == 200:
            return
        expect_bad_request(answer)
        gone(s)


def chunked_and_a_little_too_long():
    with tls() as s:
        s.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        for _ in range(BODY_LIMIT // 65536 + 1):
            s.sendall(piece)
        s.sendall(b"0\r\n\r\n")
        expect_status(Answers(s).next(), 413, "RequestEntityTooLarge")


def endless_chunks():
    with tls() as s:
        s.settimeout(PATIENCE)
        s.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b"[" * 65536 + b"\r\n"
        try:
            for _ in range(1024):
                s.sendall(piece)
        except TimeoutError:
            raise
        except OSError:
            return
        raise AssertionError("it accepts 64 MiB")


def bad_chunks():
    for body in (b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n", b"5\r\nabcdefgh\r\n", b"\r\n\r\n", b";" * 20000):
        with tls() as s:
            s.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked") + body)
            gone(s)


def slow_body():
    with tls() as s:
        s.sendall(head("Content-Type: application/json", "Content-Length: 100000"))
        gone(s, b" ")


def half_a_body_and_silence():
    with tls() as s:
        s.sendall(head("Content-Type: application/json", "Content-Length: 100000") + b"{" * 100)
        gone(s)


# --- headers -----------------------------------------------------------------------------------------

def an_endless_header():
    with tls() as s:
        try:
            s.sendall(b"POST " + PATH.encode() + b" HTTP/1.1\r\nX-A: ")
            for _ in range(256):
                s.sendall(b"a" * 65536)
        except OSError:
            return
        gone(s)


def endless_headers():
    with tls() as s:
        try:
            s.sendall(b"POST " + PATH.encode() + b" HTTP/1.1\r\n")
            for i in range(100000):
                s.sendall(b"X-%d: b\r\n" % i)
        except OSError:
            return
        gone(s)


def an_endless_path():
    with tls() as s:
        try:
            s.sendall(b"POST /")
            for _ in range(256):
                s.sendall(b"a" * 65536)
        except OSError:
            return
        gone(s)


def slow_headers():
    with tls() as s:
        s.sendall(b"POST " + PATH.encode() + b" HTTP/1.1\r\nX-A: ")
        gone(s, b"a")


def slow_headers_on_a_proven_connection():
    with tls() as s:
        s.sendall(request(BODY))
        expect_status(Answers(s).next(), 200)
        time.sleep(1.5)  # for the server to see it idle
        s.sendall(b"POST " + PATH.encode())
        gone(s, b"a")


def malformed_requests():
    for text in (b"\r\n" * 1000, b"POST\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n",
                 b"POST " + PATH.encode() + b" HTTP/1.1\r\n\r\n",
                 b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\n: y\r\n nocolon\r\n\r\n",
                 b"A" * 100 + b" " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        with tls() as s:
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            gone(s)


def wrong_path_method_or_type():
    expect_status(ask(request(BODY, path="/nowhere")), 404, "NotFound")
    expect_status(ask(request(BODY, method="PUT")), 405, "MethodNotAllowed")
    assert "post" in ask(head(method="GET"))[1]["allow"]
    expect_status(ask(request(BODY, content_type="text/plain")), 415, "UnsupportedMediaType")
    expect_status(ask(head(f"Content-Length: {len(BODY)}") + BODY.encode()), 415, "UnsupportedMediaType")
    expect_status(ask(request(BODY, content_type="Application/JSON; charset=utf-8")), 200)


def a_refusal_keeps_the_connection():
    with tls() as s:
        a = Answers(s)
        s.sendall(request(BODY, path="/nowhere"))
        expect_status(a.next(), 404, "NotFound")
        s.sendall(request(BODY))
        expect_status(a.next(), 200)


# --- crowds ------------------------------------------------------------------------------------------

def hold(open_one, n, then=still_answers):
    held = []
    try:
        for _ in range(n):
            try:
                held.append(open_one())
            except OSError:
                pass  # cut already, to make room
        then()
        return [is_closed(s) for s in held]
    finally:
        for s in held:
            s.close()


def is_closed(s):
    s.setblocking(False)
    try:
        return not s.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def silent_connections():
    hold(tcp, IDLE)


def silent_connections_after_the_handshake():
    hold(tls, IDLE // 4)


def more_silent_connections_than_fit_and_the_oldest_go_first():
    closed = hold(tcp, IDLE * 2)
    assert closed == sorted(closed, reverse=True), closed


def client_hellos_and_silence():
    hello = client_hello()
    hold(lambda: sent(tcp(), hello), IDLE * 3 // 2)


def bodies_that_are_one_byte_short():
    body = b"[" * 65536
    hold(lambda: sent(tls(), request(body)[:-1]), 270)


def half_requests():
    hold(lambda: sent(tls(), request(BODY)[:-1]), IDLE * 11 // 10)


def large_answers_that_are_never_read():
    body = json.dumps("x" * 243000)

    def ask_only():
        s = tcp()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return sent(CONTEXT.wrap_socket(s, server_hostname=NAME), request(body))

    hold(ask_only, 1000)


# --- the plain port ----------------------------------------------------------------------------------

def probe():
    with tcp(PLAIN) as s:
        s.sendall(head(method="GET", path="/healthz"))
        expect_status(Answers(s).next(), 200)


def plain_half_requests_and_probes():
    for half in (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", request(b"12", method="GET", path="/healthz")[:-1],
                 request(b"12", method="POST", path="/healthz")[:-1]):
        hold(lambda half=half: sent(tcp(PLAIN), half), IDLE * 12 // 10, probe)


def plain_pages_that_are_never_read():
    hold(lambda: sent(tcp(PLAIN), head(method="GET", path="/metrics") * 100), 100, probe)


def an_answer_is_not_held_back():
    """The kernel holds back what is corked for 200 ms: see tls_io_flush() in src/server/tls_io.c."""
    with tls() as s:
        a = Answers(s)
        started = time.monotonic()
        for _ in range(100):
            s.sendall(request(BODY))
            expect_status(a.next(), 200)
        took = time.monotonic() - started
        assert took < 10, took


def pipelined():
    with tls() as s:
        s.sendall(request(BODY) * 50)
        a = Answers(s)
        for _ in range(50):
            expect_status(a.next(), 200)


def pipelined_and_never_read():
    with tls() as s:
        s.settimeout(PATIENCE)
        many = request(BODY) * 100
        try:
            for _ in range(2000):
                s.sendall(many)
        except TimeoutError:
            raise
        except OSError:
            return
        raise AssertionError("it buffers 200,000 answers for a client that does not read")


def hangs_up_early():
    for _ in range(50):
        with tls() as s:
            s.sendall(request(BODY))


def hangs_up_hard():
    for _ in range(50):
        s = tls()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.sendall(request(BODY))
        s.close()


TESTS = [v for k, v in list(globals().items()) if callable(v) and v.__module__ == "__main__" and k not in (
    "tcp", "tls", "head", "request", "Answers", "ask", "still_answers", "gone", "expect_status",
    "expect_bad_request", "client_hello", "hold", "sent", "is_closed", "probe")
         and (PLAIN[0] or not k.startswith("plain_"))]


def main():
    unknown = set(sys.argv[1:]) - {t.__name__ for t in TESTS}
    if unknown:
        sys.exit(f"no such test: {', '.join(sorted(unknown))}")
    chosen = [t for t in TESTS if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 3 * IDLE + 100
    if soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(want, hard), hard))
    print(f"1..{len(chosen)}")
    failed = 0
    for i, test in enumerate(chosen, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            still_answers()
            print(f"ok {i} {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print(f"not ok {i} {name}", flush=True)
    sys.exit(1 if failed else 0)


main()
