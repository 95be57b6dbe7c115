"""`update`: whatever it is given, it finds out what it is."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories.base import load_base
from leadapron.know.feeds.known import KnownFeed, load_known_feeds, read_known_feeds
from leadapron.know.feeds.outcome import Outcome
from leadapron.know.feeds.recognise import Kind, kind_of
from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.know.feeds.update import update, update_known
from leadapron.know.feeds.web import Connection
from leadapron.model.errors import ContentError, SourceError
from tests.know.feeds.conftest import NOW
from tests.know.feeds.providers import METADATA, Provider, csaf
from tests.know.feeds.servers import Site


def kev(day: str = "2026-11-20", *cves: str) -> bytes:
    entries = [
        {"cveID": cve, "dateAdded": "2026-11-01", "knownRansomwareCampaignUse": "Known", "vendorProject": "x"}
        for cve in cves or ("CVE-2026-1000",)
    ]
    head = {"title": "KEV", "catalogVersion": day, "dateReleased": f"{day}T10:00:00Z", "count": len(entries)}
    return json.dumps({**head, "vulnerabilities": entries}).encode()


def epss(day: str = "2026-11-20") -> bytes:
    return f"#model_version:v1,score_date:{day}T00:00:00Z\ncve,epss,percentile\nCVE-2026-1000,0.5,0.9\n".encode()


def endoflife(product: str = "nobodys-os") -> bytes:
    release = {"name": "1", "label": "1", "isEol": False, "eolFrom": "2027-01-01"}
    result = [{"name": product, "label": product, "releases": [release]}]
    return json.dumps({"schema_version": "1", "generated_at": "2026-11-20T00:00:00Z", "result": result}).encode()


def test_a_file_becomes_a_snapshot(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "renamed.txt"
    path.write_bytes(kev())

    report = update(path, store, now=NOW)

    (found,) = report.updates
    assert (found.id, found.outcome) == ("kev", Outcome.NEW)
    assert found.feed is not None
    assert (found.feed.as_of, found.feed.source) == (date(2026, 11, 20), str(path))
    assert store.load().exploited["CVE-2026-1000"].ransomware


@pytest.mark.parametrize(
    ("data", "feed"),
    [
        (kev(), "kev"),
        (b"cveID,vendorProject,dateAdded,knownRansomwareCampaignUse\nCVE-2026-1000,x,2026-11-20,Known\n", "kev"),
        (epss(), "epss"),
        (gzip.compress(epss()), "epss"),
        (endoflife(), "endoflife"),
        (csaf("EX-1"), "advisories/example"),
        (csaf("ICSMA-26-1", publisher="CISA"), "advisories/cisa"),
    ],
)
def test_every_kind_is_recognised_by_its_content(store: KnowledgeStore, tmp_path: Path, data: bytes, feed: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert [found.id for found in update(path, store, now=NOW).updates] == [feed]


def test_a_folder_may_hold_everything(store: KnowledgeStore, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    (folder / "csaf").mkdir(parents=True)
    (folder / "kev.json").write_bytes(kev())
    (folder / "older-kev.json").write_bytes(kev("2026-11-01", "CVE-2026-2000"))
    (folder / "epss.csv.gz").write_bytes(gzip.compress(epss()))
    (folder / "csaf" / "ex-1.json").write_bytes(csaf("EX-1"))
    (folder / "csaf" / "ex-2.json").write_bytes(csaf("EX-2", publisher="Ünique & Söhne"))
    (folder / "csaf" / "broken.json").write_bytes(b'{"document": {"title": ')

    report = update(folder, store, now=NOW)

    outcomes = {found.id: found.outcome for found in report.updates}
    assert set(outcomes) == {"kev", "epss", "advisories/example", "advisories/nique-s-hne"}
    assert set(outcomes.values()) == {Outcome.NEW}
    assert [refused.name for refused in report.refused] == ["csaf/broken.json"]
    assert set(store.load().exploited) - set(load_base().exploited) == {"CVE-2026-1000"}


def test_a_zip_of_advisories(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "advisories.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/ex-1.json", csaf("EX-1"))
    assert [found.id for found in update(path, store, now=NOW).updates] == ["advisories/example"]


def test_files_add_to_what_is_held_and_the_same_again_changes_nothing(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    for identifier in ("EX-1", "EX-2"):
        path.write_bytes(csaf(identifier))
        update(path, store, now=NOW)
    held = store.current("advisories/example")
    assert held is not None
    assert [advisory.id for advisory in held.payload.advisories] == ["EX-1", "EX-2"]
    assert update(path, store, now=NOW).updates[0].outcome is Outcome.UNCHANGED


def test_an_older_file_replaces_nothing(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "kev.json"
    path.write_bytes(kev("2026-11-20"))
    update(path, store, now=NOW)
    path.write_bytes(kev("2026-10-01", "CVE-2026-2000"))
    (found,) = update(path, store, now=NOW).updates
    assert found.outcome is Outcome.OLDER
    assert found.feed is not None
    assert found.feed.as_of == date(2026, 11, 20)
    assert set(store.load().exploited) - set(load_base().exploited) == {"CVE-2026-1000"}


def test_one_lifecycle_hides_no_other(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "eol.json"
    for product in ("first-os", "second-os"):
        path.write_bytes(endoflife(product))
        update(path, store, now=NOW)
    products = {lifecycle.product for lifecycle in store.load().lifecycles}
    assert {"first-os", "second-os", "windows"} <= products


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not"),
        (b"\x00\x01\x02", "not"),
        (b"{}", "not"),
        (b"<html>404</html>", "not"),
        (kev()[:-30], "not"),
        (b"PK\x03\x04 damaged", "damaged ZIP"),
        (gzip.compress(epss())[:-9], "epss|gzip|damaged|cut"),
    ],
)
def test_what_is_of_no_use_is_refused_and_nothing_is_imported(
    store: KnowledgeStore, tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=message):
        update(path, store, now=NOW)
    assert store.snapshots() == ()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/nowhere/at/all", "no such file"),
        ("advisories.zip", "advisories.zip: there is no such file"),
        ("KEV.JSON", "no such file"),
        ("http://vendor.example/kev.json", "only https"),
        ("ftp://vendor.example/kev.json", "only https"),
        ("", "an empty name"),
        ("/dev/zero", "which may have no end"),
    ],
)
def test_sources_that_are_none(store: KnowledgeStore, source: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        update(source, store, now=NOW)


def test_an_address_is_fetched_and_recognised(
    vendor: Site, base: str, connection: Connection, store: KnowledgeStore
) -> None:
    vendor.tree = {"/a": kev(), "/b.csv.gz": gzip.compress(epss()), "/c": csaf("EX-1")}
    reports = [update(f"{base}{path}", store, now=NOW, connection=connection) for path in vendor.tree]
    assert [report.updates[0].id for report in reports] == ["kev", "epss", "advisories/example"]
    held = store.current("advisories/example")
    assert held is not None
    assert held.feed.source == f"{base}/c"


def test_a_provider_is_recognised_by_its_metadata(
    vendor: Site, base: str, connection: Connection, store: KnowledgeStore
) -> None:
    provider = Provider(base, None, "csaf_publisher")
    provider.add("ex-1.json", csaf("EX-1"))
    vendor.tree = dict(provider.tree())
    (found,) = update(f"{base}{METADATA}", store, now=NOW, connection=connection).updates
    assert (found.id, found.fetched) == (f"advisories/vendor.example_{vendor.port}", 1)


def test_a_public_source_that_fails_hinders_no_other(
    vendor: Site, base: str, connection: Connection, store: KnowledgeStore
) -> None:
    vendor.tree = {"/kev": kev()}
    feeds = tuple(
        KnownFeed(id=name, title=name, url=f"{base}/{name}", stale_after=9, licence="x") for name in ("epss", "kev")
    )
    report = update_known(store, now=NOW, connection=connection, feeds=feeds)
    assert [(found.id, found.outcome) for found in report.updates] == [("epss", Outcome.FAILED), ("kev", Outcome.NEW)]
    assert "no such document" in report.updates[0].error


def test_the_shipped_list_is_sound(tmp_path: Path) -> None:
    assert [feed.id for feed in load_known_feeds()][:4] == ["kev", "epss", "endoflife", "advisories"]
    bad = tmp_path / "feeds.toml"
    bad.write_text('[[feed]]\nid = "kev"\ntitle = "t"\nurl = "http://x.example"\nstale_after = 1\nlicence = "x"\n')
    with pytest.raises(ContentError, match="not an https address"):
        read_known_feeds(bad)


def test_what_is_shipped_and_what_is_fetched_grow_old_alike() -> None:
    fetched = {feed.id: feed.stale_after for feed in load_known_feeds()}
    assert {feed.id: feed.stale_after for feed in load_base().feeds}.items() <= fetched.items()


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_recognition_takes_anything(data: bytes) -> None:
    assert kind_of(data) in Kind


def test_a_few_files_under_a_publishers_name_are_no_new_edition_of_its_feed(
    store: KnowledgeStore, tmp_path: Path
) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(csaf("ICSMA-26-1", publisher="CISA"))
    update(path, store, now=NOW)
    (shipped,) = (feed for feed in store.load().feeds if feed.id == "advisories")
    assert shipped == next(feed for feed in load_base().feeds if feed.id == "advisories")


def test_a_document_of_tomorrow_is_of_today(store: KnowledgeStore, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(csaf("EX-1").replace(b"2026", b"9999"))
    update(path, store, now=NOW)
    (advisory,) = (one for one in store.load().advisories if one.id == "EX-1")
    assert advisory.updated == NOW.date()
