"""The sensor beside tshark on the bundled captures: another implementation must see the same conversations."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from leadapron.model.events import (
    Connection,
    DicomAssociation,
    DicomOutcome,
    Event,
    Hl7Session,
    HttpSession,
    Service,
    SmbSession,
    TlsSession,
)
from leadapron.see.capture import open_capture
from leadapron.see.wire.engine import Engine

CAPTURES = Path(str(files("leadapron.content") / "captures"))
NAMES = ("department", "well_run")
pytestmark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed: apt install tshark")

Ends = tuple[str, str, str, str]
"""Client address and port, server address and port, as tshark prints them."""


@cache
def events(name: str) -> tuple[Event, ...]:
    path = CAPTURES / f"{name}.pcapng.zst"
    seen: list[Event] = []
    engine = Engine(name, seen.append, b"k")
    for batch in open_capture(path, name):
        engine.feed(batch)
    engine.finish()
    return tuple(seen)


@cache
def plain(name: str, folder: Path) -> Path:
    """The capture unpacked: not every tshark reads zstd."""
    import zstandard

    target = folder / f"{name}.pcapng"
    with (CAPTURES / f"{name}.pcapng.zst").open("rb") as packed, target.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(packed, out)
    return target


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tshark")


def rows(name: str, folder: Path, display: str, *fields: str) -> Iterator[list[str]]:
    """Fields of the packets that pass a display filter, first occurrence of each."""
    wanted = [part for field in fields for part in ("-e", field)]
    command = [
        "tshark",
        "-r",
        str(plain(name, folder)),
        "-n",
        "-Y",
        display,
        "-T",
        "fields",
        "-E",
        "occurrence=f",
        *wanted,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    for line in result.stdout.splitlines():
        yield line.split("\t")


def ends(event: Connection | DicomAssociation | TlsSession | HttpSession | SmbSession | Hl7Session) -> Ends:
    return event.client.ip, str(event.client.port), event.server.ip, str(event.server.port)


SOURCE_FIRST = ("ip.src", "tcp.srcport", "ip.dst", "tcp.dstport")
AE_TITLES = ("dicom.assoc.ae.calling", "dicom.assoc.ae.called")
SMB_ANSWERS = "smb2.cmd == 0 && smb2.flags.response == 1"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_associations_are_requested(name: str, folder: Path) -> None:
    theirs = {
        (*row[:4], row[4].strip(), row[5].strip())
        for row in rows(name, folder, "dicom.pdu.type == 1", *SOURCE_FIRST, *AE_TITLES)
        if row[4]
    }  # fmt: skip
    associations = [event for event in events(name) if isinstance(event, DicomAssociation)]
    ours = {(*ends(event), event.calling_ae_title, event.called_ae_title): event.outcome for event in associations}
    assert theirs <= ours.keys()
    # tshark believes port numbers: a request sent to a web server's port is HTTP to it.
    assert {ours[key] for key in ours.keys() - theirs} <= {DicomOutcome.UNANSWERED}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_connections_are_opened(name: str, folder: Path) -> None:
    theirs = {
        tuple(row) for row in rows(name, folder, "tcp.flags.syn == 1 && tcp.flags.ack == 0 && !icmp", *SOURCE_FIRST)
    }
    ours = {ends(event) for event in events(name) if isinstance(event, Connection) and event.transport == "tcp"}
    assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_payload_bytes_agree(name: str, folder: Path) -> None:
    """Relative sequence numbers of the FINs: what each side sent, mirrored packets counted once."""
    theirs = {
        tuple(row[:4]): int(row[4]) + int(row[5] or 0) - 1
        for row in rows(name, folder, "tcp.flags.fin == 1", *SOURCE_FIRST, "tcp.seq", "tcp.len")
        if row[4]
    }
    connections = [event for event in events(name) if isinstance(event, Connection) and event.transport == "tcp"]
    uses = Counter(ends(event) for event in connections)
    compared = 0
    for event in connections:
        client = ends(event)
        if not event.midstream and uses[client] == 1:  # ports used twice cannot be told apart by address
            for key, size in ((client, event.client_bytes), (client[2:] + client[:2], event.server_bytes)):
                if key in theirs:
                    assert size == theirs[key], key
                    compared += 1
    assert compared > 50


@pytest.mark.parametrize("name", NAMES)
def test_the_same_tls_hellos(name: str, folder: Path) -> None:
    theirs = {
        (*row[:4], row[4])
        for row in rows(name, folder, "tls.handshake.type == 1", *SOURCE_FIRST, "tls.handshake.extensions_server_name")
    }  # fmt: skip
    assert {(*ends(event), event.sni) for event in events(name) if isinstance(event, TlsSession)} == theirs


def test_the_same_http_requests(folder: Path) -> None:
    theirs = {tuple(row) for row in rows("department", folder, "http.request", *SOURCE_FIRST, "http.request.method")}
    ours = {
        (*ends(event), exchange.method)
        for event in events("department")
        if isinstance(event, HttpSession)
        for exchange in event.exchanges
    }
    assert ours == theirs


def test_the_same_smb_dialects(folder: Path) -> None:
    names = {
        "0x0202": "SMB 2.0.2",
        "0x0210": "SMB 2.1",
        "0x0300": "SMB 3.0",
        "0x0302": "SMB 3.0.2",
        "0x0311": "SMB 3.1.1",
    }
    theirs = {
        (row[2], row[3], row[0], row[1], names[row[4]])
        for row in rows("department", folder, SMB_ANSWERS, *SOURCE_FIRST, "smb2.dialect")
        if row[4] in names
    }  # fmt: skip
    ours = {
        (*ends(event), event.dialect)
        for event in events("department")
        if isinstance(event, SmbSession) and event.dialect not in ("", "SMB 1")
    }
    assert ours == theirs


def test_hl7_on_the_same_connections(folder: Path) -> None:
    theirs = {frozenset((row[0] + row[1], row[2] + row[3])) for row in rows("department", folder, "hl7", *SOURCE_FIRST)}
    ours = {
        frozenset((a + b, c + d))
        for a, b, c, d in (ends(event) for event in events("department") if isinstance(event, Hl7Session))
    }
    # tshark's heuristic misses some messages; it must find none where we find nothing.
    assert theirs <= ours


def test_every_recognised_service_is_known_to_the_model() -> None:
    seen = {event.service for name in NAMES for event in events(name) if isinstance(event, Connection)}
    assert Service.DICOM in seen
    assert Service.HL7 in seen
