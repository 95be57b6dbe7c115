"""`update`: a file, a folder, a ZIP archive, an address or a domain becomes snapshots of the feeds it holds."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from leadapron.know.advisories.base import load_base
from leadapron.know.advisories.endoflife import read_endoflife
from leadapron.know.advisories.epss import read_epss
from leadapron.know.advisories.folder import Problem, read_advisories
from leadapron.know.advisories.kev import read_kev
from leadapron.know.feeds.addresses import host_of, need_https
from leadapron.know.feeds.known import KnownFeed, known_feed, known_publisher, load_known_feeds
from leadapron.know.feeds.outcome import FeedUpdate, Outcome, Progress, Refused, UpdateReport, silent
from leadapron.know.feeds.payload import age_order, by_product, newest
from leadapron.know.feeds.provider import NO_WISHES, STALE_AFTER, Wishes, is_domain, update_provider
from leadapron.know.feeds.recognise import HEAD, Kind, by_head, kind_of
from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.know.feeds.web import DIRECT, Connection, Page, Web
from leadapron.model.advisories import Advisory, Feed, Knowledge
from leadapron.model.errors import SourceError

MAX_FILE = 256 << 20
"""Bytes of one file or download."""
MAX_FILES = 200_000
EDITION = 0.9
"""Share of a feed's known documents that a folder must hold to count as that feed."""

_SLUG = re.compile(r"[^a-z0-9]+")
_BUNDLE = "manifest.sig"
_FILE_SUFFIXES = frozenset({".zip", ".json", ".csv", ".gz"})
"""A mistyped `advisories.zip` reads like a domain (.zip is one), and must not be asked for on the internet."""

Content = tuple[Feed, Knowledge]


def update(
    source: str | Path,
    store: KnowledgeStore,
    *,
    now: datetime,
    connection: Connection = DIRECT,
    wishes: Wishes = NO_WISHES,
    progress: Progress = silent,
) -> UpdateReport:
    """Take in what `source` holds: all of it that is sound, in one go, or nothing.

    `source`: a file (CSAF, KEV, EPSS, endoflife.date), a folder or ZIP of them, the https address of such a file or
    of a provider's metadata, or a provider's domain. SourceError when nothing in it is of use.
    """
    text = str(source)
    if not text.strip():
        raise SourceError("a source is an empty name: is a variable of your script unset?")
    path = Path(source)
    if "://" in text:
        return _from_address(need_https(text), store, now, connection, wishes, progress)
    if not path.exists() and is_domain(text) and path.suffix.lower() not in _FILE_SUFFIXES:
        return UpdateReport(updates=(_provider(text, store, now, connection, wishes, progress),))
    return _Collector(store, now, progress).take(path)


def update_known(
    store: KnowledgeStore,
    *,
    now: datetime,
    connection: Connection = DIRECT,
    progress: Progress = silent,
    feeds: tuple[KnownFeed, ...] | None = None,
) -> UpdateReport:
    """Ask the public sources that the program knows. One that fails is reported and hinders no other."""
    updates: list[FeedUpdate] = []
    for feed in load_known_feeds() if feeds is None else feeds:
        try:
            if feed.provider:
                updates.append(_provider(feed.url, store, now, connection, NO_WISHES, progress))
            else:
                updates += update(feed.url, store, now=now, connection=connection, progress=progress).updates
        except SourceError as error:
            held = store.effective(feed.id)
            updates.append(FeedUpdate(id=feed.id, outcome=Outcome.FAILED, feed=held, error=str(error)))
    return UpdateReport(updates=tuple(updates))


def _provider(
    source: str, store: KnowledgeStore, now: datetime, connection: Connection, wishes: Wishes, progress: Progress
) -> FeedUpdate:
    return update_provider(source, store, now=now, connection=connection, wishes=wishes, progress=progress)


def _from_address(
    url: str, store: KnowledgeStore, now: datetime, connection: Connection, wishes: Wishes, progress: Progress
) -> UpdateReport:
    progress(0, 1, url)
    page = asyncio.run(_fetch(url, connection, wishes))
    progress(1, 1, url)
    collector = _Collector(store, now, progress, source=url)
    match kind_of(page.data):
        case Kind.PROVIDER:
            return UpdateReport(updates=(_provider(url, store, now, connection, wishes, progress),))
        case Kind.ARCHIVE | Kind.CSAF:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "download"
                path.write_bytes(page.data)
                return collector.take(path)
        case kind:
            collector.read(kind, page.data, url, now.date())
            return collector.save()


async def _fetch(url: str, connection: Connection, wishes: Wishes) -> Page:
    async with Web(connection, {host_of(url), *wishes.hosts}) as web:
        return await web.get(url, MAX_FILE)


class _Collector:
    """What is found in files, until all of it is saved together."""

    def __init__(self, store: KnowledgeStore, now: datetime, progress: Progress, *, source: str = "") -> None:
        self.store = store
        self.now = now
        self.progress = progress
        self.source = source
        self.refused: list[Refused] = []
        self.contents: dict[str, Content] = {}
        self.updates: dict[str, FeedUpdate] = {}
        self._readers: dict[Kind, Callable[[bytes, str, date], Content]] = {
            Kind.KEV: self._kev,
            Kind.EPSS: self._epss,
            Kind.ENDOFLIFE: self._endoflife,
        }

    def take(self, path: Path) -> UpdateReport:
        """Everything of use at `path`."""
        if not path.exists():
            raise SourceError(f"{path}: there is no such file or folder")
        if not (path.is_file() or path.is_dir()):
            raise SourceError(f"{path}: a device or a pipe, which may have no end; name a file or folder")
        taken = set(self._take_files(path))
        try:
            self._take_advisories(path, taken)
        except SourceError:
            if not taken:
                raise
        return self.save()

    def _take_files(self, path: Path) -> Iterator[str]:
        """Read the files that are no advisories; their names within `path`."""
        for file, name in _files(path):
            kind = _kind_of_file(file)
            if kind is Kind.PROVIDER and path.is_file():
                raise SourceError(f"{path}: a provider's metadata; give its https address or the provider's domain")
            if kind in self._readers:
                day = datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
                try:
                    self.read(kind, file.read_bytes(), str(file), day)
                except SourceError as error:
                    if path.is_file():
                        raise
                    self.refused.append(Refused(name=name, reason=str(error)))
                yield name

    def _take_advisories(self, path: Path, taken: set[str]) -> None:
        if path.is_file() and taken:
            return
        groups: dict[str, list[Advisory]] = defaultdict(list)
        number = 0
        for number, found in enumerate(read_advisories(path), start=1):
            match found:
                case Problem() if found.file not in taken:
                    self.refused.append(Refused(name=found.file, reason=found.text))
                case Advisory():
                    groups[found.publisher].append(_not_ahead(found, self.now.date()))
            self.progress(number, 0, found.file if isinstance(found, Problem) else found.id)
        if path.is_file() and not groups and any(_BUNDLE in refused.name for refused in self.refused):
            raise SourceError(f"{path}: an offline bundle; take it in with `leadapron knowledge import`")
        for publisher, advisories in groups.items():
            self._add(*self._advisories(publisher, advisories, str(path)))

    def read(self, kind: Kind, data: bytes, name: str, day: date) -> None:
        """One file of a single feed. `day` dates a form that bears no date."""
        reader = self._readers.get(kind)
        if reader is None:
            raise SourceError(f"{name}: not recognised; CSAF, KEV, EPSS and endoflife.date files are, and ZIPs of CSAF")
        self._add(*reader(data, name, day))

    def save(self) -> UpdateReport:
        """Save all that is new, together; SourceError when nothing at all was found."""
        if not self.updates:
            first = self.refused[0].reason if self.refused else "holds nothing of use"
            raise SourceError(first)
        saved = {feed.id: feed for feed in self.store.save_all(list(self.contents.values()))} if self.contents else {}
        updates = [
            msgspec.structs.replace(update, feed=saved.get(feed_id, update.feed))
            for feed_id, update in self.updates.items()
        ]
        return UpdateReport(updates=tuple(updates), refused=tuple(self.refused))

    def _add(self, feed: Feed, payload: Knowledge) -> None:
        """Note a feed, unless what is held is newer or the same; of two files on one feed, the newer counts."""
        found = self.contents.get(feed.id)
        if found and age_order(found[0]) > age_order(feed):
            return
        held, before = self.store.effective(feed.id), self.store.current(feed.id)
        outcome = Outcome.NEW
        if before and before.payload == payload and before.feed.as_of == feed.as_of:
            outcome = Outcome.UNCHANGED
        elif held and not payload.advisories and (held.as_of or date.min) > (feed.as_of or date.min):
            outcome = Outcome.OLDER
        if outcome is Outcome.NEW:
            self.contents[feed.id] = feed, payload
        self.updates[feed.id] = FeedUpdate(id=feed.id, outcome=outcome, feed=held)

    def _feed(self, feed_id: str, data: bytes, name: str, as_of: date | None) -> Feed:
        known = known_feed(feed_id)
        return Feed(
            id=feed_id,
            title=known.title if known else feed_id,
            source=self.source or name,
            as_of=as_of,
            fetched=self.now,
            sha256=hashlib.sha256(data).hexdigest(),
            stale_after=known.stale_after if known else STALE_AFTER,
        )

    def _kev(self, data: bytes, name: str, _: date) -> Content:
        read = read_kev(data, name)
        return self._feed("kev", data, name, read.as_of), Knowledge(exploited=read.exploited)

    def _epss(self, data: bytes, name: str, _: date) -> Content:
        read = read_epss(data, name)
        return self._feed("epss", data, name, read.as_of), Knowledge(epss=read.epss)

    def _endoflife(self, data: bytes, name: str, day: date) -> Content:
        """One file may hold one product only: it adds to what is held."""
        read = read_endoflife(data, name, today=day)
        before = self.contents.get("endoflife") or self._held("endoflife")
        lifecycles = by_product(before[1].lifecycles if before else (), read.lifecycles)
        days = [day for day in (read.as_of, before[0].as_of if before else None) if day]
        return self._feed("endoflife", data, name, max(days, default=None)), Knowledge(lifecycles=lifecycles)

    def _advisories(self, publisher: str, advisories: list[Advisory], name: str) -> Content:
        """Documents of one publisher add to what is held of it."""
        known = known_publisher(publisher)
        own = f"advisories/{_SLUG.sub('-', publisher.lower()).strip('-')[:60] or 'unnamed'}"
        feed_id = known.id if known and self._is_edition(known, advisories) else own
        before = self._held(feed_id)
        together = sorted(newest(before[1].advisories if before else (), advisories), key=lambda each: each.id)
        digest = "\n".join(f"{each.id} {each.updated}" for each in together).encode()
        feed = self._feed(feed_id, digest, name, max(each.updated for each in together))
        return feed, Knowledge(advisories=tuple(together))

    def _is_edition(self, known: KnownFeed, advisories: list[Advisory]) -> bool:
        """A few files under a publisher's name are no new edition of its feed: they must not make it look fresh, nor
        replace what it said. A copy of (nearly) all its documents is."""
        before = self._held(known.id)
        held = {each.id for each in (before[1].advisories if before else load_base().advisories)
                if each.publisher in known.publishers}  # fmt: skip
        given = {each.id for each in advisories}
        return bool(held) and len(held & given) >= EDITION * len(held)

    def _held(self, feed_id: str) -> Content | None:
        before = self.store.current(feed_id)
        return (before.feed, before.payload) if before else None


def _not_ahead(advisory: Advisory, today: date) -> Advisory:
    """No document is of tomorrow: a date ahead would outlive every later edition."""
    return msgspec.structs.replace(
        advisory, published=min(advisory.published, today), updated=min(advisory.updated, today)
    )


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Files that may be a feed, and their names within `path`; hidden ones and links out of it are passed over."""
    if path.is_file():
        yield path, path.name
        return
    number = 0
    for place, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(place, name)
            if name.startswith(".") or not name.lower().endswith((".json", ".csv", ".gz")) or not file.is_file():
                continue
            number += 1
            if number > MAX_FILES:
                raise SourceError(f"{path}: more than {MAX_FILES:,} files; give it in parts")
            yield file, file.relative_to(path).as_posix()


def _kind_of_file(path: Path) -> Kind:
    """The kind; a file that is too large or unreadable is left for the reader of advisories to complain of."""
    try:
        with path.open("rb") as file:
            told = by_head(file.read(HEAD))
            if told is None and path.stat().st_size <= MAX_FILE:
                file.seek(0)
                told = kind_of(file.read())
    except OSError:
        return Kind.UNKNOWN
    return told or Kind.UNKNOWN
