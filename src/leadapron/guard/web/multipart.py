"""multipart/related taken apart as it streams (RFC 2046 §5.1, RFC 2387): strict, bounded, cut anywhere. Pure.

Delimiters are found in one way only. What goes on is put together anew with a delimiter of the guard's own choice, so
that no reader behind can find other parts than those that were looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from msgspec import Struct

MAX_HEADER: Final = 4096
"""Bytes of the header of one part."""
MAX_PARTS: Final = 4096
MAX_MARGIN: Final = 1024
"""Bytes before the first and behind the last delimiter, which mean nothing."""

_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*)")
_PADDING: Final = b" \t"


class MultipartError(ValueError):
    """`web.multipart-…`: what broke the form."""


class PartBegins(Struct, frozen=True):
    """A new part, with its header; names in lower case."""

    fields: dict[str, str]


class PartEnds(Struct, frozen=True):
    """All bytes of the part have come."""


class _State(Enum):
    PREAMBLE = auto()
    DELIMITER = auto()
    """Behind a delimiter: another part, or the end."""
    HEADER = auto()
    BODY = auto()
    EPILOGUE = auto()


class Multipart:
    """Takes the bytes of one body."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._state = _State.PREAMBLE
        self._held = b"\r\n"  # the first delimiter may stand at the very beginning
        self._parts = 0
        self._margin = 0

    def feed(self, data: bytes) -> Iterator[PartBegins | PartEnds | bytes]:
        """What came: beginnings, bytes, ends. MultipartError where the form is broken."""
        self._held += data
        while (found := self._step()) is not None:
            if found != b"":
                yield found

    def end(self) -> None:
        """The body is over. MultipartError if it was cut off."""
        if self._state is not _State.EPILOGUE:
            raise MultipartError("web.multipart-cut")

    def _step(self) -> PartBegins | PartEnds | bytes | None:
        """One step further; None where bytes lack, an empty piece where there is nothing to tell."""
        match self._state:
            case _State.PREAMBLE:
                return self._preamble()
            case _State.DELIMITER:
                return self._delimiter()
            case _State.HEADER:
                return self._header()
            case _State.BODY:
                return self._body()
            case _State.EPILOGUE:
                self._margin += len(self._held)
                self._held = b""
                if self._margin > MAX_MARGIN:
                    raise MultipartError("web.multipart-epilogue")
                return None

    def _preamble(self) -> bytes | None:
        at = self._held.find(self._mark)
        if at > MAX_MARGIN or (at < 0 and len(self._held) > MAX_MARGIN + len(self._mark)):
            raise MultipartError("web.multipart-preamble")
        if at < 0:
            return None
        self._held = self._held[at + len(self._mark) :]
        self._state = _State.DELIMITER
        return b""

    def _delimiter(self) -> bytes | None:
        rest = self._held.lstrip(_PADDING)
        if len(rest) < 2:
            if len(self._held) > MAX_MARGIN:
                raise MultipartError("web.multipart-delimiter")
            return None
        if self._held.startswith(b"--") and self._parts:
            self._state = _State.EPILOGUE
            self._held = self._held[2:]
        elif rest.startswith(b"\r\n"):
            self._state = _State.HEADER
            self._held = rest  # with the line end, so that an empty header ends in two of them as well
            self._parts += 1
            if self._parts > MAX_PARTS:
                raise MultipartError("web.multipart-parts")
        else:
            raise MultipartError("web.multipart-delimiter")
        return b""

    def _header(self) -> PartBegins | None:
        at = self._held.find(b"\r\n\r\n")
        if at > MAX_HEADER or (at < 0 and len(self._held) > MAX_HEADER):
            raise MultipartError("web.multipart-header")
        if at < 0:
            return None
        lines = self._held[2:at].split(b"\r\n") if at else []
        self._held = self._held[at + 4 :]
        self._state = _State.BODY
        fields: dict[str, str] = {}
        for line in lines:
            field = _FIELD.fullmatch(line)
            if field is None or (name := field[1].decode("ascii").lower()) in fields:
                raise MultipartError("web.multipart-header")
            fields[name] = field[2].decode("ascii").rstrip(" \t")
        return PartBegins(fields)

    def _body(self) -> PartEnds | bytes | None:
        held, mark = self._held, self._mark
        at = held.find(mark)
        if at == 0:
            self._held = held[len(mark) :]
            self._state = _State.DELIMITER
            return PartEnds()
        if at < 0:
            at = _tail(held, mark)
        if at == 0:
            return None
        self._held = held[at:]
        return held[:at]


def _tail(held: bytes, mark: bytes) -> int:
    """Where the longest end of `held` begins that could be the beginning of the delimiter."""
    at = max(len(held) - len(mark) + 1, 0)
    while (at := held.find(b"\r", at)) >= 0:
        if mark.startswith(held[at:]):
            return at
        at += 1
    return len(held)
