"""VNC names its version and its security in clear (RFC 6143 §7.1)."""

from __future__ import annotations

import re

from leadapron.model.events import Service
from leadapron.see.wire.banner import BannerDissector
from leadapron.see.wire.dissector import STOP, Conversation, Match, Side
from leadapron.see.wire.text import printable

VERSION_SIZE = 12
CHALLENGE_SIZE = 16
_VERSION = re.compile(rb"RFB \d{3}\.\d{3}\n")

SECURITY = {
    1: "none",
    2: "vnc-auth",
    5: "ra2",
    6: "ra2ne",
    16: "tight",
    17: "ultra",
    18: "tls",
    19: "vencrypt",
    20: "sasl",
    22: "xvp",
    30: "apple",
}
"""IANA registry `rfb`, security types."""
ENCRYPTED = frozenset((5, 18, 19))


class VncDissector(BannerDissector):
    """Protocol version, security type chosen, result of the authentication."""

    service = Service.VNC

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._versions: list[bytes | None] = [None, None]
        self._chosen = 0
        self._finished = False
        self._challenged = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if len(head) >= VERSION_SIZE:
            return Match.YES if _VERSION.match(head) else Match.NO
        return Match.MORE if head[:4] == b"RFB "[: len(head)] else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        position = 0
        while not self._finished:
            used = self._message(side, data[position : position + 512])
            if used == 0:
                return position
            position += used
        return STOP

    def _message(self, side: Side, data: bytes) -> int:
        if self._versions[side] is None:
            return self._version(side, data)
        return self._from_server(data) if side is Side.SERVER else self._from_client(data)

    def _version(self, side: Side, data: bytes) -> int:
        if len(data) < VERSION_SIZE:
            return 0
        if not _VERSION.match(data):
            self.conversation.anomaly("vnc.version")
            self._finished = True
            return len(data)
        self.seen = True
        self._versions[side] = data[:VERSION_SIZE]
        banner = printable(data[:VERSION_SIZE], VERSION_SIZE)
        if side is Side.SERVER:
            self.server_banner = banner
        else:
            self.client_banner = banner
        return VERSION_SIZE

    def _from_client(self, data: bytes) -> int:
        """The choice (one byte, from 3.7 on), then the answer to the challenge."""
        if not data:
            return 0
        if self._chosen == 0 and self._version_spoken() >= b"RFB 003.007\n":
            self._choose(data[0])
            return 1
        return STOP

    def _from_server(self, data: bytes) -> int:
        if self._chosen == 0:
            return self._offer(data)
        if self._chosen == 2 and not self._challenged:
            if len(data) < CHALLENGE_SIZE:
                return 0
            self._challenged = True
            return CHALLENGE_SIZE
        if len(data) < 4:
            return 0
        self.login_accepted = data[:4] == b"\0\0\0\0"
        self._finished = True
        return 4

    def _offer(self, data: bytes) -> int:
        """3.3: the server decides (§7.1.2); later: it lists types, of which a list of none ends the connection."""
        if self._version_spoken() < b"RFB 003.007\n":
            if len(data) < 4:
                return 0
            self._choose(int.from_bytes(data[:4], "big"))
            return 4
        if not data or len(data) < 1 + data[0]:
            return 0
        if data[0] == 0:
            self._finished = True
        return 1 + data[0]

    def _choose(self, security: int) -> None:
        self._chosen = security
        self.security = SECURITY.get(security, f"type-{security}" if security else "refused")
        self.encrypted = security in ENCRYPTED
        # `none` before 3.8 has no result message; types other than vnc-auth have their own dialogue first.
        if security == 1 and self._version_spoken() < b"RFB 003.008\n":
            self.login_accepted = self._finished = True
        elif security not in (1, 2):
            self._finished = True

    def _version_spoken(self) -> bytes:
        """The lower of both versions."""
        known = [version for version in self._versions if version is not None]
        return min(known, default=b"RFB 003.008\n")
