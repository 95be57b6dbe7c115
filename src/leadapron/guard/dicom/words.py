"""What the guard itself says: A-ASSOCIATE-RJ, A-ABORT, P-DATA-TF with a command set (PS3.8 §9.3, PS3.7 Annex E)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from leadapron.model.guard import Reason
from leadapron.see.wire.dicom.dimse import GROUP_LENGTH, NO_DATA_SET, RESPONSE, Element
from leadapron.see.wire.dicom.pdu import PduType
from leadapron.see.wire.dicom.upper_layer import COMMAND, LAST

SUCCESS, NOT_AUTHORISED, OUT_OF_RESOURCES = 0x0000, 0x0124, 0xA700
NO_SUCH_SOP_CLASS, INVALID_INSTANCE = 0x0122, 0x0117
"""Statuses (PS3.7 Annex C, PS3.4 Table B.2-1)."""

PROVIDER = 2
"""Source of an A-ABORT: the upper-layer service provider (PS3.8 Table 9-26)."""

_REJECTIONS = {
    Reason.CALLING_TITLE: (1, 1, 3),
    Reason.CALLED_TITLE: (1, 1, 7),
    Reason.RATE: (2, 3, 2),
    Reason.LIMIT: (2, 3, 2),
    Reason.UPSTREAM: (2, 3, 2),
    Reason.BLIND: (2, 3, 1),
}
"""Reason → result, source, reason of the A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""
_NO_REASON = (1, 1, 1)
WRONG_VERSION = (1, 2, 2)

_STATUSES = {Reason.SIZE: OUT_OF_RESOURCES, Reason.RATE: OUT_OF_RESOURCES, Reason.RESULTS: OUT_OF_RESOURCES,
             Reason.LIMIT: OUT_OF_RESOURCES, Reason.BLIND: OUT_OF_RESOURCES}  # fmt: skip


def rejection(reason: Reason) -> tuple[int, int, int]:
    """Result, source and reason that tell a peer why it may not associate."""
    return _REJECTIONS.get(reason, _NO_REASON)


def status(reason: Reason) -> int:
    """The DIMSE status that tells a peer why it may not do this: try again later, or never."""
    return _STATUSES.get(reason, NOT_AUTHORISED)


def reject(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 §9.3.4)."""
    return struct.pack(">BxIxBBB", PduType.ASSOCIATE_RJ, 4, result, source, reason)


def abort(reason: int) -> bytes:
    """A-ABORT by the provider (PS3.8 §9.3.8)."""
    return struct.pack(">BxIxxBB", PduType.ABORT, 4, PROVIDER, reason)


def value(context: int, control: int, data: bytes | bytearray | memoryview) -> bytes:
    """A P-DATA-TF with one presentation-data-value (PS3.8 §9.3.5)."""
    size = len(data) + 2
    return struct.pack(">BxIIBB", PduType.DATA, size + 4, size, context, control) + data


def framed(item: bytes | memoryview) -> bytes:
    """A P-DATA-TF around one presentation-data-value item as it was received."""
    return struct.pack(">BxI", PduType.DATA, len(item)) + item


def _command_set(context: int, elements: Mapping[int, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<HHI", 0, tag, len(content)) + content for tag, content in sorted(elements.items()) if content
    )
    head = struct.pack("<HHII", 0, GROUP_LENGTH, 4, len(body))
    return value(context, COMMAND | LAST, head + body)


def answer(context: int, request: Mapping[int, bytes], outcome: int, reason: Reason) -> bytes:
    """The response to a request, given its elements: refused with `outcome`, and why (Error Comment, PS3.7 C.4)."""
    (field,) = struct.unpack("<H", request[Element.FIELD])
    comment = f"refused by the guard: {reason}"
    empty = b""
    elements: dict[int, bytes] = {
        Element.AFFECTED_CLASS: request.get(Element.AFFECTED_CLASS) or request.get(Element.REQUESTED_CLASS, empty),
        Element.FIELD: struct.pack("<H", field | RESPONSE),
        Element.ANSWERED_ID: request[Element.MESSAGE_ID],
        Element.DATA_SET: struct.pack("<H", NO_DATA_SET),
        Element.STATUS: struct.pack("<H", outcome),
        Element.ERROR_COMMENT: comment.encode() + b" " * (len(comment) % 2),
        Element.AFFECTED_INSTANCE: (
            request.get(Element.AFFECTED_INSTANCE) or request.get(Element.REQUESTED_INSTANCE, empty)
        ),
    }
    return _command_set(context, elements)


def cancel(context: int, message_id: bytes) -> bytes:
    """C-CANCEL-RQ of the request with this Message ID (PS3.7 §9.3.2.3)."""
    return _command_set(
        context,
        {
            Element.FIELD: struct.pack("<H", 0x0FFF),
            Element.ANSWERED_ID: message_id,
            Element.DATA_SET: struct.pack("<H", NO_DATA_SET),
        },
    )
