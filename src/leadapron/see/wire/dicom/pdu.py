"""A-ASSOCIATE items (PS3.8 §9.3.2, §9.3.3; PS3.7 Annex D.3): bytes of one PDU → what was proposed or answered."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from msgspec import Struct

from leadapron.model.events import Implementation


class PduType(IntEnum):
    """PS3.8 §9.3.1."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


HEADER = 6
"""PDU type, reserved, length (4 bytes, big-endian)."""
FIXED_PART = 68
"""Bytes of an A-ASSOCIATE-RQ or -AC between the PDU header and the first variable item."""
MAX_CONTEXTS = 128
"""Presentation context identifiers are odd numbers below 256, so no honest peer can propose more."""
MAX_SYNTAXES = 128
"""Transfer syntaxes kept of one presentation context."""
MAX_SUB_ITEMS = 512
"""User-information sub-items read of one PDU."""

_APPLICATION_CONTEXT, _CONTEXT_RQ, _CONTEXT_AC, _USER_INFORMATION = 0x10, 0x20, 0x21, 0x50
_ABSTRACT_SYNTAX, _TRANSFER_SYNTAX = 0x30, 0x40
_MAX_LENGTH, _IMPLEMENTATION_CLASS, _ASYNC, _ROLE, _IMPLEMENTATION_VERSION = 0x51, 0x52, 0x53, 0x54, 0x55
_EXTENDED, _COMMON_EXTENDED, _USER_IDENTITY_RQ, _USER_IDENTITY_AC = 0x56, 0x57, 0x58, 0x59


class Context(Struct, frozen=True):
    """A presentation context as one side put it: a request has syntaxes, an answer a result."""

    id: int
    abstract_syntax: str = ""
    transfer_syntaxes: tuple[str, ...] = ()
    result: int = -1


class AssociateItems(Struct, frozen=True, cache_hash=True):
    """The variable items of an A-ASSOCIATE-RQ or -AC, and what was wrong with them."""

    application_context: str
    contexts: tuple[Context, ...]
    implementation: Implementation
    max_pdu: int
    user_identity: int
    user_identity_confirmed: bool
    roles: tuple[str, ...]
    extended_negotiation: tuple[str, ...]
    async_operations: int
    faults: tuple[str, ...]


def text(raw: bytes) -> str:
    """ASCII as the standard asks, padding removed; any other byte becomes a replacement character."""
    return raw.decode("ascii", "replace").strip(" \0\r\n\t")


def uid_text(raw: bytes) -> str:
    """A UID (PS3.5 §9): at most 64 characters are kept."""
    return text(raw[:64])


def parse_items(data: bytes) -> AssociateItems:
    """Variable items from `data` (the PDU after its fixed part). Broken items are named in `faults`; never raises."""
    application_context = ""
    contexts: list[Context] = []
    user = _UserInformation()
    faults: set[str] = set()
    for kind, value in _items(data, faults):
        if kind == _APPLICATION_CONTEXT:
            application_context = uid_text(value)
        elif kind in (_CONTEXT_RQ, _CONTEXT_AC):
            if len(contexts) >= MAX_CONTEXTS:
                faults.add("dicom.too-many-contexts")
            elif len(value) < 4:
                faults.add("dicom.item-length")
            else:
                contexts.append(_context(kind, value, faults))
        elif kind == _USER_INFORMATION:
            user.read(value, faults)
    if any(not context.id & 1 for context in contexts):
        faults.add("dicom.context-id")
    return AssociateItems(
        application_context=application_context,
        contexts=tuple(contexts),
        implementation=Implementation(user.class_uid, user.version_name),
        max_pdu=user.max_pdu,
        user_identity=user.identity,
        user_identity_confirmed=user.identity_confirmed,
        roles=tuple(user.roles),
        extended_negotiation=tuple(user.extended),
        async_operations=user.async_operations,
        faults=tuple(sorted(faults)),
    )


def _items(data: bytes, faults: set[str]) -> Iterator[tuple[int, bytes]]:
    """Type, reserved, length (2 bytes), value: the shape of every item and sub-item."""
    position, end = 0, len(data)
    while position + 4 <= end:
        length = data[position + 2] << 8 | data[position + 3]
        stop = position + 4 + length
        if stop > end:
            faults.add("dicom.item-length")
            return
        yield data[position], data[position + 4 : stop]
        position = stop
    if position != end:
        faults.add("dicom.item-length")


def _context(kind: int, value: bytes, faults: set[str]) -> Context:
    abstract_syntax = ""
    transfer_syntaxes: list[str] = []
    for sub_kind, sub_value in _items(value[4:], faults):
        if sub_kind == _ABSTRACT_SYNTAX:
            abstract_syntax = uid_text(sub_value)
        elif sub_kind == _TRANSFER_SYNTAX and len(transfer_syntaxes) < MAX_SYNTAXES:
            transfer_syntaxes.append(uid_text(sub_value))
    result = value[2] if kind == _CONTEXT_AC else -1
    return Context(value[0], abstract_syntax, tuple(transfer_syntaxes), result)


class _UserInformation:
    """Sub-items of user information (PS3.7 Annex D.3.3), added up."""

    def __init__(self) -> None:
        self.max_pdu = 0
        self.class_uid = ""
        self.version_name = ""
        self.async_operations = 1
        self.identity = 0
        self.identity_confirmed = False
        self.roles: list[str] = []
        self.extended: list[str] = []

    def read(self, data: bytes, faults: set[str]) -> None:
        for count, (kind, value) in enumerate(_items(data, faults)):
            if count >= MAX_SUB_ITEMS:
                faults.add("dicom.too-many-items")
                return
            self._item(kind, value)

    def _item(self, kind: int, value: bytes) -> None:
        if kind == _MAX_LENGTH and len(value) == 4:
            self.max_pdu = int.from_bytes(value, "big")
        elif kind == _IMPLEMENTATION_CLASS:
            self.class_uid = uid_text(value)
        elif kind == _IMPLEMENTATION_VERSION:
            self.version_name = text(value[:16])
        elif kind == _ASYNC and len(value) == 4:
            self.async_operations = value[0] << 8 | value[1]
        elif kind == _ROLE and len(value) > 3:
            length = value[0] << 8 | value[1]
            if value[3 + length : 4 + length] == b"\x01":
                self.roles.append(uid_text(value[2 : 2 + length]))
        elif kind in (_EXTENDED, _COMMON_EXTENDED) and len(value) > 2:
            self.extended.append(uid_text(value[2 : 2 + (value[0] << 8 | value[1])]))
        elif kind == _USER_IDENTITY_RQ and value:
            self.identity = value[0]
        elif kind == _USER_IDENTITY_AC:
            self.identity_confirmed = True
