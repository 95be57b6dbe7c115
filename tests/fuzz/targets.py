"""What is fuzzed: one target per parser, each a function of bytes that says what came of them.

A target returns the kinds of what it produced (event kinds, anomaly names), so that a mutation that reached
something new can be kept. It raises for one reason only: the parser broke a promise.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from leadapron.model.errors import SourceError
from leadapron.model.events import Anomaly, Event, Service
from leadapron.see.capture import open_capture
from leadapron.see.capture.batch import LATEST
from leadapron.see.wire.dissector import DatagramProtocol, Dissector, Match, Side
from leadapron.see.wire.engine import Engine
from leadapron.see.wire.protocols import DATAGRAM_PROTOCOLS, STREAM_PROTOCOLS
from tests.fuzz import (
    advisories,
    associations,
    departments,
    documents,
    feeds,
    forms,
    hl7_messages,
    matching,
    objects,
    policies,
    procedures,
    segmentation,
)
from tests.fuzz.inputs import LINK_TYPES, chunks, pack_chunks, pack_script, script
from tests.fuzz.openings import OPENINGS
from tests.fuzz.seeds import MAX_SEED, PACKETS_PER_SEED, Corpus, thinned
from tests.see.capture.builder import START, Frame, frames, pcap, pcapng
from tests.see.wire.playbook import datagram, play, recognised

Outcome = frozenset[str]

PLAIN_OUTPUT = 64 * 1024
OUTPUT_PER_BYTE = 256
"""Encoded events may be at most so much longer than the bytes they came from."""


SEED_PORTS = {Service.MDNS: {53, 5353}, Service.LLMNR: {53, 5355}}
"""Protocols that share the format of DNS, and so its seeds."""


class Target(NamedTuple):
    """One parser: how to run it, and what sound input looks like."""

    name: str
    run: Callable[[bytes], Outcome]
    seeds: Callable[[Corpus], list[bytes]]


def outcome(events: Iterable[Event], data: bytes) -> Outcome:
    """Events must encode, and not be far longer than their cause."""
    encoder = msgspec.json.Encoder()
    kinds, size = set(), 0
    for event in events:
        size += len(encoder.encode(event))
        kinds.add(event.name if isinstance(event, Anomaly) else type(event).__name__)
    assert size <= PLAIN_OUTPUT + OUTPUT_PER_BYTE * len(data), f"{size} bytes of events from {len(data)} bytes"
    return frozenset(kinds)


# ---------------------------------------------------------------- capture files
def read_capture(data: bytes) -> Outcome:
    """All packets lie in their buffers, none overlap, and every time fits."""
    try:
        capture = open_capture(io.BytesIO(data), "fuzz")
    except SourceError as refused:
        return frozenset({str(refused).split(":")[0][:40]})
    packets = 0
    for batch in capture:
        end = 0
        for offset, length in zip(batch.offsets, batch.lengths, strict=True):
            assert end <= offset
            end = offset + length
            assert end <= len(batch.buffer)
            assert 0 <= batch.time(offset) <= LATEST
        packets += len(batch)
    assert packets == capture.packets
    assert 0 <= capture.truncated <= packets
    return frozenset(anomaly.name for anomaly in capture.anomalies) | {f"complete {capture.complete}"}


def _capture_seeds(corpus: Corpus) -> list[bytes]:
    made = [write(frames(20), order=order) for write in (pcap, pcapng) for order in "<>"]
    packets = [Frame(data, START + n * 1_000) for n, (_, data) in enumerate(corpus.packets[:20])]
    return [*made, pcap(packets), pcapng(packets)]


# ---------------------------------------------------------------- protocols over TCP
def _stream_target(protocol: type[Dissector]) -> Target:
    def run(data: bytes) -> Outcome:
        said = script(data)
        for side, head in [each for each in said[:2] if each[1]]:  # streams show no empty heads
            assert recognised(protocol, side, head) in Match
            assert protocol.recognise_midstream(side, head) in Match
        return outcome(play(protocol, said), data)

    def seeds(corpus: Corpus) -> list[bytes]:
        scripts = (*OPENINGS, *(said.script for said in corpus.connections))
        return thinned(pack_script(said) for said in scripts if _begins(protocol, said))

    return Target(protocol.__name__.removesuffix("Dissector").lower(), run, seeds)


def _begins(protocol: type[Dissector], said: tuple[tuple[Side, bytes], ...]) -> bool:
    return any(protocol.recognise(side, head) is Match.YES for side, head in said[:2] if head)


# ---------------------------------------------------------------- protocols over UDP
def _datagram_target(protocol: DatagramProtocol) -> Target:
    def run(data: bytes) -> Outcome:
        kinds: set[str] = set()
        for port in protocol.ports:
            for ports in ((50_000, port), (port, 50_000)):
                events = protocol.dissect(datagram(data, *ports))
                kinds |= {"other"} if events is None else outcome(events, data)
        return frozenset(kinds)

    def seeds(corpus: Corpus) -> list[bytes]:
        return thinned(
            sent.payload
            for sent in corpus.datagrams
            if not SEED_PORTS.get(protocol.service, {*protocol.ports}).isdisjoint(
                (sent.source_port, sent.destination_port)
            )
        )

    return Target(f"udp-{protocol.service}", run, seeds)


# ---------------------------------------------------------------- the whole engine
def run_engine(data: bytes) -> Outcome:
    """A byte for the link type, then packets; a packet's flag says that an hour has passed before it."""
    link_type = LINK_TYPES[data[0] % len(LINK_TYPES)] if data else LINK_TYPES[0]
    packets, now = [], START
    for late, packet in chunks(data[1:]):
        now += 3_600_000_000_000 if late else 1_000_000
        packets.append(Frame(packet, now))
    events: list[Event] = []
    engine = Engine("fuzz", events.append, b"fuzz")
    for batch in open_capture(io.BytesIO(pcap(packets, nano=True, link_type=link_type)), "fuzz"):
        engine.feed(batch)
    engine.finish()
    return outcome(events, data) | frozenset(engine.context.undecodable)


def _engine_seeds(corpus: Corpus) -> list[bytes]:
    return thinned(_packet_seeds(corpus.packets))


def _packet_seeds(packets: tuple[tuple[int, bytes], ...]) -> Iterator[bytes]:
    for start in range(0, len(packets), PACKETS_PER_SEED):
        run = packets[start : start + PACKETS_PER_SEED]
        link_type = run[0][0]
        if link_type in LINK_TYPES:
            some = [(False, data[:MAX_SEED]) for kind, data in run if kind == link_type]
            yield bytes([LINK_TYPES.index(link_type)]) + pack_chunks(some)


# ---------------------------------------------------------------- documents, knowledge, answers
def _known_seeds(seeds: Iterable[bytes]) -> Callable[[Corpus], list[bytes]]:
    """Seeds that stand in the tests instead of the captures."""
    return lambda corpus: list(seeds)


READERS: tuple[Target, ...] = tuple(
    Target(name, run, _known_seeds(seeds))
    for name, run, seeds in (
        *advisories.targets(),
        *feeds.FEED_PARSERS,
        *matching.targets(),
        *documents.targets(),
        *forms.targets(),
        *procedures.targets(),
        *segmentation.targets(),
        *departments.targets(),
        *policies.targets(),
        *objects.targets(),
        *associations.targets(),
        *hl7_messages.targets(),
    )
)

TARGETS: tuple[Target, ...] = (
    Target("capture", read_capture, _capture_seeds),
    *(_stream_target(protocol) for protocol in STREAM_PROTOCOLS),
    *(_datagram_target(protocol) for protocol in DATAGRAM_PROTOCOLS),
    Target("engine", run_engine, _engine_seeds),
    *READERS,
)
