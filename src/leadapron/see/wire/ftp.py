"""FTP (RFC 959, RFC 4217): was a password sent in clear, and was it accepted?

FTP and mail servers both greet with 220: the words of the greeting, or the client's first command, tell which.
"""

from __future__ import annotations

import re

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER, LineDissector
from leadapron.see.wire.dissector import Conversation, Match, Side
from leadapron.see.wire.text import printable

MAX_GREETING = 2048
"""Bytes of a greeting that are searched for the name of a protocol."""
MAX_LINES = 256
"""Commands and replies after which nothing new is expected."""

_REPLY = re.compile(rb"\d{3}(?:[ -]|$)")
_NAMES_MAIL = re.compile(rb"\bE?SMTP\b")
_NAMES_FTP = re.compile(rb"ftp|filezilla", re.IGNORECASE)
_HINTS_MAIL = re.compile(rb"\bmail\b|postfix|sendmail|\bexim\b|exchange", re.IGNORECASE)
_LOGIN = re.compile(rb"USER [^\r\n]{1,256}\r?\n", re.IGNORECASE)
_AUTH = re.compile(rb"AUTH (?:TLS|SSL)(?:-[CP])?\r?\n", re.IGNORECASE)


def greeting_service(head: bytes) -> Service | None:
    """FTP or SMTP, as the first telling line of a 220 greeting says; None while no complete line tells."""
    for line in head[:MAX_GREETING].split(b"\n")[:-1]:
        text = line[4:]
        # A mail host may be called ftp.example.org and an FTP host mail.example.org: the protocol's own name wins.
        if _NAMES_MAIL.search(text):
            return Service.SMTP
        if _NAMES_FTP.search(text):
            return Service.FTP
        if _HINTS_MAIL.search(text):
            return Service.SMTP
    return None


def greeting_match(service: Service, head: bytes) -> Match:
    """Does a server's first text greet as `service`? MORE while it could be either."""
    if head[:3] != b"220"[: len(head)] or head[3:4] not in (b"", b" ", b"-"):
        return Match.NO
    found = greeting_service(head)
    if found is None:
        return Match.MORE if len(head) < MAX_GREETING else Match.NO
    return Match.YES if found is service else Match.NO


def command_match(head: bytes, *commands: re.Pattern[bytes]) -> Match:
    """Is a client's first line one of these commands? `commands` match whole lines, their end included."""
    if any(command.match(head) for command in commands):
        return Match.YES
    word = head.split(b" ")[0].split(b"\r")[0].upper()
    starts = tuple(command.pattern.split(b" ")[0] for command in commands)
    unfinished = b"\n" not in head and len(head) < 300
    return Match.MORE if unfinished and any(s.startswith(word) for s in starts) else Match.NO


class FtpDissector(LineDissector):
    """The control connection until the password is judged or TLS begins."""

    service = Service.FTP

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._lines = 0
        self._tls_asked = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        return greeting_match(cls.service, head) if side is Side.SERVER else command_match(head, _LOGIN, _AUTH)

    def line(self, side: Side, line: bytes) -> bool:
        self._lines += 1
        if self._lines > MAX_LINES:
            return True
        return self._reply(line) if side is Side.SERVER else self._command(line)

    def _command(self, line: bytes) -> bool:
        command = line[:9].upper()
        if command.startswith(b"\x16\x03"):
            self.encrypted = self.encrypted or self._tls_asked
            return True
        if command.startswith(b"USER "):
            self.seen = True
            self.security = "anonymous" if line[5:].strip().lower() in (b"anonymous", b"ftp") else ""
        elif command.startswith(b"PASS ") and len(line) > 5:
            self.seen = True
            self.login_seen = self.login_seen or not self.security
        elif command.startswith((b"AUTH TLS", b"AUTH SSL")):
            self.seen = self._tls_asked = True
        return False

    def _reply(self, line: bytes) -> bool:
        if line.startswith((b"+OK", b"-ERR")):
            self.seen = False  # POP3 (RFC 1939) has the same USER and PASS
            return True
        if not _REPLY.match(line):
            return False  # inner line of a multi-line reply
        code = line[:3]
        self.seen = True
        if code == b"220" and not self.server_banner:
            self.server_banner = printable(line[4:], MAX_BANNER)
        elif code == b"234" and self._tls_asked:
            self.encrypted, self.security = True, "tls"
            return True
        elif code == b"230":
            self.login_accepted = True
            return True
        elif self._tls_asked and code[:1] in (b"4", b"5"):
            self._tls_asked = False
        return False
