"""Drive one dissector as the stream layer does, from a script of (side, bytes), cut in any way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from leadapron.model.events import Anomaly, Endpoint, Event
from leadapron.see.wire.dissector import STOP, Datagram, Dissector, Match, Side

T0 = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CLIENT, SERVER = Side.CLIENT, Side.SERVER


class ScriptedConversation:
    """A conversation whose clock stands still."""

    def __init__(self) -> None:
        self.client = Endpoint(ip="192.0.2.1", port=50000, mac="02:00:00:00:00:01")
        self.server = Endpoint(ip="192.0.2.2", port=11112, mac="02:00:00:00:00:02")
        self.uid = "0123456789abcdef"
        self.sensor = "script"
        self.start = T0
        self.packet = 1
        self.events: list[Event] = []
        self.swapped = False
        self._anomalies: dict[str, int] = {}

    def now(self) -> datetime:
        return T0

    def current_packet(self) -> int:
        return 1

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def anomaly(self, name: str, detail: str = "") -> None:
        self._anomalies[name] = self._anomalies.get(name, 0) + 1

    def swap_sides(self) -> None:
        self.swapped = not self.swapped
        self.client, self.server = self.server, self.client

    def pseudonym(self, value: str) -> str:
        return hashlib.blake2b(value.encode(), digest_size=8).hexdigest()

    @property
    def all_events(self) -> list[Event]:
        """Events plus the anomalies, in order of name."""
        return self.events + [
            Anomaly(ts=T0, sensor=self.sensor, packet=1, name=name, count=1) for name in sorted(self._anomalies)
        ]


def play(
    dissector_class: type[Dissector],
    script: Iterable[tuple[Side, bytes]],
    cut: int | Sequence[int] | None = None,
) -> list[Event]:
    """Events of a script. `cut`: None = as given, n = pieces of n bytes, sequence = piece sizes used in rotation."""
    conversation = ScriptedConversation()
    dissector = dissector_class(conversation)
    pending = {CLIENT: b"", SERVER: b""}
    skip = {CLIENT: 0, SERVER: 0}
    for side, data in script:
        for piece in _pieces(data, cut):
            if skip[side] >= len(piece):
                skip[side] -= len(piece)
                continue
            fresh = piece[skip[side] :]
            skip[side] = 0
            given = pending[side] + fresh
            used = dissector.feed(side, given)
            assert used >= 0
            skip[side] = max(0, used - len(given))
            pending[side] = given[used:] if used < len(given) else b""
            if len(pending[side]) > dissector_class.max_pending:
                conversation.anomaly("stream.pending-limit")
                pending[side], skip[side] = b"", STOP
    dissector.close()
    return conversation.all_events


def recognised(dissector_class: type[Dissector], side: Side, data: bytes) -> Match:
    """What the recogniser says of these bytes once no more come."""
    return dissector_class.recognise(side, data)


def datagram(payload: bytes, source_port: int, destination_port: int) -> Datagram:
    """A UDP payload from the scripted client to the scripted server."""
    return Datagram(
        source=Endpoint(ip="192.0.2.1", port=source_port, mac="02:00:00:00:00:01"),
        destination=Endpoint(ip="192.0.2.2", port=destination_port, mac="02:00:00:00:00:02"),
        payload=payload,
        ts=T0,
        packet=1,
        sensor="script",
        pseudonym=lambda value: hashlib.blake2b(value.encode(), digest_size=8).hexdigest(),
    )


def _pieces(data: bytes, cut: int | Sequence[int] | None) -> Iterable[bytes]:
    if cut is None:
        yield data
        return
    sizes = [cut] if isinstance(cut, int) else [size for size in cut if size > 0] or [1]
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        yield data[position : position + size]
        position, turn = position + size, turn + 1
