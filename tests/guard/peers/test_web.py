"""Orthanc's DICOMweb behind the same guard: search, retrieval and storing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from pydicom import dcmread

from leadapron.model.events import GuardDecision, HttpSession, ObjectPassed
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import Guarding, listener
from tests.guard.peers.objects import EICAR, STUDY, image, written
from tests.guard.web.objects import stow
from tests.guard.web.peers import orthanc

pytestmark = pytest.mark.enable_socket

WHOLE = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
RULES = """
[[rule]]
name = "viewer"
from = "127.0.0.1"
allow = ["find", "get", "store"]
results = 100
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as url:
        yield url


@pytest.fixture(scope="module")
def guard(archive: str, start_guard: StartGuard) -> Guarding:
    return start_guard(listener("web", archive, speaks="dicomweb") + RULES)


@pytest.fixture
def viewer(guard: Guarding) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{guard.port('web')}/dicom-web", timeout=30) as client:
        yield client


def test_objects_are_stored_found_and_brought_back(guard: Guarding, viewer: httpx.Client) -> None:
    made = [image(number, side=128) for number in range(5)]
    with guard.watched() as seen:
        body, fields = stow(*map(written, made))
        assert viewer.post("/studies", content=body, headers=fields).status_code == 200
        found = viewer.get("/instances", params={"PatientID": "CANARYID42", "PatientName": "CANARYNAME*"}).json()
        assert {each["00080018"]["Value"][0] for each in found} == {one.SOPInstanceUID for one in made}
        for each in found:
            back = viewer.get(each["00081190"]["Value"][0], headers=WHOLE)
            one = dcmread(BytesIO(back.content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]))
            assert one.PixelData == made[0].PixelData
        assert len(seen(ObjectPassed, 5)) == 5
    viewer.close()
    with guard.watched() as seen:
        httpx.get(f"http://127.0.0.1:{guard.port('web')}/dicom-web/studies/{STUDY}/metadata").raise_for_status()
        assert seen(HttpSession)


def test_what_is_hostile_or_too_wide_is_refused(guard: Guarding, viewer: httpx.Client, archive: str) -> None:
    kept = httpx.get(archive.removesuffix("/dicom-web") + "/instances").json()
    hostile = image(70, side=512)
    hostile.private_block(0x7FE1, "SOMEBODY", create=True).add_new(1, "OB", EICAR)
    with guard.watched() as seen:
        body, fields = stow(written(hostile))
        assert viewer.post("/studies", content=body, headers=fields).status_code == 403
        assert viewer.get("/studies", params={"PatientName": "*"}).status_code == 403
        assert viewer.delete(f"/studies/{STUDY}").status_code == 403
        assert viewer.get("/patients/CANARYID42", params={"PatientBirthDate": "19010203"}).status_code == 404
        refused = seen(GuardDecision, 3, lambda event: event.action == "deny")
    assert [event.reason for event in refused][:3] == ["content", "wide-query", "no-rule"]
    assert httpx.get(archive.removesuffix("/dicom-web") + "/instances").json() == kept
