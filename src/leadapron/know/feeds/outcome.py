"""What an update came to, as facts that a front end puts in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.advisories import Feed

Progress = Callable[[int, int, str], None]
"""Called with how much is done, of how much (0: not known), and the name of what was just handled."""


def silent(done: int, total: int, what: str) -> None:
    """The progress of whom nobody watches."""


class Outcome(StrEnum):
    """What became of one feed."""

    NEW = "new"
    UNCHANGED = "unchanged"
    OLDER = "older"
    """What is held already is newer; it was kept."""
    FAILED = "failed"


class Note(StrEnum):
    """What a person should hear of an update that went well (message id: `knowledge.note.<value>`)."""

    KEYS_PINNED = "keys-pinned"
    """First contact: the provider's signing keys were remembered. `params`: fingerprints."""
    KEYS_CHANGED = "keys-changed"
    """The provider names keys that are not the remembered ones; these are not trusted. `params`: fingerprints."""
    NO_SIGNATURES = "no-signatures"
    """The provider signs nothing: documents were checked by hash, or by TLS alone."""
    RESTRICTED = "restricted"
    """Feeds that are not public (TLP) were left out. `params`: count."""
    ROWS_LEFT_OUT = "rows-left-out"
    """Entries of a list that name no sound address were left out. `params`: count, first."""


class Remark(Struct, frozen=True, kw_only=True):
    """A note and its parameters."""

    note: Note
    params: Mapping[str, str] = field(default_factory=dict)


class Refused(Struct, frozen=True, kw_only=True):
    """A document that was left out, and why (English, as exceptions are)."""

    name: str
    reason: str


class FeedUpdate(Struct, frozen=True, kw_only=True):
    """What became of one feed."""

    id: str
    outcome: Outcome
    feed: Feed | None = None
    """What is held now; None when nothing is."""
    refused: tuple[Refused, ...] = ()
    verified: Mapping[str, int] = field(default_factory=dict)
    """How documents were checked (`signature`, `hash`, or empty: by TLS alone) → how many."""
    fetched: int = 0
    """Documents read anew; the others were held already."""
    remarks: tuple[Remark, ...] = ()
    error: str = ""
    """Why it failed."""


class UpdateReport(Struct, frozen=True, kw_only=True):
    """What became of all feeds of one update."""

    updates: tuple[FeedUpdate, ...]
    refused: tuple[Refused, ...] = ()
    """Files that are of no known kind, or damaged."""
