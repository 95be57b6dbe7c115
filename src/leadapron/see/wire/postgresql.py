"""PostgreSQL (protocol 3, manual chapter "Frontend/Backend Protocol"): how does the server let clients in?"""

from __future__ import annotations

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER
from leadapron.see.wire.databases import MAX_HEAD, TLS_HANDSHAKE, DatabaseDissector
from leadapron.see.wire.dissector import Conversation, Match, Side
from leadapron.see.wire.text import printable

STARTUP_SIZE = 8
MAX_STARTUP = 10_000
"""The server's own limit (MAX_STARTUP_PACKET_LENGTH)."""
VERSIONS = range(0x0003_0000, 0x0003_0003)
CANCEL, TLS_REQUEST, GSS_REQUEST = 80877102, 80877103, 80877104
AUTHENTICATION, PARAMETER, READY, ERROR, PASSWORD = b"R", b"S", b"Z", b"E", b"p"
METHODS = {2: "kerberos", 3: "password", 5: "md5", 6: "scm", 7: "gss", 9: "sspi", 10: "scram"}
"""Authentication requests (section "Message Formats"); 0 means that nothing more is asked."""
METHOD_GRANTED, METHOD_PASSWORD = 0, 3


class PostgresqlDissector(DatabaseDissector):
    """Start-up, authentication and the server's version."""

    service = Service.POSTGRESQL

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._asked = b""
        """The request for encryption that the server has not answered yet."""
        self._started = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if side is Side.SERVER:
            return _authentication(head)
        size, code = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
        if len(head) < STARTUP_SIZE:
            return Match.MORE if head[:2] == b"\0\0"[: len(head)] else Match.NO
        if code in (TLS_REQUEST, GSS_REQUEST):
            return Match.YES if size == STARTUP_SIZE else Match.NO
        if code not in VERSIONS or not STARTUP_SIZE < size <= MAX_STARTUP:
            return Match.NO
        if len(head) < min(size, MAX_HEAD):
            return Match.MORE
        return Match.YES if b"\0user\0" in b"\0" + head[8:] else Match.NO

    def size(self, side: Side, head: bytes) -> int | None:
        if side is Side.SERVER and self._asked:
            return 1 if head else None
        if side is Side.CLIENT and head[:2] == TLS_HANDSHAKE:
            return 2
        start = 0 if side is Side.CLIENT and not self._started else 1
        if len(head) < start + 4:
            return None
        size = int.from_bytes(head[start : start + 4], "big")
        return start + size if size >= (4 if start else STARTUP_SIZE) else 0

    def message(self, side: Side, message: bytes) -> None:
        self.seen = True
        if side is Side.CLIENT:
            self._from_client(message)
        elif self._asked:
            self.encrypted = self.finished = message in (b"S", b"G")
            self._asked = b""
        else:
            self._from_server(message)

    def _from_client(self, message: bytes) -> None:
        if message == TLS_HANDSHAKE:
            self.encrypted = self.finished = True
        elif self._started:
            if message[:1] == PASSWORD and self.security == METHODS[METHOD_PASSWORD]:
                self.login_seen = True
        elif int.from_bytes(message[4:8], "big") in (TLS_REQUEST, GSS_REQUEST):
            self._asked = message[:8]
        else:
            self._started = True
            self.finished = int.from_bytes(message[4:8], "big") == CANCEL

    def _from_server(self, message: bytes) -> None:
        kind, code = message[:1], int.from_bytes(message[5:9], "big")
        if kind == AUTHENTICATION and code == METHOD_GRANTED:
            self.login_accepted = True
            self.security = self.security or "trust"
        elif kind == AUTHENTICATION and code in METHODS:
            self.security = METHODS[code]
        elif kind == PARAMETER and message[5:].startswith(b"server_version\0"):
            version = message[20:].split(b"\0")[0]
            self.server_banner = f"PostgreSQL {printable(version, MAX_BANNER - 11)}"
        elif kind in (READY, ERROR):
            self.finished = True


def _authentication(head: bytes) -> Match:
    """A server's first message: an authentication request of a known method (for captures of its side only)."""
    if head[:4] != b"R\0\0\0"[: len(head)]:
        return Match.NO
    if len(head) < 9:
        return Match.MORE
    method, size = int.from_bytes(head[5:9], "big"), head[4]
    expected = {0: 8, 5: 12}.get(method)
    known = method in METHODS and expected is None
    return Match.YES if size == expected or (known and size >= 8) else Match.NO
