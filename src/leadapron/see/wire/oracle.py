"""Oracle Net (TNS packets, as Oracle's own traces print them): a client connects, a listener accepts or not."""

from __future__ import annotations

import re

from leadapron.model.events import Service
from leadapron.see.wire.databases import DatabaseDissector
from leadapron.see.wire.dissector import Match, Side

HEADER_SIZE = 8
CONNECT, ACCEPT, REFUSE, REDIRECT, RESEND = 1, 2, 4, 5, 11
SERVER_FIRST = frozenset((ACCEPT, REFUSE, REDIRECT, RESEND))
VERSIONS = range(0x0120, 0x0150)
"""TNS protocol versions in use: 312 (Oracle 9) to 319 (Oracle 23)."""
_NUMBER = re.compile(rb"\(VSNNUM=(\d{6,10})\)")


class OracleDissector(DatabaseDissector):
    """The first exchange only: the connect descriptor holds names that are not kept."""

    service = Service.ORACLE

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if len(head) < HEADER_SIZE + 4:
            return Match.MORE if head[2:4] == b"\0\0"[: max(0, len(head) - 2)] else Match.NO
        size = int.from_bytes(head[:2], "big")
        if head[2:4] != b"\0\0" or head[6:8] != b"\0\0" or size < HEADER_SIZE:
            return Match.NO
        if side is Side.SERVER:
            telling = b"(DESCRIPTION=" in head or b"(ERR" in head
            return Match.YES if head[4] in (REFUSE, REDIRECT) and telling else Match.NO
        version = int.from_bytes(head[8:10], "big")
        if head[4] != CONNECT or version not in VERSIONS:
            return Match.NO
        if b"(DESCRIPTION" in head or b"(CONNECT_DATA" in head or b"(ADDRESS" in head:
            return Match.YES
        return Match.MORE if len(head) < size else Match.NO

    def size(self, side: Side, head: bytes) -> int | None:
        if len(head) < HEADER_SIZE:
            return None
        size = int.from_bytes(head[:2], "big")
        return size if size >= HEADER_SIZE else 0

    def message(self, side: Side, message: bytes) -> None:
        kind = message[4]
        if side is Side.CLIENT:
            self.seen = self.seen or kind == CONNECT
            return
        if kind not in SERVER_FIRST or kind == RESEND:
            return
        number = _NUMBER.search(message)
        if number:
            self.server_banner = f"Oracle {_version(int(number[1]))}"
        elif kind == ACCEPT and len(message) >= HEADER_SIZE + 2:
            self.server_banner = f"Oracle TNS {int.from_bytes(message[8:10], 'big')}"
        self.finished = True


def _version(number: int) -> str:
    """VSNNUM packs 8, 4, 8, 4 and 8 bits."""
    return ".".join(str(part) for part in (number >> 24, number >> 20 & 15, number >> 12 & 255, number >> 8 & 15))
