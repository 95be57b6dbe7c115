"""Made-up images of a patient who does not exist, under any transfer syntax."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

ROOT = "1.2.826.0.1.3680043.10.777777"
STUDY, SERIES = f"{ROOT}.1", f"{ROOT}.2"
SYNTAXES = (
    ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, JPEGBaseline8Bit,
    DeflatedExplicitVRLittleEndian,
)  # fmt: skip
PROPOSED = {
    ImplicitVRLittleEndian: "-xi",
    ExplicitVRLittleEndian: "-xe",
    ExplicitVRBigEndian: "-xb",
    JPEGBaseline8Bit: "-xy",
    DeflatedExplicitVRLittleEndian: "-xd",
}
"""What storescu is told to prefer."""
# In two halves, so that no scanner takes this file for the test string.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_SERIAL = 10**9
"""So that all UIDs have one length, and one can be put in the place of another."""


def instance(number: int) -> str:
    """SOP Instance UID."""
    return f"{ROOT}.3.{_SERIAL + number}"


def image(number: int = 0, *, syntax: UID = ExplicitVRLittleEndian, side: int = 32) -> Dataset:
    """A CT slice of `side` x `side` pixels, or under JPEG a picture of pydicom's."""
    if syntax == JPEGBaseline8Bit:
        one = dcmread(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm", download=False))
    else:
        one = Dataset()
        one.SOPClassUID, one.Modality = CTImageStorage, "CT"
        one.Rows = one.Columns = side
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 12, 11, 0
        one.PixelData = bytes(place * 7 % 256 for place in range(256)) * (side * side * 2 // 256)
    one.SOPInstanceUID, one.StudyInstanceUID, one.SeriesInstanceUID = instance(number), STUDY, SERIES
    one.Manufacturer, one.ManufacturerModelName, one.SoftwareVersions = "ACME", "Scanmaster", "VB42"
    one.StationName, one.DeviceSerialNumber = "CTROOM1", "SN-12345"
    one.PatientName, one.PatientID, one.PatientBirthDate = "CANARYNAME^ANNA", "CANARYID42", "19010203"
    one.AccessionNumber, one.StudyID, one.PatientComments = "CANARYACC7", "CANARYSTUDY", "CANARYCOMMENT"
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = syntax
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    return one


def written(one: Dataset) -> bytes:
    """The file of it."""
    out = BytesIO()
    syntax = one.file_meta.TransferSyntaxUID
    big = syntax == ExplicitVRBigEndian
    one.save_as(out, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=not big, enforce_file_format=True)
    return out.getvalue()


def write(one: Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(one))
    return path


def make_series(folder: Path, syntax: UID, numbers: range, sides: tuple[int, ...] = (16, 64, 400)) -> list[Path]:
    """Images that differ in their UID, of several sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = ExplicitVRLittleEndian if syntax == DeflatedExplicitVRLittleEndian else syntax
    templates = [written(image(syntax=plain, side=side)) for side in sides]
    paths = []
    for number in numbers:
        made = templates[number % len(templates)].replace(instance(0).encode(), instance(number).encode())
        if syntax != plain:
            made = deflated(made)
        paths.append(folder / f"{number}.dcm")
        paths[-1].write_bytes(made)
    return paths


def data_set(file: bytes) -> bytes:
    """What follows the file meta information (PS3.10 §7.1)."""
    return file[144 + int.from_bytes(file[140:144], "little") :]


def deflated(file: bytes) -> bytes:
    """The same, under the deflated transfer syntax (PS3.5 §A.5)."""
    one = dcmread(BytesIO(file))
    one.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    head = BytesIO()
    one.file_meta.FileMetaInformationVersion = b"\0\1"
    write_file_meta_info(head, one.file_meta)
    press = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = press.compress(data_set(file)) + press.flush()
    return bytes(128) + b"DICM" + head.getvalue() + body + b"\0" * (len(body) % 2)
