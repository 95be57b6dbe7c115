"""Answers to searches, counted as they stream by: DICOM JSON (PS3.18 Annex F) is an array of objects, XML comes in
parts."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

MAX_DEPTH: Final = 128
_STRING_END: Final = re.compile(rb'["\\]')
_STRUCTURE: Final = re.compile(rb'[\[\]{}"]')
_SPACE: Final = b" \t\r\n"


class AnswerError(ValueError):
    """The answer is not what a search is answered with."""


class _State(Enum):
    START = auto()
    INSIDE = auto()
    STRING = auto()
    ESCAPE = auto()
    END = auto()


class JsonMatches:
    """Counts the objects of one array. Anything but objects in it, as other interfaces of archives give, is an
    AnswerError: it must not get out by a path that they share."""

    def __init__(self) -> None:
        self.count = 0
        self._state = _State.START
        self._open: bytearray = bytearray()

    def feed(self, data: bytes) -> int:
        """How many objects have begun so far."""
        at = 0
        while at < len(data):
            if self._state is _State.STRING:
                at = self._string(data, at)
            elif self._state is _State.ESCAPE:
                self._state, at = _State.STRING, at + 1
            else:
                at = self._structure(data, at)
        return self.count

    def _string(self, data: bytes, at: int) -> int:
        found = _STRING_END.search(data, at)
        if found is None:
            return len(data)
        self._state = _State.INSIDE if found[0] == b'"' else _State.ESCAPE
        return found.end()

    def _structure(self, data: bytes, at: int) -> int:
        if len(self._open) <= 1:
            return self._outer(data, at)
        found = _STRUCTURE.search(data, at)
        if found is None:
            return len(data)
        mark = found[0]
        if mark == b'"':
            self._state = _State.STRING
        elif mark in b"[{":
            if len(self._open) >= MAX_DEPTH:
                raise AnswerError("web.answer-depth")
            self._open += mark
        else:
            self._close(mark)
        return found.end()

    def _outer(self, data: bytes, at: int) -> int:
        """Outside of objects, one byte at a time: there are few."""
        mark = data[at : at + 1]
        if mark in _SPACE:
            return at + 1
        if self._state is _State.START and mark == b"[":
            self._state = _State.INSIDE
            self._open += mark
        elif self._state is _State.INSIDE and mark == b"{":
            self.count += 1
            self._open += mark
        elif self._state is _State.INSIDE and mark == b"]":
            self._close(mark)
            self._state = _State.END
        elif not (self._state is _State.INSIDE and mark == b","):
            raise AnswerError("web.answer-form")
        return at + 1

    def _close(self, mark: bytes) -> None:
        if not self._open or self._open[-1] != {b"]": ord("["), b"}": ord("{")}[mark]:
            raise AnswerError("web.answer-form")
        self._open.pop()


class XmlMatches:
    """Counts the parts of a multipart answer by their delimiters."""

    def __init__(self, boundary: bytes) -> None:
        self.count = 0
        self._mark = b"--" + boundary
        self._kept = b""

    def feed(self, data: bytes) -> int:
        """How many parts have begun so far. The final delimiter is taken for one more only once it has passed."""
        data = self._kept + data
        at = 0
        while (found := data.find(self._mark, at)) >= 0:
            after = data[found + len(self._mark) : found + len(self._mark) + 2]
            if len(after) < 2:
                self._kept = data[found:]
                return self.count
            self.count += after != b"--"
            at = found + len(self._mark)
        self._kept = data[max(at, len(data) - len(self._mark) + 1) :]
        return self.count
