"""HL7 v2 over MLLP through the same guard, between a client and a server of the `hl7` package."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leadapron.model.events import GuardDecision, Hl7Session
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import listener

hl7 = pytest.importorskip("hl7", reason="the hl7 package is not installed")
mllp = pytest.importorskip("hl7.mllp")

pytestmark = pytest.mark.enable_socket

RULES = """
[[rule]]
name = "orders"
from = "127.0.0.1"
calling = "RIS"
called = "PACS"
allow = "message"
messages = ["ORM^O01", "ADT^A08"]
"""


def message(kind: str, number: int, sender: str = "RIS") -> str:
    patient = "PID|1||CANARYID42||CANARYNAME^ANNA||19010203|F|||1 CANARY STREET"
    head = f"MSH|^~\\&|{sender}|RADIOLOGY|PACS|ARCHIVE|20261124080000||{kind}|{number}|P|2.5.1"
    return "\r".join((head, patient, "OBR|1|CANARYACC7|||||20261124")) + "\r"


class Receiver:
    """Takes every message and says so."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[str] = []
        self.standing, self.stop = threading.Event(), asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        self.loop = asyncio.get_running_loop()
        async with await mllp.start_hl7_server(self._serve, host="127.0.0.1", port=0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.standing.set()
            await self.stop.wait()

    async def _serve(self, reader: mllp.HL7StreamReader, writer: mllp.HL7StreamWriter) -> None:
        try:
            while True:
                heard = await reader.readmessage()
                self.heard.append(str(heard))
                writer.writemessage(heard.create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=lambda: asyncio.run(receiver.run()))
    thread.start()
    assert receiver.standing.wait(10)
    try:
        yield receiver
    finally:
        assert receiver.loop is not None
        receiver.loop.call_soon_threadsafe(receiver.stop.set)
        thread.join(10)


async def send(port: int, *messages: str) -> list[str]:
    """The code of each answer (MSA-1)."""
    reader, writer = await mllp.open_hl7_connection("127.0.0.1", port)
    codes = []
    for each in messages:
        writer.writemessage(hl7.parse(each))
        await writer.drain()
        answer = await reader.readmessage()
        assert str(answer.segment("MSA")[2]) == str(hl7.parse(each).segment("MSH")[10])
        codes.append(str(answer.segment("MSA")[1]))
    writer.close()
    await writer.wait_closed()
    return codes


def test_messages_pass_and_others_are_refused_in_hl7(start_guard: StartGuard) -> None:
    with receiving() as receiver:
        guard = start_guard(listener("orders", receiver.port, speaks="hl7") + RULES)
        with guard.watched() as seen:
            asked = [message("ORM^O01^ORM_O01", 1), message("ADT^A08", 2), message("ADT^A40", 3), message("ORM^O01", 4)]
            assert asyncio.run(send(guard.port("orders"), *asked)) == ["AA", "AA", "AR", "AA"]
            assert asyncio.run(send(guard.port("orders"), message("ORM^O01", 5, sender="EVIL"))) == ["AR"]
            refused = seen(GuardDecision, 2, lambda event: event.action == "deny")
            assert seen(Hl7Session)
        assert receiver.heard == [asked[0], asked[1], asked[3]]
    assert [(event.command, event.reason) for event in refused] == [("ADT^A40", "no-rule"), ("", "calling-title")]
