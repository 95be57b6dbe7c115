"""The contract between where packets come from and what reads them: some thousand packets of one link type."""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from typing import TypeAlias

Buffer: TypeAlias = bytes | mmap.mmap

BATCH_PACKETS = 16_384
"""Packets per batch: enough that the cost per batch vanishes, few enough that a batch stays a few megabytes."""

MAX_RECORD = 256 * 1024
"""Captured bytes of one packet; Wireshark writes no more, so a longer record is corrupt or hostile."""

LATEST = 2**63 - 1
"""Nanoseconds since the epoch that still fit every store (year 2262); later times are broken clocks."""


class Batch(ABC):
    """Packets of one link type that lie in one buffer.

    Only places and lengths are known; a packet's time stays in its record header until someone asks for it.
    """

    __slots__ = ("buffer", "first_packet", "lengths", "link_type", "offsets")

    link_type: int
    """pcap LINKTYPE of every packet."""
    first_packet: int
    """Number of the first packet in its capture, from 1."""
    buffer: Buffer
    offsets: list[int]
    """Start of each packet's captured bytes in `buffer`."""
    lengths: list[int]
    """Captured bytes of each packet (its snap length applied)."""

    def __init__(
        self, link_type: int, first_packet: int, buffer: Buffer, offsets: list[int], lengths: list[int]
    ) -> None:
        self.link_type = link_type
        self.first_packet = first_packet
        self.buffer = buffer
        self.offsets = offsets
        self.lengths = lengths

    def __len__(self) -> int:
        return len(self.offsets)

    @abstractmethod
    def time(self, offset: int) -> int:
        """Nanoseconds since the epoch (0 … `LATEST`) of the packet whose captured bytes start at `offset`."""
