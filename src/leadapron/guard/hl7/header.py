"""The header of one HL7 v2 message, read strictly: what a receiver could read in another way is refused.

The sensor reads the same segment with tolerance (see.wire.hl7); names and types come from its reader.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from leadapron.see.wire.hl7 import CODE, MARK, field_of, traffic_of

MAX_HEADER: Final = 8 * 1024
"""Bytes up to the end of MSH, with the headers of a batch before it."""

_MSH: Final = re.compile(rb"MSH(" + MARK + rb")((?:(?!\1)" + MARK + rb"){1,5})\1")
_CONTROL: Final = re.compile(rb"[\x00-\x1f]")
_LEAST_FIELDS: Final = 10
"""MSH-9 has ended: no receiver that ends segments elsewhere reads more of it than was judged."""
_WIDE_CHARACTERS: Final = (b"UTF-16", b"UTF-32")
"""MSH-18 of messages in which bytes below 0x20 are halves of characters: they cannot be framed (HL7 v2.5 C.4)."""


class Header(Struct, frozen=True, kw_only=True):
    """What decides (the first three), and what an answer is made of (raw fields of MSH)."""

    message: str
    """`ORU^R01`, in capitals."""
    calling: str
    """Sending `application@facility`; without a facility only the application."""
    called: str
    """Receiving application."""
    version: str
    separator: bytes
    encoding: bytes
    sender: tuple[bytes, bytes]
    """MSH-3 and MSH-4."""
    receiver: tuple[bytes, bytes]
    control_id: bytes
    processing: bytes
    raw_version: bytes
    accept: bytes
    """MSH-15: when the receiver shall say that it took the message (AL, NE, ER, SU); empty: original mode (§2.9)."""
    application: bytes
    """MSH-16: the same of the application's answer."""

    @property
    def awaits(self) -> bool:
        """Does the sender expect any answer?"""
        return not (self.accept == b"NE" and self.application == b"NE")


class UnreadableError(Exception):
    """A header that cannot be judged: the name of what is wrong, and what an answer needs, if there is so much."""

    def __init__(self, name: str, header: Header | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.header = header


def read_header(segment: bytes) -> Header:
    """The MSH segment without its end (HL7 v2.5 §2.15.9). UnreadableError where it is not as the standard has it."""
    found = _MSH.match(segment)
    if not found or _CONTROL.search(segment) or len(segment) > MAX_HEADER:
        raise UnreadableError("hl7.header")
    separator, encoding = found.groups()
    fields = segment.split(separator)
    row = traffic_of(fields, by_client=True)
    application, facility = row.sending_application, row.sending_facility
    header = Header(
        message=row.message_type.upper(),
        calling=f"{application}@{facility}" if facility else application,
        called=row.receiving_application,
        version=row.version,
        separator=separator,
        encoding=encoding,
        sender=(field_of(fields, 3), field_of(fields, 4)),
        receiver=(field_of(fields, 5), field_of(fields, 6)),
        control_id=field_of(fields, 10),
        processing=field_of(fields, 11),
        raw_version=field_of(fields, 12),
        accept=field_of(fields, 15),
        application=field_of(fields, 16),
    )
    if len(fields) < _LEAST_FIELDS or not _typed(field_of(fields, 9), encoding[:1]):
        raise UnreadableError("hl7.message-type", header)
    character_set = field_of(fields, 18).upper()
    if character_set.endswith(b"UNICODE") or any(name in character_set for name in _WIDE_CHARACTERS):
        raise UnreadableError("hl7.character-set", header)
    return header


def _typed(value: bytes, component: bytes) -> bool:
    """A message code, and a trigger event unless there is none (§2.15.9.9)."""
    code, _, rest = value.partition(component)
    trigger = rest.partition(component)[0]
    return CODE.fullmatch(code) is not None and (not trigger or CODE.fullmatch(trigger) is not None)
