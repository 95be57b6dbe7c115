"""TLS on either side of the guard."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from msgspec.structs import replace

from leadapron.guard.tls import client_context, server_context
from leadapron.model.guard import Limits, Tls
from tests.guard.shell.lines import echo_server, lines_of, policy_of, standing, surroundings_of
from tests.guard.tls_files import write_authority, write_identity


@contextmanager
def dialled(port: int, tls: Tls) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        client_context(tls).wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        yield secured


@contextmanager
def secured_server(tls: Tls) -> Iterator[str]:
    """Answers what it is sent, by TLS; one connection after another."""
    context = server_context(tls)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    plain, _ = server.accept()
                except OSError:
                    return
                try:
                    with plain, context.wrap_socket(plain, server_side=True) as sock:
                        while data := sock.recv(1 << 16):
                            sock.sendall(data)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_both_sides_in_tls_and_the_clients_names_are_known(tmp_path: Path) -> None:
    ca = trustme.CA()
    authority = write_authority(ca, tmp_path / "ca.pem")
    front = replace(write_identity(ca, tmp_path, "guard"), authorities=authority)
    device = replace(write_identity(ca, tmp_path, "ct1", "ct1.example.org"), authorities=authority)
    archive = write_identity(ca, tmp_path, "archive")
    sent = b"".join(b"%07d\n" % number for number in range(30_000))
    with (
        secured_server(archive) as upstream,
        standing(policy_of(upstream, tls=front, upstream_tls=Tls(authorities=authority))) as stands,
        dialled(stands.port(), device) as client,
    ):
        writer = threading.Thread(target=lambda: client.sendall(sent))
        writer.start()
        received = bytearray()
        while len(received) < len(sent):
            received += client.recv(1 << 16)
        writer.join()
        assert bytes(received) == sent
        names = surroundings_of[-1].peer.certificates
    assert {"CN=ct1", "ct1.example.org"} < set(names)


def test_who_shows_no_certificate_stays_out(tmp_path: Path) -> None:
    ca = trustme.CA()
    authority = write_authority(ca, tmp_path / "ca.pem")
    front = replace(write_identity(ca, tmp_path, "guard"), authorities=authority)
    before = len(surroundings_of)
    with standing(policy_of("127.0.0.1:1", tls=front)) as stands:
        try:
            with dialled(stands.port(), Tls(authorities=authority)) as client:
                client.sendall(b"hello\n")
                assert lines_of(client, 1) == []
        except (ssl.SSLError, ConnectionResetError):  # the alert: certificate required
            pass
    assert len(surroundings_of) == before


def test_who_speaks_no_tls_or_nothing_is_let_go(tmp_path: Path) -> None:
    ca = trustme.CA()
    front = write_identity(ca, tmp_path, "guard")
    with standing(policy_of("127.0.0.1:1", tls=front, limits=Limits(handshake=0.3))) as stands:
        for said in (b"\x01\0\0\0\0\xcd" + bytes(205), b"", b"\x16\x03\x01\x40\x00\x01"):
            with socket.create_connection(("127.0.0.1", stands.port()), timeout=5) as client:
                client.sendall(said)
                try:
                    while client.recv(1000):
                        pass
                except ConnectionResetError:
                    pass
    assert stands.guard.counters.active["front"] == 0


def test_an_upstream_that_cannot_prove_itself_is_not_spoken_to(tmp_path: Path) -> None:
    ca, stranger = trustme.CA(), trustme.CA()
    authority = write_authority(ca, tmp_path / "ca.pem")
    false = write_identity(stranger, tmp_path, "false")
    right = write_identity(ca, tmp_path, "right")
    other = write_identity(ca, tmp_path, "other", "somewhere.else")
    with (
        secured_server(false) as first,
        secured_server(other) as second,
        echo_server() as third,
        secured_server(right) as fourth,
        standing(policy_of(first, second, third, fourth, upstream_tls=Tls(authorities=authority))) as stands,
        socket.create_connection(("127.0.0.1", stands.port()), timeout=10) as client,
    ):
        client.sendall(b"hello\n")
        assert lines_of(client, 1) == [b"hello"]
        assert set(stands.guard.counters.upstream_failures) == {first, second, third}
