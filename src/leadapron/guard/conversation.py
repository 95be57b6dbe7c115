"""The contract between bytes on two connections and the protocol that guards them: bytes in, orders out.

A conversation never touches a socket. The shell tells it what happened; it answers by filling its outlets, which the
shell empties after each call: what to send each way, whom to dial, when to end. Bytes it has not understood and
allowed never reach an outlet. Hostile bytes never raise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum, auto

from msgspec import Struct

from leadapron.model.events import Endpoint, Event
from leadapron.model.guard import Judge, Listener, Moment, Peer
from leadapron.see.wire.dissector import Side

Bytes = bytes | bytearray | memoryview


class Ending(Enum):
    """How the shell has to end both connections once their outlets are empty."""

    CLOSE = auto()
    """All that was written is sent, then both are closed."""
    RESET = auto()
    """At once: nothing more can be said."""


class Surroundings(Struct, kw_only=True):
    """What a conversation may know of the world. One is made for each connection."""

    peer: Peer
    """As known when the connection was made; DICOM and HL7 titles come later."""
    client: Endpoint
    server: Endpoint
    """The listener's own address, until an upstream is dialled."""
    uid: str
    sensor: str
    listener: Listener
    judge: Judge
    clock: Callable[[], Moment]
    record: Callable[[Event], None]
    """Takes finished events: decisions, associations, ledger entries. Never blocks."""
    pseudonym: Callable[[str], str]
    digest_key: bytes
    """32 bytes, for the ledger (BLAKE3 keyed)."""
    policy_digest: str = ""


class Conversation(ABC):
    """One guarded connection, both directions."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.to_client: list[Bytes] = []
        self.to_server: list[Bytes] = []
        self.dial: Sequence[str] = ()
        """Upstreams to try in order, set once the peer is admitted; the shell then calls `connected` or `unreachable`.
        What is put into `to_server` before that is kept by the shell until then."""
        self.wait = 0.0
        """Seconds during which the shell reads nothing from the client (tarpit); then it calls `resumed`."""
        self.ending: Ending | None = None

    @abstractmethod
    def receive(self, side: Side, data: bytes) -> None:
        """Bytes came from `side`."""

    @abstractmethod
    def closed(self, side: Side) -> None:
        """`side` ended its connection, or it broke. The last call unless `finish` follows."""

    def connected(self, server: Endpoint) -> None:
        """The upstream answered."""
        self.surroundings.server = server

    @abstractmethod
    def unreachable(self) -> None:
        """No upstream could be reached: refuse in words the client understands."""

    def resumed(self) -> None:  # noqa: B027 (few protocols wait)
        """The wait is over."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Inside a message (then `Limits.stall` counts, else `Limits.idle`). Draining waits for it."""

    @property
    def pending(self) -> int:
        """Requests that wait for an answer. Draining waits for them too."""
        return 0

    @property
    @abstractmethod
    def opened(self) -> bool:
        """Has the opening (association request, HL7 header) come? Until then `Limits.handshake` counts."""

    @abstractmethod
    def expire(self) -> None:
        """A limit of time was met: end in words that both sides understand, and record it."""

    @abstractmethod
    def finish(self) -> None:
        """Both connections are over: record what is known. Called once, last."""
