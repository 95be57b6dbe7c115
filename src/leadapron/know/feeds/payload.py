"""What a snapshot holds: the facts of one feed, as compressed JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

import msgspec
import zstandard

from leadapron.model.advisories import Advisory, Feed, Knowledge, Lifecycle
from leadapron.model.errors import SourceError

MAX_PAYLOAD = 256 << 20
"""Bytes of decompressed JSON; the whole of EPSS takes 12 MB."""

_MAX_WINDOW = 1 << 27

_DECODER = msgspec.json.Decoder(Knowledge)


def pack(payload: Knowledge) -> bytes:
    """The facts of one feed, without feeds of its own; equal facts give equal bytes."""
    plain = msgspec.json.encode(msgspec.structs.replace(payload, feeds=()), order="deterministic")
    return zstandard.ZstdCompressor(level=9, write_checksum=True).compress(plain)


def unpack(data: bytes, name: str) -> Knowledge:
    """The facts in `data`; SourceError when it is damaged, too long, or of another make."""
    plain = bytearray()
    try:
        for piece in zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).read_to_iter(data):
            plain += piece
            if len(plain) > MAX_PAYLOAD:
                break
    except (zstandard.ZstdError, MemoryError) as error:
        raise SourceError(f"{name}: damaged ({error})") from error
    if len(plain) > MAX_PAYLOAD:
        raise SourceError(f"{name}: more than {MAX_PAYLOAD >> 20} MB when unpacked; refused")
    try:
        return msgspec.structs.replace(_DECODER.decode(plain), feeds=())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{name}: not a snapshot of this program ({error})") from error


def count(payload: Knowledge) -> int:
    """Records of a payload, of whatever kind."""
    return len(payload.advisories) + len(payload.exploited) + len(payload.epss) + len(payload.lifecycles)


def age_order(feed: Feed) -> tuple[date, datetime]:
    """Sorts feeds by how new what they say is; of equals, the one read last wins."""
    return feed.as_of or date.min, feed.fetched or datetime.min.replace(tzinfo=UTC)


def newest(*sources: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """One advisory an identifier and publisher: the last updated; of equals, the curated, then the later source.

    Another publisher's document of the same identifier is no newer edition: both are kept, and the worse one counts.
    """
    best: dict[tuple[str, str], Advisory] = {}
    for source in sources:
        for advisory in source:
            name = advisory.id, advisory.publisher
            held = best.get(name)
            if held is None or (advisory.updated, advisory.curated) >= (held.updated, held.curated):
                best[name] = advisory
    return tuple(best.values())


def by_product(*sources: Iterable[Lifecycle]) -> tuple[Lifecycle, ...]:
    """One lifecycle a product: that of the later source. A file on one product must not hide the others."""
    return tuple({lifecycle.product: lifecycle for source in sources for lifecycle in source}.values())
