"""An archive behind the guard that reads with pynetdicom's decoders alone, so that two readers of one stream meet."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from typing import NamedTuple

from pynetdicom.dsutils import decode
from pynetdicom.pdu import A_ASSOCIATE_RQ, P_DATA_TF

from tests.see.wire import dicom_bytes as d

NAMES = {
    0x0001: "C-STORE", 0x0010: "C-GET", 0x0020: "C-FIND", 0x0021: "C-MOVE", 0x0030: "C-ECHO", 0x0140: "N-CREATE",
    0x0FFF: "C-CANCEL",
}  # fmt: skip
MATCHES = 4
CANCELLED, PENDING, SUCCESS = 0xFE00, 0xFF00, 0x0000


class Asked(NamedTuple):
    """One request as the archive understood it."""

    name: str
    sop_class: str
    destination: str


class Archive:
    """Answers what reaches it as a sound server does. A broken PDU or message is an AssertionError."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answered = 0
        """Responses that came (to what the archive itself asked)."""
        self.objects: list[bytes] = []
        """Complete data sets of C-STORE requests."""
        self.queries: list[bytes] = []
        self.over = False
        self.aborted = False
        self._stream = b""
        self._associated = False
        self._contexts: dict[int, str] = {}
        self._command = b""
        self._request: tuple[int, int, int, str] | None = None
        """Context, field, message id and class of the message whose data set comes."""
        self._data = b""
        self._context = 0

    @property
    def rest(self) -> bytes:
        """Of a PDU that is not whole yet."""
        return self._stream

    def feed(self, data: bytes) -> bytes:
        """Bytes that came; returns what the archive says."""
        self._stream += data
        said = b""
        while len(self._stream) >= 6:
            end = 6 + struct.unpack_from(">I", self._stream, 2)[0]
            if len(self._stream) < end:
                return said
            pdu, self._stream = self._stream[:end], self._stream[end:]
            assert not self.over or pdu[0] == 7, "a PDU after the end"
            said += self._pdu(pdu)
        return said

    def _pdu(self, pdu: bytes) -> bytes:
        kind = pdu[0]
        if kind == 7:
            self.over = self.aborted = True
            return b""
        if kind == 1:
            assert not self._associated, "a second association"
            self._associated = True
            return self._accept(pdu)
        assert self._associated, "no association"
        if kind == 5:
            assert not self._command, "a message was not whole at the release"
            assert self._request is None, "a message was not whole at the release"
            self.over = True
            return d.RELEASE_RP
        assert kind == 4, f"PDU of type {kind}"
        values = P_DATA_TF()
        values.decode(pdu)
        return b"".join(
            self._value(item.presentation_context_id, item.presentation_data_value)
            for item in values.presentation_data_value_items
        )

    def _accept(self, pdu: bytes) -> bytes:
        request = A_ASSOCIATE_RQ()
        try:
            with warnings.catch_warnings(action="ignore"):
                request.decode(pdu)
        except (ValueError, KeyError):  # pynetdicom knows no control characters in names and no items but its own
            self.over = True
            return d.ABORT
        items = b""
        for context in request.presentation_context:
            assert context.context_id not in self._contexts
            self._contexts[context.context_id] = str(context.abstract_syntax)
            syntax = str(context.transfer_syntax[0]).encode()
            items += d.item(0x21, bytes((context.context_id, 0, 0, 0)) + d.item(0x40, syntax))
        answer = d.associate_ac(accepted=())
        cut = answer.index(b"\x50\0")
        return d.pdu(2, answer[6:cut] + items + answer[cut:])

    def _value(self, context: int, value: bytes) -> bytes:
        control, content = value[0], value[1:]
        assert context in self._contexts
        if control & 1:
            assert self._request is None, "a command where a data set was due"
            assert not self._command or context == self._context, "two messages at once"
            self._context = context
            self._command += content
            return self._message() if control & 2 else b""
        assert self._request is not None, "a data set without a command"
        assert context == self._context, "two messages at once"
        self._data += content
        return self._complete() if control & 2 else b""

    def _message(self) -> bytes:
        command = decode(BytesIO(self._command), True, True)
        self._command = b""
        field = command.CommandField
        sop_class = str(command.get("AffectedSOPClassUID") or command.get("RequestedSOPClassUID") or "")
        if field & 0x8000:
            self.answered += 1
            return b""
        name = NAMES[field]
        if name != "C-CANCEL":
            self.asked.append(Asked(name, sop_class, str(command.get("MoveDestination", "")).strip()))
            self._request = (self._context, field, command.MessageID, sop_class)
        if command.CommandDataSetType != 0x0101:
            return b""
        return self._complete() if name != "C-CANCEL" else b""

    def _complete(self) -> bytes:
        assert self._request is not None
        context, field, message, sop_class = self._request
        data, self._data, self._request = self._data, b"", None
        said = b""
        if field == 0x0001:
            self.objects.append(data)
        if field == 0x0020:
            self.queries.append(data)
            match = d.command(0x8020, sop_class, message=message, status=PENDING, data_set=True, context=context)
            said = (match + d.values(context, d.data_set([(0x0010_0020, "LO", b"CANARY")]), command=False)) * MATCHES
        return said + d.command(field | 0x8000, sop_class, message=message, status=SUCCESS, context=context)
