"""The guard's benchmark measures what it says: whole objects arrive, lost ones are noticed, medians are of rounds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.guard import boxes, load, objects, pdus
from bench.guard.__main__ import run, site
from bench.guard.boxes import DIRECT, GUARD, HAPROXY, Box, Site
from bench.guard.cases import CASES, Case, Course, Kind, Measured, chosen
from bench.guard.load import LoadError, Sender, Target
from bench.guard.processes import child, cpu_seconds, family, free_ports, python
from bench.guard.results import figures, table, verdicts
from bench.guard.sink import Association, Counts
from leadapron.model.events import DicomAssociation
from leadapron.see.wire.dicom import DicomDissector
from leadapron.see.wire.dissector import Side
from tests.see.wire.playbook import play

SMALL = Case(name="ct16k", kind=Kind.STORE, amount=2)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("bench")) as running:
        yield running


@pytest.fixture(scope="module")
def course(ground: Site) -> Course:
    return Course(ground)


def test_a_burst_through_nothing(ground: Site, course: Course) -> None:
    box = Box(name=DIRECT, version="", plain=ground.sink)
    assert course.verify(box) == ""
    measured = course.run(SMALL, box)
    assert (measured.operations, measured.failure) == (3, "")
    assert measured.bytes == 3 * len(objects.make(objects.Size.CT)[0].data)
    for kind in (Kind.ECHO_EACH, Kind.ECHO_TOGETHER):
        echoes = course.run(Case(name="echo", kind=kind, amount=20, associations=4), box)
        assert (echoes.operations, echoes.failure) == (20, "")


@pytest.mark.parametrize("name", [HAPROXY, boxes.NGINX, GUARD])
def test_a_burst_through_a_box_with_and_without_tls(name: str, ground: Site, course: Course) -> None:
    if not boxes.installed(name):
        pytest.skip(f"{name} is not installed")
    with boxes.start(name, ground) as box:
        assert course.verify(box) == ""
        for tls in (False, True):
            measured = course.run(Case(name="ct16k", kind=Kind.STORE, amount=2, associations=2, tls=tls), box)
            assert (measured.operations, measured.failure) == (2, "")
            assert measured.cpu is not None


def test_the_relay_relays(ground: Site, course: Course) -> None:
    with boxes.start(boxes.RELAY, ground) as box:
        assert course.verify(box) == ""


def test_what_does_not_come_is_a_failure(tmp_path: Path, ground: Site, course: Course) -> None:
    port, control = free_ports(2)
    with child(python("bench.guard.sink", port, control), (port, control), tmp_path / "log"):
        elsewhere = Box(name="elsewhere", version="", plain=port)
        assert "0 objects of 3 came" in course.run(SMALL, elsewhere).failure
        assert "bytes differ" in course.verify(elsewhere)
    assert course.run(SMALL, elsewhere).failure.startswith("LoadError: ")


def test_our_own_parser_reads_what_is_sent() -> None:
    item, _ = objects.make(objects.Size.CT)
    sender = Sender.of(item, max_pdu=16384, count=1)
    counts = Counts()
    sink = Association(counts)
    accepted = sink.feed(memoryview(sender.request))
    answered = sink.feed(memoryview(sender.blob))
    events = play(
        DicomDissector,
        [
            (Side.CLIENT, sender.request),
            (Side.SERVER, accepted),
            (Side.CLIENT, sender.blob),
            (Side.SERVER, answered),
            (Side.CLIENT, pdus.RELEASE_RQ),
            (Side.SERVER, pdus.RELEASE_RP),
        ],
    )
    (seen,) = (event for event in events if isinstance(event, DicomAssociation))
    assert (seen.calling_ae_title, seen.called_ae_title) == ("BENCH_SCU", "SINK")
    assert (counts.objects, counts.bytes) == (1, len(item.data))


@pytest.mark.parametrize("cut", [1, 7, 4096, 65536])
def test_the_sink_counts_the_same_however_bytes_are_cut(cut: int) -> None:
    data = bytes(range(256)) * 40
    request = pdus.associate_rq(objects.Size.CT.value[0], "A", "DIGEST", 16384)
    command = pdus.request_command(pdus.STORE_RQ, objects.Size.CT.value[0], "1.2.3")
    echo = pdus.request_command(pdus.ECHO_RQ, pdus.VERIFICATION)
    stream = request + (command + pdus.data_pdus(data, 1024)) * 2 + echo + pdus.RELEASE_RQ
    counts = Counts()
    sink = Association(counts)
    answers = b"".join(sink.feed(memoryview(stream[at : at + cut])) for at in range(0, len(stream), cut))
    assert (counts.objects, counts.bytes, counts.echoes, counts.broken) == (2, 2 * len(data), 1, [])
    assert counts.digests == [hashlib.sha256(data).hexdigest()] * 2
    assert sink.ended
    assert answers.endswith(pdus.RELEASE_RP)
    assert answers.startswith(pdus.associate_ac(request, 131072))


def test_the_sink_says_what_it_cannot_read() -> None:
    counts = Counts()
    Association(counts).feed(memoryview(b"\x09\0\0\0\0\4abcd"))
    assert counts.broken == ["PDU type 9"]


def test_a_header_is_as_long_as_a_scanners() -> None:
    item, dataset = objects.make(objects.Size.CT)
    assert 140 <= sum(1 for _ in dataset.iterall()) <= 170
    assert 520_000 < len(item.data) < 540_000
    assert 10_000_000 < len(objects.make(objects.Size.CR)[0].data) < 11_000_000


def test_processor_time_is_that_of_the_child(tmp_path: Path) -> None:
    port, control = free_ports(2)
    with child(python("bench.guard.sink", port, control), (port,), tmp_path / "log") as pid:
        assert family(pid) == [pid]
        assert 0.01 < cpu_seconds([pid]) < 10


def test_wrong_answers_are_errors(tmp_path: Path, ground: Site) -> None:
    with pytest.raises(LoadError):
        load.echo_one_by_one(Target(port=ground.control), 1)


def test_ratios_are_within_a_round() -> None:
    """The second round was twice as slow for all; the guard's ratio does not know."""
    measured = []
    for slow in (1.0, 2.0, 4.0):
        for box, seconds, cpu in ((HAPROXY, 1.0, 0.5), (GUARD, 1.25, 0.6)):
            burst = Measured(
                case="ct16k-8", box=box, seconds=seconds * slow, operations=2, bytes=10**9, cpu=cpu, latency=0.25
            )
            measured.append(burst)
    found = figures(measured)
    ours = found[1]
    assert (ours.rate, ours.ratio, ours.rounds, ours.latency) == (400.0, pytest.approx(0.8), 3, 250.0)
    assert ours.cpu == pytest.approx(0.6)
    judged = verdicts(found)
    assert [(one.measured, one.met) for one in judged] == [(pytest.approx(0.8), False), (pytest.approx(1.2), True)]
    text = table(found, judged)
    assert "| guard | 400 | 0.80 | 0.80–0.80 | 0.60 | 250 |" in text
    assert "**no**" in text


def test_a_failed_burst_is_named_and_not_counted() -> None:
    good = Measured(case="echo-8", box=HAPROXY, seconds=1.0, operations=10)
    bad = Measured(case="echo-8", box=GUARD, failure="LoadError: closed")
    (_, ours) = figures([good, bad])
    assert (ours.rounds, ours.failures) == (0, ("LoadError: closed",))
    assert "**LoadError: closed**" in table([ours], [])
    assert verdicts([ours]) == []


def test_cases_are_chosen_by_name() -> None:
    assert [case.name for case in chosen("ct16k,echo*")] == ["ct16k", "echo-8", "echo"]
    assert chosen("") == list(CASES)


def test_a_whole_run(tmp_path: Path) -> None:
    running, measured = run([SMALL], [DIRECT], 2, tmp_path)
    assert [box.name for box in running] == [DIRECT]
    assert [(one.box, one.operations) for one in measured] == [(DIRECT, 3)] * 2
