"""Make the shipped base from public files; for those who maintain this project.

    python -m leadapron.know.advisories.build --csaf FOLDER --kev FILE --endoflife FILE [--out FOLDER]

The folder to write to holds `origins.toml`: for each of `advisories`, `kev` and `endoflife` the `source` (address with
the commit), the `date` of that commit, and the `licence`. Facts only are taken: see SOURCE.md, which is written too.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from leadapron.know.advisories.base import (
    ADVISORIES,
    ENDOFLIFE,
    KEV,
    AdvisoryBase,
    ExploitedBase,
    LifecycleBase,
    file_name,
    packed,
)
from leadapron.know.advisories.endoflife import read_endoflife
from leadapron.know.advisories.folder import Problem, read_advisories
from leadapron.know.advisories.kev import read_kev
from leadapron.model.advisories import Feed
from leadapron.model.content import read_toml
from leadapron.model.errors import LeadapronError, SourceError

STALE_AFTER = {ADVISORIES: 30, KEV: 14, ENDOFLIFE: 120}
"""Days: advisories come weekly, exploited flaws almost daily, dates of support change slowly."""
TITLES = {ADVISORIES: "CISA medical advisories (CSAF)", KEV: "CISA KEV", ENDOFLIFE: "endoflife.date"}
Base = AdvisoryBase | ExploitedBase | LifecycleBase


class Origin(Struct, frozen=True, kw_only=True):
    """Where a feed comes from."""

    source: str
    date: date
    licence: str


def build(csaf: Path, kev: Path, endoflife: Path, origins: Mapping[str, Origin]) -> dict[str, bytes]:
    """File name → content of the base. SourceError at the first document that cannot be read: nothing may lack."""
    advisories = []
    for read in read_advisories(csaf):
        if isinstance(read, Problem):
            raise SourceError(read.text)
        advisories.append(read)
    advisories.sort(key=lambda advisory: advisory.id)
    catalogue = read_kev(kev.read_bytes(), kev.name)
    exploited = tuple(catalogue.exploited[cve] for cve in sorted(catalogue.exploited))
    lifecycles = read_endoflife(endoflife.read_bytes(), endoflife.name, as_of=origins[ENDOFLIFE].date)
    newest = max(advisory.updated for advisory in advisories)
    bases: dict[str, Base] = {
        ADVISORIES: AdvisoryBase(
            feed=_feed(ADVISORIES, origins, newest, advisories),
            advisories=tuple(advisories),
        ),
        KEV: ExploitedBase(feed=_feed(KEV, origins, catalogue.as_of, exploited), exploited=exploited),
        ENDOFLIFE: LifecycleBase(
            feed=_feed(ENDOFLIFE, origins, lifecycles.as_of, lifecycles.lifecycles),
            lifecycles=lifecycles.lifecycles,
        ),
    }
    made = {file_name(feed): packed(base) for feed, base in bases.items()}
    made["SOURCE.md"] = _source(bases, origins).encode()
    return made


def _feed(feed: str, origins: Mapping[str, Origin], as_of: date | None, facts: Sequence[Struct]) -> Feed:
    return Feed(
        id=feed,
        title=TITLES[feed],
        source=origins[feed].source,
        as_of=as_of,
        fetched=None,
        sha256=hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest(),
        records=len(facts),
        stale_after=STALE_AFTER[feed],
    )


def _source(bases: Mapping[str, Base], origins: Mapping[str, Origin]) -> str:
    lines = [
        "# Where these facts come from",
        "",
        "Written by `python -m leadapron.know.advisories.build` from `origins.toml`. Facts only: identifiers,",
        "vendor and product names, the words that state which versions are meant, CVE and CWE numbers, CVSS",
        "vectors, first repaired versions and dates; no prose of the sources. Each `.json.zst` holds one feed",
        "and, in `feed`, its address, the date of its newest fact and a hash.",
        "",
        "| file | records | newest fact | source | copy of | licence |",
        "|-|-|-|-|-|-|",
    ]
    for feed, base in bases.items():
        origin = origins[feed]
        cells = f"`{file_name(feed)}`", base.feed.records, base.feed.as_of, origin.source, origin.date, origin.licence
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 when a source is missing or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--csaf", "--kev", "--endoflife"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("src/leadapron/content/knowledge"))
    options = parser.parse_args(arguments)
    try:
        origins = read_toml(options.out / "origins.toml", dict[str, Origin])
        made = build(options.csaf, options.kev, options.endoflife, origins)
        for name, data in made.items():
            (options.out / name).write_bytes(data)
            sys.stdout.write(f"{options.out / name}: {len(data):,} bytes\n")
    except (LeadapronError, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
