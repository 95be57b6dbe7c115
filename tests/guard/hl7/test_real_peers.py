"""Real software through a running guard: client and server of the `hl7` library, in clear and by TLS on both sides."""

from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import hl7
import trustme
from hl7.client import MLLPClient
from hl7.mllp import start_hl7_server
from msgspec.structs import replace

from leadapron.guard.hl7 import Hl7Conversation
from leadapron.guard.tls import server_context
from leadapron.model.events import GuardDecision, Hl7Session
from leadapron.model.guard import Listener, Policy, Speech, Tls
from tests.guard.hl7.playbook import EVERYTHING, LISTENER, MARK, ORDERS, content_rules, message
from tests.guard.shell.lines import Standing, standing
from tests.guard.tls_files import write_authority, write_identity

LIMIT = 4 << 20


class Engine:
    """A receiver in a thread of its own: keeps the messages that came whole, acknowledges each."""

    def __init__(self, secured: ssl.SSLContext | None = None) -> None:
        self.messages: list[str] = []
        self.port = 0
        self._secured = secured
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await start_hl7_server(self._serve, "127.0.0.1", 0, limit=LIMIT, encoding="utf-8", ssl=self._secured)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: Any, writer: Any) -> None:
        try:
            while not reader.at_eof():
                received = await reader.readmessage()
                self.messages.append(str(received))
                writer.writemessage(received.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(5)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)


@contextmanager
def engine(secured: ssl.SSLContext | None = None) -> Iterator[Engine]:
    running = Engine(secured)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def guarded(port: int, *rules: Any, **more: Any) -> Iterator[Standing]:
    listener: Listener = replace(LISTENER, listen="127.0.0.1:0", upstream=(f"127.0.0.1:{port}",), **more)
    policy = Policy(listeners=(listener,), rules=rules, digest="d1")
    content = cache(content_rules)  # of the guard's own thread: made, used and forgotten there
    speakers = {Speech.HL7: lambda surroundings: Hl7Conversation(surroundings, content())}
    with standing(policy, speakers=speakers) as running:
        yield running
        running.call(lambda: (content.cache_clear(), gc.collect()))


def code(answer: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2, as the library reads them."""
    assert answer.startswith(b"\x0b")
    assert answer.endswith(b"\x1c\r")
    (msa,) = hl7.parse(answer[1:-2].decode()).segments("MSA")
    return str(msa[1]), str(msa[2])


def refused(client: MLLPClient, context: ssl.SSLContext) -> bool:
    """TLS 1.3 tells a client that shows no certificate only when it reads."""
    try:
        client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
        return bool(client.send_message(message()) == b"")
    except OSError:
        return True


def test_messages_and_answers() -> None:
    with engine() as pacs, guarded(pacs.port, ORDERS) as running:
        with MLLPClient("127.0.0.1", running.port("hl7")) as ris:
            ris.socket.settimeout(5)
            assert code(ris.send_message(message())) == ("AA", "7")
            assert code(ris.send_message(message("ADT^A08", identifier="8"))) == ("AR", "8")
            assert code(ris.send_message(message("ORU^R01", MARK, identifier="9"))) == ("AR", "9")
            assert code(ris.send_message(message("ORU^R01", identifier="10"))) == ("AA", "10")
        with MLLPClient("127.0.0.1", running.port("hl7")) as stranger:
            assert code(stranger.send_message(message(sender="EVIL"))) == ("AR", "7")
    assert pacs.messages == [message().decode(), message("ORU^R01", identifier="10").decode()]
    decisions = [event for event in running.events if isinstance(event, GuardDecision)]
    assert {(event.command, event.reason) for event in decisions if event.action != "allow"} == {
        ("ADT^A08", "no-rule"),
        ("ORU^R01", "content"),
        ("", "calling-title"),
    }
    (session,) = (event for event in running.events if isinstance(event, Hl7Session))
    assert [(row.message_type, row.acknowledgement) for row in session.traffic] == [
        ("ORM^O01", ""),
        ("ACK^O01", "AA"),
        ("ORU^R01", ""),
        ("ACK^R01", "AA"),
    ]


def test_a_long_message_refused_late_is_kept_by_nobody() -> None:
    long = message("ORU^R01", "OBX|1|TX|||" + "x" * 1_500_000, MARK)
    with engine() as pacs, guarded(pacs.port, ORDERS) as running:
        with MLLPClient("127.0.0.1", running.port("hl7")) as ris:
            ris.socket.settimeout(5)
            ris.socket.sendall(b"\x0b" + long + b"\x1c\r")
            assert code(ris.socket.recv(4096)) == ("AR", "7")
        with MLLPClient("127.0.0.1", running.port("hl7")) as ris:
            ris.socket.settimeout(5)
            clean = long.replace(MARK.encode(), b"clean")
            ris.socket.sendall(b"\x0b" + clean + b"\x1c\r")
            assert code(ris.socket.recv(4096)) == ("AA", "7")
    assert pacs.messages == [clean.decode()]


def test_tls_on_either_side_costs_the_engines_nothing(tmp_path: Path) -> None:
    ca = trustme.CA()
    authority = write_authority(ca, tmp_path / "ca.pem")
    front = replace(write_identity(ca, tmp_path, "guard"), authorities=authority)
    behind = Tls(authorities=authority, name="pacs.example.org")
    pacs_context = server_context(write_identity(ca, tmp_path, "pacs", "pacs.example.org"))
    rule = replace(EVERYTHING, certificates=("CN=ris",))
    with engine(pacs_context) as pacs, guarded(pacs.port, rule, tls=front, upstream_tls=behind) as running:
        context = ssl.create_default_context(cafile=authority)
        identity = write_identity(ca, tmp_path, "ris", "ris.example.org")
        context.load_cert_chain(identity.certificate, identity.key)
        with MLLPClient("127.0.0.1", running.port("hl7")) as ris:
            ris.socket.settimeout(5)
            ris.socket = context.wrap_socket(ris.socket, server_hostname="localhost")
            assert code(ris.send_message(message())) == ("AA", "7")
        with MLLPClient("127.0.0.1", running.port("hl7")) as nobody:
            nobody.socket.settimeout(5)
            assert refused(nobody, ssl.create_default_context(cafile=authority))
    assert pacs.messages == [message().decode()]


def test_an_engine_that_is_away_is_told_of() -> None:
    with engine() as pacs:
        port = pacs.port
    with guarded(port, ORDERS) as running, MLLPClient("127.0.0.1", running.port("hl7")) as ris:
        assert code(ris.send_message(message())) == ("AR", "7")
