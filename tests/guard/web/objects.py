"""Made-up objects, and the STOW-RS requests that carry them."""

from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

# In two halves, so that no scanner takes this file for the test string.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
BOUNDARY = "a-boundary"


def ct(*, after: bytes = b"", preamble: bytes = bytes(128), rows: int = 128, study: str = "", seed: int = 0) -> bytes:
    """A CT slice as a file; `after` is put into a private element behind its pixels."""
    pixels = np.random.default_rng(seed).integers(0, 4096, (rows, rows), dtype=np.uint16)
    one = Dataset()
    one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, generate_uid()
    one.StudyInstanceUID, one.SeriesInstanceUID = study or generate_uid(), generate_uid()
    one.Modality, one.PatientID, one.PatientName = "CT", "P", "A^B"
    one.Rows = one.Columns = rows
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 12, 11, 0
    one.PixelData = pixels.tobytes()
    if after:
        block = one.private_block(0x7FE1, "ACME", create=True)
        block.add_new(0x10, "OB", after + b" " * (len(after) % 2))
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID, one.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, one.SOPInstanceUID
    written = BytesIO()
    one.save_as(written, enforce_file_format=True)
    return preamble + written.getvalue()[128:]


def stow(*objects: bytes, boundary: str = BOUNDARY, kind: str = "application/dicom") -> tuple[bytes, dict[str, str]]:
    """Body and header fields of a request."""
    parts = [b"--%s\r\nContent-Type: %s\r\n\r\n%s\r\n" % (boundary.encode(), kind.encode(), one) for one in objects]
    fields = {
        "Content-Type": f'multipart/related; type="{kind}"; boundary={boundary}',
        "Accept": "application/dicom+json",
    }
    return b"".join(parts) + b"--" + boundary.encode() + b"--\r\n", fields
