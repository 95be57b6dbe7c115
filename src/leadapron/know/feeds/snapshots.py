"""What a hospital holds of the world's knowledge: dated snapshots of each feed, with where they came from.

`<folder>/<feed id>/<UTC stamp>/{data.json.zst, provenance.json}`. A snapshot is written aside and renamed, so it is
there whole or not at all. The newest sound one counts; the last few are kept, and a damaged one is named and passed
over. What ships with the program is the floor: whichever of the two is newer wins, feed by feed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from leadapron.know.advisories.base import load_base
from leadapron.know.feeds.payload import age_order, by_product, count, newest, pack, unpack
from leadapron.model.advisories import Feed, FeedState, Knowledge
from leadapron.model.errors import SourceError, UsageError

KEPT = 5
"""Snapshots of a feed that stay on disk."""

FORMAT = 1
"""Of `provenance.json`; a newer program that changes it must still read this one."""

DATA = "data.json.zst"
PROVENANCE = "provenance.json"

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMPED = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_FEED_ID = re.compile(r"(kev|epss|endoflife|overlay|advisories(/[a-z0-9][a-z0-9._-]{0,99})?)")
_LEFTOVER = ".new-"
_LEFTOVER_AGE = timedelta(days=1)
_ADVISORIES = "advisories"


class Provenance(Struct, frozen=True, kw_only=True):
    """`provenance.json`: where the facts came from, and how to tell that they are whole."""

    format: int
    feed: Feed
    data_sha256: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """One dated state of a feed."""

    feed: Feed
    payload: Knowledge
    data: bytes
    """`payload` as stored: compressed."""


class Damaged(Struct, frozen=True, kw_only=True):
    """A snapshot that cannot be used."""

    name: str
    reason: str


def check_feed_id(text: str) -> str:
    """Feed identifiers become folders, so only these few shapes pass; SourceError for any other."""
    if not _FEED_ID.fullmatch(text) or ".." in text:
        raise SourceError(f"{text[:80]!r}: not the name of a feed (kev, epss, endoflife, advisories/<provider>)")
    return text


class KnowledgeStore:
    """The knowledge folder of one installation. `damaged` names what the last reading passed over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: tuple[Damaged, ...] = ()

    def load(self) -> Knowledge:
        """Everything known: what ships with the program and what was added since, the newer of each."""
        base = load_base()
        held = self.snapshots()
        shipped = {feed.id: feed for feed in base.feeds}
        winners = {
            each.feed.id: each.payload
            for each in held
            if each.feed.id not in shipped or age_order(each.feed) > age_order(shipped[each.feed.id])
        }
        # Nobody else's feed replaces what ships, whatever publisher its documents name.
        own = [each.payload.advisories for each in held if each.feed.id == _ADVISORIES]
        others = [each.payload.advisories for each in held if each.feed.id != _ADVISORIES]
        feeds = shipped | {each.feed.id: each.feed for each in held if each.feed.id in winners}
        if _ADVISORIES in winners and _ADVISORIES in shipped:
            both = newest(base.advisories, winners[_ADVISORIES].advisories)
            feeds[_ADVISORIES] = msgspec.structs.replace(feeds[_ADVISORIES], records=len(both))
        empty = Knowledge()
        return Knowledge(
            advisories=(*newest(base.advisories, *own), *newest(*others)),
            exploited={**base.exploited, **winners.get("kev", empty).exploited},
            epss=winners.get("epss", empty).epss or base.epss,
            lifecycles=by_product(base.lifecycles, winners.get("endoflife", empty).lifecycles),
            feeds=tuple(feeds.values()),
        )

    def status(self, today: date) -> tuple[Feed, ...]:
        """All feeds: those missing or stale first, then the oldest."""
        loud = (FeedState.MISSING, FeedState.STALE, FeedState.FRESH)
        return tuple(sorted(self.load().feeds, key=lambda feed: (loud.index(feed.state(today)), *age_order(feed))))

    def effective(self, feed_id: str) -> Feed | None:
        """The feed whose facts count today: the shipped one or a snapshot, whichever is newer."""
        candidates = [feed for feed in load_base().feeds if feed.id == feed_id]
        held = self.current(feed_id)
        if held:
            candidates.append(held.feed)
        return max(candidates, key=age_order, default=None)

    def current(self, feed_id: str) -> Snapshot | None:
        """The newest sound snapshot of a feed."""
        return self._newest(check_feed_id(feed_id), [])

    def snapshots(self) -> tuple[Snapshot, ...]:
        """The newest sound snapshot of each feed; what was passed over is in `damaged`."""
        damaged: list[Damaged] = []
        found = tuple(self._current(damaged))
        self.damaged = tuple(damaged)
        return found

    def save(self, feed: Feed, payload: Knowledge) -> Feed:
        """Add a snapshot; the feed as stored."""
        return self.save_all([(feed, payload)])[0]

    def save_all(self, contents: Sequence[tuple[Feed, Knowledge]]) -> tuple[Feed, ...]:
        """Add one snapshot of each feed: all of them, or none.

        `fetched` must be set, and is the stamp. A date later than that is no date of real data, and would keep a
        feed fresh for ever: it is brought back to the day of reading.
        """
        written: list[tuple[Path, Path]] = []
        renamed: list[Path] = []
        feeds: list[Feed] = []
        try:
            for feed, payload in contents:
                stored, aside, place = self._write_aside(feed, payload)
                feeds.append(stored)
                written.append((aside, place))
            for aside, place in written:
                aside.rename(place)
                renamed.append(place)
                _sync_folder(place.parent)
        except OSError as error:
            for place in renamed:
                shutil.rmtree(place, ignore_errors=True)
            raise UsageError(f"{self.folder}: cannot be written ({error.strerror}); free space or rights?") from error
        finally:
            for aside, _ in written:
                shutil.rmtree(aside, ignore_errors=True)
        for _, place in written:
            self._prune(place.parent, feeds[0].fetched or datetime.now(UTC))
        return tuple(feeds)

    def _write_aside(self, feed: Feed, payload: Knowledge) -> tuple[Feed, Path, Path]:
        """The feed as stored, the finished folder beside its place, and its place."""
        if feed.fetched is None:
            raise ValueError("a snapshot needs the time it was read")
        parent = self.folder / check_feed_id(feed.id)
        parent.mkdir(parents=True, exist_ok=True)
        read_on = feed.fetched.astimezone(UTC).date()
        stored = msgspec.structs.replace(
            feed, as_of=min(feed.as_of, read_on) if feed.as_of else None, records=count(payload)
        )
        data = pack(payload)
        provenance = Provenance(format=FORMAT, feed=stored, data_sha256=hashlib.sha256(data).hexdigest())
        aside = Path(tempfile.mkdtemp(prefix=_LEFTOVER, dir=parent))
        try:
            _write(aside / DATA, data)
            _write(aside / PROVENANCE, msgspec.json.format(msgspec.json.encode(provenance), indent=2) + b"\n")
            aside.chmod(0o755)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return stored, aside, parent / _free_stamp(parent, feed.fetched)

    def _current(self, damaged: list[Damaged]) -> Iterator[Snapshot]:
        for feed_id in self._feed_ids():
            snapshot = self._newest(feed_id, damaged)
            if snapshot:
                yield snapshot

    def _feed_ids(self) -> Iterator[str]:
        for path in sorted(self.folder.glob("*")) + sorted((self.folder / _ADVISORIES).glob("*")):
            name = path.relative_to(self.folder).as_posix()
            if _FEED_ID.fullmatch(name) and any(_stamps(path)):
                yield name

    def _newest(self, feed_id: str, damaged: list[Damaged]) -> Snapshot | None:
        for stamp in sorted(_stamps(self.folder / feed_id), reverse=True):
            try:
                return _read(self.folder / feed_id / stamp, feed_id)
            except SourceError as error:
                damaged.append(Damaged(name=f"{feed_id}/{stamp}", reason=str(error)))
        return None

    def _prune(self, parent: Path, now: datetime) -> None:
        for stamp in sorted(_stamps(parent), reverse=True)[KEPT:]:
            shutil.rmtree(parent / stamp, ignore_errors=True)
        for leftover in parent.glob(f"{_LEFTOVER}*"):
            with suppress(OSError):
                if now - datetime.fromtimestamp(leftover.stat().st_mtime, UTC) > _LEFTOVER_AGE:
                    shutil.rmtree(leftover, ignore_errors=True)


def _stamps(parent: Path) -> list[str]:
    try:
        return [name for name in os.listdir(parent) if _STAMPED.fullmatch(name)]
    except OSError:
        return []


def _free_stamp(parent: Path, fetched: datetime) -> str:
    """The stamp of a time, or one just after the newest held: a clock set back must not hide what is saved now."""
    stamp = fetched.astimezone(UTC).strftime(_STAMP)
    held = max(_stamps(parent), default="")
    if stamp > held:
        return stamp
    after = datetime.strptime(held, _STAMP).replace(tzinfo=UTC) + timedelta(microseconds=1)
    return after.strftime(_STAMP)


def _read(place: Path, feed_id: str) -> Snapshot:
    try:
        provenance = msgspec.json.decode((place / PROVENANCE).read_bytes(), type=Provenance)
        data = (place / DATA).read_bytes()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{place}: damaged ({error})") from error
    if provenance.format != FORMAT:
        raise SourceError(f"{place}: written by another version of this program (format {provenance.format})")
    if hashlib.sha256(data).hexdigest() != provenance.data_sha256 or provenance.feed.id != feed_id:
        raise SourceError(f"{place}: damaged (its content is not what was written)")
    return Snapshot(feed=provenance.feed, payload=unpack(data, str(place)), data=data)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """A rename outlives a power cut only once its folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
