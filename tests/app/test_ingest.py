"""Sources into a workspace: all of them, a part of them, and some that go away on the way."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from leadapron.app import find_sources, ingest
from leadapron.model.events import Anomaly, CaptureQuality, DicomAssociation
from leadapron.store import Workspace
from tests.app.captures import START, capture, echo

OTHER = ("192.0.2.55", 50_000)
HOUR = 3_600_000_000_000


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


@pytest.fixture
def two_files(tmp_path: Path) -> list[Path]:
    """One association each, an hour apart."""
    paths = [tmp_path / "one.pcap", tmp_path / "two.pcap"]
    paths[0].write_bytes(capture(echo().frames))
    paths[1].write_bytes(capture(echo(OTHER).frames, start=START + HOUR))
    return paths


def press_ctrl_c(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


def clients(workspace: Workspace) -> list[str]:
    return [event.client.ip for event in workspace.events(DicomAssociation)]


def qualities(workspace: Workspace) -> dict[str, CaptureQuality]:
    return {event.source: event for event in workspace.events(CaptureQuality)}


def test_a_source_becomes_events_and_its_quality(workspace: Workspace, two_files: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    assert ingest(workspace, find_sources([str(two_files[0])]), lambda *progress: told.append(progress))
    assert clients(workspace) == ["192.0.2.1"]
    quality = qualities(workspace)["one.pcap"]
    assert quality.complete
    assert quality.packets == len(echo().frames)
    assert quality.bytes == sum(map(len, echo().frames))
    assert told[-1][1] == quality.packets


def test_two_sources_are_told_apart_and_progress_runs_over_both(workspace: Workspace, two_files: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    assert ingest(workspace, find_sources(list(map(str, two_files))), lambda *progress: told.append(progress))
    assert sorted(clients(workspace)) == ["192.0.2.1", OTHER[0]]
    assert set(qualities(workspace)) == {"one.pcap", "two.pcap"}
    assert told == sorted(told)
    assert told[-1][1] == 2 * len(echo().frames)


def test_each_file_of_a_folder_counts_its_own_gaps(workspace: Workspace, tmp_path: Path) -> None:
    whole, holed = echo().frames, echo(OTHER).frames
    folder = tmp_path / "ring"
    folder.mkdir()
    (folder / "1.pcap").write_bytes(capture([*holed[:3], *holed[4:]]))
    (folder / "2.pcap").write_bytes(capture(whole, start=START + HOUR))
    assert ingest(workspace, find_sources([str(folder)]))
    found = qualities(workspace)
    assert found["1.pcap"].gaps + found["2.pcap"].gaps == 1
    assert found["2.pcap"].packets == len(whole)


def test_ctrl_c_keeps_what_was_read(workspace: Workspace, two_files: list[Path]) -> None:
    assert not ingest(workspace, find_sources(list(map(str, two_files))), press_ctrl_c)
    again = Workspace.open(workspace.path)
    assert clients(again) == ["192.0.2.1"]
    assert [quality.complete for quality in qualities(again).values()] == [False]


def test_an_interrupted_source_read_again_is_whole(workspace: Workspace, two_files: list[Path]) -> None:
    sources = find_sources(list(map(str, two_files)))
    assert not ingest(workspace, sources, press_ctrl_c)
    assert ingest(workspace, sources)
    assert sorted(clients(workspace)) == ["192.0.2.1", OTHER[0]]
    assert all(quality.complete for quality in qualities(workspace).values())


def test_ctrl_c_works_as_ever_afterwards(workspace: Workspace, two_files: list[Path]) -> None:
    ingest(workspace, find_sources([str(two_files[0])]), press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


@pytest.mark.parametrize("gone", [0, 1])
def test_a_file_that_goes_away_is_said_and_the_others_are_read(
    workspace: Workspace, two_files: list[Path], gone: int
) -> None:
    folder = two_files[0].parent
    sources = find_sources([str(folder)])
    two_files[gone].unlink()
    assert ingest(workspace, sources)
    assert len(clients(workspace)) == 1
    quality = qualities(workspace)[two_files[gone].name]
    assert not quality.complete
    assert quality.packets == 0
    assert qualities(workspace)[two_files[1 - gone].name].complete
    (anomaly,) = workspace.events(Anomaly)
    assert anomaly.name == "capture.unreadable"
    assert two_files[gone].name in anomaly.detail


def test_a_file_that_is_cut_off_gives_what_it_has(workspace: Workspace, two_files: list[Path]) -> None:
    content = two_files[0].read_bytes()
    two_files[0].write_bytes(content[:-7])
    assert ingest(workspace, find_sources(list(map(str, two_files))))
    assert len(clients(workspace)) == 2
    found = qualities(workspace)
    assert not found["one.pcap"].complete
    assert found["one.pcap"].anomalies == 1
    assert found["two.pcap"].complete
