"""Something hostile in an object: no archive keeps anything of it, the sender hears of it, and evidence is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, EncapsulatedPDFStorage, ExplicitVRLittleEndian

from leadapron.app.guarding import QUARANTINE
from leadapron.guard.quarantine import exhibits, open_exhibit
from leadapron.model.events import GuardDecision, ObjectPassed
from tests.guard.dicom.peers import instances, needs, orthanc, run, storescp
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import ALL, Guarding, leadapron, listener
from tests.guard.peers.objects import EICAR, data_set, deflated, image, write, written

pytestmark = [pytest.mark.enable_socket, needs("storescu", "storescp", "Orthanc")]

WHOLE = """
[[rule]]
name = "kept whole"
from = "127.0.0.1"
calling = "KEEP"
allow = "store"
on_hit = "hold"
"""
PADDED = EICAR + b" " * (len(EICAR) % 2)


def after_the_pixels(one: Dataset) -> None:
    one.private_block(0x7FE1, "SOMEBODY", create=True).add_new(1, "OB", PADDED)


def in_a_private_element(one: Dataset) -> None:
    one.private_block(0x0009, "SOMEBODY", create=True).add_new(1, "OB", PADDED)


def in_a_nested_sequence(one: Dataset) -> None:
    for _ in range(6):
        inner = Dataset()
        inner.TextValue = EICAR.decode()
        inner.ContentSequence = one.get("ContentSequence", [])
        one.ContentSequence = [inner]


def in_a_document(one: Dataset) -> None:
    for name in ("PixelData", "Rows", "Columns"):
        delattr(one, name)
    one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    one.Modality, one.MIMETypeOfEncapsulatedDocument = "DOC", "application/pdf"
    one.EncapsulatedDocument = b"%PDF-1.4\n" + PADDED + b"\n%%EOF"


PLACES = (after_the_pixels, in_a_private_element, in_a_nested_sequence, in_a_document)


class Archives:
    """storescp and Orthanc behind one guard."""

    guard: Guarding
    kept: Path
    url: str
    key: Path

    def storing(self) -> tuple[int, int]:
        """How much each keeps."""
        return len(list(self.kept.iterdir())), len(instances(self.url))


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory, start_guard: StartGuard) -> Iterator[Archives]:
    found, folder = Archives(), tmp_path_factory.mktemp("site")
    found.kept, found.key = folder / "kept", folder / "key.pem"
    with ExitStack() as stack:
        storing = stack.enter_context(storescp(found.kept))
        archive, found.url = stack.enter_context(orthanc(folder / "orthanc", storing))
        listeners = listener("storescp", storing) + listener("orthanc", archive)
        found.guard = start_guard(listeners + WHOLE + ALL, key=found.key)
        yield found


def hostile(number: int, place: int, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """A file. Pixels large enough that its beginning is with the archive before the end is seen."""
    one = image(number, side=512)
    PLACES[place](one)
    file = written(one)
    return deflated(file) if syntax == DeflatedExplicitVRLittleEndian else file


@pytest.mark.parametrize("place", range(len(PLACES)), ids=[each.__name__ for each in PLACES])
def test_neither_storescp_nor_orthanc_keeps_anything(archives: Archives, tmp_path: Path, place: int) -> None:
    path, clean = tmp_path / "hostile.dcm", write(image(50 + place), tmp_path / "clean.dcm")
    path.write_bytes(hostile(place, place))
    before = archives.storing()
    with archives.guard.watched() as seen:
        for name in ("storescp", "orthanc"):
            run("storescu", "-aec", "PACS", "127.0.0.1", archives.guard.port(name), path, fails=True)
        assert archives.storing() == before
        refused = seen(GuardDecision, 2, lambda event: event.action == "deny")
        assert [(event.reason, event.listener, event.enforced) for event in refused] == [
            ("content", "storescp", True),
            ("content", "orthanc", True),
        ]
        for name in ("storescp", "orthanc"):
            run("storescu", "-aec", "PACS", "127.0.0.1", archives.guard.port(name), clean)
        assert len(seen(ObjectPassed, 2)) == 2, "the clean ones only"
    assert archives.storing() == (before[0] + 1, before[1] + 1)
    quarantine = archives.guard.state / QUARANTINE
    kept = {exhibit.name: exhibit for exhibit in exhibits(quarantine)}
    for event in refused:
        exhibit = kept[event.evidence]
        assert (exhibit.listener, exhibit.finding) == (event.listener, event.detail)
        assert exhibit.sop_class == event.sop_class
        assert EICAR in b"".join(open_exhibit(quarantine, event.evidence, archives.key))


def test_all_of_it_is_kept_where_the_rule_says_so(archives: Archives, tmp_path: Path) -> None:
    path, before = tmp_path / "hostile.dcm", archives.storing()
    path.write_bytes(hostile(20, 0))
    there = ("-aet", "KEEP", "-aec", "PACS", "127.0.0.1", archives.guard.port("storescp"))
    with archives.guard.watched() as seen:
        assert "OutOfResources" in run("storescu", "-v", *there, path, fails=True)
        (held,) = seen(GuardDecision, 1, lambda event: event.action == "hold")
    assert archives.storing() == before
    policy, evidence = archives.guard.policy, tmp_path / "evidence"
    listed = leadapron("guard", "quarantine", "list", policy)
    assert held.evidence in listed
    assert "KEEP@127.0.0.1" in listed
    leadapron("guard", "quarantine", "open", policy, held.evidence, archives.key, evidence)
    found = evidence.read_bytes()
    one, sent = dcmread(BytesIO(found), force=True), dcmread(path)
    assert EICAR in found
    assert one.PixelData == sent.PixelData
    assert one[0x7FE1, 0x1001].value == PADDED
    assert "CANARY" not in listed


def test_a_compressed_data_set_is_no_hiding_place(archives: Archives, tmp_path: Path) -> None:
    path, before = tmp_path / "hostile.dcm", archives.storing()
    path.write_bytes(hostile(30, 0, DeflatedExplicitVRLittleEndian))
    assert EICAR not in data_set(path.read_bytes())
    with archives.guard.watched() as seen:
        for name in ("storescp", "orthanc"):
            run("storescu", "-xd", "-aec", "PACS", "127.0.0.1", archives.guard.port(name), path, fails=True)
        refused = seen(GuardDecision, 2, lambda event: event.action == "deny")
    assert archives.storing() == before
    assert [event.reason for event in refused] == ["content"] * 2
