"""The lab's patients: unmistakable names, so a test can prove that none of them reaches any output.

`canaries.txt` lists every string of theirs; `python -m lab canaries` rewrites it.
"""

import base64

from pydicom.uid import UID

COUNT = 60
STUDY_ROOT = "1.2.826.0.1.3680043.9.3811.77777"
LOGINS = {"biomed": "CANARYSECRET01", "service": "CANARYSECRET02", "viewer": "CANARYSECRET03"}


def patient(number: int) -> tuple[str, str, str]:
    """Name (PN form), identifier and birth date (DICOM DA) of a patient; numbers wrap around."""
    turn = number % COUNT
    return f"CANARYNAME{turn:03d}^CANARYGIVEN", f"CANARYID{turn:05d}", f"1901{turn % 12 + 1:02d}{turn % 28 + 1:02d}"


def accession(number: int) -> str:
    """Accession number of an exam."""
    return f"CANARYACC{number:05d}"


def study_uid(number: int, salt: int) -> UID:
    """Study Instance UID of an exam; `salt` keeps two departments apart."""
    return UID(f"{STUDY_ROOT}.{salt}.{number}")


def basic(user: str) -> str:
    """The user's Basic credentials as they travel (RFC 7617)."""
    return base64.b64encode(f"{user}:{LOGINS[user]}".encode()).decode()


def canaries() -> list[str]:
    """Every string that must never be seen outside a capture."""
    people = [patient(number) for number in range(COUNT)]
    dates = sorted({birth for _, _, birth in people})
    words = ["CANARYNAME", "CANARYGIVEN", "CANARYID", "CANARYACC", "CANARYSECRET", STUDY_ROOT]
    names = [name.split("^")[0] for name, _, _ in people]
    return [*words, *names, *(identifier for _, identifier, _ in people), *dates, *map(basic, LOGINS)]
