"""DICOM PDUs, command sets and data sets as bytes, built from the standard's tables, for tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
WORKLIST = "1.2.840.10008.5.1.4.31"
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"


def item(kind: int, value: bytes) -> bytes:
    """Item or sub-item: type, reserved, 2-byte length (PS3.8 §9.3.2)."""
    return struct.pack(">BxH", kind, len(value)) + value


def pdu(kind: int, body: bytes) -> bytes:
    """PDU header and body (PS3.8 §9.3)."""
    return struct.pack(">BxI", kind, len(body)) + body


def _associate(kind: int, called: str, calling: str, items: bytes) -> bytes:
    titles = called.ljust(16).encode() + calling.ljust(16).encode()
    return pdu(kind, b"\0\1\0\0" + titles + bytes(32) + item(0x10, APPLICATION_CONTEXT.encode()) + items)


def user_information(
    *, max_pdu: int = 16384, uid: str = "1.2.3.4", version: str = "TEST_10", identity: int = 0, extra: bytes = b""
) -> bytes:
    """User information (PS3.7 Annex D.3.3)."""
    subs = item(0x51, struct.pack(">I", max_pdu)) + item(0x52, uid.encode()) + item(0x55, version.encode())
    if identity:
        subs += item(0x58, bytes((identity, 1)) + struct.pack(">H", 6) + b"secret" + struct.pack(">H", 0))
    return item(0x50, subs + extra)


def associate_rq(
    calling: str = "CT01",
    called: str = "PACS",
    contexts: Sequence[tuple[str, Sequence[str]]] = ((VERIFICATION, (IMPLICIT,)),),
    user: bytes | None = None,
) -> bytes:
    """A-ASSOCIATE-RQ; contexts are (abstract syntax, transfer syntaxes)."""
    items = b""
    for index, (abstract, transfers) in enumerate(contexts):
        subs = item(0x30, abstract.encode()) + b"".join(item(0x40, transfer.encode()) for transfer in transfers)
        items += item(0x20, bytes((2 * index + 1, 0, 0, 0)) + subs)
    return _associate(1, called, calling, items + (user if user is not None else user_information()))


def associate_ac(
    calling: str = "CT01", called: str = "PACS", accepted: Sequence[str | None] = (IMPLICIT,), user: bytes | None = None
) -> bytes:
    """A-ASSOCIATE-AC; None refuses a context (abstract syntax not supported)."""
    items = b""
    for index, transfer in enumerate(accepted):
        result = 3 if transfer is None else 0
        items += item(0x21, bytes((2 * index + 1, 0, result, 0)) + item(0x40, (transfer or IMPLICIT).encode()))
    return _associate(2, called, calling, items + (user if user is not None else user_information(version="SCP_20")))


REJECT = pdu(3, bytes((0, 1, 1, 7)))
RELEASE_RQ, RELEASE_RP = pdu(5, bytes(4)), pdu(6, bytes(4))
ABORT = pdu(7, bytes((0, 0, 2, 0)))


def values(context: int, data: bytes, *, command: bool, size: int = 16378) -> bytes:
    """P-DATA-TF PDUs with one presentation-data-value each, of at most `size` bytes."""
    out = b""
    pieces = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
    for index, piece in enumerate(pieces):
        control = (1 if command else 0) | (2 if index == len(pieces) - 1 else 0)
        out += pdu(4, struct.pack(">IBB", len(piece) + 2, context, control) + piece)
    return out


def _uid(uid: str) -> bytes:
    raw = uid.encode()
    return raw + b"\0" * (len(raw) % 2)


def command(
    field: int, sop_class: str = "", *, message: int = 1, status: int | None = None, data_set: bool = False,
    destination: str = "", context: int = 1,
) -> bytes:  # fmt: skip
    """A P-DATA-TF with one command set (PS3.7 §6.3.1)."""
    elements: list[tuple[int, bytes]] = []
    if sop_class:
        elements.append((0x0002, _uid(sop_class)))
    elements.append((0x0100, struct.pack("<H", field)))
    elements.append((0x0120 if field & 0x8000 else 0x0110, struct.pack("<H", message)))
    if destination:
        elements.append((0x0600, destination.ljust(16).encode()))
    elements.append((0x0800, struct.pack("<H", 0 if data_set else 0x0101)))
    if status is not None:
        elements.append((0x0900, struct.pack("<H", status)))
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements)
    return values(context, struct.pack("<HHII", 0, 0, 4, len(body)) + body, command=True)


def data_set(elements: Iterable[tuple[int, str, bytes]], syntax: str = IMPLICIT) -> bytes:
    """Elements (tag, VR, value) under a transfer syntax (PS3.5 §7.1)."""
    out = b""
    order = ">" if syntax == BIG else "<"
    for tag, vr, value in elements:
        value += b" " * (len(value) % 2) if vr not in ("UI", "OB", "OW") else b"\0" * (len(value) % 2)
        out += struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
        if syntax == IMPLICIT:
            out += struct.pack("<I", len(value))
        elif vr in ("OB", "OW", "SQ", "UN", "UT"):
            out += vr.encode() + struct.pack(order + "xxI", len(value))
        else:
            out += vr.encode() + struct.pack(order + "H", len(value))
        out += value
    return out


def image(
    study: str = "1.2.826.0.1.1", modality: str = "CT", patient: str = "CANARYNAME^ANNA", syntax: str = IMPLICIT,
    pixels: int = 2000,
) -> bytes:  # fmt: skip
    """A small image with a canary patient."""
    return data_set(
        (
            (0x0008_0060, "CS", modality.encode()),
            (0x0008_0070, "LO", b"ACME MEDICAL"),
            (0x0008_0080, "LO", b"GENERAL HOSPITAL"),
            (0x0008_1010, "SH", b"CTROOM1"),
            (0x0008_1090, "LO", b"Scanmaster 64"),
            (0x0010_0010, "PN", patient.encode()),
            (0x0010_0020, "LO", b"CANARYID42"),
            (0x0010_0030, "DA", b"19010203"),
            (0x0018_1000, "LO", b"SN-12345"),
            (0x0018_1020, "LO", b"VB42A\\VB42A_SP1"),
            (0x0020_000D, "UI", study.encode()),
            (0x7FE0_0010, "OW", bytes(pixels)),
        ),
        syntax,
    )
