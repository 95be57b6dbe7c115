"""What was downloaded of a provider and checked, document by document: an interrupted update goes on from here."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from leadapron.know.files import write_whole
from leadapron.model.advisories import Advisory

FORMAT = 1
"""Raise it when advisories are read differently: documents are then fetched again."""


class Held(Struct, frozen=True, kw_only=True):
    """A document that was fetched, checked and read."""

    url: str
    sha256: str
    verified: str
    """`signature`, `hash`, or empty: by TLS alone."""
    advisory: Advisory
    listed: datetime | None = None
    """When the list said it was updated."""
    etag: str = ""
    last_modified: str = ""
    format: int = FORMAT


_DECODER = msgspec.json.Decoder(Held)


class WorkFolder:
    """One small file a document, written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()[:40]}.json"

    def get(self, url: str) -> Held | None:
        """What is held of an address; None also for what is damaged or of an older make, as it can be had again."""
        try:
            held = _DECODER.decode(self._path(url).read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return held if held.url == url and held.format == FORMAT else None

    def put(self, held: Held) -> None:
        """Keep a document."""
        write_whole(self._path(held.url), msgspec.json.encode(held))
