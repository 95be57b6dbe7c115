"""Big captures for benchmarks: many bytes, or many short associations. Made on the spot, never committed."""

import os
import random
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom.dimse_messages import C_ECHO_RQ
from pynetdicom.dimse_primitives import C_ECHO
from pynetdicom.pdu import A_ASSOCIATE_RQ, A_RELEASE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    A_RELEASE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from lab import images, namespaces, patients
from lab.namespaces import LabError, command, ip_batch

PORTS = (104, 4242, 11112, 2104)
CLIENTS = 40  # addresses of the client side
_OFFLOADS = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
_IMPLEMENTATIONS = (
    ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367"),
    ("1.2.40.0.13.1.3", "dcm4che-5.29.0"),
    ("1.3.12.2.1107.5.1.4.99.1", "SIEMENS_SWFVA44"),
    ("1.2.840.113619.6.99.2", "GE_REVO_22BC"),
    ("1.3.46.670589.11.0.0.99.4", "MR DICOM 5.3"),
    ("1.2.392.200036.9116.99.71", "TM_XA_V620"),
)
_SIZES = {"CT": (512, 512, 2), "MR": (384, 384, 2), "US": (768, 1024, 3), "DX": (2500, 2048, 2)}  # rows, columns, bytes


class Kind(StrEnum):
    STORE = "store"
    ASSOCIATIONS = "associations"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two namespaces joined by a cable: clients on one side, servers on the other."""

    client: str
    server: str
    folder: Path


@contextmanager
def _pair() -> Iterator[Pair]:
    names = f"lb{os.getpid()}-client", f"lb{os.getpid()}-server"
    with tempfile.TemporaryDirectory(prefix="lab-bulk-") as folder:
        try:
            for name in names:
                namespaces.create(name, ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv4.ip_local_port_range=2200 65000"))
            ip_batch([f"link add eth0 type veth peer name eth0 netns {names[1]}", "link set eth0 up"], names[0])
            ip_batch([f"addr add 10.60.1.{n}/16 dev eth0" for n in range(1, CLIENTS + 1)], names[0])
            # Acknowledge at once: DCMTK answers in two writes and would wait 40 ms between them.
            ip_batch(["route change 10.60.0.0/16 dev eth0 quickack 1"], names[0])
            ip_batch(["link set eth0 up", "addr add 10.60.2.1/16 dev eth0"], names[1])
            for name in names:
                command("ip", "netns", "exec", name, "ethtool", "-K", "eth0", *_OFFLOADS)
            yield Pair(client=names[0], server=names[1], folder=Path(folder))
        finally:
            for name in names:
                namespaces.delete(name)


@contextmanager
def _started(namespace: str, words: Sequence[Sequence[str]]) -> Iterator[None]:
    with namespaces.inside(namespace):
        processes = [
            subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for line in words
        ]
    time.sleep(1.5)
    try:
        if any(process.poll() is not None for process in processes):
            raise LabError(f"could not start {words[0][0]}")
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=60)


def make(kind: Kind, out: Path, *, megabytes: int, count: int, titles: int) -> int:
    """Build the capture; return its size in bytes. Raises LabError when a client or server fails."""
    out.parent.mkdir(parents=True, exist_ok=True)
    # A wide buffer: tcpdump must not lose packets when both cores are busy.
    recorder = ["tcpdump", "-i", "eth0", "-B", "262144", "-s", "0", "-Z", "root", "-w", str(out), "tcp"]
    servers = [["storescp", "-dhl", "--ignore", "-aet", f"ARCHIVE{port}", str(port)] for port in PORTS]
    with _pair() as pair, _started(pair.server, servers), _started(pair.server, [recorder]):
        if kind is Kind.STORE:
            _store(pair, megabytes)
        else:
            _associate(pair, count, titles)
        time.sleep(1)
    return out.stat().st_size


def _in_parallel(jobs: Sequence[Callable[[], None]]) -> None:
    """Run each job in a thread; raise the first error of any."""
    errors: list[Exception] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except (LabError, OSError) as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise LabError(f"bulk: {errors[0]}") from errors[0]


def _store(pair: Pair, megabytes: int) -> None:
    """Four modalities send to four ports at once, each new instances of its own object."""
    share = megabytes * 1_000_000 // len(_SIZES)
    jobs = []
    for port, (modality, (rows, columns, depth)) in zip(PORTS, _SIZES.items(), strict=True):
        path = pair.folder / f"{modality}.dcm"
        _large_object(modality, rows, columns, depth).save_as(path, enforce_file_format=True)
        # storescu sends no more than a few hundred objects well on one association: a study each.
        instances = max(1, share // (rows * columns * depth))
        jobs.append(_sender(pair, modality, port, path, instances))
    _in_parallel(jobs)


def _sender(pair: Pair, modality: str, port: int, path: Path, instances: int) -> Callable[[], None]:
    def send() -> None:
        left = instances
        with namespaces.inside(pair.client):
            while left > 0:
                words = ["storescu", "-aet", f"{modality}_BULK", "-aec", f"ARCHIVE{port}", "+II"]
                words += ["--repeat", str(min(left, 50)), "10.60.2.1", str(port), str(path)]
                done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
                if done.returncode:
                    raise LabError(done.stderr[-300:])
                left -= 50

    return send


def _large_object(modality: str, rows: int, columns: int, depth: int) -> Dataset:
    """One big uncompressed image with noise for pixels."""
    name, identifier, birth = patients.patient(len(modality))
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = UID(images.SOP_CLASSES[modality]), images.new_uid()
    data.Modality, data.Manufacturer, data.ManufacturerModelName = modality, "LEADAPRON LAB", f"{modality} BULK"
    data.StationName, data.DeviceSerialNumber, data.SoftwareVersions = f"{modality}1", f"LABBULK{modality}", "1.0"
    data.PatientName, data.PatientID, data.PatientBirthDate = name, identifier, birth
    data.StudyInstanceUID, data.SeriesInstanceUID = patients.study_uid(rows, 4), images.new_uid()
    data.StudyDate, data.StudyTime, data.AccessionNumber = "20261124", "080000", patients.accession(rows)
    colours = 3 if depth == 3 else 1
    data.SamplesPerPixel, data.PhotometricInterpretation = colours, "RGB" if colours == 3 else "MONOCHROME2"
    if colours == 3:
        data.PlanarConfiguration = 0
    bits = 8 if colours == 3 else 16
    data.Rows, data.Columns, data.BitsAllocated, data.BitsStored = rows, columns, bits, bits
    data.HighBit, data.PixelRepresentation = bits - 1, 0
    data.PixelData = random.Random(modality).randbytes(rows * columns * depth)
    data["PixelData"].VR = "OB" if colours == 3 else "OW"
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = (
        data.SOPClassUID,
        data.SOPInstanceUID,
    )
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data


def _associate(pair: Pair, count: int, titles: int) -> None:
    """C-ECHO associations of `titles` calling AE titles, encoded by pynetdicom, answered by DCMTK."""
    share = count // len(PORTS)
    jobs = []
    for number, port in enumerate(PORTS):
        extra = count - share * len(PORTS) if number == 0 else 0
        requests = [_request(title, port) for title in range(number, titles, len(PORTS))]
        jobs.append(_echoer(pair, port, requests, share + extra, number))
    _in_parallel(jobs)


def _echoer(pair: Pair, port: int, requests: Sequence[bytes], count: int, number: int) -> Callable[[], None]:
    echo, release = _echo(), _release()

    def run() -> None:
        with namespaces.inside(pair.client):
            for turn in range(count):
                which = turn % len(requests)
                # One title always calls from one address.
                source = f"10.60.1.{(which * len(PORTS) + number) % CLIENTS + 1}"
                with socket.create_connection(("10.60.2.1", port), timeout=20, source_address=(source, 0)) as link:
                    answers = link.makefile("rb")
                    for unit in (requests[which], echo, release):
                        link.sendall(unit)
                        _receive_unit(answers)

    return run


def _receive_unit(answers: BinaryIO) -> None:
    """Read one protocol data unit (PS3.8 §9.3) and drop it."""
    head = answers.read(6)
    if len(head) < 6:
        raise LabError("the server closed the association")
    answers.read(int.from_bytes(head[2:], "big"))


def _request(title: int, port: int) -> bytes:
    implementation, version = _IMPLEMENTATIONS[title % len(_IMPLEMENTATIONS)]
    primitive = A_ASSOCIATE()
    primitive.application_context_name = UID("1.2.840.10008.3.1.1.1")
    primitive.calling_ae_title, primitive.called_ae_title = f"STATION{title:04d}", f"ARCHIVE{port}"
    context = build_context("1.2.840.10008.1.1")
    context.context_id = 1
    primitive.presentation_context_definition_list = [context]
    size, toolkit, name = (
        MaximumLengthNotification(),
        ImplementationClassUIDNotification(),
        ImplementationVersionNameNotification(),
    )
    size.maximum_length_received = 16384
    toolkit.implementation_class_uid = UID(implementation)
    name.implementation_version_name = version
    primitive.user_information = [size, toolkit, name]
    unit = A_ASSOCIATE_RQ()
    unit.from_primitive(primitive)
    return unit.encode()


def _echo() -> bytes:
    primitive = C_ECHO()
    primitive.MessageID, primitive.AffectedSOPClassUID = 1, UID("1.2.840.10008.1.1")
    message = C_ECHO_RQ()
    message.primitive_to_message(primitive)
    stream = BytesIO()
    for data in message.encode_msg(1, 16384):
        unit = P_DATA_TF()
        unit.from_primitive(data)
        stream.write(unit.encode())
    return stream.getvalue()


def _release() -> bytes:
    unit = A_RELEASE_RQ()
    unit.from_primitive(A_RELEASE())
    return unit.encode()
