"""What database protocols have in common: sized messages up to the end of the log-in, then nothing more is read.

User names, passwords, database names and queries are never kept.
"""

from __future__ import annotations

from abc import abstractmethod

from leadapron.see.wire.banner import BannerDissector
from leadapron.see.wire.dissector import STOP, Conversation, Side

MAX_MESSAGE = 48 * 1024 * 1024
"""Bytes that a message may claim; MongoDB's own limit, and more than any log-in needs."""
MAX_HEAD = 4096
"""Bytes of a message that are looked at; the rest is skipped."""
MAX_MESSAGES = 64
"""Messages of one side within which the log-in must be over."""
TLS_HANDSHAKE = b"\x16\x03"


class DatabaseDissector(BannerDissector):
    """Cuts each side into messages; a subclass sets `finished` when the log-in is over."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self.finished = False
        self._messages = [0, 0]

    def feed(self, side: Side, data: bytes) -> int:
        position = 0
        while not self.finished and self._messages[side] < MAX_MESSAGES:
            head = data[position : position + MAX_HEAD]
            size = self.size(side, head)
            if size is None:
                return position
            if not 0 < size <= MAX_MESSAGE:
                self.conversation.anomaly(f"{self.service}.message-length")
                return STOP
            if len(head) < min(size, MAX_HEAD):
                return position
            self.message(side, head[:size])
            self._messages[side] += 1
            position += size
        return STOP

    @abstractmethod
    def size(self, side: Side, head: bytes) -> int | None:
        """Bytes of the message at the start of `head`, its header included: None while unknown, 0 if impossible."""

    @abstractmethod
    def message(self, side: Side, message: bytes) -> None:
        """Look at a message, cut at `MAX_HEAD`."""
