"""Strings of unknown origin, made safe to keep: printable, on one line, bounded."""

from __future__ import annotations


def printable(data: bytes, limit: int) -> str:
    """At most `limit` printable characters of UTF-8 (or, failing that, Latin-1) text; runs of others become a space.

    Devices are older than UTF-8: any byte has a Latin-1 reading, so this never fails.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return one_line(text, limit)


def utf16(data: bytes, limit: int) -> str:
    """As `printable`, for the little-endian UTF-16 of Windows protocols; broken pairs are dropped."""
    return one_line(data[: len(data) & ~1].decode("utf-16-le", "ignore"), limit)


def one_line(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, control characters and white space folded into single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit]
