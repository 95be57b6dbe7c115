"""The public sources that the program knows by itself (`content/knowledge/feeds.toml`)."""

from __future__ import annotations

from functools import cache
from importlib.resources.abc import Traversable

from msgspec import Struct

from leadapron.know.feeds.addresses import https_url
from leadapron.know.feeds.snapshots import check_feed_id
from leadapron.model.content import read_toml, shipped
from leadapron.model.errors import ContentError, SourceError


class KnownFeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One public source."""

    id: str
    title: str
    url: str
    stale_after: int
    licence: str
    provider: bool = False
    """It is a CSAF provider: `url` is that of its metadata."""
    publishers: tuple[str, ...] = ()
    """Names by which its documents call their publisher."""
    hosts: tuple[str, ...] = ()


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    feed: tuple[KnownFeed, ...]


@cache
def load_known_feeds() -> tuple[KnownFeed, ...]:
    """The shipped list; ContentError names what is wrong in it."""
    return read_known_feeds(shipped("knowledge", "feeds.toml"))


def read_known_feeds(file: Traversable) -> tuple[KnownFeed, ...]:
    """Sources from TOML."""
    known = read_toml(file, _File).feed
    try:
        for feed in known:
            check_feed_id(feed.id)
            if https_url(feed.url) is None:
                raise ContentError(f"{file.name}: {feed.id}: {feed.url!r} is not an https address")
    except SourceError as error:
        raise ContentError(f"{file.name}: {error}") from error
    if len({feed.id for feed in known}) != len(known):
        raise ContentError(f"{file.name}: a feed is named twice")
    return known


def known_feed(feed_id: str) -> KnownFeed | None:
    """The source of that name."""
    return next((feed for feed in load_known_feeds() if feed.id == feed_id), None)


def known_provider(url: str) -> KnownFeed | None:
    """The source whose metadata lies at that address."""
    return next((feed for feed in load_known_feeds() if feed.provider and feed.url == url), None)


def known_publisher(name: str) -> KnownFeed | None:
    """The source whose documents carry that publisher's name."""
    return next((feed for feed in load_known_feeds() if name in feed.publishers), None)
