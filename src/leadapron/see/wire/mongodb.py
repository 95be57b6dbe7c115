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
        size, code = int.from_bytes(head[:4], "little"), int.from_bytes(head[12:16], "little")
        answers = head[8:12] != b"\0\0\0\0"
        if not HEADER_SIZE + 5 < size <= MAX_SIZE or answers is (side is Side.CLIENT):
            return Match.NO
        return Match.YES if code in (REQUESTS if side is Side.CLIENT else REPLIES) else Match.NO

    def size(self, side: Side, head: bytes) -> int | None:
        if len(head) < HEADER_SIZE:
            return None
        size = int.from_bytes(head[:4], "little")
        return size if HEADER_SIZE <= size <= MAX_SIZE else 0

    def message(self, side: Side, message: bytes) -> None:
        self.seen = True
        code = int.from_bytes(message[12:16], "little")
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
