"""Read a whole capture as a test wants to see it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from leadapron.see.capture import Capture, open_capture


class Read(NamedTuple):
    """One packet as it came out."""

    number: int
    link_type: int
    time: int
    data: bytes


def read(source: Path | bytes) -> tuple[list[Read], Capture]:
    """All packets of a file, or of bytes given as a stream."""
    capture = open_capture(io.BytesIO(source) if isinstance(source, bytes) else source, "test")
    packets: list[Read] = []
    with capture:
        for batch in capture:
            assert batch.first_packet == len(packets) + 1
            assert 0 < len(batch) == len(batch.lengths)
            for offset, length in zip(batch.offsets, batch.lengths, strict=True):
                data = bytes(batch.buffer[offset : offset + length])
                assert len(data) == length
                packets.append(Read(len(packets) + 1, batch.link_type, batch.time(offset), data))
    assert capture.packets == len(packets)
    return packets, capture


def anomaly_names(capture: Capture) -> list[str]:
    return [anomaly.name for anomaly in capture.anomalies]
