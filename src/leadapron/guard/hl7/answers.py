"""The acknowledgement by which the guard refuses a message: words every sender of HL7 v2 understands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from leadapron.guard.hl7.header import Header
from leadapron.model.guard import Reason

_TEXTS: Final = {
    Reason.SIZE: "message too long",
    Reason.RATE: "too many messages, try again later",
    Reason.LIMIT: "too slow, try again",
    Reason.UPSTREAM: "receiver cannot be reached, try again later",
    Reason.BLIND: "cannot be checked, try again later",
    Reason.PROTOCOL: "message cannot be read",
}
_TEXT: Final = "not allowed"
_STRUCTURED_SINCE: Final = (2, 5)
"""ERR-3 and later came with this version."""
_ERROR: Final = "207^Application internal error^HL70357"
_MAX_CONTROL_ID: Final = 199
"""Characters of MSH-10 that are told back (§2.15.9.10 allows 20, later versions 199)."""


def refuse(header: Header, reason: Reason, wall: float, number: int) -> bytes:
    """A framed ACK that rejects (HL7 v2.5 §2.9.2, §2.15.8). `number` tells the answers of one connection apart.

    AR: the receiver did not process it, whatever it holds. In enhanced mode the same is said as CR.
    """
    code = b"CR" if header.accept in (b"AL", b"ER") else b"AR"
    trigger = header.message.partition("^")[2]
    kind = f"ACK^{trigger}" if trigger else "ACK"
    at = datetime.fromtimestamp(wall, UTC)
    head = (
        *header.receiver,
        *header.sender,
        f"{at:%Y%m%d%H%M%S}+0000".encode(),
        b"",
        _in_its_characters(kind, header),
        f"G{at:%y%m%d%H%M%S}{number % 1_000_000:06d}".encode(),
        header.processing,
        header.raw_version,
    )
    text = _TEXTS.get(reason, _TEXT).encode()
    separator = header.separator
    lines = [
        b"MSH" + separator + separator.join((header.encoding, *head)),
        separator.join((b"MSA", code, header.control_id[:_MAX_CONTROL_ID], text)),
    ]
    if _structured(header.version):
        lines.append(separator.join((b"ERR", b"", b"", _in_its_characters(_ERROR, header), b"E", b"", b"", b"", text)))
    return b"\x0b" + b"\r".join(lines) + b"\r\x1c\r"


def _in_its_characters(value: str, header: Header) -> bytes:
    return value.encode("ascii").replace(b"^", header.encoding[:1])


def _structured(version: str) -> bool:
    major, _, minor = version.partition(".")
    return bool(major and minor) and (int(major), int(minor.partition(".")[0])) >= _STRUCTURED_SINCE
