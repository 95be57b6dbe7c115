from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from leadapron.model.events import (
    EVENT_KINDS,
    ArpBinding,
    CaptureQuality,
    DicomAssociation,
    Event,
    NameSeen,
    Service,
    Sighting,
)
from leadapron.store import Workspace, WorkspaceError
from leadapron.store.writer import CHUNK_EVENTS
from tests.store.strategies import structs_of

MAC = "02:00:00:00:00:07"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def sighting(number: int, sensor: str = "monday.pcap") -> Sighting:
    return Sighting(
        ts=NOON + timedelta(seconds=number),
        sensor=sensor,
        packet=number,
        ip="10.1.0.7",
        mac="02:00:00:00:00:07",
        ttl=64,
    )


def test_events_come_back_as_written(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    name = NameSeen(ts=NOON, sensor="monday.pcap", packet=9, name="ct1", ip="10.1.0.7", source=Service.DNS)
    with workspace.writer("monday.pcap") as writer:
        writer.write(sighting(1))
        writer.write(name)
        writer.write(sighting(2))
    reopened = Workspace.open(tmp_path / "site")
    assert list(reopened.events(Sighting)) == [sighting(1), sighting(2)]
    assert list(reopened.events()) == [sighting(1), sighting(2), name]
    assert reopened.key == workspace.key


@pytest.mark.parametrize("kind", EVENT_KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=settings().max_examples // 3)  # of many events each: a workspace costs more than an event
@given(data=st.data())
def test_every_kind_survives_the_round_trip(kind: type[Event], data: st.DataObject) -> None:
    events = data.draw(st.lists(structs_of(kind), min_size=1, max_size=12))
    with Workspace.ephemeral(b"seed") as workspace:
        with workspace.writer("capture") as writer:
            for event in events:
                writer.write(event)
        # A day is a folder, so events of several days come back by day.
        assert list(workspace.events(kind)) == sorted(events, key=lambda event: event.ts.date())


def test_a_source_read_again_replaces_its_events(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    for last in (20, 3):
        with workspace.writer("monday.pcap") as writer:
            for number in range(last):
                writer.write(sighting(number))
        with workspace.writer("tuesday.pcap") as writer:
            writer.write(sighting(0, "tuesday.pcap"))
    assert len(list(workspace.events(Sighting, source="monday.pcap"))) == 3
    assert [event.sensor for event in workspace.events(source="tuesday.pcap")] == ["tuesday.pcap"]


def test_names_that_look_alike_are_different_sources(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    for source in ("a/b.pcap", "a_b.pcap", "-", "é"):
        with workspace.writer(source) as writer:
            writer.write(sighting(1, source))
    assert sorted(event.sensor for event in workspace.events()) == ["-", "a/b.pcap", "a_b.pcap", "é"]


def test_an_interrupted_run_leaves_what_was_seen(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")

    def run() -> None:
        with workspace.writer("monday.pcap") as writer:
            for number in range(CHUNK_EVENTS + 10):
                writer.write(sighting(number))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(list(workspace.events())) == CHUNK_EVENTS + 10


def test_a_killed_run_leaves_whole_files(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    writer = workspace.writer("monday.pcap")
    for number in range(CHUNK_EVENTS + 10):
        writer.write(sighting(number))
    (tmp_path / "site/events/sighting/day=2026-03-02/.half.parquet.tmp").write_bytes(b"PAR1")
    assert len(list(Workspace.open(tmp_path / "site").events())) == CHUNK_EVENTS


def test_a_chunk_that_could_not_be_written_whole_is_not_written_twice(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    obstacle = workspace.path / "events" / "arp_binding"
    obstacle.parent.mkdir()
    obstacle.touch()  # a file where the folder of a kind should be: one kind of the chunk fails, as on a full disk
    binding = ArpBinding(ts=NOON, sensor="monday.pcap", packet=0, ip="10.1.0.7", mac=MAC)
    with workspace.writer("monday.pcap") as writer:
        for number in range(CHUNK_EVENTS - 1):
            writer.write(sighting(number))
        with pytest.raises(WorkspaceError):
            writer.write(binding)
    obstacle.unlink()
    assert len(list(workspace.events())) == CHUNK_EVENTS - 1


def test_what_is_kept_replaces_what_was_there_or_changes_nothing(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    binding = ArpBinding(ts=NOON, sensor="list.csv", packet=0, ip="10.1.0.7", mac=MAC)
    workspace.keep("list.csv", [binding, *map(sighting, range(CHUNK_EVENTS + 10))])
    folder = workspace.path / "events" / "sighting"
    folder.rename(tmp_path / "aside")
    folder.touch()  # as a full disk: what comes first can be written, what comes then cannot
    with pytest.raises(WorkspaceError):
        workspace.keep("list.csv", [structs.replace(binding, ip="10.1.0.8"), *map(sighting, range(3))])
    folder.unlink()
    (tmp_path / "aside").rename(folder)
    assert len(list(workspace.events())) == CHUNK_EVENTS + 11
    assert list(workspace.events(ArpBinding)) == [binding]

    workspace.keep("list.csv", map(sighting, range(3)))
    assert list(workspace.events()) == list(map(sighting, range(3)))
    assert not list(workspace.path.rglob("*.tmp"))


def test_abort_leaves_nothing(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    writer = workspace.writer("monday.pcap")
    for number in range(CHUNK_EVENTS + 10):
        writer.write(sighting(number))
    writer.abort()
    assert list(workspace.events()) == []


def test_chunks_keep_the_kinds_of_one_time_together(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    binding = ArpBinding(ts=NOON, sensor="monday.pcap", packet=1, ip="10.1.0.7", mac="02:00:00:00:00:07")
    with workspace.writer("monday.pcap") as writer:
        for number in range(CHUNK_EVENTS - 1):
            writer.write(sighting(number))
        writer.write(binding)
        writer.write(sighting(CHUNK_EVENTS))
    assert [type(event) for event in workspace.events()][-2:] == [ArpBinding, Sighting]


def test_equal_seeds_give_equal_keys_and_no_trace_remains() -> None:
    with Workspace.ephemeral(b"one") as first, Workspace.ephemeral(b"one") as second:
        assert first.key == second.key
        assert first.path != second.path
    with Workspace.ephemeral(b"two") as other:
        assert other.key != first.key
    assert not first.path.exists()


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "site")
    assert stat.S_IMODE((tmp_path / "site/key").stat().st_mode) == 0o600


def test_an_older_file_without_a_newer_field_still_reads(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    with workspace.writer("monday.pcap") as writer:
        writer.write(sighting(1))
    (path,) = (tmp_path / "site/events").rglob("*.parquet")
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["vlan"]), path)
    assert list(workspace.events()) == [sighting(1)]


@pytest.mark.parametrize("content", [b"", b"PAR1 nonsense PAR1", b"\0" * 500], ids=["empty", "magic", "zeros"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    workspace = Workspace.create(tmp_path / "site")
    with workspace.writer("monday.pcap") as writer:
        writer.write(sighting(1))
    (path,) = (tmp_path / "site/events").rglob("*.parquet")
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=path.name):
        list(workspace.events())


def test_a_foreign_table_is_named(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "site")
    with workspace.writer("monday.pcap") as writer:
        writer.write(CaptureQuality(ts=NOON, sensor="monday.pcap", packet=0, source="monday.pcap", fingerprint="f"))
    (path,) = (tmp_path / "site/events").rglob("*.parquet")
    other = tmp_path / "site/events/dicom_association" / path.parent.name
    other.mkdir(parents=True)
    path.rename(other / path.name)
    with pytest.raises(WorkspaceError, match=path.name):
        list(workspace.events(DicomAssociation))
    (other / "holiday.parquet").write_bytes(b"")
    with pytest.raises(WorkspaceError, match="holiday"):
        list(workspace.events())


@pytest.mark.parametrize(
    ("name", "content"),
    [("workspace.toml", b"format = 99\n"), ("workspace.toml", b"\xff"), ("key", b"short")],
    ids=["future", "damaged", "key"],
)
def test_a_workspace_that_cannot_be_used_says_why(tmp_path: Path, name: str, content: bytes) -> None:
    Workspace.create(tmp_path / "site")
    (tmp_path / "site" / name).write_bytes(content)
    with pytest.raises(WorkspaceError, match="site"):
        Workspace.open(tmp_path / "site")


def test_places_are_checked(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no workspace here"):
        Workspace.open(tmp_path / "nowhere")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(WorkspaceError, match="not an empty folder"):
        Workspace.create(tmp_path)
    with pytest.raises(WorkspaceError):
        Workspace.create(tmp_path / "file" / "below")
    assert Workspace.open_or_create(tmp_path / "site").key == Workspace.open_or_create(tmp_path / "site").key
