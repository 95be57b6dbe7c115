"""Download and check the documents of one provider, a few at a time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from pysequoia import Cert

from leadapron.know.advisories.csaf import read_csaf
from leadapron.know.advisories.document import MAX_DOCUMENT, decode_cover
from leadapron.know.feeds.listing import Entry
from leadapron.know.feeds.openpgp import MAX_HASH, MAX_SIGNATURE, check_hash, check_signature
from leadapron.know.feeds.outcome import Progress, Refused
from leadapron.know.feeds.web import MissingPageError, Page, UnreachableError, Web
from leadapron.know.feeds.work import Held, WorkFolder
from leadapron.model.errors import LeadapronError, SourceError

MAX_TOTAL = 4 << 30
"""Bytes of all documents of one update."""
LOST_AFTER = 8
"""Documents in a row that cannot be reached: the connection is gone, and asking for the rest is no use."""


class Download:
    """One run over a list of documents. Read `held`, `refused` and `fetched` when it is over."""

    def __init__(
        self,
        web: Web,
        work: WorkFolder,
        certificates: Mapping[str, Cert],
        *,
        hash_required: bool,
        progress: Progress,
    ) -> None:
        self.held: list[Held] = []
        self.refused: list[Refused] = []
        self.fetched = 0
        self._web = web
        self._work = work
        self._certificates = certificates
        self._hash_required = hash_required
        self._progress = progress
        self._bytes = 0
        self._lost = 0
        self._fatal: LeadapronError | None = None

    async def run(self, entries: Sequence[Entry], parallel: int) -> None:
        """Fetch what is new; SourceError when the connection is lost. What was fetched stays in the work folder."""
        queue = iter(entries)
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, parallel)):
                group.create_task(self._drain(queue, len(entries)))
        if self._fatal:
            raise self._fatal

    async def _drain(self, queue: Iterator[Entry], total: int) -> None:
        for entry in queue:
            if self._fatal:
                return
            try:
                self.held.append(await self._one(entry))
                self._lost = 0
            except UnreachableError as error:
                self._refuse(entry, error)
                self._lost += 1
                if self._lost >= LOST_AFTER:
                    self._fatal = SourceError(
                        f"connection lost after {len(self.held)} of {total} documents ({error}); "
                        "run the same command again to go on"
                    )
            except SourceError as error:
                self._lost = 0
                self._refuse(entry, error)
            except LeadapronError as error:
                self._fatal = error
                return
            self._progress(len(self.held) + len(self.refused), total, entry.url)

    def _refuse(self, entry: Entry, error: SourceError) -> None:
        """Leave a document out; what was known of it before stays."""
        self.refused.append(Refused(name=entry.url, reason=str(error)))

    async def _one(self, entry: Entry) -> Held:
        known = self._work.get(entry.url)
        if known and entry.updated and known.listed == entry.updated:
            return known
        page = await self._web.get_newer(
            entry.url,
            MAX_DOCUMENT,
            etag=known.etag if known else "",
            last_modified=known.last_modified if known else "",
        )
        if page is None and known:
            held = msgspec.structs.replace(known, listed=entry.updated)
        elif page is None:
            raise UnreachableError(f"{entry.url}: the server answered 304 to a plain question")
        else:
            held = await self._check(entry, page)
        self._work.put(held)
        return held

    async def _check(self, entry: Entry, page: Page) -> Held:
        self._bytes += len(page.data)
        if self._bytes > MAX_TOTAL:
            self._fatal = SourceError(f"{entry.url}: this provider's documents exceed {MAX_TOTAL >> 30} GB; refused")
            raise self._fatal
        hashed = await self._check_hash(entry, page.data)
        signed = await self._check_signature(entry, page.data)
        if decode_cover(page.data, entry.url).document.tracking.status == "draft":
            raise SourceError(f"{entry.url}: a draft, which its publisher does not stand by yet; it is left out")
        advisory = read_csaf(page.data, entry.url)
        if not advisory.url:
            advisory = msgspec.structs.replace(advisory, url=entry.url)
        self.fetched += 1
        return Held(
            url=entry.url,
            sha256=hashlib.sha256(page.data).hexdigest(),
            verified="signature" if signed else "hash" if hashed else "",
            advisory=advisory,
            listed=entry.updated,
            etag=page.etag,
            last_modified=page.last_modified,
        )

    async def _check_hash(self, entry: Entry, data: bytes) -> bool:
        """Whether a hash was there and right. One that the list names must be there."""
        for address in entry.hashes or (f"{entry.url}.sha512", f"{entry.url}.sha256"):
            try:
                page = await self._web.get(address, MAX_HASH)
            except MissingPageError:
                if entry.hashes:
                    raise
            else:
                check_hash(data, page.data, address)
                return True
        if self._hash_required:
            raise SourceError(f"{entry.url}: no hash beside it, though this provider's role promises one")
        return False

    async def _check_signature(self, entry: Entry, data: bytes) -> bool:
        """Whether the provider signs; if it does, an unsigned document is refused."""
        if not self._certificates:
            return False
        address = entry.signature or f"{entry.url}.asc"
        try:
            page = await self._web.get(address, MAX_SIGNATURE)
        except MissingPageError as error:
            raise SourceError(f"{entry.url}: no signature beside it, though this provider signs") from error
        check_signature(data, page.data, self._certificates, address)
        return True
