"""A CSAF provider, from its domain or its `provider-metadata.json` to a snapshot of its advisories.

The way is that of CSAF 2.0 §7.3: find the metadata, take the lists it names, fetch what is new on them, and believe
only documents whose hash and signature hold.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct
from pysequoia import Cert

from leadapron.know.feeds.addresses import host_of, need_https
from leadapron.know.feeds.download import Download
from leadapron.know.feeds.known import KnownFeed, known_provider
from leadapron.know.feeds.listing import MAX_ENTRIES, MAX_LISTING, Entry, Listing, read_changes, read_index, read_rolie
from leadapron.know.feeds.metadata import (
    MAX_METADATA,
    SECURITY_TXT,
    WELL_KNOWN,
    Provider,
    Role,
    csaf_lines,
    read_metadata,
)
from leadapron.know.feeds.openpgp import MAX_KEY, Pins, read_certificates
from leadapron.know.feeds.outcome import FeedUpdate, Note, Outcome, Progress, Remark, silent
from leadapron.know.feeds.payload import newest
from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.know.feeds.web import DIRECT, Connection, MissingPageError, UnreachableError, Web
from leadapron.know.feeds.work import Held, WorkFolder
from leadapron.model.advisories import Feed, Knowledge
from leadapron.model.errors import SourceError, UsageError

STALE_AFTER = 120
"""Days; most vendors publish a few advisories a year."""

_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:\d{1,5})?", re.IGNORECASE)


class Wishes(Struct, frozen=True, kw_only=True):
    """What a person asks for besides the address."""

    keys: tuple[Path, ...] = ()
    """Public OpenPGP keys of the provider, checked by that person: only these and those pinned before count."""
    hosts: tuple[str, ...] = ()
    """Hosts that may be asked though the provider's metadata does not name them."""


NO_WISHES = Wishes()


def is_domain(text: str) -> bool:
    """Looks like `example.org` (or `example.org:8443`)."""
    return _DOMAIN.fullmatch(text) is not None


def update_provider(
    source: str,
    store: KnowledgeStore,
    *,
    now: datetime,
    connection: Connection = DIRECT,
    wishes: Wishes = NO_WISHES,
    progress: Progress = silent,
) -> FeedUpdate:
    """Bring the snapshot of a provider up to date. `source`: a domain, or the address of its metadata.

    Documents that cannot be believed are refused and named, and the rest goes on. SourceError when the provider
    cannot be read at all or the connection is lost; nothing is imported then, and a next run takes up from there.
    """
    return asyncio.run(_Update(store, now, connection, wishes, progress).run(source))


def feed_id(url: str) -> str:
    """Name of the feed of the provider at `url`: its host, and a mark where it is not that host's main provider."""
    host = host_of(url).replace(":", "_")
    mark = "" if url.endswith(WELL_KNOWN) else f"-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    return f"advisories/{host[:80]}{mark}"


class _Update:
    def __init__(
        self, store: KnowledgeStore, now: datetime, connection: Connection, wishes: Wishes, progress: Progress
    ) -> None:
        self.store = store
        self.now = now
        self.connection = connection
        self.wishes = wishes
        self.progress = progress
        self.remarks: list[Remark] = []

    async def run(self, source: str) -> FeedUpdate:
        async with Web(self.connection, set(self.wishes.hosts)) as web:
            url, provider = await find_provider(web, source)
            known = known_provider(url)
            web.hosts |= provider.hosts() | set(known.hosts if known else ())
            name = known.id if known else feed_id(url)
            folder = self.store.folder / "providers" / name.replace("/", "-")
            certificates = await self._certificates(web, provider, Pins(folder / "keys"))
            listing = await self._listing(web, provider)
            download = Download(
                web,
                WorkFolder(folder / "documents"),
                certificates,
                hash_required=provider.role is Role.TRUSTED_PROVIDER,
                progress=self.progress,
            )
            await download.run(listing.entries, self.connection.parallel)
        if not download.held:
            first = download.refused[0].reason if download.refused else "its lists are empty"
            raise SourceError(f"{source}: no document of this provider could be used; the first: {first}")
        return self._save(name, url, provider, listing, download, known)

    async def _certificates(self, web: Web, provider: Provider, pins: Pins) -> dict[str, Cert]:
        """The keys to believe: those pinned, or on first contact those that the provider names."""
        for path in self.wishes.keys:
            try:
                pins.add(read_certificates(path.read_bytes(), str(path)))
            except OSError as error:
                raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
        pinned = pins.load()
        offered, problems = await _offered(web, provider)
        if not pinned and problems and not offered:
            raise problems[0]
        if not pinned and offered:
            pins.add(offered)
            self._remark(Note.KEYS_PINNED, fingerprints=", ".join(offered))
        elif pinned:
            pins.add({fingerprint: offered[fingerprint] for fingerprint in pinned.keys() & offered.keys()})
            strange = sorted(offered.keys() - pinned.keys())
            if strange:
                self._remark(Note.KEYS_CHANGED, fingerprints=", ".join(strange))
        certificates = pins.load()
        if not certificates:
            if provider.role is Role.TRUSTED_PROVIDER:
                raise SourceError(f"{provider.canonical_url}: names no usable key, though its role promises signatures")
            self._remark(Note.NO_SIGNATURES)
        return certificates

    async def _listing(self, web: Web, provider: Provider) -> Listing:
        """All documents of all public lists."""
        try:
            listings = [read_rolie((await web.get(url, MAX_LISTING)).data, url) for url in provider.rolie]
        except UnreachableError:
            raise
        except SourceError:
            if not provider.directories:
                raise
            listings = []  # a damaged feed hinders nobody where there is a folder as well
        if not listings:
            listings = [await _folder_listing(web, url) for url in provider.directories]
        if not listings:
            raise SourceError(f"{provider.canonical_url}: names no public list of documents")
        if provider.restricted:
            self._remark(Note.RESTRICTED, count=str(provider.restricted))
        refused = [address for listing in listings for address in listing.refused]
        if refused:
            self._remark(Note.ROWS_LEFT_OUT, count=str(len(refused)), first=refused[0])
        entries: dict[str, Entry] = {entry.url: entry for listing in listings for entry in listing.entries}
        if len(entries) > MAX_ENTRIES:
            raise SourceError(f"{provider.canonical_url}: lists more than {MAX_ENTRIES} documents; refused")
        dates = [listing.updated for listing in listings if listing.updated]
        return Listing(entries=tuple(entries.values()), updated=max(dates, default=None))

    def _remark(self, note: Note, **params: str) -> None:
        self.remarks.append(Remark(note=note, params=params))

    def _save(
        self, name: str, url: str, provider: Provider, listing: Listing, download: Download, known: KnownFeed | None
    ) -> FeedUpdate:
        before = self.store.current(name)
        fresh = [held.advisory for held in download.held]
        advisories = newest(before.payload.advisories if before else (), fresh)
        feed = Feed(
            id=name,
            title=known.title if known else provider.publisher,
            source=url,
            as_of=_as_of(listing, [advisory.updated for advisory in advisories]),
            fetched=self.now,
            sha256=_fingerprint(download.held),
            stale_after=known.stale_after if known else STALE_AFTER,
            verified=_weakest(download.held),
        )
        payload = Knowledge(advisories=tuple(sorted(advisories, key=lambda advisory: advisory.id)))
        unchanged = before is not None and before.payload == payload and before.feed.sha256 == feed.sha256
        return FeedUpdate(
            id=name,
            outcome=Outcome.UNCHANGED if unchanged else Outcome.NEW,
            feed=before.feed if before and unchanged else self.store.save(feed, payload),
            refused=tuple(download.refused),
            verified=Counter(held.verified for held in download.held),
            fetched=download.fetched,
            remarks=tuple(self.remarks),
        )


async def _offered(web: Web, provider: Provider) -> tuple[dict[str, Cert], list[SourceError]]:
    """The keys that the provider publishes, where they are those its metadata names; and what is wrong with others.

    Old keys stay listed for years, and some no longer pass as safe: they hinder nobody while another one is good.
    """
    offered: dict[str, Cert] = {}
    problems: list[SourceError] = []
    for key in provider.keys:
        try:
            found = read_certificates((await web.get(key.url, MAX_KEY)).data, key.url)
            if key.fingerprint and key.fingerprint not in found:
                raise SourceError(f"{key.url}: holds no key {key.fingerprint}, which the provider's metadata names")
        except SourceError as error:
            problems.append(error)
        else:
            offered |= {key.fingerprint: found[key.fingerprint]} if key.fingerprint else found
    return offered, problems


async def find_provider(web: Web, source: str) -> tuple[str, Provider]:
    """The metadata's address and content, from that address or from a domain (CSAF 2.0 §7.3.1)."""
    if source.startswith("https://"):
        url = need_https(source)
        web.hosts.add(host_of(url))
        return url, read_metadata((await web.get(url, MAX_METADATA)).data, url)
    if not is_domain(source):
        raise SourceError(f"{source[:200]!r}: neither a domain nor the https address of a provider-metadata.json")
    domain = source.lower()
    web.hosts.add(domain)
    url = f"https://{domain}{WELL_KNOWN}"
    try:
        return url, read_metadata((await web.get(url, MAX_METADATA)).data, url)
    except MissingPageError:
        return await _from_security_txt(web, domain)


async def _from_security_txt(web: Web, domain: str) -> tuple[str, Provider]:
    for path in (SECURITY_TXT, "/security.txt"):
        try:
            page = await web.get(f"https://{domain}{path}", MAX_METADATA)
        except MissingPageError:
            continue
        for url in csaf_lines(page.data):
            web.hosts.add(host_of(url))
            return url, read_metadata((await web.get(url, MAX_METADATA)).data, url)
    raise SourceError(f"{domain}: publishes no CSAF advisories (neither {WELL_KNOWN} nor a CSAF line in security.txt)")


async def _folder_listing(web: Web, url: str) -> Listing:
    """`changes.csv`, which has dates, or else `index.txt`."""
    folder = url if url.endswith("/") else f"{url}/"
    try:
        return read_changes((await web.get(f"{folder}changes.csv", MAX_LISTING)).data, folder)
    except MissingPageError:
        return read_index((await web.get(f"{folder}index.txt", MAX_LISTING)).data, folder)


def _as_of(listing: Listing, dates: Sequence[date]) -> date | None:
    newest_date = max(dates, default=None)
    listed = listing.updated.date() if listing.updated else None
    return max((day for day in (newest_date, listed) if day), default=None)


def _fingerprint(held: Sequence[Held]) -> str:
    """One hash for all documents, whatever their order."""
    lines = sorted(f"{each.sha256}  {each.url}\n" for each in held)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _weakest(held: Sequence[Held]) -> str:
    """How the least checked document was checked: a feed is no better verified than that."""
    found = {each.verified for each in held}
    return "" if "" in found else "hash" if "hash" in found else "signature"
