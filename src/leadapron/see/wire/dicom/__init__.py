"""DICOM upper layer and DIMSE (PS3.7, PS3.8): one dissector for captures and for the guard."""

from leadapron.see.wire.dicom.dissector import DicomDissector

__all__ = ["DicomDissector"]
