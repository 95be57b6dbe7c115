"""Names of the DICOM standard for identifiers (PS3.6 Annex A), in English as the standard writes them."""

from __future__ import annotations

from pydicom.uid import UID


def dicom_name(uid: str) -> str:
    """The standard's name of a SOP class or transfer syntax; an identifier it does not list stays as it is."""
    return UID(uid, validation_mode=0).name
