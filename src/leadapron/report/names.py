"""Names of the DICOM standard for identifiers (PS3.6 Annex A), in English as the standard writes them."""

from __future__ import annotations

_SUPERFLUOUS = (" SOP Class", " Information Model")


def dicom_name(uid: str) -> str:
    """The standard's name of a SOP class, less the words all names share; an unlisted identifier stays as it is."""
    from pydicom.uid import UID  # here, so that `leadapron --help` does not wait for all of pydicom

    name = UID(uid, validation_mode=0).name
    for words in _SUPERFLUOUS:
        name = name.replace(words, "")
    return name
