"""What every dissector must survive: any bytes, real messages bent out of shape, and any way of cutting them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from hypothesis import strategies as st

from leadapron.model.events import Event
from leadapron.see.wire.dissector import Datagram, Dissector, Match, Side
from tests.see.wire.playbook import datagram, play

Script = list[tuple[Side, bytes]]


def mutated(messages: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """A real message with a few bytes changed and its end cut off or extended, or nothing but chance."""

    @st.composite
    def bend(draw: st.DrawFn) -> bytes:
        message = bytearray(draw(st.sampled_from(messages)))
        for _ in range(draw(st.integers(0, 4))):
            if message:
                message[draw(st.integers(0, len(message) - 1))] = draw(st.integers(0, 255))
        end = draw(st.integers(0, len(message))) if draw(st.booleans()) else len(message)
        return bytes(message[:end]) + draw(st.binary(max_size=24))

    return st.sampled_from(messages) | bend() | st.binary(max_size=120)


def scripts(*real: Script) -> st.SearchStrategy[Script]:
    """Up to eight turns made of the messages of real conversations."""
    messages = sorted({data for script in real for _, data in script})
    turn = st.tuples(st.sampled_from(Side), mutated(messages))
    return st.sampled_from(real) | st.lists(turn, max_size=8)


def check_stream(dissector: type[Dissector], script: Script, cut: int) -> None:
    """Never raises, says the same however the bytes were cut, and what it says can be written down."""
    events = play(dissector, script)
    assert play(dissector, script, cut=1) == events
    assert play(dissector, script, cut=[cut, 1, 64]) == events
    encoded(events)
    for side, data in script:
        for size in (1, cut, len(data)):
            assert dissector.recognise(side, data[:size]) in Match
            assert dissector.recognise_midstream(side, data[:size]) in Match


def check_datagram(
    dissect: Callable[[Datagram], list[Event] | None], payload: bytes, source_port: int, destination_port: int
) -> None:
    """Never raises, and what it says can be written down."""
    encoded(dissect(datagram(payload, source_port, destination_port)) or [])


def encoded(events: Sequence[Event]) -> bytes:
    """Events as they are kept, to search for what must not be in them."""
    return msgspec.json.encode(list(events))


FOREIGN = {
    "HTTP": b"GET /studies HTTP/1.1\r\nHost: pacs\r\n\r\n",
    "HTTP response": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "DICOM request": bytes.fromhex("0100000000cd00010000") + b"STORESCP        ECHOSCU         " + bytes(32),
    "DICOM accept": bytes.fromhex("0200000000b800010000") + b"STORESCP        ECHOSCU         " + bytes(32),
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(64)),
    "HL7": b"\x0bMSH|^~\\&|RIS|HOSP|PACS|HOSP|20261124||ORM^O01|1|P|2.5\r\x1c\r",
    "POP3": b"+OK POP3 ready\r\n",
    "S7comm": bytes.fromhex("0300001611e00000000100c1020100c2020102c0010a"),
}
"""Openings of protocols that others must not take for theirs."""


def recognises_foreign(dissector: type[Dissector]) -> list[str]:
    """Which foreign openings a dissector would take for its own."""
    return [
        name
        for name, head in FOREIGN.items()
        for side in Side
        if dissector.recognise(side, head) is Match.YES or dissector.recognise_midstream(side, head) is Match.YES
    ]
