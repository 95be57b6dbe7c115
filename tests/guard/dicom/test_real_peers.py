"""Real peers through a running guard: every service, to the byte; and what must not arrive does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    BasicGrayscalePrintManagementMeta,
    CTImageStorage,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    Verification,
)

from leadapron.model.events.guard import GuardDecision, ObjectPassed
from leadapron.model.guard import Query, Rule, Task
from tests.guard.dicom.peers import (
    ALL,
    free_port,
    guard_before,
    instances,
    make_objects,
    needs,
    orthanc,
    run,
    storescp,
)
from tests.guard.shell.lines import Standing

NARROW = structs.replace(ALL, query=Query(results=2))
KEYS = ("-k", "QueryRetrieveLevel=IMAGE", "-k", "SOPInstanceUID")


def settled(stands: Standing, number: int) -> list[GuardDecision]:
    """Decisions, once so many are there."""
    for _ in range(100):
        found = [event for event in list(stands.events) if isinstance(event, GuardDecision)]
        if len(found) >= number:
            break
        time.sleep(0.02)
    return found


def contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.iterdir()}


@needs("storescu", "storescp", "echoscu")
def test_objects_arrive_as_without_a_guard(tmp_path: Path) -> None:
    objects = make_objects(tmp_path / "made", 60)
    direct, through = tmp_path / "direct", tmp_path / "through"
    with storescp(direct) as port:
        run("storescu", "-aec", "PACS", "127.0.0.1", port, *objects)
    with storescp(through) as port, guard_before(port) as guard:
        run("echoscu", "-aec", "PACS", "127.0.0.1", guard.port())
        run("storescu", "-aec", "PACS", "127.0.0.1", guard.port(), *objects)
        run("storescu", "-R", "-pdu", "4096", "-aec", "PACS", "127.0.0.1", guard.port(), objects[0])
    assert len(contents(direct)) == 60
    assert contents(through) == contents(direct)
    told = [event for event in guard.events if isinstance(event, ObjectPassed)]
    assert [event.status for event in told] == [0] * 61
    assert len({event.dataset_digest for event in told}) == 60


@needs("storescu", "storescp", "Orthanc")
def test_of_an_object_with_something_behind_its_pixels_no_archive_keeps_anything(tmp_path: Path) -> None:
    (hostile,) = make_objects(tmp_path / "hostile", 1, hostile=True)
    (clean,) = make_objects(tmp_path / "clean", 1)
    kept = tmp_path / "kept"
    with storescp(kept) as port, guard_before(port) as guard:
        run("storescu", "-aec", "PACS", "127.0.0.1", guard.port(), hostile, fails=True)
        assert [event.reason for event in settled(guard, 1) if event.action == "deny"] == ["content"]
        run("storescu", "-aec", "PACS", "127.0.0.1", guard.port(), clean)
    assert len(contents(kept)) == 1
    with orthanc(tmp_path / "orthanc", free_port()) as (port, url), guard_before(port) as guard:
        run("storescu", "-aec", "PACS", "127.0.0.1", guard.port(), hostile, fails=True)
        assert instances(url) == []
        run("storescu", "-aec", "PACS", "127.0.0.1", guard.port(), clean)
        assert len(instances(url)) == 1


@needs("storescu", "findscu", "movescu", "getscu", "storescp", "Orthanc")
def test_an_archive_is_asked_and_brings_objects(tmp_path: Path) -> None:
    objects, moved, got = make_objects(tmp_path / "made", 5), tmp_path / "moved", tmp_path / "got"
    got.mkdir()
    with storescp(moved) as workstation, orthanc(tmp_path / "orthanc", workstation) as (port, _):
        with guard_before(port) as guard:
            there = ("-aec", "PACS", "127.0.0.1", guard.port())
            run("storescu", *there, *objects)
            patient = ("-k", "PatientID=1CT1")
            study = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID")
            assert run("findscu", "-v", "-S", *there, *study, *patient).count("(Pending)") == 1
            run("movescu", "-S", "-aem", "WS01", *there, "-k", "QueryRetrieveLevel=PATIENT", *patient, fails=False)
            run("getscu", "-S", "-od", got, *there, "-k", "QueryRetrieveLevel=PATIENT", *patient)
        assert len(contents(moved)) == 5
        assert len(list(got.iterdir())) == 5
        elsewhere = Rule(name="elsewhere", line=1, tasks=frozenset({Task.MOVE}), destinations=("WS02",))
        with guard_before(port, rules=(elsewhere, structs.replace(NARROW, tasks=frozenset({Task.FIND})))) as guard:
            there = ("-aec", "PACS", "127.0.0.1", guard.port())
            run("movescu", "-S", "-aem", "WS01", *there, "-k", "QueryRetrieveLevel=PATIENT", *patient, fails=True)
            assert "(Pending)" not in run("findscu", "-v", "-S", *there, *study)
            images = run("findscu", "-v", "-S", *there, *KEYS, *patient)
            assert images.count("(Pending)") == 2
            assert [event.reason for event in settled(guard, 3) if event.action == "deny"] == [
                "destination",
                "wide-query",
                "results",
            ]
    assert len(contents(moved)) == 5


@needs("echoscu", "storescu")
def test_dcmtk_understands_why_it_is_refused(tmp_path: Path) -> None:
    (image,) = make_objects(tmp_path / "made", 1)
    nobody = free_port()
    with guard_before(nobody, rules=(Rule(name="mr", line=1, calling=("MR*",)),)) as guard:
        said = run("echoscu", "-aet", "CT01", "127.0.0.1", guard.port(), fails=True)
        assert "Calling AE Title Not Recognized" in said
    with guard_before(nobody, rules=(Rule(name="vna", line=1, called=("VNA",)),)) as guard:
        assert "Called AE Title Not Recognized" in run("echoscu", "127.0.0.1", guard.port(), fails=True)
    with guard_before(nobody) as guard:
        assert "Local Limit Exceeded" in run("echoscu", "127.0.0.1", guard.port(), fails=True)
    kept = tmp_path / "kept"
    with (
        storescp(kept) as port,
        guard_before(port, rules=(Rule(name="g", line=1, tasks=frozenset({Task.GET})),)) as guard,
    ):
        assert "0x124" in run("storescu", "-v", "127.0.0.1", guard.port(), image, fails=True)
    assert contents(kept) == set()


# ---------------------------------------------------------------- N-services and worklist, with pynetdicom
@pytest.fixture
def provider() -> Iterator[tuple[int, list[str]]]:
    """A server of worklist, MPPS, storage commitment and print; its port and what it was asked."""
    asked: list[str] = []

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked.append("C-FIND")
        for number in range(3):
            found = Dataset()
            found.AccessionNumber = str(number)
            yield 0xFF00, found

    def normalised(event: evt.Event) -> tuple[int, Dataset | None]:
        asked.append(type(event.request).__name__)
        return 0, Dataset()

    def action(event: evt.Event) -> tuple[int, Dataset | None]:
        asked.append("N_ACTION")
        return 0, None

    ae = AE(ae_title="PACS")
    for context in (
        ModalityWorklistInformationFind, ModalityPerformedProcedureStep, StorageCommitmentPushModel, Verification,
        BasicGrayscalePrintManagementMeta,
    ):  # fmt: skip
        ae.add_supported_context(context)
    handlers = [
        (evt.EVT_C_FIND, find), (evt.EVT_N_CREATE, normalised), (evt.EVT_N_SET, normalised), (evt.EVT_N_ACTION, action),
        (evt.EVT_N_GET, normalised), (evt.EVT_N_DELETE, lambda event: asked.append("N_DELETE") or 0),
    ]  # fmt: skip
    standing = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert standing is not None
    yield standing.socket.getsockname()[1], asked
    standing.shutdown()


def _services(port: int) -> list[int]:
    """The statuses of one round of all N-services and a worklist query."""
    ae = AE(ae_title="CT01")
    for context in (
        ModalityWorklistInformationFind, ModalityPerformedProcedureStep, StorageCommitmentPushModel, Verification,
        BasicGrayscalePrintManagementMeta, CTImageStorage,
    ):  # fmt: skip
        ae.add_requested_context(context)
    association = ae.associate("127.0.0.1", port, ae_title="PACS")
    assert association.is_established
    step = Dataset()
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    instance, film = "1.2.826.0.1.7", "1.2.840.10008.5.1.1.1"
    keys = Dataset()
    keys.AccessionNumber = ""
    statuses = [association.send_c_echo().Status]
    statuses += [status.Status for status, _ in association.send_c_find(keys, ModalityWorklistInformationFind)]
    statuses += [
        association.send_n_create(step, ModalityPerformedProcedureStep, instance)[0].Status,
        association.send_n_set(step, ModalityPerformedProcedureStep, instance)[0].Status,
        association.send_n_action(step, 1, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1")[0].Status,
        association.send_n_create(step, film, instance, meta_uid=BasicGrayscalePrintManagementMeta)[0].Status,
        association.send_n_get([0x00100010], "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.17",
                               meta_uid=BasicGrayscalePrintManagementMeta)[0].Status,
        association.send_n_delete(film, instance, meta_uid=BasicGrayscalePrintManagementMeta).Status,
    ]  # fmt: skip
    association.release()
    return statuses


def test_worklist_and_normalised_services_go_through(provider: tuple[int, list[str]]) -> None:
    port, asked = provider
    with guard_before(port) as guard:
        assert _services(guard.port()) == [0, 0xFF00, 0xFF00, 0xFF00, 0, 0, 0, 0, 0, 0, 0]
    assert asked == ["C-FIND", "N_CREATE", "N_SET", "N_ACTION", "N_CREATE", "N_GET", "N_DELETE"]
    assert {event.task for event in settled(guard, 9)} == {"", "echo", "worklist", "mpps", "commit", "print"}
