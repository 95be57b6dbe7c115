"""Lists of a provider's documents: ROLIE feeds, and the `changes.csv` or `index.txt` of a folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from leadapron.know.feeds.addresses import MAX_URL, below, https_url, printable
from leadapron.model.errors import SourceError

MAX_LISTING = 64 << 20
"""Bytes; the largest real one lists some 30,000 documents in 20 MB."""
MAX_ENTRIES = 100_000

_HASHES = (".sha512", ".sha256")

Row = TypeVar("Row")


class Entry(Struct, frozen=True, kw_only=True):
    """A document in a list."""

    url: str
    updated: datetime | None = None
    hashes: tuple[str, ...] = ()
    """Addresses of its hash files, strongest first; when empty, the usual names beside it are tried."""
    signature: str = ""


class Listing(Struct, frozen=True, kw_only=True):
    """Documents, each once, and what was left out."""

    entries: tuple[Entry, ...]
    updated: datetime | None = None
    """When the list says that it last changed."""
    refused: tuple[str, ...] = ()
    """Addresses that are not sound."""


class _Link(Struct):
    href: str
    rel: str = ""


class _Content(Struct):
    src: str = ""


class _Entry(Struct):
    link: list[_Link] = field(default_factory=list)
    updated: str = ""
    content: _Content = field(default_factory=_Content)


class _Feed(Struct):
    entry: list[_Entry] = field(default_factory=list)
    updated: str = ""


class _Rolie(Struct):
    feed: _Feed


_DECODER = msgspec.json.Decoder(_Rolie)


def read_rolie(data: bytes, name: str) -> Listing:
    """A ROLIE feed in JSON (CSAF 2.0 §7.1.15); SourceError when it is none."""
    try:
        feed = _DECODER.decode(data).feed
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{name}: not a ROLIE feed ({error})") from error
    rows: list[tuple[str, Entry | None]] = []
    for raw in _bounded(feed.entry, name):
        rows.append(_rolie_entry(raw))
    return _listing(rows, moment(feed.updated))


def _rolie_entry(raw: _Entry) -> tuple[str, Entry | None]:
    links = {rel: [link.href for link in raw.link if link.rel == rel] for rel in ("self", "hash", "signature")}
    address = raw.content.src or next(iter(links["self"]), "")
    hashes = [url for url in map(https_url, links["hash"]) if url and url.endswith(_HASHES)]
    signature = next((url for url in map(https_url, links["signature"]) if url), "")
    url = https_url(address)
    if url is None:
        return address, None
    hashes.sort(key=lambda each: each.endswith(".sha256"))
    return url, Entry(url=url, updated=moment(raw.updated), hashes=tuple(hashes), signature=signature or "")


def read_changes(data: bytes, folder: str) -> Listing:
    """`changes.csv` (CSAF 2.0 §7.1.13): path and time of each document in `folder`, newest first."""
    name = f"{folder}changes.csv"
    try:
        cells = list(_bounded(csv.reader(io.StringIO(_text(data, name), newline=""), strict=True), name))
    except csv.Error as error:
        raise SourceError(f"{name}: not CSV ({error})") from error
    rows = [
        (row[0], _in_folder(folder, row[0], moment(row[1]) if len(row) > 1 else None))
        for row in cells
        if row and row[0].strip()
    ]
    dates = [entry.updated for _, entry in rows if entry and entry.updated]
    return _listing(rows, max(dates, default=None))


def read_index(data: bytes, folder: str) -> Listing:
    """`index.txt` (CSAF 2.0 §7.1.12): a path a line."""
    name = f"{folder}index.txt"
    lines = [line.strip() for line in _text(data, name).splitlines()]
    rows = [(line, _in_folder(folder, line, None)) for line in _bounded(lines, name) if line]
    return _listing(rows, None)


def _in_folder(folder: str, path: str, updated: datetime | None) -> Entry | None:
    url = below(folder, path) if path.strip().endswith(".json") else None
    return Entry(url=url, updated=updated) if url else None


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: not text in UTF-8 (byte {error.start})") from error


def _bounded(rows: Iterable[Row], name: str) -> Iterable[Row]:
    for number, row in enumerate(rows, start=1):
        if number > MAX_ENTRIES:
            raise SourceError(f"{name}: more than {MAX_ENTRIES} documents; refused")
        yield row


def _listing(rows: list[tuple[str, Entry | None]], updated: datetime | None) -> Listing:
    """Of several rows on one document, the newest counts."""
    best: dict[str, Entry] = {}
    early = datetime.min.replace(tzinfo=UTC)
    for _, entry in rows:
        if entry and (entry.url not in best or (entry.updated or early) > (best[entry.url].updated or early)):
            best[entry.url] = entry
    refused = tuple(printable(text, MAX_URL) for text, entry in rows if entry is None)
    return Listing(entries=tuple(best.values()), updated=updated, refused=refused)


def moment(text: str) -> datetime | None:
    """A time as RFC 3339 writes it, in UTC; None for anything else."""
    try:
        time = datetime.fromisoformat(text.strip())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
