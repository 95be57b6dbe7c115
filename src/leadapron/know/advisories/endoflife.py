"""Ends of support (endoflife.date), in the three forms in which they are met.

- the front matter of the project's product pages, as one JSON object by product;
- its API of 2025: `/api/v1/products/full`, or one product;
- its first API: a list of cycles, of the product that the file is named after.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import PurePath
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from leadapron.model.advisories import Lifecycle, Release
from leadapron.model.errors import SourceError

MAX_LIFECYCLES = 50_000_000
"""Bytes; all products of 2026 take 6 million."""

Text = Annotated[str, Meta(max_length=300)]
Day = bool | str | None
"""A day, or whether that time has come without a day told; the front matter writes both as text."""

_PLACEHOLDER = re.compile(r"\s*['(]?__\w+__[')]?")


class Lifecycles(Struct, frozen=True, kw_only=True):
    """Ends of support; `as_of` is None where the source bears no date."""

    lifecycles: tuple[Lifecycle, ...]
    as_of: date | None


class _Page(Struct, rename="camel"):
    """A release in the front matter of a page; `cycle` and others are the names of the first API."""

    release_cycle: Text = ""
    cycle: Text | int | float = ""
    release_label: Text = ""
    eol: Day = None
    eoes: Day = None
    extended_support: Day = None
    latest: Text | int | float = ""
    release_date: Day = None
    latest_release_date: Day = None

    @property
    def days(self) -> tuple[date | None, ...]:
        """Days in the past, when it was made."""
        return _day(self.release_date)[0], _day(self.latest_release_date)[0]


class _Product(Struct):
    title: Text
    releases: list[_Page]


class _Latest(Struct):
    name: Text = ""


class _ApiRelease(Struct, rename="camel"):
    name: Text
    label: Text = ""
    is_eol: bool = False
    eol_from: date | None = None
    eoes_from: date | None = None
    latest: _Latest | None = None
    release_date: date | None = None

    @property
    def days(self) -> tuple[date | None, ...]:
        """Days in the past, when it was made."""
        return (self.release_date,)


class _ApiProduct(Struct):
    name: Text
    label: Text
    releases: list[_ApiRelease] = field(default_factory=list)


class _Api(Struct):
    result: list[_ApiProduct] | _ApiProduct
    generated_at: datetime | None = None
    last_modified: datetime | None = None


def read_endoflife(data: bytes, name: str, *, as_of: date | None = None, today: date | None = None) -> Lifecycles:
    """The lifecycles in `data`. A form that bears no date is of `as_of`, else of its newest release that `today` has
    seen: a copy made today may be old. SourceError names the file and place."""
    if len(data) > MAX_LIFECYCLES:
        raise SourceError(f"{name}: larger than {MAX_LIFECYCLES:,} bytes; it holds no lifecycles")
    data = data.removeprefix(BOM_UTF8)
    try:
        if data.lstrip()[:1] == b"[":
            pages = msgspec.json.decode(data, type=list[_Page])
            stem = PurePath(name).stem
            lifecycle = _from_pages(stem, stem, pages)
            return Lifecycles(lifecycles=(lifecycle,), as_of=as_of or _newest(pages, today))
        if "result" in msgspec.json.decode(data, type=dict[str, msgspec.Raw]):
            return _from_api(msgspec.json.decode(data, type=_Api), as_of, today)
        products = msgspec.json.decode(data, type=dict[str, _Product])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{name}: not lifecycles of endoflife.date: {error}") from error
    found = tuple(_from_pages(key, product.title, product.releases) for key, product in products.items())
    pages = [page for product in products.values() for page in product.releases]
    return Lifecycles(lifecycles=found, as_of=as_of or _newest(pages, today))


def _newest(releases: Iterable[_Page | _ApiRelease], today: date | None) -> date | None:
    days = (day for release in releases for day in release.days if day)
    return max((day for day in days if today is None or day <= today), default=None)


def _from_pages(product: str, title: str, pages: list[_Page]) -> Lifecycle:
    return Lifecycle(product=product, title=title, releases=tuple(map(_from_page, pages)))


def _from_page(page: _Page) -> Release:
    cycle = page.release_cycle or str(page.cycle)
    end, ended = _day(page.eol)
    extended, _ = _day(page.eoes if page.eoes is not None else page.extended_support)
    label = _PLACEHOLDER.sub("", page.release_label).strip() or cycle
    return Release(cycle=cycle, label=label, end=end, ended=ended, extended_end=extended, latest=str(page.latest))


def _day(value: Day) -> tuple[date | None, bool]:
    """The day, and whether it has passed without being told."""
    match value:
        case str():
            try:
                return date.fromisoformat(value), False
            except ValueError:
                return None, value.lower() == "true"
        case _:
            return None, value is True


def _from_api(api: _Api, as_of: date | None, today: date | None) -> Lifecycles:
    products = api.result if isinstance(api.result, list) else [api.result]
    told = api.generated_at or api.last_modified
    return Lifecycles(
        lifecycles=tuple(
            Lifecycle(product=product.name, title=product.label, releases=tuple(map(_from_release, product.releases)))
            for product in products
        ),
        as_of=told.date()
        if told
        else as_of or _newest((release for product in products for release in product.releases), today),
    )


def _from_release(release: _ApiRelease) -> Release:
    return Release(
        cycle=release.name,
        label=release.label or release.name,
        end=release.eol_from,
        ended=release.is_eol and release.eol_from is None,
        extended_end=release.eoes_from,
        latest=release.latest.name if release.latest else "",
    )
