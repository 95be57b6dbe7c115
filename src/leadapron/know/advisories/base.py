"""The facts shipped with the program, so that the first run needs no network (`content/knowledge`, see its SOURCE.md).

Each file is one feed: JSON of the model's structures, compressed. The same facts always give the same bytes.
"""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec
import zstandard
from msgspec import Struct

from leadapron.model.advisories import Advisory, Exploited, Feed, Knowledge, Lifecycle
from leadapron.model.content import shipped
from leadapron.model.errors import ContentError

MAX_BASE = 100_000_000
"""Bytes of one file once unpacked; the largest has some 200,000."""

ADVISORIES, KEV, ENDOFLIFE, EPSS = "advisories", "kev", "endoflife", "epss"
LEVEL = 19


class AdvisoryBase(Struct, frozen=True, kw_only=True):
    """`advisories.json.zst`."""

    feed: Feed
    advisories: tuple[Advisory, ...]


class ExploitedBase(Struct, frozen=True, kw_only=True):
    """`kev.json.zst`."""

    feed: Feed
    exploited: tuple[Exploited, ...]


class LifecycleBase(Struct, frozen=True, kw_only=True):
    """`endoflife.json.zst`."""

    feed: Feed
    lifecycles: tuple[Lifecycle, ...]


T = TypeVar("T", AdvisoryBase, ExploitedBase, LifecycleBase)


def file_name(feed: str) -> str:
    """The file that holds a feed."""
    return f"{feed}.json.zst"


def packed(base: AdvisoryBase | ExploitedBase | LifecycleBase) -> bytes:
    """The bytes of a file of the base."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.json.encode(base, order="sorted"))


def load_base(folder: Traversable | None = None) -> Knowledge:
    """What is shipped (or lies in `folder`, in the same form); ContentError names the file that is wrong.

    No exploitation probabilities are shipped: that feed is there as a missing one, for the reports to say so.
    """
    place = folder or shipped("knowledge")
    advisories = _read(place, ADVISORIES, AdvisoryBase)
    exploited = _read(place, KEV, ExploitedBase)
    lifecycles = _read(place, ENDOFLIFE, LifecycleBase)
    no_probabilities = Feed(id=EPSS, title="FIRST EPSS", source="", as_of=None, fetched=None)
    return Knowledge(
        advisories=advisories.advisories,
        exploited={entry.cve: entry for entry in exploited.exploited},
        lifecycles=lifecycles.lifecycles,
        feeds=(advisories.feed, exploited.feed, no_probabilities, lifecycles.feed),
    )


def _read(folder: Traversable, feed: str, type_: type[T]) -> T:
    name = file_name(feed)
    try:
        data = (folder / name).read_bytes()
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= MAX_BASE:
            raise ContentError(f"{name}: unpacks to more than {MAX_BASE:,} bytes")
        return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(data), type=type_)
    except OSError as error:
        raise ContentError(f"{name}: cannot be read ({error.strerror})") from error
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContentError(f"{name}: damaged ({error}); install the program again") from error
