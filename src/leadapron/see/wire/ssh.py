"""SSH names its software in clear before it encrypts (RFC 4253 §4.2)."""

from __future__ import annotations

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER, BannerDissector
from leadapron.see.wire.dissector import STOP, Match, Side
from leadapron.see.wire.text import printable

IDENTIFICATION = b"SSH-"
MAX_IDENTIFICATION = 255
"""Bytes of an identification line (RFC 4253 §4.2)."""


class SshDissector(BannerDissector):
    """The identification line of each side; all that follows is encrypted."""

    service = Service.SSH

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if head[:4] != IDENTIFICATION[: len(head)]:
            return Match.NO
        if len(head) < 6:
            return Match.MORE
        return Match.YES if head[4:6] in (b"1.", b"2.") else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        end = data.find(b"\n", 0, MAX_IDENTIFICATION)
        if end < 0 and len(data) < MAX_IDENTIFICATION:
            return 0
        if end >= 0 and data.startswith(IDENTIFICATION):
            self.seen = self.encrypted = True
            banner = printable(data[:end], MAX_BANNER)
            if side is Side.SERVER:
                self.server_banner = banner
            else:
                self.client_banner = banner
        else:
            self.conversation.anomaly("ssh.identification")
        return STOP
