"""FIRST's daily probabilities of exploitation (EPSS): a CSV file, mostly compressed by gzip."""

from __future__ import annotations

import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Container, Mapping
from datetime import date

from msgspec import Struct

from leadapron.model.errors import SourceError

MAX_SCORES = 100_000_000
"""Bytes once unpacked; all CVEs of 2026 take 10 million."""

_GZIP = b"\x1f\x8b"
_DATE = re.compile(r"score_date:(\d{4}-\d{2}-\d{2})")
_ROW = re.compile(r"(CVE-\d{4}-\d{4,19}),([01](?:\.\d{1,20})?|\d(?:\.\d{1,20})?e-\d{1,2})(?:,.*)?", re.IGNORECASE)
_COLUMNS = "cve,epss"


class Probabilities(Struct, frozen=True, kw_only=True):
    """The scores of one day."""

    epss: Mapping[str, float]
    """CVE → probability of exploitation within 30 days."""
    as_of: date


def read_epss(data: bytes, name: str, *, keep: Container[str] | None = None) -> Probabilities:
    """The scores in `data`, of the CVEs in `keep` only where given; SourceError names the file and line."""
    lines = _unpacked(data, name).decode("ascii", "replace").splitlines()
    head = next((index for index, line in enumerate(lines) if not line.startswith("#")), 0)
    if not lines or not lines[head].lower().startswith(_COLUMNS):
        raise SourceError(f"{name}, line {head + 1}: an EPSS file has the columns {_COLUMNS} there")
    scores: dict[str, float] = {}
    for number, line in enumerate(lines[head + 1 :], start=head + 2):
        row = _ROW.fullmatch(line)
        if row is None or float(row[2]) > 1:
            raise SourceError(f"{name}, line {number}: a CVE and a probability from 0 to 1 are needed; fetch it again")
        if keep is None or row[1].upper() in keep:
            scores[row[1].upper()] = float(row[2])
    told = _DATE.search("\n".join(lines[:head]))
    try:
        return Probabilities(epss=scores, as_of=date.fromisoformat(told[1] if told else ""))
    except ValueError as error:
        raise SourceError(f"{name}: its first line names no date (score_date); take FIRST's own file") from error


def _unpacked(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP):
        text = data.removeprefix(BOM_UTF8)
    else:
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            text = unpacker.decompress(data, MAX_SCORES + 1)
        except zlib.error as error:
            raise SourceError(f"{name}: damaged gzip file ({error}); fetch it again") from error
        if not unpacker.eof and len(text) <= MAX_SCORES:
            raise SourceError(f"{name}: the gzip file ends too early; fetch it again")
    if len(text) > MAX_SCORES:
        raise SourceError(f"{name}: larger than {MAX_SCORES:,} bytes; it is no EPSS file")
    return text
