"""Read the presentation language of TLS (RFC 8446 §3): big-endian numbers and length-prefixed vectors."""

from __future__ import annotations

from collections.abc import Iterator


class TruncatedError(ValueError):
    """A length points past the end of the message."""


class Cursor:
    """A position in a message that can only move forward and never past the end."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self._data) - self._position

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises TruncatedError if there are fewer."""
        end = self._position + size
        if end > len(self._data):
            raise TruncatedError
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def number(self, size: int) -> int:
        """The next `size` bytes as a number."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, length_size: int) -> bytes:
        """A vector whose length is written in the `length_size` bytes before it."""
        return self.take(self.number(length_size))


def numbers(data: bytes) -> tuple[int, ...]:
    """A list of 16-bit numbers; an odd last byte is dropped."""
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2))


def vectors(data: bytes, length_size: int) -> Iterator[bytes]:
    """A list of vectors, up to the first that is cut off."""
    cursor = Cursor(data)
    while cursor.left >= length_size:
        size = cursor.number(length_size)
        if size > cursor.left:
            return
        yield cursor.take(size)
