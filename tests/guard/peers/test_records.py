"""A department's day through one guard: everything is on record, and nothing of a patient anywhere."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from leadapron.model.events import DicomAssociation, GuardDecision, GuardNotice, Hl7Session, HttpSession, ObjectPassed
from tests.guard.dicom.peers import free_port, instances, needs, orthanc, run
from tests.guard.peers.archives import keeping
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import PATIENT, SECONDS, Guarding, leadapron, listener
from tests.guard.peers.objects import EICAR, PROPOSED, ROOT, image, make_series, write, written
from tests.guard.web.objects import stow
from tests.guard.web.peers import orthanc as web_orthanc
from tests.see.wire import dicom_bytes as raw

pytestmark = [pytest.mark.enable_socket, needs("storescu", "findscu", "movescu", "echoscu", "storescp", "Orthanc")]

RULES = """
[audit]
syslog = "127.0.0.1:COLLECTOR"

[[rule]]
name = "scanner"
from = "127.0.0.1"
calling = ["CT01", "RIS"]
allow = ["echo", "store", "message"]

[[rule]]
name = "reading"
from = "127.0.0.1"
calling = "WS01"
allow = ["find", "move"]
destinations = "WS01"

[[rule]]
name = "viewer"
listeners = "web"
from = "127.0.0.1"
allow = ["find", "get", "store"]
"""
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, DeflatedExplicitVRLittleEndian)
OBJECTS = 5
"""Of each transfer syntax."""
HL7 = (
    "MSH|^~\\&|{sender}|RADIOLOGY|PACS|ARCHIVE|20261124080000||ORM^O01|{number}|P|2.5.1\r"
    "PID|1||CANARYID42||CANARYNAME^ANNA||19010203|F\rOBR|1|CANARYACC7\r"
)
ACCEPTED = b"\x0bMSH|^~\\&|PACS|ARCHIVE|RIS|RADIOLOGY|20261124080000||ACK|1|P|2.5.1\rMSA|AA|{}|CANARYNAME\r\x1c\r"


class Day:
    guard: Guarding
    metrics: str
    status: dict[str, Any]
    kept: Path
    audited: bytearray
    """What the collector of audit messages got."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, start_guard: StartGuard) -> Day:
    """All of it, and the guard stopped."""
    found, folder, port = Day(), tmp_path_factory.mktemp("day"), free_port()
    found.kept, found.audited = folder / "kept", bytearray()
    with ExitStack() as stack:
        storing = stack.enter_context(keeping(found.kept))
        archive, url = stack.enter_context(orthanc(folder / "orthanc", storing))
        web = stack.enter_context(web_orthanc(folder / "web"))
        orders = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        audit = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        collecting = threading.Thread(target=_collect, args=(audit, found.audited))
        collecting.start()
        places = {"storing": storing, "archive": archive}
        found.guard = guard = start_guard(
            "".join(listener(*each) for each in places.items())
            + listener("web", web, speaks="dicomweb")
            + listener("orders", orders.getsockname()[1], speaks="hl7")
            + RULES.replace("COLLECTOR", str(audit.getsockname()[1])),
            metrics=f"127.0.0.1:{port}",
            key=folder / "key.pem",
        )
        _store(guard, folder)
        httpx.post(f"{url}/instances", content=written(image())).raise_for_status()
        _ask(guard)
        _break(guard)
        _browse(guard)
        _order(guard, orders)
        assert len(instances(url)) == 1
        found.status = guard.status()
        found.metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        guard.told += found.metrics + httpx.get(f"http://127.0.0.1:{port}/ready").text
        guard.told += leadapron("guard", "status", guard.policy) + leadapron(
            "guard", "quarantine", "list", guard.policy
        )
        guard.stop()
        collecting.join(SECONDS)
    return found


def _collect(collector: socket.socket, kept: bytearray) -> None:
    """All audit messages of one connection."""
    connection, _ = collector.accept()
    with connection:
        while data := connection.recv(65536):
            kept += data


def _there(guard: Guarding, calling: str, name: str) -> tuple[str | int, ...]:
    return "-aet", calling, "-aec", "PACS", "127.0.0.1", guard.port(name)


def _store(guard: Guarding, folder: Path) -> None:
    """Objects of every kind; a hostile one; and one of a stranger."""
    for place, syntax in enumerate(SYNTAXES):
        made = make_series(folder / str(place), syntax, range(place * OBJECTS, (place + 1) * OBJECTS))
        run("storescu", "-R", PROPOSED[syntax], *_there(guard, "CT01", "storing"), *made)
    hostile = image(50, side=512)
    hostile.private_block(0x7FE1, "CANARY MAKER", create=True).add_new(1, "OB", EICAR)
    run("storescu", *_there(guard, "CT01", "storing"), write(hostile, folder / "hostile.dcm"), fails=True)
    run("storescu", *_there(guard, "EVIL", "storing"), folder / "hostile.dcm", fails=True)


def _ask(guard: Guarding) -> None:
    """Queries with a patient's name and identifier, allowed and refused."""
    there = _there(guard, "WS01", "archive")
    patient = ("-k", "PatientID=CANARYID42", "-k", "PatientName=CANARYNAME*", "-k", "PatientBirthDate=19010203")
    run("findscu", "-S", *there, "-k", "QueryRetrieveLevel=STUDY", *patient, "-k", f"StudyInstanceUID={ROOT}.1")
    move = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=CANARYID42")
    run("movescu", "-P", "-aem", "WS01", *there, *move)
    run("movescu", "-P", "-aem", "EVIL", *there, *move, fails=True)
    run("findscu", "-P", *there, "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientName", "-k", "PatientID=*")


def _break(guard: Guarding) -> None:
    """Broken messages whose remains could end up in a record."""
    contexts = ((raw.CT_IMAGE, (raw.IMPLICIT,)), (raw.STUDY_ROOT_FIND, (raw.IMPLICIT,)))
    store = raw.command(0x0001, raw.CT_IMAGE, data_set=True)
    query = raw.values(3, raw.data_set(((0x0010_0010, "PN", b"CANARYNAME"),)), command=False)
    identity = raw.item(
        0x58, b"\2\1" + b"".join(len(word).to_bytes(2, "big") + word for word in (b"u", b"CANARYSECRET"))
    )
    for after in (
        store + raw.values(1, raw.image(), command=False)[:900],
        store + b"CANARYNAME^ANNA" * 9,
        raw.command(0x0020, "CANARYID42", data_set=True, context=3) + query,
        raw.command(0x0021, raw.STUDY_ROOT_FIND, data_set=True, destination="CANARYID42", context=3) + query,
        query,
    ):
        with socket.create_connection(("127.0.0.1", guard.port("archive"))) as sock:
            sock.sendall(raw.associate_rq("CT01", "PACS", contexts, raw.user_information(extra=identity)) + after)
            sock.shutdown(socket.SHUT_WR)
            _until_end(sock)
    for name in ("archive", "web", "orders"):
        with socket.create_connection(("127.0.0.1", guard.port(name))) as sock:
            sock.sendall(b"CANARYNAME^ANNA 19010203\r\n\r\n" * 3)
            sock.shutdown(socket.SHUT_WR)
            _until_end(sock)


def _until_end(sock: socket.socket) -> None:
    sock.settimeout(SECONDS)
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass


def _browse(guard: Guarding) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{guard.port('web')}/dicom-web", timeout=SECONDS) as viewer:
        body, fields = stow(written(image(80)), written(image(81)))
        assert viewer.post("/studies", content=body, headers=fields).status_code == 200
        asked = {"PatientID": "CANARYID42", "PatientBirthDate": "19010203"}
        assert viewer.get("/studies", params=asked).status_code == 200
        assert viewer.get(f"/studies/{ROOT}.1/series").status_code == 200
        assert viewer.get("/patients/CANARYID42", params=asked).status_code == 404
        assert viewer.delete(f"/studies/{ROOT}.1").status_code == 403
        assert viewer.get("/studies", headers={"Authorization": "Basic CANARYSECRET"}).status_code == 403


def _order(guard: Guarding, orders: socket.socket) -> None:
    """Messages that are taken, that are not, and that cannot be read."""
    with socket.create_connection(("127.0.0.1", guard.port("orders"))) as sock:
        sock.sendall(b"\x0b" + HL7.format(sender="RIS", number=1).encode() + b"\x1c\r")
        behind, _ = orders.accept()
        with behind:
            heard = b""
            while not heard.endswith(b"\x1c\r"):
                heard += behind.recv(65536)
            assert b"CANARYID42" in heard
            behind.sendall(ACCEPTED.replace(b"{}", b"1"))
            assert b"CANARYNAME" in sock.recv(65536)
            sock.sendall(b"\x0b" + HL7.format(sender="EVIL", number=2).encode() + b"\x1c\r")
            assert b"|AR|2|" in sock.recv(65536)
            sock.sendall(b"\x0bPID|CANARYNAME^ANNA|19010203\r\x1c\r")
            sock.shutdown(socket.SHUT_WR)
            _until_end(sock)


def test_nothing_of_a_patient_is_anywhere(day: Day) -> None:
    assert day.guard.leaks() == []
    assert any(place.endswith(("in events", "in told")) for place in day.guard.leaks([b"CT01", b"WS01"])), "it can find"
    assert day.audited.count(b"<AuditMessage") > 20
    assert not any(word in day.audited for word in PATIENT)


def test_every_object_is_in_the_ledger_and_every_refusal_on_record(day: Day) -> None:
    events = day.guard.stop()
    passed = [event for event in events if isinstance(event, ObjectPassed)]
    at = {name: [event for event in passed if event.listener == name] for name in ("storing", "archive", "web")}
    stored = [event for event in at["storing"] if event.calling_ae_title == "CT01"]
    assert len(stored) == len(SYNTAXES) * OBJECTS
    assert {event.status for event in passed} == {0}
    assert len(at["web"]) == 2
    assert len({event.instance for event in stored}) == len(stored)
    assert {event.pixel_digest for event in passed if event.size} >= {event.pixel_digest for event in at["web"]}
    # The hostile object and those that moved are no entries; what came by move went past the guard.
    assert len(passed) == len(stored) + 2
    denied = [event for event in events if isinstance(event, GuardDecision) and event.action == "deny"]
    assert all(event.enforced for event in denied)
    told = {(event.listener, event.reason) for event in denied}
    assert told >= {
        ("storing", "content"), ("storing", "calling-title"), ("archive", "destination"), ("archive", "wide-query"),
        ("archive", "protocol"), ("web", "no-rule"), ("web", "wide-query"), ("web", "protocol"), ("orders", "protocol"),
    }  # fmt: skip
    (content,) = [event for event in denied if event.reason == "content"]
    assert content.evidence


def test_every_connection_is_on_record_once(day: Day) -> None:
    events = day.guard.stop()
    associations = [event for event in events if isinstance(event, DicomAssociation)]
    assert len({event.uid for event in associations}) == len(associations)
    assert len([event for event in associations if event.calling_ae_title]) == len(SYNTAXES) + 2 + 4 + 5
    assert any(isinstance(event, HttpSession) for event in events)
    assert any(isinstance(event, Hl7Session) for event in events)
    assert {"guard.started", "guard.stopped"} <= {event.name for event in events if isinstance(event, GuardNotice)}
    assert {event.sensor for event in events} == {"guard:peers"}


def test_metrics_and_status_tell_the_same(day: Day) -> None:
    objects = len(SYNTAXES) * OBJECTS
    assert f'leadapron_guard_objects_total{{listener="storing"}} {objects}.0' in day.metrics
    assert "CT01" not in day.metrics
    told = {each["name"]: each for each in day.status["listeners"]}
    assert {name: each["objects"] for name, each in told.items()} == {
        "storing": objects,
        "archive": 0,
        "web": 2,
        "orders": 0,
    }
    assert all(each["connections"] > 0 for each in told.values())
    assert day.status["quarantine"]["objects"] == 1
