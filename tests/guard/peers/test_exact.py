"""What arrives is what was sent, to the bit: a thousand objects, five transfer syntaxes, PDUs of every size."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pydicom.uid import (
    UID,
    CTImageStorage,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, _config, evt

from leadapron.model.events import ObjectPassed
from tests.guard.dicom.peers import needs, run
from tests.guard.peers.archives import MOST_PDU, keeping
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import ALL, listener
from tests.guard.peers.objects import PROPOSED, SYNTAXES, data_set, make_series

pytestmark = [pytest.mark.enable_socket, needs("storescu", "storescp")]

PDUS = (4096, 16384, 65536, MOST_PDU)
EACH = 50
"""Objects of each transfer syntax and size of PDU."""


def checksums(folder: Path) -> dict[str, str]:
    """Name → SHA-256 of the file. storescp names files by class and instance."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[UID, list[Path]]:
    folder, count = tmp_path_factory.mktemp("made"), EACH * len(PDUS)
    return {
        syntax: make_series(folder / str(place), syntax, range(place * count, (place + 1) * count))
        for place, syntax in enumerate(SYNTAXES)
    }


def test_a_thousand_objects_of_dcmtk(tmp_path: Path, made: dict[UID, list[Path]], start_guard: StartGuard) -> None:
    def send(port: int) -> None:
        for syntax, paths in made.items():
            for place, size in enumerate(PDUS):
                some = paths[place * EACH : (place + 1) * EACH]
                there = ("-aec", "PACS", "127.0.0.1", port)
                run("storescu", "-R", PROPOSED[syntax], "--max-send-pdu", size, *there, *some)

    with keeping(tmp_path / "direct") as port:
        send(port)
    with keeping(tmp_path / "through") as port:
        guard = start_guard(listener("front", port) + ALL)
        with guard.watched() as seen:
            send(guard.port())
            passed = seen(ObjectPassed, 1000)
    direct, through = checksums(tmp_path / "direct"), checksums(tmp_path / "through")
    assert len(direct) == 1000
    assert through == direct
    assert [event.status for event in passed] == [0] * 1000
    assert len({event.instance for event in passed}) == len({event.dataset_digest for event in passed}) == 1000
    assert {event.transfer_syntax for event in passed} == set(SYNTAXES)
    # Three sizes of CT image, under one pixel digest whatever the syntax around it; and one JPEG.
    assert len({event.pixel_digest for event in passed}) == 4


def test_files_sent_as_they_are_arrive_as_they_are(made: dict[UID, list[Path]], start_guard: StartGuard) -> None:
    kept: dict[str, bytes] = {}

    def store(event: evt.Event) -> int:
        kept[event.request.AffectedSOPInstanceUID] = event.request.DataSet.getvalue()
        return 0

    archive = AE(ae_title="PACS")
    for sop_class in (CTImageStorage, SecondaryCaptureImageStorage):
        archive.add_supported_context(sop_class, list(SYNTAXES))
    archive.maximum_pdu_size = 0
    standing = archive.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    assert standing is not None
    sent: dict[str, bytes] = {}
    try:
        guard = start_guard(listener("front", standing.socket.getsockname()[1]) + ALL)
        scanner = AE(ae_title="CT01")
        for syntax in SYNTAXES:
            for sop_class in (CTImageStorage, SecondaryCaptureImageStorage):
                scanner.add_requested_context(sop_class, syntax)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
            association = scanner.associate("127.0.0.1", guard.port(), ae_title="PACS")
            assert association.is_established
            for paths in made.values():
                for path in paths[:6]:
                    assert association.send_c_store(path).Status == 0
                    sent[path.stem] = data_set(path.read_bytes())
            association.release()
    finally:
        standing.shutdown()
    assert len(sent) == 6 * len(SYNTAXES)
    assert sorted(kept.values()) == sorted(sent.values())
