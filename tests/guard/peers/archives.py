"""DCMTK's servers, with the options that these tests need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset

from tests.guard.dicom.peers import free_port, server
from tests.guard.peers.objects import image

MOST_PDU = 131072
"""Bytes, as far as DCMTK goes."""


@contextmanager
def keeping(folder: Path) -> Iterator[int]:
    """storescp that takes every transfer syntax, and writes what it reads."""
    port = free_port()
    folder.mkdir()
    command = ("storescp", "-aet", "PACS", "+B", "+xa", "-pdu", MOST_PDU, "-od", folder, port)
    with server(*command, port=port, folder=folder):
        yield port


@contextmanager
def wlmscpfs(folder: Path) -> Iterator[int]:
    """DCMTK's worklist server, with one step."""
    place, port = folder / "PACS", free_port()
    place.mkdir(parents=True)
    (place / "lockfile").touch()
    step = image()
    for name in ("PixelData", "SOPInstanceUID", "SOPClassUID", "Modality", "StationName"):
        delattr(step, name)
    scheduled = Dataset()
    scheduled.Modality, scheduled.ScheduledStationAETitle = "CT", "CT01"
    scheduled.ScheduledProcedureStepStartDate, scheduled.ScheduledProcedureStepStartTime = "20261124", "0800"
    scheduled.ScheduledPerformingPhysicianName, scheduled.ScheduledProcedureStepID = "", "1"
    step.ScheduledProcedureStepSequence, step.RequestedProcedureID = [scheduled], "1"
    step.save_as(place / "one.wl", enforce_file_format=True)
    with server("wlmscpfs", "-dfr", "-dfp", folder, port, port=port, folder=folder):
        yield port
