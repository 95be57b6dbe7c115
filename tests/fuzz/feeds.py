"""Parsers of what providers and bundles send, for the fuzz driver: name, run, seeds."""

from __future__ import annotations

from collections.abc import Callable

from leadapron.know.feeds.listing import Listing, read_changes, read_index, read_rolie
from leadapron.know.feeds.metadata import csaf_lines, read_metadata
from leadapron.know.feeds.openpgp import check_hash, check_signature, read_certificates
from leadapron.know.feeds.payload import pack, unpack
from leadapron.know.feeds.recognise import kind_of
from leadapron.model.advisories import Knowledge
from leadapron.model.errors import SourceError
from tests.know.feeds.providers import Provider, csaf

Outcome = frozenset[str]
FOLDER = "https://vendor.example/csaf/"


def _provider() -> Provider:
    provider = Provider("https://vendor.example", None)
    provider.add("2026/ex-1.json", csaf("EX-1"))
    return provider


def _metadata(data: bytes) -> Outcome:
    provider = read_metadata(data, "fuzz")
    assert all(provider.hosts())
    return frozenset({provider.role, f"{len(provider.keys)} keys", *map(str, csaf_lines(data)[:1])})


def _listed(listing: Listing) -> Outcome:
    assert all(entry.url.startswith("https://") for entry in listing.entries)
    return frozenset({f"{len(listing.entries)} listed", f"{len(listing.refused)} refused"})


def _rolie(data: bytes) -> Outcome:
    return _listed(read_rolie(data, "fuzz"))


def _folder(data: bytes) -> Outcome:
    return _listed(read_index(data, FOLDER)) | _listed(read_changes(data, FOLDER))


def _keys(data: bytes) -> Outcome:
    kinds = {kind_of(data)}
    for attempt in (
        lambda: check_hash(b"", data, "fuzz.sha256"),
        lambda: check_signature(b"", data, {}, "fuzz"),
        lambda: read_certificates(data, "fuzz"),
    ):
        try:
            attempt()
        except SourceError:
            kinds.add(None)
    return frozenset(map(str, kinds))


def _snapshot(data: bytes) -> Outcome:
    return frozenset({f"{len(unpack(data, 'fuzz').advisories)} advisories"})


def _refusing(run: Callable[[bytes], Outcome]) -> Callable[[bytes], Outcome]:
    """The one promise of these parsers: what they cannot read is a SourceError."""

    def guarded(data: bytes) -> Outcome:
        try:
            return run(data)
        except SourceError as refused:
            return frozenset({str(refused)[:40]})

    return guarded


FEED_PARSERS: tuple[tuple[str, Callable[[bytes], Outcome], tuple[bytes, ...]], ...] = (
    ("feeds-metadata", _refusing(_metadata), (_provider().metadata(), _provider().metadata(rolie=False))),
    ("feeds-rolie", _refusing(_rolie), (_provider().rolie(),)),
    ("feeds-folder", _refusing(_folder), (b'"2026/ex-1.json","2026-10-01T00:00:00Z"\r\n', b"2026/ex-1.json\n")),
    ("feeds-keys", _refusing(_keys), (b"a" * 64 + b"  x.json\n",)),
    ("feeds-snapshot", _refusing(_snapshot), (pack(Knowledge()),)),
)
"""Name, run, and what sound input looks like."""
