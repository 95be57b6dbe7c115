"""Offline bundles: what a pinned key signed, whole, in date, and never older than what is held."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadapron.know.advisories.base import load_base
from leadapron.know.feeds.bundle import Manifest, export_bundle, import_bundle, read_bundle
from leadapron.know.feeds.keys import fingerprint, make_key, read_private_key, spaced, trust, trusted_keys
from leadapron.know.feeds.outcome import Outcome, UpdateReport
from leadapron.know.feeds.snapshots import KnowledgeStore
from leadapron.model.advisories import Feed, Knowledge
from leadapron.model.errors import SourceError, UsageError
from tests.know.feeds.conftest import NOW
from tests.know.feeds.test_snapshots import advisory, kev, kev_feed


@dataclass
class Carrier:
    """A connected machine that exports, a disconnected one that imports, and the file between them."""

    connected: KnowledgeStore
    hospital: KnowledgeStore
    private: Path
    path: Path

    def export(self, now: datetime = NOW) -> Manifest:
        return export_bundle(self.connected, self.path, self.private, now=now)

    def take_in(self, now: datetime = NOW) -> UpdateReport:
        return import_bundle(self.path, self.hospital, trusted_keys(self.hospital), now=now)


@pytest.fixture
def carrier(tmp_path: Path) -> Carrier:
    made = Carrier(
        KnowledgeStore(tmp_path / "connected"),
        KnowledgeStore(tmp_path / "hospital"),
        tmp_path / "bundle.pem",
        tmp_path / "knowledge.zip",
    )
    public, _ = make_key(made.private)
    trust(made.hospital, public)
    made.connected.save(kev_feed(), kev("CVE-2026-1000"))
    feed = Feed(id="advisories/vendor.example", title="V", source="x", as_of=date(2026, 11, 1), fetched=NOW)
    made.connected.save(feed, Knowledge(advisories=(advisory("EX-1", date(2026, 11, 1)),)))
    return made


def test_knowledge_is_carried_to_a_machine_without_network(carrier: Carrier) -> None:
    manifest = carrier.export()
    report = carrier.take_in()

    assert [update.outcome for update in report.updates] == [Outcome.NEW, Outcome.NEW]
    assert {feed.id for feed in carrier.hospital.load().feeds if feed.verified == "bundle"} == {
        item.feed.id for item in manifest.feeds
    }
    assert carrier.hospital.load().exploited == carrier.connected.load().exploited
    assert carrier.hospital.load().advisories == carrier.connected.load().advisories


def test_the_same_bundle_again_changes_nothing(carrier: Carrier) -> None:
    carrier.export()
    carrier.take_in()
    assert {update.outcome for update in carrier.take_in().updates} == {Outcome.UNCHANGED}


def test_an_older_bundle_never_turns_knowledge_back(carrier: Carrier) -> None:
    carrier.export()
    old = carrier.path.read_bytes()
    carrier.connected.save(kev_feed(date(2026, 11, 23)), kev("CVE-2026-2000"))
    carrier.export()
    carrier.take_in()

    carrier.path.write_bytes(old)
    outcomes = {update.id: update.outcome for update in carrier.take_in().updates}
    assert outcomes == {"kev": Outcome.OLDER, "advisories/vendor.example": Outcome.UNCHANGED}
    assert set(carrier.hospital.load().exploited) - set(load_base().exploited) == {"CVE-2026-2000"}


def test_a_second_bundle_of_the_same_day_counts(carrier: Carrier) -> None:
    carrier.export()
    carrier.take_in(NOW + timedelta(hours=20))
    later = msgspec.structs.replace(kev_feed(fetched=NOW + timedelta(hours=2)), sha256="1" * 64)
    carrier.connected.save(later, kev("CVE-2026-2000"))
    carrier.export(NOW + timedelta(hours=3))
    carrier.take_in(NOW + timedelta(hours=21))
    assert set(carrier.hospital.load().exploited) - set(load_base().exploited) == {"CVE-2026-2000"}


def test_advisories_add_up(carrier: Carrier) -> None:
    feed = Feed(id="advisories/vendor.example", title="V", source="x", as_of=date(2026, 10, 1), fetched=NOW)
    carrier.hospital.save(feed, Knowledge(advisories=(advisory("EX-0", date(2026, 10, 1)),)))
    carrier.export()
    carrier.take_in()
    assert {"EX-0", "EX-1"} <= {each.id for each in carrier.hospital.load().advisories}


# ---------------------------------------------------------------- what is refused
def test_an_unknown_key_is_named(carrier: Carrier, tmp_path: Path) -> None:
    carrier.private = tmp_path / "stranger.pem"
    _, stranger = make_key(carrier.private)
    carrier.export()
    with pytest.raises(SourceError, match=f"not trusted here.*{spaced(stranger)}.*knowledge trust"):
        carrier.take_in()
    assert carrier.hospital.snapshots() == ()


@pytest.mark.parametrize(
    ("later", "message"), [(timedelta(days=31), "expired on 2026-12-24"), (-timedelta(days=2), "clock")]
)
def test_dates_are_checked(carrier: Carrier, later: timedelta, message: str) -> None:
    carrier.export()
    with pytest.raises(SourceError, match=message):
        carrier.take_in(NOW + later)


Files = dict[str, bytes]


def _cut(files: Files) -> None:
    files["feeds/kev.json.zst"] = files["feeds/kev.json.zst"][:-3]


def _alter(files: Files) -> None:
    files["feeds/kev.json.zst"] = bytes(reversed(files["feeds/kev.json.zst"]))


def _drop(files: Files) -> None:
    del files["feeds/kev.json.zst"]


def _add(files: Files) -> None:
    files["../../evil.pem"] = b"x"


def _extend(files: Files) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b"2026-12", b"2036-12")


def _forget(files: Files) -> None:
    del files["manifest.sig"]


def _shorten(files: Files) -> None:
    files["manifest.sig"] = files["manifest.sig"][:-1]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_cut, "not what was signed"),
        (_alter, "not what was signed"),
        (_drop, "holds no feeds/kev"),
        (_add, "files that were not signed"),
        (_extend, "signature is wrong"),
        (_forget, r"holds no manifest\.sig"),
        (_shorten, "signature is wrong"),
    ],
)
def test_an_altered_bundle_is_refused_whole(carrier: Carrier, harm: Callable[[Files], None], message: str) -> None:
    carrier.export()
    with zipfile.ZipFile(carrier.path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    harm(files)
    with zipfile.ZipFile(carrier.path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(SourceError, match=message):
        carrier.take_in()
    assert carrier.hospital.snapshots() == ()


def test_a_signed_manifest_cannot_lead_out_of_the_folder(carrier: Carrier) -> None:
    manifest = carrier.export()
    item = msgspec.structs.replace(manifest.feeds[0], feed=msgspec.structs.replace(kev_feed(), id="../../evil"))
    plain = msgspec.json.encode(msgspec.structs.replace(manifest, feeds=(item,)))
    with zipfile.ZipFile(carrier.path, "w") as archive:
        archive.writestr("manifest.json", plain)
        archive.writestr("manifest.sig", read_private_key(carrier.private).sign(plain))
    with pytest.raises(SourceError, match="not the name of a feed"):
        carrier.take_in()


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_nothing_in_a_bundle_can_swell(carrier: Carrier, compression: int) -> None:
    with zipfile.ZipFile(carrier.path, "w", compression) as archive:
        archive.writestr("manifest.json", b" " * (10 << 20))
    with pytest.raises(SourceError, match="compressed or encrypted"):
        carrier.take_in()


def test_overlapping_files_are_refused(carrier: Carrier) -> None:
    """A table of contents that names the same bytes many times."""
    carrier.export()
    data = bytearray(carrier.path.read_bytes())
    start = data.index(b"PK\x01\x02")
    for offset in (20, 24):
        struct.pack_into("<I", data, start + offset, len(data) * 2)
    carrier.path.write_bytes(data)
    with pytest.raises(SourceError, match="larger than itself"):
        carrier.take_in()


def test_a_bundle_cut_anywhere_is_refused(carrier: Carrier) -> None:
    carrier.export()
    whole = carrier.path.read_bytes()
    for length in range(0, len(whole), 97):
        carrier.path.write_bytes(whole[:length])
        with pytest.raises(SourceError, match="bundle"):
            carrier.take_in()
    assert carrier.hospital.snapshots() == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_bundle_changed_anywhere_is_refused_or_unchanged(carrier: Carrier, data: st.DataObject) -> None:
    if not carrier.path.exists():
        carrier.export()
        carrier.private.with_name("whole").write_bytes(carrier.path.read_bytes())
    changed = bytearray(carrier.private.with_name("whole").read_bytes())
    keys = trusted_keys(carrier.hospital)
    sound = read_bundle(carrier.private.with_name("whole"), keys, now=NOW)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    carrier.path.write_bytes(changed)
    try:
        assert read_bundle(carrier.path, keys, now=NOW) == sound
    except SourceError:
        pass


# ---------------------------------------------------------------- keys
def test_a_private_key_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.pem"
    public, name = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public == tmp_path / "mine.pub.pem"
    assert fingerprint(read_private_key(path).public_key()) == name
    with pytest.raises(UsageError, match="keys are not overwritten"):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(SourceError, match="others can read"):
        read_private_key(path)


def test_only_a_public_key_can_be_pinned(carrier: Carrier, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a public key"):
        trust(carrier.hospital, carrier.private)
    with pytest.raises(SourceError, match="cannot be read"):
        trust(carrier.hospital, tmp_path / "nowhere.pem")
    with pytest.raises(SourceError, match="not a private key"):
        read_private_key(carrier.private.with_name("bundle.pub.pem"))


def test_there_must_be_something_to_export(carrier: Carrier, tmp_path: Path) -> None:
    carrier.connected = KnowledgeStore(tmp_path / "empty")
    with pytest.raises(UsageError, match="run `leadapron knowledge update` first"):
        carrier.export()
    with pytest.raises(UsageError, match="valid for 1 to"):
        export_bundle(carrier.hospital, carrier.path, carrier.private, now=NOW, valid_days=400)
