"""Every service of DICOM between real peers, through one guard with a department's policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset
from pydicom.uid import CTImageStorage
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    BasicGrayscalePrintManagementMeta,
    ModalityPerformedProcedureStep,
    PatientRootQueryRetrieveInformationModelGet,
    StorageCommitmentPushModel,
    Verification,
)

from leadapron.model.events import DicomAssociation, GuardDecision, ObjectPassed
from tests.guard.dicom.peers import instances, needs, orthanc, run, storescp
from tests.guard.peers.archives import wlmscpfs
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import Guarding, listener
from tests.guard.peers.objects import ROOT, image, instance, make_series, written

pytestmark = [
    pytest.mark.enable_socket,
    needs("echoscu", "storescu", "findscu", "movescu", "getscu", "storescp", "wlmscpfs", "Orthanc"),
]

RULES = """
[[rule]]
name = "modalities"
from = "127.0.0.1"
calling = ["CT01", "PACS"]
allow = ["echo", "store", "worklist", "mpps", "commit", "print"]

[[rule]]
name = "reading"
from = "127.0.0.1"
calling = ["WS01", "PACS"]
allow = ["find", "move", "get"]
destinations = "WS01"
"""
IMAGES = 6
PATIENT = ("-k", "PatientID=CANARYID42")


class Department:
    """What stands behind the guard, and the guard."""

    guard: Guarding
    archive_url: str
    moved: Path
    asked: list[tuple[str, str]]
    """Of the printer and step manager: what it was asked, about which instance."""
    reported: threading.Event
    """The modality heard that its images are safe."""

    def at(self, name: str) -> tuple[str | int, ...]:
        """Address of a listener, as DCMTK's tools want it."""
        return "-aec", "PACS", "127.0.0.1", self.guard.port(name)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, start_guard: StartGuard) -> Iterator[Department]:
    found, folder = Department(), tmp_path_factory.mktemp("site")
    found.moved, found.asked, found.reported = folder / "moved", [], threading.Event()
    with ExitStack() as stack:
        station = stack.enter_context(storescp(found.moved))
        archive, found.archive_url = stack.enter_context(orthanc(folder / "orthanc", station))
        worklist = stack.enter_context(wlmscpfs(folder / "worklist"))
        manager = stack.enter_context(provider(found.asked))
        modality = stack.enter_context(listening_modality(found.reported))
        upstreams = {"archive": archive, "station": station, "list": worklist, "manager": manager, "ct": modality}
        found.guard = start_guard("".join(listener(*each) for each in upstreams.items()) + RULES)
        destination = {"AET": "WS01", "Host": "127.0.0.1", "Port": found.guard.port("station")}
        httpx.put(f"{found.archive_url}/modalities/ws", json=destination).raise_for_status()
        itself = {"AET": "PACS", "Host": "127.0.0.1", "Port": found.guard.port("archive")}
        httpx.put(f"{found.archive_url}/modalities/itself", json=itself).raise_for_status()
        yield found


@contextmanager
def provider(asked: list[tuple[str, str]]) -> Iterator[int]:
    """A printer and manager of steps and commitment (pynetdicom)."""

    def heard(event: evt.Event) -> tuple[int, Dataset]:
        uid = getattr(event.request, "AffectedSOPInstanceUID", None) or event.request.RequestedSOPInstanceUID
        asked.append((type(event.request).__name__, str(uid)))
        return 0, Dataset()

    def action(event: evt.Event) -> tuple[int, Dataset | None]:
        asked.append(("N_ACTION", event.action_information.TransactionUID))
        answered = Dataset()
        answered.TransactionUID, answered.ReferencedSOPSequence = event.action_information.TransactionUID, []
        threading.Timer(0.2, _report, (event.assoc, answered)).start()
        return 0, None

    ae = AE(ae_title="PACS")
    for context in (Verification, ModalityPerformedProcedureStep, BasicGrayscalePrintManagementMeta):
        ae.add_supported_context(context)
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    handlers = [
        (evt.EVT_N_CREATE, heard), (evt.EVT_N_SET, heard), (evt.EVT_N_GET, heard), (evt.EVT_N_ACTION, action),
        (evt.EVT_N_DELETE, lambda event: heard(event)[0]),
    ]  # fmt: skip
    standing = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert standing is not None
    yield standing.socket.getsockname()[1]
    standing.shutdown()


def _report(association: object, information: Dataset) -> None:
    association.send_n_event_report(information, 1, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1")  # type: ignore[attr-defined]


@contextmanager
def listening_modality(reported: threading.Event) -> Iterator[int]:
    """A modality that waits for the report on its images in an association of the archive's."""

    def report(event: evt.Event) -> tuple[int, None]:
        reported.set()
        return 0, None

    ae = AE(ae_title="CT01")
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    ae.add_supported_context(Verification)
    standing = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)])
    assert standing is not None
    yield standing.socket.getsockname()[1]
    standing.shutdown()


def test_images_are_stored_asked_for_and_brought(site: Department, tmp_path: Path) -> None:
    images = make_series(tmp_path / "made", image().file_meta.TransferSyntaxUID, range(IMAGES))
    with site.guard.watched() as seen:
        run("echoscu", "-aet", "CT01", *site.at("archive"))
        run("storescu", "-aet", "CT01", *site.at("archive"), *images)
        assert len(instances(site.archive_url)) == IMAGES
        assert len(seen(ObjectPassed, IMAGES)) == IMAGES
    study = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", "PatientName")
    reading = ("-aet", "WS01", *site.at("archive"))
    assert run("findscu", "-v", "-S", *reading, *study, *PATIENT).count("(Pending)") == 1
    patient = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientName", *PATIENT)
    found = run("findscu", "-v", "-P", *reading, *patient)
    assert found.count("(Pending)") == 1
    assert "CANARYNAME^ANNA" in found
    got = tmp_path / "got"
    got.mkdir()
    run("getscu", "-P", "-od", got, *reading, "-k", "QueryRetrieveLevel=PATIENT", *PATIENT)
    assert len(list(got.iterdir())) == IMAGES
    run("movescu", "-P", "-aem", "WS01", *reading, "-k", "QueryRetrieveLevel=PATIENT", *PATIENT)
    assert len(list(site.moved.iterdir())) == IMAGES
    with site.guard.watched() as seen:
        run("movescu", "-P", "-aem", "WS02", *reading, "-k", "QueryRetrieveLevel=PATIENT", *PATIENT, fails=True)
        run(
            "findscu",
            "-v",
            "-P",
            *reading,
            "-k",
            "QueryRetrieveLevel=PATIENT",
            "-k",
            "PatientName=*",
            *("-k", "PatientID"),
        )
        refused = seen(GuardDecision, 2, lambda event: event.action == "deny")
    assert [(event.task, event.reason, event.destination) for event in refused] == [
        ("move", "destination", "WS02"),
        ("find", "wide-query", ""),
    ]


def test_pynetdicom_gets_what_it_asks_for(site: Department) -> None:
    kept: list[str] = []

    def store(event: evt.Event) -> int:
        kept.append(event.request.AffectedSOPInstanceUID)
        return 0

    httpx.post(f"{site.archive_url}/instances", content=written(image(90))).raise_for_status()
    ae = AE(ae_title="WS01")
    ae.add_requested_context(PatientRootQueryRetrieveInformationModelGet)
    ae.add_requested_context(CTImageStorage)
    association = ae.associate(
        "127.0.0.1", site.guard.port("archive"), ae_title="PACS", ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )  # fmt: skip
    assert association.is_established
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.PatientID = "PATIENT", "CANARYID42"
    statuses = [
        status.Status for status, _ in association.send_c_get(keys, PatientRootQueryRetrieveInformationModelGet)
    ]
    association.release()
    assert statuses[-1] == 0
    assert instance(90) in kept


def test_orthanc_stores_through_the_guard(site: Department) -> None:
    number = httpx.post(f"{site.archive_url}/instances", content=written(image(91))).raise_for_status().json()["ID"]
    before = len(list(site.moved.iterdir()))
    with site.guard.watched() as seen:
        httpx.post(f"{site.archive_url}/modalities/ws/store", json=[number], timeout=30).raise_for_status()
        (passed,) = seen(ObjectPassed)
        (association,) = seen(DicomAssociation)
    assert len(list(site.moved.iterdir())) == before + 1
    assert (passed.calling_ae_title, passed.called_ae_title, passed.status) == ("PACS", "WS01", 0)
    assert [(source.manufacturer, source.model) for source in association.sources] == [("ACME", "Scanmaster")]


def test_orthanc_asks_through_the_guard(site: Department) -> None:
    httpx.post(f"{site.archive_url}/instances", content=written(image(92))).raise_for_status()
    with site.guard.watched() as seen, httpx.Client(base_url=site.archive_url, timeout=30) as client:
        client.post("/modalities/itself/echo", content=b"{}").raise_for_status()
        asked = {"Level": "Study", "Query": {"PatientID": "CANARYID42"}}
        query = client.post("/modalities/itself/query", json=asked).raise_for_status().json()["ID"]
        assert len(client.get(f"/queries/{query}/answers").json()) == 1
        moved = client.post(f"/queries/{query}/answers/0/retrieve", json={"TargetAet": "WS01", "Synchronous": True})
        assert moved.status_code == 200
        stolen = client.post(f"/queries/{query}/answers/0/retrieve", json={"TargetAet": "EVIL", "Synchronous": True})
        assert stolen.status_code == 500
        tasks = {(event.task, event.action) for event in seen(GuardDecision, 8) if event.task}
    assert tasks == {("echo", "allow"), ("find", "allow"), ("move", "allow"), ("move", "deny"), ("store", "allow")}


def test_a_modality_asks_dcmtk_for_its_worklist(site: Department) -> None:
    step = "ScheduledProcedureStepSequence[0]"
    keys = ("-k", f"{step}.Modality=CT", "-k", f"{step}.ScheduledStationAETitle=CT01", "-k", "PatientName")
    with site.guard.watched() as seen:
        said = run("findscu", "-v", "-W", "-aet", "CT01", *site.at("list"), *keys)
        assert said.count("(Pending)") == 1
        assert "CANARYNAME^ANNA" in said
        assert {event.task for event in seen(GuardDecision, 2)} == {"", "worklist"}


def test_steps_are_reported_films_printed_and_images_committed(site: Department) -> None:
    here = threading.Event()

    def report(event: evt.Event) -> tuple[int, None]:
        here.set()
        return 0, None

    ae = AE(ae_title="CT01")
    for context in (ModalityPerformedProcedureStep, StorageCommitmentPushModel, BasicGrayscalePrintManagementMeta):
        ae.add_requested_context(context)
    with site.guard.watched() as seen:
        association = ae.associate(
            "127.0.0.1", site.guard.port("manager"), ae_title="PACS", evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)]
        )
        assert association.is_established
        step, meta, film = image(), BasicGrayscalePrintManagementMeta, "1.2.840.10008.5.1.1.1"
        del step.PixelData
        steps, commitment = ModalityPerformedProcedureStep, Dataset()
        commitment.TransactionUID, commitment.ReferencedSOPSequence = f"{ROOT}.9", []
        statuses = [
            association.send_n_create(step, steps, f"{ROOT}.8")[0].Status,
            association.send_n_set(step, steps, f"{ROOT}.8")[0].Status,
            association.send_n_action(commitment, 1, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1")[0].Status,
            association.send_n_create(step, film, f"{ROOT}.10", meta_uid=meta)[0].Status,
            association.send_n_set(step, film, f"{ROOT}.10", meta_uid=meta)[0].Status,
            association.send_n_delete(film, f"{ROOT}.10", meta_uid=meta).Status,
        ]
        assert here.wait(10), "the report came in the same association"
        association.release()
        assert statuses == [0] * 6
        assert {event.task for event in seen(GuardDecision, 4)} == {"", "mpps", "commit", "print"}
    assert site.asked == [
        ("N_CREATE", f"{ROOT}.8"), ("N_SET", f"{ROOT}.8"), ("N_ACTION", f"{ROOT}.9"),
        ("N_CREATE", f"{ROOT}.10"), ("N_SET", f"{ROOT}.10"), ("N_DELETE", f"{ROOT}.10"),
    ]  # fmt: skip


def test_the_archive_reports_in_an_association_of_its_own(site: Department) -> None:
    ae = AE(ae_title="PACS")
    ae.add_requested_context(StorageCommitmentPushModel)
    association = ae.associate(
        "127.0.0.1", site.guard.port("ct"), ae_title="CT01",
        ext_neg=[build_role(StorageCommitmentPushModel, scu_role=False, scp_role=True)],
    )  # fmt: skip
    assert association.is_established
    information = Dataset()
    information.TransactionUID, information.ReferencedSOPSequence = f"{ROOT}.9", []
    uid = "1.2.840.10008.1.20.1.1"
    status, _ = association.send_n_event_report(information, 1, StorageCommitmentPushModel, uid)
    association.release()
    assert status.Status == 0
    assert site.reported.is_set()
