"""Real servers on loopback: HTTPS with a certificate of a test authority, and a proxy that speaks CONNECT."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Handler = BaseHTTPRequestHandler
Answer = bytes | Callable[[Handler], None]
"""A body, or whatever the server does instead."""


class Site(ThreadingHTTPServer):
    """Serves `tree` (path → answer) and notes what was asked. The tree may change between requests."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext, tree: Mapping[str, Answer]) -> None:
        self.context = context
        self.tree = dict(tree)
        self.asked: list[str] = []
        self.sent: list[Mapping[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """TLS is spoken in the thread of the connection, so that a slow client delays no other."""
        request.settimeout(5)
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.sent.append(dict(self.headers.items()))
        answer = self.server.tree.get(self.path)
        if answer is None:
            reply(self, 404, b"no such page")
        elif isinstance(answer, bytes):
            reply(self, 200, answer)
        else:
            answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


def reply(handler: Handler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


def redirect(target: str) -> Answer:
    return lambda handler: reply(handler, 302, Location=target)


def cut(handler: Handler) -> None:
    """Promises more than it sends, then hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """A byte now and then, for ever: each comes in time, the whole never does."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    with suppress(OSError):
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            threading.Event().wait(0.1)
    handler.close_connection = True


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def site(context: ssl.SSLContext, tree: Mapping[str, Answer]) -> Iterator[Site]:
    server = Site(context, tree)
    with running(server):
        yield server


class _Connecting(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        if self.server.refuse:
            self.send_error(self.server.refuse)
            return
        port = int(self.path.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
            back.start()
            _pump(self.connection, upstream)
            back.join(5)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Proxy(ThreadingHTTPServer):
    """A forward proxy: opens a tunnel wherever it is asked to, always to loopback, and notes where."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, refuse: int = 0) -> None:
        self.asked: list[str] = []
        self.refuse = refuse
        super().__init__(("127.0.0.1", 0), _Connecting)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""
