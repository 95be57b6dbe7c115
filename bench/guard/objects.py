"""Objects to send: realistic headers, random pixels, nobody's images."""

from __future__ import annotations

import random
from enum import Enum
from io import BytesIO
from pathlib import Path

from msgspec import Struct
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

_ROOT = "1.2.826.0.1.3680043.10.1.2"
_CT, _CR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.1"
_PRIVATE_ELEMENTS = 96


class Size(Enum):
    """SOP class, modality, rows, columns; 16 bits a pixel."""

    CT = (_CT, "CT", 512, 512)
    CR = (_CR, "CR", 2560, 2048)


class Item(Struct, frozen=True, kw_only=True):
    """One object, encoded once (Explicit VR Little Endian, without the file's own header)."""

    sop_class: str
    instance: str
    data: bytes


def make(size: Size, seed: int = 1) -> tuple[Item, Dataset]:
    """The object as bytes, and as the data set it came from (to write a file, or to send with a toolkit)."""
    dataset = _dataset(size, random.Random(seed))
    buffer = BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True)
    item = Item(sop_class=dataset.SOPClassUID, instance=dataset.SOPInstanceUID, data=buffer.getvalue())
    return item, dataset


def write_file(dataset: Dataset, path: Path) -> None:
    """As a PS3.10 file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)


def _dataset(size: Size, chance: random.Random) -> Dataset:
    sop_class, modality, rows, columns = size.value
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID = UID(sop_class)
    dataset.SOPInstanceUID = UID(f"{_ROOT}.{chance.randrange(10**9)}")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{_ROOT}.1", f"{_ROOT}.1.1"
    dataset.StudyDate, dataset.StudyTime = "20260105", "081500"
    dataset.Modality, dataset.Manufacturer, dataset.ManufacturerModelName = modality, "Bench", "Bench 64"
    dataset.PatientName, dataset.PatientID = "BENCH", "BENCH"
    dataset.SoftwareVersions, dataset.DeviceSerialNumber, dataset.StationName = "4.2", "1", "BENCH01"
    dataset.SeriesNumber, dataset.InstanceNumber, dataset.AcquisitionNumber = 1, 1, 1
    dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-170.0, -170.0, -250.5]
    dataset.FrameOfReferenceUID, dataset.SliceThickness, dataset.KVP = f"{_ROOT}.1.2", "1.25", "120"
    dataset.PixelSpacing, dataset.WindowCenter, dataset.WindowWidth = [0.66, 0.66], "40", "400"
    dataset.RescaleIntercept, dataset.RescaleSlope = "-1024", "1"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns, dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = (
        rows,
        columns,
        16,
        16,
        15,
    )
    dataset.PixelRepresentation = 0
    dataset.ReferencedStudySequence = Sequence([_reference(number) for number in range(4)])
    for number in range(_PRIVATE_ELEMENTS):
        _private(dataset, number, chance)
    dataset.PixelData = chance.randbytes(rows * columns * 2)
    return dataset


def _reference(number: int) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = (
        "1.2.840.10008.3.1.2.3.1",
        f"{_ROOT}.9.{number}",
    )
    return reference


def _private(dataset: Dataset, number: int, chance: random.Random) -> None:
    """Vendors fill half of a header with private elements."""
    block = dataset.private_block(0x0019 + 2 * (number // 20), "BENCH PRIVATE", create=True)
    match number % 4:
        case 0:
            block.add_new(number % 20, "LO", f"parameter {number}")
        case 1:
            block.add_new(number % 20, "DS", str(number / 8))
        case 2:
            block.add_new(number % 20, "UL", number)
        case _:
            block.add_new(number % 20, "OB", chance.randbytes(64))
