"""What a file is, told by its content: names on download pages change, and people rename files."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from enum import StrEnum

import msgspec

HEAD = 4_096
"""Bytes that tell most kinds; JSON whose first key is not telling is read whole."""

_CSAF = re.compile(rb'\s*\{\s*"document"\s*:')
_EPSS = re.compile(rb"#\s*model_version|cve,\s*epss", re.IGNORECASE)
_KEV_COLUMNS = (b"cveID", b"dateAdded")
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Kind(StrEnum):
    """What this program can take in."""

    CSAF = "csaf"
    KEV = "kev"
    EPSS = "epss"
    ENDOFLIFE = "endoflife"
    PROVIDER = "provider"
    """The metadata of a CSAF provider."""
    ARCHIVE = "archive"
    UNKNOWN = "unknown"


def by_head(head: bytes) -> Kind | None:
    """The kind that the first bytes tell; None: the whole must be seen."""
    head = head.removeprefix(BOM_UTF8)
    if head.startswith(b"PK"):
        return Kind.ARCHIVE
    if head.startswith(b"\x1f\x8b") or _EPSS.match(head):
        return Kind.EPSS  # the one feed that comes in gzip; its reader says if it is something else
    if _CSAF.match(head):
        return Kind.CSAF
    if head.lstrip()[:1] in (b"{", b"["):
        return None
    return Kind.KEV if all(column in head.split(b"\n", 1)[0] for column in _KEV_COLUMNS) else Kind.UNKNOWN


def kind_of(data: bytes) -> Kind:
    """The kind of a whole file."""
    told = by_head(data[:HEAD])
    if told is not None:
        return told
    text = data.removeprefix(BOM_UTF8)
    if text.lstrip()[:1] == b"[":
        return Kind.ENDOFLIFE if b'"eol"' in text[:HEAD] else Kind.UNKNOWN
    try:
        keys = _KEYS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Kind.UNKNOWN
    if "document" in keys:
        return Kind.CSAF
    if "vulnerabilities" in keys and "dateReleased" in keys:
        return Kind.KEV
    if "canonical_url" in keys and "publisher" in keys:
        return Kind.PROVIDER
    if "result" in keys:
        return Kind.ENDOFLIFE
    first = next(iter(keys.values()), None)
    return Kind.ENDOFLIFE if first is not None and b'"releases"' in bytes(first)[: 10 * HEAD] else Kind.UNKNOWN
