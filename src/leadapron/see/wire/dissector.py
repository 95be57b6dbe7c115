"""The contract between byte streams and protocol dissectors: bytes in, events out, no input or output.

A dissector sees one connection. `feed` is given all bytes not yet consumed of one side and says how many it has
consumed; what it leaves is presented again, longer. It may consume more than it was given: the surplus is skipped
by arithmetic and need not even have been captured. Hostile bytes never raise; they become anomalies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from leadapron.model.events import Endpoint, Event, Service

STOP = 0x7000_0000
"""Consume this many bytes: nothing more is wanted from this side (sequence numbers wrap at twice as much)."""


class Side(IntEnum):
    """Who sent the bytes. The client opened the connection (or, mid-stream, behaves as if it had)."""

    CLIENT = 0
    SERVER = 1

    @property
    def other(self) -> Side:
        return _OTHER[self]


_OTHER = (Side.SERVER, Side.CLIENT)


class Match(IntEnum):
    """Answer of a recogniser to the first bytes of a stream."""

    NO = 0
    MORE = 1
    YES = 2


class Conversation(Protocol):
    """What a dissector may know of and say to the stream under it."""

    @property
    def client(self) -> Endpoint: ...
    @property
    def server(self) -> Endpoint: ...
    @property
    def uid(self) -> str: ...
    @property
    def sensor(self) -> str: ...
    @property
    def start(self) -> datetime:
        """Time of the connection's first packet."""

    @property
    def packet(self) -> int:
        """Number of the connection's first packet in its capture, from 1."""

    def now(self) -> datetime:
        """Time of the packet being fed."""

    def current_packet(self) -> int:
        """Number of the packet being fed."""

    def emit(self, event: Event) -> None:
        """Hand over a finished event."""

    def anomaly(self, name: str, detail: str = "") -> None:
        """Report broken bytes; repeated names on one connection are counted, not repeated."""

    def swap_sides(self) -> None:
        """The protocol shows that the supposed server opened the conversation (mid-stream captures)."""

    def pseudonym(self, value: str) -> str:
        """Keyed hash of an identifier that must not be kept (study, serial number): 16 hexadecimal digits."""


class Dissector(ABC):
    """One protocol over one TCP connection."""

    service: ClassVar[Service]
    max_pending: ClassVar[int] = 64 * 1024
    """Unconsumed bytes per side beyond which the stream gives up on this side (an anomaly says so)."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation

    @classmethod
    @abstractmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        """Are these first bytes, sent by `side`, this protocol? Must not depend on ports."""

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        """As `recognise`, from the middle of a connection: say YES only on evidence that chance cannot give."""
        return Match.NO

    @abstractmethod
    def feed(self, side: Side, data: bytes) -> int:
        """Consume bytes from the start of `data`; returns how many (0 … len(data), or more to skip ahead)."""

    def begin_midstream(self, side: Side) -> None:  # noqa: B027 (most protocols need not know)
        """The bytes fed next need not start at a message of this side: the capture began after the connection."""

    def gap(self, side: Side, size: int) -> int:
        """`size` bytes of one side are lost for good. Returns what to skip after them: STOP to give up (default)."""
        return STOP

    def whereabouts(self) -> dict[str, Any]:
        """The fields that every session event has: which conversation, when, and where in the capture."""
        conversation = self.conversation
        return {
            "ts": conversation.start,
            "sensor": conversation.sensor,
            "packet": conversation.packet,
            "uid": conversation.uid,
            "client": conversation.client,
            "server": conversation.server,
            "end": conversation.now(),
        }

    @abstractmethod
    def close(self) -> None:
        """The connection ended or the capture did: emit what is known."""


class Datagram(Struct, frozen=True, kw_only=True):
    """One UDP payload with what a dissector needs to make events of it."""

    source: Endpoint
    destination: Endpoint
    payload: bytes
    ts: datetime
    packet: int
    sensor: str
    pseudonym: Callable[[str], str]


class DatagramProtocol(Struct, frozen=True, kw_only=True):
    """One UDP protocol: looked up by port, confirmed by content.

    `dissect` returns None when the payload is not this protocol, else its events (often none).
    """

    service: Service
    ports: tuple[int, ...]
    dissect: Callable[[Datagram], list[Event] | None]
