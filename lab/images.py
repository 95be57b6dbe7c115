"""Synthetic images that carry what real modalities write into theirs."""

import random
from datetime import datetime
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from lab import patients

if TYPE_CHECKING:
    from lab.scenario import Device

SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
}
UID_ROOT = "1.2.826.0.1.3680043.9.3811."


def image(device: "Device", exam: int, salt: int, instance: int, now: datetime, side: int = 64) -> Dataset:
    """One image of `side` x `side` 16-bit pixels, made by `device` for its exam."""
    name, identifier, birth = patients.patient(exam)
    study = patients.study_uid(exam, salt)
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 100"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.SOPClassUID = UID(SOP_CLASSES[device.modality or "SC"])
    data.SOPInstanceUID = UID(f"{study}.1.{instance}")
    data.StudyDate, data.StudyTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    data.ContentDate, data.ContentTime = data.StudyDate, data.StudyTime
    data.AccessionNumber = patients.accession(exam)
    data.Modality = device.modality or "OT"
    data.Manufacturer = device.manufacturer
    data.InstitutionName = "LEADAPRON LAB"
    data.StationName = device.station
    data.StudyDescription = f"{device.modality} STUDY"
    data.ManufacturerModelName = device.model
    data.PatientName, data.PatientID, data.PatientBirthDate = name, identifier, birth
    data.PatientSex = "O"
    data.DeviceSerialNumber = device.serial
    data.SoftwareVersions = device.software if len(device.software) != 1 else device.software[0]
    data.StudyInstanceUID, data.SeriesInstanceUID = study, UID(f"{study}.1")
    data.StudyID, data.SeriesNumber, data.InstanceNumber = str(exam), 1, instance
    _add_pixels(data, side, seed=exam * 1000 + instance)
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data


def _add_pixels(data: Dataset, side: int, seed: int) -> None:
    """A noisy disc: compresses well, differs from image to image."""
    seeded = random.Random(seed)
    middle, radius = side / 2, side / 2.5
    rows = bytearray()
    for row in range(side):
        for column in range(side):
            inside = (row - middle) ** 2 + (column - middle) ** 2 < radius**2
            value = 1000 + seeded.randrange(8) if inside else 0
            rows += value.to_bytes(2, "little")
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows = data.Columns = side
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.PixelData = bytes(rows)
    data["PixelData"].VR = "OW"


def procedure_step(device: "Device", exam: int, salt: int, now: datetime) -> Dataset:
    """The N-CREATE attributes of a performed procedure step (PS3.4 §F.7.2.1)."""
    name, identifier, birth = patients.patient(exam)
    scheduled = Dataset()
    scheduled.AccessionNumber = patients.accession(exam)
    scheduled.StudyInstanceUID = patients.study_uid(exam, salt)
    data = Dataset()
    data.ScheduledStepAttributesSequence = [scheduled]
    data.PatientName, data.PatientID, data.PatientBirthDate = name, identifier, birth
    data.PatientSex = "O"
    data.PerformedProcedureStepID = f"PPS{exam}"
    data.PerformedStationAETitle = device.ae_title
    data.PerformedStationName = device.station
    data.PerformedProcedureStepStartDate = now.strftime("%Y%m%d")
    data.PerformedProcedureStepStartTime = now.strftime("%H%M%S")
    data.PerformedProcedureStepStatus = "IN PROGRESS"
    data.Modality = device.modality
    data.PerformedSeriesSequence = []
    return data


def new_uid() -> UID:
    return generate_uid(prefix=UID_ROOT)
