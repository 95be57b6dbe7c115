"""MongoDB (wire protocol OP_MSG and OP_QUERY): does the server answer those who never logged in?"""

from __future__ import annotations

import re

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER
from leadapron.see.wire.databases import DatabaseDissector
from leadapron.see.wire.dissector import Conversation, Match, Side
from leadapron.see.wire.text import printable

HEADER_SIZE = 16
MAX_SIZE = 48_000_000
EVIDENCE = 40
"""Bytes that show whether a document follows the header."""
OP_REPLY, OP_QUERY, OP_COMPRESSED, OP_MSG = 1, 2004, 2012, 2013
REQUESTS = frozenset((OP_QUERY, OP_MSG))
REPLIES = frozenset((OP_REPLY, OP_MSG))
ARRAY, STRING = b"\x04", b"\x02"

LOGINS = frozenset((b"saslStart", b"saslContinue", b"authenticate"))
OPEN_TO_ALL = frozenset(
    (b"hello", b"isMaster", b"ismaster", b"ping", b"buildInfo", b"buildinfo", b"whatsmyuri", b"getnonce")
)
"""Commands that every server answers before a log-in."""
_COMMAND = re.compile(rb"[A-Za-z]{2,40}")
_MECHANISM = re.compile(rb"\x02mechanism\0....([A-Z0-9-]{4,24})\0", re.DOTALL)
_VERSION = re.compile(rb"\x02version\0....([0-9.]{3,16})\0", re.DOTALL)
_DENIED = re.compile(rb"\x01ok\0\0{8}|\x02errmsg\0")
_DONE = re.compile(rb"\x08done\0\x01")


class MongodbDissector(DatabaseDissector):
    """Names of commands, log-in mechanism and server version; documents are not decoded."""

    service = Service.MONGODB

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._command = b""

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if len(head) < HEADER_SIZE:
            return Match.MORE if len(head) < 4 or head[3] <= 2 else Match.NO
        size, code = _u32(head, 0), _u32(head, 12)
        answers = head[8:12] != bytes(4)
        if not HEADER_SIZE + 5 < size <= MAX_SIZE or answers is (side is Side.CLIENT):
            return Match.NO
        if code not in (REQUESTS if side is Side.CLIENT else REPLIES):
            return Match.NO
        if len(head) < min(size, EVIDENCE):
            return Match.MORE
        return Match.YES if _has_evidence(head, code, size) else Match.NO

    def size(self, side: Side, head: bytes) -> int | None:
        if len(head) < HEADER_SIZE:
            return None
        size = _u32(head, 0)
        return size if HEADER_SIZE <= size <= MAX_SIZE else 0

    def message(self, side: Side, message: bytes) -> None:
        self.seen = True
        code = _u32(message, 12)
        if code not in REQUESTS | REPLIES:
            self.finished = code == OP_COMPRESSED
        elif side is Side.CLIENT:
            self._request(message, _first_command(message, code))
        else:
            self._reply(message)

    def _request(self, message: bytes, command: bytes) -> None:
        self._command = command
        if command in LOGINS:
            mechanism = _MECHANISM.search(message)
            if mechanism:
                self.security = printable(mechanism[1], 24).lower()
            elif not self.security:
                self.security = "mongodb-cr"
            self.login_seen = self.login_seen or self.security == "plain"

    def _reply(self, message: bytes) -> None:
        version = _VERSION.search(message)
        if version:
            self.server_banner = "MongoDB " + printable(version[1], MAX_BANNER - 8)
        denied = bool(_DENIED.search(message))
        if self._command in LOGINS:
            if not denied and (_DONE.search(message) or self.security == "mongodb-x509"):
                self.login_accepted = self.finished = True
        elif self._command and self._command not in OPEN_TO_ALL and not self.security and not denied:
            self.security = "none"
            self.finished = True


def _first_command(message: bytes, code: int) -> bytes:
    """Name of the first element of the request's document, which is the command."""
    if code == OP_QUERY:
        end = message.find(b"\0", HEADER_SIZE + 4)
        start = end + 1 + 8 if end >= 0 else len(message)  # skip, return
    else:
        start = HEADER_SIZE + 5  # flags, section kind
    name = message[start + 5 :].split(b"\0", 1)[0]
    return name if _COMMAND.fullmatch(name) else b""


def _has_evidence(head: bytes, code: int, size: int) -> bool:
    """Does a document that fits the message follow? A header alone is a few small numbers."""
    if code == OP_MSG:
        return head[HEADER_SIZE + 4] == 0 and _u32(head, HEADER_SIZE + 5) <= size - HEADER_SIZE - 5
    if code == OP_QUERY:
        return b".$cmd\0" in head
    # OP_REPLY: response flags, cursor, starting from 0, one document.
    return _u32(head, 28) == 0 and _u32(head, 32) == 1 and _u32(head, 36) == size - 36


def _u32(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 4], "little")
