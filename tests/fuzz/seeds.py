"""The seed corpus: slices of the bundled captures, taken apart by the engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import leadapron
from leadapron.model.errors import SourceError
from leadapron.model.events import Event, Service
from leadapron.see.capture import find_captures, open_capture
from leadapron.see.wire.dissector import STOP, Conversation, Datagram, DatagramProtocol, Dissector, Match, Side
from leadapron.see.wire.engine import Engine

CAPTURES = Path(leadapron.__file__).parent / "content" / "captures"

MAX_SEED = 4_096
"""Bytes of one seed: short inputs are mutated to more purpose."""
MAX_SEEDS = 400
PACKETS_PER_SEED = 12


class Said(NamedTuple):
    """The start of one connection."""

    script: tuple[tuple[Side, bytes], ...]


class Sent(NamedTuple):
    """One datagram."""

    source_port: int
    destination_port: int
    payload: bytes


class Corpus(NamedTuple):
    """What the captures hold, in order of appearance."""

    connections: tuple[Said, ...]
    datagrams: tuple[Sent, ...]
    packets: tuple[tuple[int, bytes], ...]
    """Link type and bytes."""


@cache
def corpus() -> Corpus:
    """Seeds of all bundled captures; empty where there are none."""
    scripts: list[list[tuple[Side, bytes]]] = []
    datagrams: list[Sent] = []
    packets: list[tuple[int, bytes]] = []
    for path in _captures():
        engine = Engine("seeds", lambda event: None, b"seeds", (_recorder(scripts),), (_tap(datagrams),))
        with open_capture(path, path.name) as capture:
            for batch in capture:
                engine.feed(batch)
                for offset, length in zip(batch.offsets, batch.lengths, strict=True):
                    packets.append((batch.link_type, bytes(batch.buffer[offset : offset + length])))
        engine.finish()
    said = dict.fromkeys(Said(tuple(script)) for script in scripts if script)
    return Corpus(tuple(said), tuple(dict.fromkeys(datagrams)), tuple(packets))


def _captures() -> list[Path]:
    try:
        return find_captures(CAPTURES)
    except SourceError:
        return []


def _recorder(scripts: list[list[tuple[Side, bytes]]]) -> type[Dissector]:
    """A protocol that recognises everything and writes down how it began."""

    class Recorder(Dissector):
        service = Service.UNKNOWN

        def __init__(self, conversation: Conversation) -> None:
            super().__init__(conversation)
            self.script: list[tuple[Side, bytes]] = []
            self.rest = MAX_SEED
            scripts.append(self.script)

        @classmethod
        def recognise(cls, side: Side, head: bytes) -> Match:
            return Match.YES

        def feed(self, side: Side, data: bytes) -> int:
            if self.rest <= 0:
                return STOP
            self.script.append((side, bytes(data[: self.rest])))
            self.rest -= len(data)
            return len(data)

        def close(self) -> None:
            pass

    return Recorder


def _tap(datagrams: list[Sent]) -> DatagramProtocol:
    def dissect(datagram: Datagram) -> list[Event] | None:
        sent = Sent(datagram.source.port, datagram.destination.port, bytes(datagram.payload[:MAX_SEED]))
        datagrams.append(sent)
        return []

    return DatagramProtocol(service=Service.UNKNOWN, ports=tuple(range(65_536)), dissect=dissect)


def thinned(seeds: Iterator[bytes]) -> list[bytes]:
    """At most `MAX_SEEDS`, spread evenly."""
    every = list(dict.fromkeys(seeds))
    return every[:: max(1, -(-len(every) // MAX_SEEDS))]
