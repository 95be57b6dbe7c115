"""MySQL and MariaDB (protocol 10, manual section "Connection Phase"): the server greets with its version."""

from __future__ import annotations

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER
from leadapron.see.wire.databases import DatabaseDissector
from leadapron.see.wire.dissector import Match, Side
from leadapron.see.wire.text import printable

HEADER_SIZE = 4
PROTOCOL_10 = 10
MAX_GREETING = 512
OK, ERROR, SWITCH = 0x00, 0xFF, 0xFE
CLIENT_SSL = 0x0800
PLUGIN_AUTH_HIGH = 0x0008
"""CLIENT_PLUGIN_AUTH, as a bit of the upper half of the capabilities."""
TLS_REQUEST_SIZE = 32
CLEAR_PASSWORD = "mysql_clear_password"  # noqa: S105


class MysqlDissector(DatabaseDissector):
    """Greeting, the client's answer, the server's verdict."""

    service = Service.MYSQL

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if side is Side.CLIENT:
            return Match.NO
        if len(head) < HEADER_SIZE + 2:
            fits = head[1:4] == b"\0\0\0"[: max(0, len(head) - 1)] or head[1:2] == b"\x01"
            return Match.MORE if fits else Match.NO
        size = int.from_bytes(head[:3], "little")
        if head[3] != 0 or head[4] != PROTOCOL_10 or not 40 <= size <= MAX_GREETING:
            return Match.NO
        if len(head) < HEADER_SIZE + size:
            return Match.MORE
        version = head[5:].split(b"\0")[0]
        # The reserved filler after thread id and challenge is always zero.
        filler = head[5 + len(version) + 1 + 12 :][:1]
        return Match.YES if version[:1].isdigit() and filler == b"\0" else Match.NO

    def size(self, side: Side, head: bytes) -> int | None:
        return HEADER_SIZE + int.from_bytes(head[:3], "little") if len(head) >= HEADER_SIZE else None

    def message(self, side: Side, message: bytes) -> None:
        sequence, body = message[3], message[HEADER_SIZE:]
        if side is Side.SERVER:
            self._from_server(sequence, body)
        elif sequence == 1 and len(body) >= 4:
            capabilities = int.from_bytes(body[:4], "little")
            if capabilities & CLIENT_SSL and len(body) == TLS_REQUEST_SIZE:
                self.encrypted = self.finished = True
        if side is Side.CLIENT and sequence > 1 and self.security == CLEAR_PASSWORD and len(body) > 1:
            self.login_seen = True

    def _from_server(self, sequence: int, body: bytes) -> None:
        first = body[0] if body else -1
        if sequence == 0 and first == PROTOCOL_10:
            self._greeting(body)
        elif first == SWITCH and len(body) > 1:
            self.security = printable(body[1:].split(b"\0")[0], 48)
        elif first == OK:
            self.login_accepted = self.finished = True
        elif first == ERROR:
            self.finished = True

    def _greeting(self, body: bytes) -> None:
        """Version, thread, challenge, capabilities …, and last the default method, ended by a null."""
        self.seen = True
        version = body[1:].split(b"\0")[0]
        name = b"MariaDB" if b"MariaDB" in version else b"MySQL"
        # MariaDB 10 and later put a version that old replicas understand before their own.
        self.server_banner = printable(name + b" " + version.removeprefix(b"5.5.5-"), MAX_BANNER)
        capabilities_high = body[len(version) + 20 :][:2]
        if int.from_bytes(capabilities_high, "little") & PLUGIN_AUTH_HIGH:
            self.security = printable(body.rstrip(b"\0").rpartition(b"\0")[2], 48)
