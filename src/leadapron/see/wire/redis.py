"""Redis (RESP): does the server answer those who never logged in?"""

from __future__ import annotations

import re
from collections import deque

from leadapron.model.events import Service
from leadapron.see.wire.banner import MAX_BANNER, BannerDissector
from leadapron.see.wire.dissector import STOP, Conversation, Match, Side
from leadapron.see.wire.text import printable

MAX_LINE = 1024
MAX_HEAD = 512
"""Bytes of a reply that are searched for the server's version."""
MAX_BULK = 512 * 1024 * 1024
"""Redis's own limit of a string."""
MAX_ITEMS = 1024 * 1024
"""Elements that an array may claim."""
MAX_COMMAND = 32
MAX_COMMANDS = 64
MAX_PARTS = 4096
"""Elements of one side after which nothing new is expected."""

SILENT = frozenset((b"AUTH", b"HELLO", b"PING", b"QUIT", b"CLIENT"))
"""Commands whose answer does not show that data are open to all."""

_REQUEST = re.compile(rb"\*([1-9]\d{0,5})\r\n\$([1-9]\d?)\r\n([A-Za-z][A-Za-z.]*)\r\n")
_REQUEST_START = re.compile(rb"\*(?:[1-9]\d{0,5}(?:\r(?:\n(?:\$(?:[1-9]\d?(?:\r(?:\n[A-Za-z.]*\r?)?)?)?)?)?)?)?")
_WORD = re.compile(rb"[A-Z][A-Z.]{0,31}")
_FIRST_REPLIES = (b"-NOAUTH ", b"+PONG\r\n", b"-DENIED Redis")
_KINDS = frozenset((b"+", b"-", b":", b"_", b",", b"#", b"(", b"*", b"~", b">", b"%", b"|"))
_AGGREGATES = {b"*": 1, b"~": 1, b">": 1, b"%": 2, b"|": 2}
"""Types that announce elements, and elements per count (RESP 3)."""
_VERSION = re.compile(rb"redis_version:([\w.-]{1,32})")


class RedisDissector(BannerDissector):
    """Names of commands and the kind of their answers."""

    service = Service.REDIS

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._arguments = 0
        """Arguments of the current command that are still to come."""
        self._names_command = False
        self._nested = 0
        """Elements of the current reply that are still to come."""
        self._commands: deque[bytes] = deque()
        self._parts = [0, 0]

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if side is Side.SERVER:
            if head.startswith(_FIRST_REPLIES):
                return Match.YES
            return Match.MORE if any(word.startswith(head) for word in _FIRST_REPLIES) else Match.NO
        if _REQUEST.match(head):
            return Match.YES
        return Match.MORE if len(head) < 64 and _REQUEST_START.fullmatch(head) else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        part = self._request_part if side is Side.CLIENT else self._reply_part
        position = 0
        while self._parts[side] < MAX_PARTS:
            window = data[position : position + MAX_LINE]
            end = window.find(b"\r\n")
            if end < 0:
                if len(window) < MAX_LINE:
                    return position
                self.conversation.anomaly("redis.line-length")
                return STOP
            used = part(window[:end], window[end + 2 :])
            if used == 0:
                return position
            if used < 0:
                self.conversation.anomaly("redis.encoding")
                return STOP
            self._parts[side] += 1
            position += used
        return STOP

    def _request_part(self, line: bytes, rest: bytes) -> int:
        """One element of a command: bytes used, 0 for more, -1 if it is wrong."""
        if self._arguments == 0:
            count = _number(line[1:], MAX_ITEMS) if line[:1] == b"*" else None
            if count is None:
                # A command typed by hand: words on a line.
                self._command(line.split(b" ")[0])
            else:
                self._arguments, self._names_command = count, True
            return len(line) + 2
        size = _number(line[1:], MAX_BULK) if line[:1] == b"$" else None
        if size is None:
            return -1
        if self._names_command and size <= MAX_COMMAND:
            if len(rest) < size:
                return 0
            self._command(rest[:size])
        self._names_command = False
        self._arguments -= 1
        return len(line) + 2 + size + 2

    def _command(self, word: bytes) -> None:
        command = word.upper()
        if _WORD.fullmatch(command):
            self.seen = True
            if command == b"AUTH":
                self.login_seen = True
                self.security = "password"
            if len(self._commands) < MAX_COMMANDS:
                self._commands.append(command)

    def _reply_part(self, line: bytes, rest: bytes) -> int:
        """One element of a reply, as `_request_part`."""
        kind = line[:1]
        size = 0
        if kind in (b"$", b"=", b"!"):
            number = 0 if line[1:] == b"-1" else _number(line[1:], MAX_BULK)
            if number is None:
                return -1
            size = number + 2 if line[1:] != b"-1" else 0
            if len(rest) < min(number, MAX_HEAD):
                return 0
        elif kind not in _KINDS:
            return -1
        if self._nested:
            self._nested -= 1
        elif kind != b">":
            self._reply(line, rest[: min(size, MAX_HEAD)])
        if kind in _AGGREGATES:
            count = 0 if line[1:] == b"-1" else _number(line[1:], MAX_ITEMS)
            if count is None:
                return -1
            self._nested += count * _AGGREGATES[kind]
        return len(line) + 2 + size

    def _reply(self, line: bytes, text: bytes) -> None:
        """The first element of the answer to the oldest command that has none."""
        command = self._commands.popleft() if self._commands else b""
        self.seen = True
        if line.startswith((b"-NOAUTH", b"-WRONGPASS")):
            self.security = "password"
        elif line.startswith(b"-DENIED"):
            self.security = "protected-mode"
        elif command == b"AUTH" and line == b"+OK":
            self.login_accepted = True
        elif command and command not in SILENT and not line.startswith(b"-") and not self.security:
            self.security = "none"
        version = _VERSION.search(text)
        if version:
            self.server_banner = "Redis " + printable(version[1], MAX_BANNER - 6)


def _number(digits: bytes, limit: int) -> int | None:
    """A length of at most `limit`, or None."""
    if not digits.isdigit() or len(digits) > 10:
        return None
    number = int(digits)
    return number if number <= limit else None
