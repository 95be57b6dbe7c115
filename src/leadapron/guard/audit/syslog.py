"""One audit message as a syslog message (RFC 5424) and its frame in a stream (RFC 5425 §4.3). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import IntEnum

from msgspec import Struct

FACILITY = 10
"""security/authorization messages (PS3.15 A.6, IHE ITI-20 §3.20.4.1.2.1)."""

BOM = b"\xef\xbb\xbf"
"""Says that MSG is UTF-8 (RFC 5424 §6.4)."""

DICOM_ID = "DICOM+RFC3881"
"""MSGID of PS3.15 A.6."""
FHIR_ID = "FHIR+AuditEvent"
"""Ours: no standard puts AuditEvent into syslog."""

LAST_SEQUENCE = 2_147_483_647
"""RFC 5424 §7.3.1: then from 1 again."""

_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")


class Severity(IntEnum):
    """The two that PS3.15 A.6 names."""

    WARNING = 4
    NOTICE = 5


class Origin(Struct, frozen=True):
    """Who speaks: the constant part of the header. Values are cut and cleaned to what RFC 5424 §6 allows."""

    host: str
    application: str
    process: str
    message_id: str = DICOM_ID

    def constant(self) -> str:
        """` HOSTNAME APP-NAME PROCID MSGID`, with its leading space."""
        lengths = ((self.host, 255), (self.application, 48), (self.process, 128), (self.message_id, 32))
        return "".join(" " + (_NOT_PRINTABLE.sub("_", text)[:longest] or "-") for text, longest in lengths)


def message(constant: str, severity: Severity, ts: datetime, number: int, body: bytes) -> bytes:
    """The whole syslog message. `number` counts from 0 and becomes `meta sequenceId` (RFC 5424 §7.3.1): a message that
    is sent twice has the same, and is the same to the last byte."""
    stamp = ts.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sequence = number % LAST_SEQUENCE + 1
    header = f'<{FACILITY * 8 + severity}>1 {stamp}{constant} [meta sequenceId="{sequence}"] '
    return header.encode("ascii") + BOM + body


def frame(message: bytes) -> bytes:
    """`MSG-LEN SP SYSLOG-MSG`, also over plain TCP (RFC 6587 §3.4.1)."""
    return b"%d %b" % (len(message), message)
