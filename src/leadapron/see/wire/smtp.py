"""SMTP (RFC 5321, RFC 3207, RFC 4954): was mail, or a password, sent in clear? Messages are never looked at."""

from __future__ import annotations

import re

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER, LineDissector
from leadapron.see.wire.dissector import Conversation, Match, Side
from leadapron.see.wire.ftp import command_match, greeting_match
from leadapron.see.wire.text import printable

MAX_LINES = 256
"""Commands and replies after which nothing new is expected."""

_HELLO = re.compile(rb"EHLO [^\r\n]{1,256}\r?\n", re.IGNORECASE)
_HELLO_OLD = re.compile(rb"HELO [^\r\n]{1,256}\r?\n", re.IGNORECASE)
_REPLY = re.compile(rb"\d{3}(?:[ -]|$)")


class SmtpDissector(LineDissector):
    """The dialogue before the first message or TLS."""

    service = Service.SMTP

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._lines = 0
        self._tls_asked = False
        self._mechanism = b""

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if side is Side.SERVER:
            return greeting_match(cls.service, head)
        return command_match(head, _HELLO, _HELLO_OLD)

    def line(self, side: Side, line: bytes) -> bool:
        self._lines += 1
        if self._lines > MAX_LINES:
            return True
        return self._reply(line) if side is Side.SERVER else self._command(line)

    def _command(self, line: bytes) -> bool:
        if line.startswith(b"\x16\x03"):
            self.encrypted = self.encrypted or self._tls_asked
            return True
        if self._mechanism and not self.login_seen:
            # RFC 4954 §4: the line after AUTH answers the server's challenge; `*` cancels.
            self.login_seen = line != b"*" and self._mechanism in (b"LOGIN", b"PLAIN")
            return False
        words = line[:64].upper().split(b" ")
        if words[0] in (b"EHLO", b"HELO"):
            self.seen = True
        elif words[0] == b"STARTTLS":
            self._tls_asked = True
        elif words[0] == b"AUTH" and len(words) > 1:
            self._mechanism = words[1]
            self.security = printable(words[1], 32).lower()
            self.login_seen = words[1] == b"PLAIN" and len(words) > 2
        elif words[0] in (b"MAIL", b"DATA", b"BDAT", b"QUIT"):
            return True
        return False

    def _reply(self, line: bytes) -> bool:
        if not _REPLY.match(line):
            return False
        self.seen = True
        if self._tls_asked:
            self._tls_asked = False
            if line.startswith(b"220"):
                self.encrypted, self.security = True, "tls"
                return True
        elif line.startswith(b"220") and not self.server_banner:
            self.server_banner = printable(line[4:], MAX_BANNER)
        elif line.startswith(b"235"):
            self.login_accepted = True
        elif line[:1] == b"5" and self._mechanism:
            self._mechanism = b""
        return False
