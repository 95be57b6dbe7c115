"""Telnet (RFC 854) and other plain-text consoles: was a password typed in clear, and did it open a session?"""

from __future__ import annotations

import re

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER, BannerDissector
from leadapron.see.wire.dissector import STOP, Conversation, Match, Side
from leadapron.see.wire.text import printable

MAX_TAIL = 512
"""Last characters of the server's text that are kept, to find a prompt in."""
MAX_BYTES = 64 * 1024
"""Bytes of one side after which no login is expected any more."""
MAX_HEAD = 1024
"""Bytes in which a console without option negotiation must have asked for a login."""

MAX_SUBNEGOTIATION = 1024
"""Bytes of one option's parameters; longer ones are cut there."""

IAC, SB = 0xFF, 0xFA
_NEGOTIATION = range(0xFB, 0xFF)
_OPTIONS = frozenset((0, 1, 3, 5, 6, 24, 31, 32, 33, 34, 35, 36, 37, 38, 39))
"""Options that real hosts open with (IANA registry telnet-options)."""

_LOGIN_PROMPT = re.compile(rb"(?:login|user ?name|password) ?: ?$", re.IGNORECASE)
_PASSWORD_PROMPT = re.compile(rb"(?:assword|asscode|mot de passe)[^\r\n]{0,24}: *$", re.IGNORECASE)
_ANY_PROMPT = re.compile(rb"(?:\blogin|\buser ?name|password|mot de passe) ?:", re.IGNORECASE)
_REFUSED = re.compile(rb"incorrect|fail|denied|invalid|bad pass|refus|assword ?:|login ?: ?$", re.IGNORECASE)
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_TEXT = re.compile(rb"[\t\r\n\x07\x1b -~\x80-\xff]*")
_OTHER_GREETING = re.compile(rb"\d{3}[ -]|\+OK|\* OK|HTTP/|SSH-|RFB ")


class TelnetDissector(BannerDissector):
    """Follows prompts and answers; of a password only the fact that something was typed is known."""

    service = Service.TELNET

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._bytes = [0, 0]
        self._tail = b""
        self._greeting: bytes | None = b""
        self._password_asked = False
        self._typed = 0
        self._finished = False

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if head[:1] == b"\xff":
            if len(head) < 3:
                return Match.MORE if len(head) < 2 or head[1] in _NEGOTIATION else Match.NO
            return Match.YES if head[1] in _NEGOTIATION and head[2] in _OPTIONS else Match.NO
        if side is Side.CLIENT or len(head) > MAX_HEAD or _OTHER_GREETING.match(head):
            return Match.NO
        if not _TEXT.fullmatch(head):
            return Match.NO
        return Match.YES if _LOGIN_PROMPT.search(head) else Match.MORE

    def feed(self, side: Side, data: bytes) -> int:
        position = 0
        while position < len(data) and not self._finished:
            if data[position] == IAC:
                end = _command_end(data, position)
                if end == 0:
                    return position
                self.seen = True
            else:
                end = data.find(IAC, position)
                end = end if end > 0 else len(data)
                end = min(end, position + MAX_BYTES - self._bytes[side])
                self._text(side, data[position:end])
            self._bytes[side] += end - position
            position = end
            self._finished = self._finished or self._bytes[side] >= MAX_BYTES
        return STOP if self._finished else position

    def close(self) -> None:
        if self._greeting:
            self._keep_greeting(self._greeting)
        if self.login_seen and not self._finished:
            self._judge()
        super().close()

    def _text(self, side: Side, text: bytes) -> None:
        if side is Side.SERVER:
            self._tail = (self._tail + text)[-MAX_TAIL:]
            if self._greeting is not None and len(self._greeting) < MAX_HEAD:
                self._greeting += text[: MAX_HEAD - len(self._greeting)]
            return
        if self._greeting is not None:
            self._keep_greeting(self._greeting)
            self._greeting = None
        if self.login_seen:
            self._judge()
        elif self._password_asked or _PASSWORD_PROMPT.search(self._tail):
            self._password_asked = True
            self._password(text)

    def _keep_greeting(self, greeting: bytes) -> None:
        """Text before the first prompt; what follows a prompt may be the echo of a user's name."""
        prompt = _ANY_PROMPT.search(greeting)
        if prompt:
            self.seen = True
            # The prompt's own line often starts with the host's name: `ct1 login:`.
            greeting = greeting[: prompt.start()]
        self.server_banner = printable(_ESCAPES.sub(b" ", greeting), MAX_BANNER)

    def _password(self, text: bytes) -> None:
        """Client bytes up to the end of the line that answers a password prompt."""
        end = min((i for i in (text.find(b"\r"), text.find(b"\n")) if i >= 0), default=len(text))
        self._typed += end
        if end < len(text):
            self.login_seen = self._typed > 0
            self._password_asked, self._typed, self._tail = False, 0, b""

    def _judge(self) -> None:
        """The server's text since the password tells whether it was right; without text, wait."""
        answer = self._tail.strip()
        if answer:
            self.login_accepted = not _REFUSED.search(answer)
            self._finished = True


def _command_end(data: bytes, position: int) -> int:
    """End of the Telnet command at `position` (RFC 854 p. 14, RFC 855); 0 while it is incomplete."""
    if len(data) < position + 2:
        return 0
    command = data[position + 1]
    if command in _NEGOTIATION:
        return position + 3 if len(data) >= position + 3 else 0
    if command != SB:
        return position + 2
    end = data.find(b"\xff\xf0", position + 2, position + MAX_SUBNEGOTIATION)
    if end >= 0:
        return end + 2
    return position + MAX_SUBNEGOTIATION if len(data) >= position + MAX_SUBNEGOTIATION else 0
