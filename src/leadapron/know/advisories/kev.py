"""CISA's catalogue of exploited flaws (KEV), in its JSON and its CSV form."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec
from msgspec import Struct

from leadapron.know.advisories.document import CveId
from leadapron.model.advisories import Exploited
from leadapron.model.errors import SourceError

MAX_CATALOGUE = 50_000_000
"""Bytes; the catalogue has 1.3 million."""

_COLUMNS = ("cveID", "dateAdded", "knownRansomwareCampaignUse")
_KNOWN = "known"


class ExploitedFlaws(Struct, frozen=True, kw_only=True):
    """The catalogue at one date."""

    exploited: Mapping[str, Exploited]
    """By CVE."""
    as_of: date


class _Entry(Struct, rename={"cve": "cveID", "added": "dateAdded", "ransomware": "knownRansomwareCampaignUse"}):
    cve: CveId
    added: date
    ransomware: str = "Unknown"


class _Catalogue(Struct, rename={"released": "dateReleased"}):
    released: datetime
    vulnerabilities: list[_Entry]


def read_kev(data: bytes, name: str) -> ExploitedFlaws:
    """The catalogue in `data`, JSON or CSV; SourceError names the file `name` and the place."""
    if len(data) > MAX_CATALOGUE:
        raise SourceError(f"{name}: larger than {MAX_CATALOGUE:,} bytes; it is no KEV catalogue")
    data = data.removeprefix(BOM_UTF8)
    return _from_json(data, name) if data.lstrip()[:1] == b"{" else _from_csv(data, name)


def _from_json(data: bytes, name: str) -> ExploitedFlaws:
    try:
        catalogue = msgspec.json.decode(data, type=_Catalogue)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{name}: not a KEV catalogue: {error}") from error
    return ExploitedFlaws(exploited=_by_cve(catalogue.vulnerabilities), as_of=catalogue.released.date())


def _from_csv(data: bytes, name: str) -> ExploitedFlaws:
    """The CSV form bears no date of its own: that of its newest entry counts."""
    entries: list[_Entry] = []
    try:
        rows = csv.DictReader(io.StringIO(data.decode()), strict=True)
        if not set(_COLUMNS) <= set(rows.fieldnames or ()):
            raise SourceError(f"{name}, line 1: the columns {', '.join(_COLUMNS)} are needed")
        for row in rows:
            try:
                entries.append(msgspec.convert({column: row[column] or "" for column in _COLUMNS}, _Entry))
            except msgspec.ValidationError as error:
                raise SourceError(f"{name}, line {rows.line_num}: {error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{name}: not a KEV catalogue: {error}") from error
    if not entries:
        raise SourceError(f"{name}: holds no entry; fetch it again")
    return ExploitedFlaws(exploited=_by_cve(entries), as_of=max(entry.added for entry in entries))


def _by_cve(entries: Iterable[_Entry]) -> dict[str, Exploited]:
    return {
        entry.cve: Exploited(cve=entry.cve, added=entry.added, ransomware=entry.ransomware.strip().lower() == _KNOWN)
        for entry in entries
    }
