"""Real peers for the guard to stand between: DCMTK's tools, Orthanc, pynetdicom; objects from pydicom's test files."""

from __future__ import annotations

import gc
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from leadapron.guard.dicom import DicomConversation, Instruments
from leadapron.guard.inspect.inspector import Inspector
from leadapron.guard.inspect.rewrite import Rewriter
from leadapron.guard.inspect.rules import ContentRules
from leadapron.model.guard import Listener, Policy, Query, Rule, Speech
from tests.guard.dicom.playbook import Quarantine
from tests.guard.ports import free_port
from tests.guard.shell.lines import Standing, standing

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
ALL = Rule(name="all", line=1, query=Query(wide=True))
SECONDS = 30
QUICK = {**os.environ, "TCP_NODELAY": "1"}
"""DCMTK writes a header and its data in two, and waits 40 ms between them unless told not to."""


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip where a peer is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@contextmanager
def guard_before(
    *ports: int, rules: tuple[Rule, ...] = (ALL,), quarantine: Quarantine | None = None
) -> Iterator[Standing]:
    """A guard in front of a server on this machine."""
    listener = Listener(
        name="front",
        speaks=Speech.DICOM,
        listen="127.0.0.1:0",
        upstream=tuple(f"127.0.0.1:{port}" for port in ports),
        fail="closed",
    )
    content = cache(lambda: ContentRules.load(()))  # of the guard's own thread: made, used and forgotten there
    instruments = Instruments(
        inspector=lambda syntax, depth, ledger: Inspector(
            syntax, content(), depth=depth, key=bytes(32) if ledger else None
        ),
        rewriter=Rewriter,
        evidence=(quarantine or Quarantine()).open,
    )
    policy = Policy(listeners=(listener,), rules=rules, digest="d1")
    speakers = {Speech.DICOM: lambda surroundings: DicomConversation(surroundings, instruments)}
    with standing(policy, speakers=speakers) as found:
        yield found
        found.call(lambda: (content.cache_clear(), gc.collect()))


def run(*command: str | Path | int, fails: bool = False) -> str:
    """A DCMTK tool to its end; what it said."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        env=QUICK,
        check=False,
    )
    said = done.stdout + done.stderr
    assert (done.returncode != 0 or " E: " in said or "E: " in said) is fails, said
    return said


@contextmanager
def server(*command: str | Path | int, port: int, folder: Path) -> Iterator[int]:
    """A program that listens on `port`, as a child that is ended by its id."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, cwd=folder, env=QUICK)
    try:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.kill()  # Orthanc would take seconds to leave
        process.wait(SECONDS)


@contextmanager
def storescp(folder: Path) -> Iterator[int]:
    """DCMTK's storescp, which keeps what it gets as it gets it."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with server("storescp", "-aet", "PACS", "+B", "-od", folder, port, port=port, folder=folder):
        yield port


@contextmanager
def orthanc(folder: Path, destination: int) -> Iterator[tuple[int, str]]:
    """Orthanc as an archive; its DICOM port and the URL of its own interface. `destination`: port of the title WS01."""
    port, web = free_port(), free_port()
    folder.mkdir(parents=True)
    settings = {
        "Name": "PACS",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": web,
        "DicomPort": port,
        "DicomAet": "PACS",
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomCheckCalledAet": False,
        "DicomModalities": {"ws": ["WS01", "127.0.0.1", destination]},
        "AuthenticationEnabled": False,
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with server("Orthanc", folder / "orthanc.json", port=port, folder=folder):
        yield port, f"http://127.0.0.1:{web}"


def instances(url: str) -> list[str]:
    """What Orthanc keeps."""
    with urllib.request.urlopen(f"{url}/instances", timeout=SECONDS) as answer:
        found: list[str] = json.load(answer)
        return found


def make_objects(folder: Path, number: int, *, hostile: bool = False) -> list[Path]:
    """So many CT images of one study; hostile ones hold the EICAR test string behind their pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    image = dcmread(get_testdata_file("CT_small.dcm"))
    image.StudyInstanceUID, paths = generate_uid(), []
    for _ in range(number):
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        if hostile:
            image.private_block(0x7FE1, "SOMEBODY", create=True).add_new(1, "OB", EICAR + b"\0" * (len(EICAR) % 2))
        paths.append(folder / f"{image.SOPInstanceUID}.dcm")
        image.save_as(paths[-1])
    return paths
