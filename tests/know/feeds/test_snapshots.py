"""Snapshots: dated, whole or absent, the newest sound one counts."""

from __future__ import annotations

import errno
import os
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories import load_base
from leadapron.know.feeds.payload import newest, pack, unpack
from leadapron.know.feeds.snapshots import DATA, KEPT, PROVENANCE, KnowledgeStore, check_feed_id
from leadapron.model.advisories import Advisory, Exploited, Feed, FeedState, Knowledge
from leadapron.model.errors import SourceError, UsageError
from tests.know.feeds.conftest import NOW


def kev_feed(as_of: date = date(2026, 11, 20), fetched: datetime = NOW) -> Feed:
    return Feed(id="kev", title="KEV", source="kev.json", as_of=as_of, fetched=fetched, sha256="0" * 64)


def kev(*cves: str) -> Knowledge:
    return Knowledge(exploited={cve: Exploited(cve=cve, added=date(2026, 1, 1)) for cve in cves})


def advisory(identifier: str, updated: date, *, curated: bool = False) -> Advisory:
    return Advisory(
        id=identifier, title="T", publisher="P", published=date(2026, 1, 1), updated=updated, curated=curated
    )


def test_what_is_saved_is_loaded(store: KnowledgeStore) -> None:
    saved = store.save(kev_feed(), kev("CVE-2026-1000", "CVE-2026-1001"))

    knowledge = store.load()
    assert saved.records == 2
    assert set(knowledge.exploited) == {"CVE-2026-1000", "CVE-2026-1001", *load_base().exploited}
    assert saved in knowledge.feeds
    assert len(knowledge.advisories) == len(load_base().advisories)
    assert store.damaged == ()


def test_without_snapshots_what_ships_counts(store: KnowledgeStore) -> None:
    assert store.load() == load_base()


def test_status_names_the_missing_and_the_stale_first(store: KnowledgeStore) -> None:
    store.save(kev_feed(), kev("CVE-2026-1000"))
    today = NOW.date()
    states = [feed.state(today) for feed in store.status(today)]
    assert states == sorted(states, key=[FeedState.MISSING, FeedState.STALE, FeedState.FRESH].index)
    assert store.status(today)[0].id == "epss"
    assert store.status(today)[-1].id == "kev"


def test_a_clock_set_back_makes_nothing_fresh(store: KnowledgeStore) -> None:
    assert {feed.state(date(2016, 1, 1)) for feed in store.status(NOW.date())} == {FeedState.STALE, FeedState.MISSING}


def test_what_ships_counts_where_it_is_newer(store: KnowledgeStore) -> None:
    store.save(kev_feed(date(2020, 1, 1)), kev("CVE-2020-1000"))
    assert store.load().exploited == load_base().exploited
    assert store.effective("kev") in load_base().feeds


def test_advisories_add_up_and_the_last_update_counts(store: KnowledgeStore) -> None:
    first = load_base().advisories[0]
    changed = msgspec.structs.replace(first, title="Changed", updated=date(2026, 11, 1))
    old = msgspec.structs.replace(load_base().advisories[1], title="Old", updated=date(2001, 1, 1))
    feed = Feed(id="advisories", title="V", source="x", as_of=date(2026, 11, 1), fetched=NOW)
    store.save(feed, Knowledge(advisories=(changed, old, advisory("EX-1", date(2026, 1, 1)))))

    titles = {each.id: each.title for each in store.load().advisories}
    assert titles[changed.id] == "Changed"
    assert titles[old.id] != "Old"
    assert len(titles) == len(load_base().advisories) + 1


@pytest.mark.parametrize("publisher", ["P", "CISA"])
def test_another_feed_replaces_nothing_that_ships(store: KnowledgeStore, publisher: str) -> None:
    """A document of a stranger under a known identifier would clear what the real one says."""
    shipped = load_base().advisories[0]
    forged = msgspec.structs.replace(advisory(shipped.id, NOW.date()), publisher=publisher)
    feed = Feed(id="advisories/stranger", title="S", source="s", as_of=NOW.date(), fetched=NOW)
    store.save(feed, Knowledge(advisories=(forged,)))

    assert {shipped, forged} <= set(store.load().advisories)
    other = msgspec.structs.replace(forged, publisher="Q")
    assert newest([shipped], [other]) == (shipped, other)


def test_of_equals_what_a_person_curated_wins() -> None:
    plain, curated = advisory("A", date(2026, 1, 1)), advisory("A", date(2026, 1, 1), curated=True)
    assert newest([curated], [plain]) == newest([plain], [curated]) == (curated,)


def test_the_last_few_are_kept(store: KnowledgeStore) -> None:
    for day in range(KEPT + 3):
        store.save(kev_feed(fetched=NOW + timedelta(days=day)), kev(f"CVE-2026-{1000 + day}"))
    stamps = sorted(path.name for path in (store.folder / "kev").iterdir())
    assert len(stamps) == KEPT
    assert set(store.load().exploited) - set(load_base().exploited) == {f"CVE-2026-{1000 + KEPT + 2}"}


def test_a_clock_set_back_hides_nothing(store: KnowledgeStore) -> None:
    store.save(kev_feed(), kev("CVE-2026-1000"))
    store.save(kev_feed(fetched=NOW - timedelta(days=30)), kev("CVE-2026-1001"))
    current = store.current("kev")
    assert current is not None
    assert set(current.payload.exploited) == {"CVE-2026-1001"}


@pytest.mark.parametrize("harm", ["cut", "altered", "no provenance", "other format", "other feed"])
def test_a_damaged_snapshot_is_named_and_the_one_before_is_used(store: KnowledgeStore, harm: str) -> None:
    store.save(kev_feed(), kev("CVE-2026-1000"))
    store.save(kev_feed(fetched=NOW + timedelta(days=1)), kev("CVE-2026-1001"))
    last = max((store.folder / "kev").iterdir())
    data, provenance = last / DATA, last / PROVENANCE
    match harm:
        case "cut":
            data.write_bytes(data.read_bytes()[:-5])
        case "altered":
            data.write_bytes(pack(kev("CVE-2026-6666")))
        case "no provenance":
            provenance.unlink()
        case "other format":
            provenance.write_text(provenance.read_text().replace('"format": 1', '"format": 2'))
        case _:
            provenance.write_text(provenance.read_text().replace('"kev"', '"epss"'))

    assert set(store.load().exploited) - set(load_base().exploited) == {"CVE-2026-1000"}
    assert [damaged.name for damaged in store.damaged] == [f"kev/{last.name}"]


def test_all_feeds_of_an_update_are_saved_or_none(store: KnowledgeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    epss = Feed(id="epss", title="EPSS", source="x", as_of=date(2026, 11, 1), fetched=NOW)
    rename = Path.rename

    def full(path: Path, target: Path) -> Path:
        if "epss" in str(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(UsageError, match="No space left"):
        store.save_all([(kev_feed(), kev("CVE-2026-1000")), (epss, Knowledge(epss={"CVE-2026-1000": 0.5}))])
    assert store.snapshots() == ()
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


def test_a_date_to_come_does_not_keep_a_feed_fresh_for_ever(store: KnowledgeStore) -> None:
    assert store.save(kev_feed(date(2999, 1, 1)), kev("CVE-2026-1000")).as_of == NOW.date()


@pytest.mark.parametrize(
    "name", ["", "../kev", "advisories/..", "advisories/a/b", "Kev", "kev/x", "advisories/.hidden", "/etc", "kev\n"]
)
def test_feed_names_lead_nowhere_else(name: str) -> None:
    with pytest.raises(SourceError):
        check_feed_id(name)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda extra: pack(kev("CVE-2026-1000"))[:-4] + extra))
def test_unpacking_raises_nothing_else(data: bytes) -> None:
    try:
        unpack(data, "fuzz")
    except SourceError:
        pass
