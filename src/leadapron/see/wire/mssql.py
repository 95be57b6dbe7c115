"""SQL Server (MS-TDS 2.2.6.5): the pre-login tells the server's version and how much will be encrypted."""

from __future__ import annotations

from leadapron.model.events import Service
from leadapron.see.wire.databases import DatabaseDissector
from leadapron.see.wire.dissector import Match, Side

HEADER_SIZE = 8
PRELOGIN, LOGIN, RESPONSE = 0x12, 0x10, 0x04
LAST_PACKET = 0x01
OPTION_VERSION, OPTION_ENCRYPTION, OPTIONS_END = 0, 1, 0xFF
MAX_OPTIONS = 16
LOGIN_ACK = 0xAD
ENCRYPTION = {0: "login-only", 1: "on", 2: "not-supported", 3: "required"}
NOT_SUPPORTED = 2
FLAGS_2, INTEGRATED = 25, 0x80
"""Where a LOGIN7 says that Windows vouches for the user, so that no password is in it (2.2.6.4)."""


class MssqlDissector(DatabaseDissector):
    """Pre-login of both sides; without any encryption also whether a log-in was sent and accepted."""

    service = Service.MSSQL

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        kind = PRELOGIN if side is Side.CLIENT else RESPONSE
        start = bytes((kind, LAST_PACKET, 0))
        if head[:3] != start[: len(head)]:
            return Match.NO
        if len(head) < HEADER_SIZE + 6:
            return Match.MORE
        # The first option is the version's: token, offset, length 6 (2.2.6.5).
        option = head[HEADER_SIZE] == OPTION_VERSION and head[HEADER_SIZE + 3 : HEADER_SIZE + 5] == b"\0\x06"
        return Match.YES if option and head[6] <= 1 and head[7] == 0 else Match.NO

    def size(self, side: Side, head: bytes) -> int | None:
        if len(head) < HEADER_SIZE:
            return None
        size = int.from_bytes(head[2:4], "big")
        return size if size >= HEADER_SIZE else 0

    def message(self, side: Side, message: bytes) -> None:
        kind, body = message[0], message[HEADER_SIZE:]
        if side is Side.CLIENT:
            self.seen = self.seen or kind == PRELOGIN
            if kind == LOGIN and self.security == ENCRYPTION[NOT_SUPPORTED] and len(body) > FLAGS_2:
                self.login_seen = self.login_seen or not body[FLAGS_2] & INTEGRATED
        elif kind == RESPONSE and not self.security:
            self._answer(_options(body))
        elif kind == RESPONSE:
            # Tokens before the acknowledgement vary; only its presence counts (2.2.7.14).
            self.login_accepted = body[:1] in (b"\xe3", b"\xab", b"\xad") and bytes((LOGIN_ACK,)) in body
            self.finished = True

    def _answer(self, options: dict[int, bytes]) -> None:
        version, mode = options.get(OPTION_VERSION, b""), options.get(OPTION_ENCRYPTION, b"")
        if len(version) == 6:
            build = int.from_bytes(version[2:4], "big")
            self.server_banner = f"Microsoft SQL Server {version[0]}.{version[1]}.{build}"
        code = mode[0] if mode else NOT_SUPPORTED
        self.security = ENCRYPTION.get(code, f"mode-{code}")
        self.seen = True
        self.encrypted = code in (1, 3)
        self.finished = code != NOT_SUPPORTED


def _options(body: bytes) -> dict[int, bytes]:
    """Pre-login options by token: five-byte entries of token, offset and length, then the data."""
    found: dict[int, bytes] = {}
    for position in range(0, 5 * MAX_OPTIONS, 5):
        entry = body[position : position + 5]
        if len(entry) < 5 or entry[0] == OPTIONS_END:
            break
        start, size = int.from_bytes(entry[1:3], "big"), int.from_bytes(entry[3:5], "big")
        found[entry[0]] = body[start : start + size]
    return found
