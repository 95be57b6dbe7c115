"""DICOM on one connection (PS3.8): headers are read, pixel data are jumped over by arithmetic.

After a P-DATA header only the DIMSE command and the head of a data set are wanted, so bulk objects cost a few bytes
each, and loss inside their payload does no harm.
"""

from __future__ import annotations

import re
from functools import lru_cache

from leadapron.model.events import Service
from leadapron.see.wire.dicom.association import Association
from leadapron.see.wire.dicom.dataset import HEAD_STEPS, is_wide_query, read_head
from leadapron.see.wire.dicom.dimse import MAX_COMMAND, Command, parse_command
from leadapron.see.wire.dicom.pdu import FIXED_PART, HEADER, AssociateItems, PduType, parse_items
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side

MAX_ASSOCIATE = 256 * 1024
"""Bytes of an A-ASSOCIATE PDU: 128 contexts of 30 syntaxes stay below."""
_CANDIDATE = re.compile(rb"[\x01\x02\x04](?:\x00|\Z)|[\x05-\x07](?:\x00{4}\x04|\x00{0,4}\Z)")
"""Where a PDU may begin, as far as the bytes at hand tell."""
_LEAST = {1: 42, 2: 42, 4: 12, 5: HEADER, 6: HEADER, 7: HEADER}
"""PDU type → bytes that are needed to tell it from chance."""
_COMMAND = re.compile(rb"\x04\x00.{8}[\x01-\xff][\x01\x03]\x00\x00\x00\x00\x04\x00\x00\x00", re.DOTALL)
"""A P-DATA-TF PDU that starts a command set, which itself starts with its group length (PS3.7 Annex E.1)."""
_TITLE_BYTES = bytes((0, *range(0x20, 0x7F)))

_parse_items = lru_cache(maxsize=4096)(parse_items)
_parse_command = lru_cache(maxsize=4096)(parse_command)
_RQ, _AC, _RJ, _DATA, _, _RP, _ABORT = map(int, PduType)


class _Stream:
    """What is half-read of one side."""

    # Defaults of the class: two of these are made for every connection.
    pdu_left = 0
    """Bytes of the current P-DATA-TF PDU after its header."""
    value_left = 0
    """Bytes of the current data-set fragment not yet passed."""
    last = False
    command = b""
    message: Command | None = None
    """The command whose data set comes next."""
    context = 0
    head: bytearray | None = None
    """The first bytes of the current data set, while they are wanted."""
    lost = False

    def __init__(self, side: Side) -> None:
        self.side = side

    @property
    def stores(self) -> bool:
        """Is the current data set an object that is being stored?"""
        return self.message is not None and self.message.name == "C-STORE" and not self.message.response

    def forget(self) -> None:
        self.pdu_left = self.value_left = 0
        self.command, self.message, self.head = b"", None, None


class DicomDissector(Dissector):
    """DICOM upper layer over TCP."""

    service = Service.DICOM
    max_pending = MAX_ASSOCIATE + HEADER
    _requestor: Side | None = None

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._streams = (_Stream(Side.CLIENT), _Stream(Side.SERVER))
        self._association = Association(conversation.pseudonym, conversation.start, conversation.packet)

    # ---------------------------------------------------------------- recognition
    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        kind = head[0]
        if kind in (_RQ, _AC) and head[1:2] in (b"\0", b""):
            if len(head) < 42:
                return Match.MORE if _associate_prefix(head) else Match.NO
            return Match.YES if _associate_prefix(head) else Match.NO
        if kind in (_RJ, _ABORT) and side is Side.SERVER:
            fixed = bytes((kind, 0, 0, 0, 0, 4, 0))
            if not fixed.startswith(head[:7]):
                return Match.NO
            return Match.YES if len(head) >= 10 and head[8] <= 3 else Match.MORE
        return Match.NO

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        if len(head) >= 42 and head[0] in (_RQ, _AC):
            return Match.YES if head[1] == 0 and _associate_prefix(head) else Match.NO
        if _single_value_pdu(head, 0):
            return Match.YES
        command = _COMMAND.search(head)
        return Match.YES if command and _single_value_pdu(head, command.start()) else Match.NO

    def begin_midstream(self, side: Side) -> None:
        self._streams[side].lost = True

    # ---------------------------------------------------------------- the stream
    def feed(self, side: Side, data: bytes) -> int:
        stream = self._streams[side]
        position, end = 0, len(data)
        if stream.lost:
            position = self._resynchronise(stream, data)
            if stream.lost:
                return position
        while True:
            if stream.value_left:
                position = self._value(stream, data, position)
                if stream.value_left:
                    return position
            if end - position < HEADER:
                return position
            if stream.pdu_left > 0:
                used = self._fragment(stream, data, position)
            elif data[position] == _DATA:
                used = self._data_pdu(stream, data, position)
            else:
                used = self._control_pdu(stream, data, position)
            if used == 0:
                return position
            if used < 0:
                stream.forget()
                stream.lost = True
                position += 1
                position += self._resynchronise(stream, data[position:])
                if stream.lost:
                    return position
                continue
            position += used

    def gap(self, side: Side, size: int) -> int:
        self._association.gaps += 1
        stream = self._streams[side]
        stream.forget()
        stream.lost = True
        return 0

    def _resynchronise(self, stream: _Stream, data: bytes) -> int:
        """Look for a PDU whose own lengths agree; chance would have to guess 32 bits.

        Returns the bytes passed over. Waits at the first place that is not decided yet, so that the way the
        stream is cut changes nothing.
        """
        position = 0
        while match := _CANDIDATE.search(data, position):
            position = match.start()
            kind = data[position]
            if len(data) - position < _LEAST[kind]:
                return position
            if kind == _DATA:
                found = _single_value_pdu(data, position)
            else:
                found = kind > _DATA or _associate_prefix(data[position : position + 42])
            if found:
                stream.lost = False
                return position
            position += 1
        return len(data)

    def _data_pdu(self, stream: _Stream, data: bytes, position: int) -> int:
        """Bytes of one P-DATA-TF header, or -1 where its length cannot be."""
        length = int.from_bytes(data[position + 2 : position + HEADER], "big")
        if length < 6 or length >= STOP:
            self.conversation.anomaly("dicom.pdu-length", f"P-DATA-TF of {length} bytes")
            return -1
        stream.pdu_left = length
        return HEADER

    def _control_pdu(self, stream: _Stream, data: bytes, position: int) -> int:
        """Bytes of one whole PDU of association control; 0 = more are needed, -1 = not a PDU."""
        kind = data[position]
        length = int.from_bytes(data[position + 2 : position + HEADER], "big")
        if not 1 <= kind <= 7:
            self.conversation.anomaly("dicom.pdu-type", f"type {kind}")
            return -1
        least, most = (FIXED_PART, MAX_ASSOCIATE) if kind in (_RQ, _AC) else (4, 4)
        if not least <= length <= most:
            self.conversation.anomaly("dicom.pdu-length", f"type {kind} of {length} bytes")
            return -1
        if len(data) - position < HEADER + length:
            return 0
        self._control(stream.side, kind, data[position + HEADER : position + HEADER + length])
        return HEADER + length

    # ---------------------------------------------------------------- association control
    def _control(self, side: Side, kind: int, body: bytes) -> None:
        association = self._association
        if kind == _RQ:
            self._requested(side, body)
        elif kind == _AC:
            self._set_requestor(side.other)
            association.answered(body, self._items(body))
        elif kind == _RJ:
            self._set_requestor(side.other)
            association.rejected(body)
        elif kind == _RP:
            association.released()
        elif kind == _ABORT:
            association.aborted(body)

    def _requested(self, side: Side, body: bytes) -> None:
        conversation = self.conversation
        if self._association.begun:
            conversation.emit(self._association.event(conversation))
            self._association = Association(conversation.pseudonym, conversation.now(), conversation.current_packet())
        self._set_requestor(side)
        self._association.requested(body, self._items(body))

    def _items(self, body: bytes) -> AssociateItems:
        items = _parse_items(body[FIXED_PART:])
        for fault in items.faults:
            self.conversation.anomaly(fault)
        return items

    def _set_requestor(self, side: Side) -> None:
        if self._association.requestor is None:
            self._association.requestor = side
            if self._requestor is None:
                self._requestor = side
                if side is Side.SERVER:
                    self.conversation.swap_sides()

    # ---------------------------------------------------------------- P-DATA-TF
    def _fragment(self, stream: _Stream, data: bytes, position: int) -> int:
        """Bytes of one presentation-data-value's header, or of the whole value where it holds a command."""
        length = int.from_bytes(data[position : position + 4], "big")
        control = data[position + 5]
        if length < 2 or length + 4 > stream.pdu_left or control > 3:
            self.conversation.anomaly("dicom.pdv-length", f"{length} bytes in {stream.pdu_left}")
            return -1
        if control & 1:
            if length - 2 + len(stream.command) > MAX_COMMAND:
                self.conversation.anomaly("dicom.command-set", f"more than {MAX_COMMAND} bytes")
                return -1
            if len(data) - position < 4 + length:
                return 0
            stream.command += data[position + 6 : position + 4 + length]
            stream.pdu_left -= 4 + length
            if control & 2:
                self._command(stream, data[position + 4])
            return 4 + length
        stream.pdu_left -= 4 + length
        stream.value_left, stream.last = length - 2, control & 2 != 0
        if stream.stores:
            self._association.conduct.objects.fragment(length - 2)
        if not stream.value_left:
            self._end_of_value(stream)
        return HEADER

    def _command(self, stream: _Stream, context: int) -> None:
        command = _parse_command(stream.command)
        stream.command, stream.message, stream.head = b"", None, None
        if command is None:
            self.conversation.anomaly("dicom.command-set")
            return
        self._set_requestor(stream.side.other if command.response else stream.side)
        association = self._association
        association.begun = True
        association.conduct.command(command, by_client=stream.side is association.requestor)
        if command.data_set:
            stream.message, stream.context = command, context
            if not command.response and command.name in ("C-STORE", "C-FIND"):
                stream.head = bytearray()

    def _value(self, stream: _Stream, data: bytes, position: int) -> int:
        """Pass a data-set fragment: keep what the head still wants, jump over the rest."""
        head = stream.head
        if head is not None:
            wanted = next(step for step in (*HEAD_STEPS, 0) if step > len(head) or not step) - len(head)
            take = min(wanted, stream.value_left, len(data) - position)
            if take <= 0 < stream.value_left:
                return position
            head += data[position : position + take]
            position += take
            stream.value_left -= take
            if take == wanted or (not stream.value_left and stream.last):
                self._look_at_head(stream, bytes(head))
            if stream.value_left:
                return self._value(stream, data, position)
        else:
            position += stream.value_left
            stream.value_left = 0
        self._end_of_value(stream)
        return position

    def _look_at_head(self, stream: _Stream, head: bytes) -> None:
        message = stream.message
        complete = (not stream.value_left and stream.last) or len(head) >= HEAD_STEPS[-1]
        if message is None:
            stream.head = None
        elif message.name == "C-STORE":
            found, done = read_head(head, self._association.transfer_syntax(stream.context))
            if done or complete:
                self._association.conduct.objects.head(found)
                stream.head = None
        elif complete:
            self._association.conduct.queries.asked(
                message, wide=is_wide_query(head, self._association.transfer_syntax(stream.context))
            )
            stream.head = None

    def _end_of_value(self, stream: _Stream) -> None:
        if not stream.last:
            return
        if stream.head is not None:
            self._look_at_head(stream, bytes(stream.head))
        if stream.stores:
            self._association.conduct.objects.end(self._association.transfer_syntax(stream.context))
        stream.message = stream.head = None

    def close(self) -> None:
        if self._association.begun:
            self.conversation.emit(self._association.event(self.conversation))
            self._association.begun = False


def _associate_prefix(head: bytes) -> bool:
    """Protocol version 1, reserved bytes zero, AE titles printable (PS3.8 Tables 9-11, 9-17)."""
    if len(head) >= 8 and not head[7] & 1:
        return False
    if head[8:10] not in (b"", b"\0", b"\0\0"):
        return False
    return not head[10:42].strip(_TITLE_BYTES)


def _single_value_pdu(data: bytes, position: int) -> bool:
    """A P-DATA-TF PDU that holds exactly one presentation-data-value, as almost all do."""
    if len(data) - position < 12 or data[position] != _DATA or data[position + 1]:
        return False
    length = int.from_bytes(data[position + 2 : position + 6], "big")
    value = int.from_bytes(data[position + 6 : position + 10], "big")
    return value + 4 == length and value >= 2 and data[position + 10] & 1 == 1 and data[position + 11] < 4
