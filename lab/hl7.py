"""HL7 v2 messages over MLLP, as interface engines exchange them."""

import socket
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from lab import patients

START, END = b"\x0b", b"\x1c\r"


class Kind(StrEnum):
    ORDER = "ORM^O01"
    RESULT = "ORU^R01"
    ADMISSION = "ADT^A01"
    UPDATE = "ADT^A08"


def frame(message: bytes) -> bytes:
    """The message between MLLP's start and end blocks."""
    return START + message + END


def messages(stream: socket.socket) -> Iterator[bytes]:
    """Messages received on a connection until it closes (1 MB each at most)."""
    pending = b""
    while len(pending) < 1_000_000:
        block = stream.recv(65536)
        if not block:
            return
        pending += block
        while END in pending:
            message, pending = pending.split(END, 1)
            yield message.removeprefix(START)


def build(kind: Kind, parties: tuple[str, str, str, str], number: int, now: datetime) -> bytes:
    """A message; `parties` are MSH-3 to MSH-6 (sending application, facility, receiving application, facility)."""
    stamp = now.strftime("%Y%m%d%H%M%S")
    name, identifier, birth = patients.patient(number)
    rows = [f"MSH|^~\\&|{'|'.join(parties)}|{stamp}||{kind}|MSG{number:06d}|P|2.3.1"]
    if kind in (Kind.ADMISSION, Kind.UPDATE):
        rows.append(f"EVN|{kind.split('^')[1]}|{stamp}")
    rows.append(f"PID|1||{identifier}^^^HOSP||{name}||{birth}|O|||CANARYNAME STREET 1^^CITY")
    rows.append("PV1|1|O|RAD")
    accession = patients.accession(number)
    if kind is Kind.ORDER:
        rows.append(f"ORC|NW|{accession}|||SC||||{stamp}")
        rows.append(f"OBR|1|{accession}||CT1^CT CHEST|||{stamp}|||||||||||||||{accession}")
    if kind is Kind.RESULT:
        rows.append(f"OBR|1|{accession}||CT1^CT CHEST|||{stamp}||||||||||||||||||F")
        rows.append(f"OBX|1|TX|REPORT||No abnormality in {name.split('^')[0]}||||||F")
    return ("\r".join(rows) + "\r").encode("latin-1")


def acknowledgement(message: bytes, now: datetime) -> bytes:
    """An AA answer with the parties swapped."""
    header = message.split(b"\r", 1)[0].decode("latin-1").split("|")
    header += [""] * (12 - len(header))
    parties = "|".join([header[4], header[5], header[2], header[3]])
    stamp = now.strftime("%Y%m%d%H%M%S")
    return f"MSH|^~\\&|{parties}|{stamp}||ACK|A{header[9]}|P|2.3.1\rMSA|AA|{header[9]}\r".encode("latin-1")
