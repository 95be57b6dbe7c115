"""Heads of HTTP/1.x messages: start line, header fields, and how long the body behind them is (RFC 9112)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from msgspec import Struct

MAX_HEAD: Final = 32 * 1024
"""Bytes of a start line and its header fields together."""
MAX_FIELDS: Final = 256
MAX_LENGTH_DIGITS: Final = 18

_TARGET: Final = re.compile(rb"[^\x00-\x1f\x7f]+")
_METHOD: Final = re.compile(rb"[A-Z][A-Z_-]{0,19}")
_VERSION: Final = re.compile(rb"HTTP/1\.\d")
_STATUS: Final = re.compile(rb"HTTP/1\.\d +([1-5]\d\d)(?: |$)")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEAD_END: Final = re.compile(rb"\n\r?\n")


class RequestLine(Struct, frozen=True):
    """`GET /studies HTTP/1.1`"""

    method: str
    target: bytes


class StatusLine(Struct, frozen=True):
    """`HTTP/1.1 200 OK`"""

    status: int


class Head(Struct, frozen=True):
    """Start line and fields; names in lower case."""

    line: RequestLine | StatusLine
    fields: tuple[tuple[bytes, bytes], ...]
    malformed: bool
    """A line is no field, or its name is followed by white space (forbidden: RFC 9112 §5.1)."""

    def values(self, name: bytes) -> list[bytes]:
        """Every value of a field, in order."""
        return [value for known, value in self.fields if known == name]

    def value(self, name: bytes) -> bytes:
        """First value of a field, empty if it is absent."""
        return next((value for known, value in self.fields if known == name), b"")


class Body(Enum):
    """How the end of a message is found (RFC 9112 §6.3)."""

    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()
    UNKNOWABLE = auto()
    """The head contradicts itself: two readers would find two different ends."""


class Framing(Struct, frozen=True):
    """The body behind a head; `length` in bytes where it is told, 0 for none."""

    body: Body
    length: int = 0
    conflict: bool = False


NO_BODY: Final = Framing(Body.LENGTH)


def parse_line(line: bytes) -> RequestLine | StatusLine | None:
    """A start line without its end; None if it is neither kind."""
    status = _STATUS.match(line)
    if status:
        return StatusLine(int(status[1]))
    before, _, version = line.rstrip(b" ").rpartition(b" ")
    method, _, target = before.partition(b" ")
    target = target.strip(b" ")
    if _VERSION.fullmatch(version) and _METHOD.fullmatch(method) and _TARGET.fullmatch(target):
        return RequestLine(method.decode("ascii"), target)
    return None


def head_end(data: bytes, at: int) -> int:
    """Place behind the empty line that ends the head at `at`, or -1 if none is within MAX_HEAD."""
    found = _HEAD_END.search(data, at, at + MAX_HEAD)
    return found.end() if found else -1


def parse_head(line: RequestLine | StatusLine, block: bytes) -> Head:
    """The fields behind a start line: bare LF accepted, folded lines joined (RFC 9112 §2.2, §5.2)."""
    fields: list[tuple[bytes, bytes]] = []
    malformed = False
    for raw in block.split(b"\n")[1:]:
        text = raw.rstrip(b"\r")
        if not text or len(fields) == MAX_FIELDS:
            break
        if text[:1] in (b" ", b"\t") and fields:
            name, value = fields[-1]
            fields[-1] = name, value + b" " + text.strip(b" \t")
            continue
        name, colon, value = text.partition(b":")
        exact = bool(colon) and _NAME.fullmatch(name) is not None
        malformed = malformed or not exact
        fields.append((name.strip(b" \t").lower(), value.strip(b" \t")))
    return Head(line, tuple(fields), malformed)


def request_framing(head: Head) -> Framing:
    """A request has a body only if it says so."""
    told = _told_framing(head)
    if told is None:
        return NO_BODY
    if told.body is Body.UNTIL_CLOSE:
        return Framing(Body.UNKNOWABLE, conflict=True)
    return told


def response_framing(head: Head, status: int, method: str) -> Framing:
    """Some responses have no body whatever they say; others may end only with the connection."""
    if method == "HEAD" or status < 200 or status in (204, 304):
        return NO_BODY
    return _told_framing(head) or Framing(Body.UNTIL_CLOSE)


def _told_framing(head: Head) -> Framing | None:
    codings = [coding for coding in _listed(head.values(b"transfer-encoding")) if coding != b"identity"]
    lengths = set(_listed(head.values(b"content-length")))
    if codings:
        chunked_once_and_last = codings[-1] == b"chunked" and codings.count(b"chunked") == 1
        if chunked_once_and_last:
            return Framing(Body.CHUNKED, conflict=bool(lengths))
        return Framing(Body.UNTIL_CLOSE, conflict=bool(lengths) or b"chunked" in codings)
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > MAX_LENGTH_DIGITS:
        return Framing(Body.UNKNOWABLE, conflict=True)
    return Framing(Body.LENGTH, int(length))


def _listed(values: list[bytes]) -> list[bytes]:
    """Elements of a comma-separated field that may be repeated; an empty element counts, for it hides something."""
    return [part.strip(b" \t").lower() for value in values for part in value.split(b",")]
