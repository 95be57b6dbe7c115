"""DICOM on one connection (PS3.8): headers are read, pixel data are jumped over by arithmetic.

After a P-DATA header only the DIMSE command and the head of a data set are wanted, so bulk objects cost a few bytes
each, and loss inside their payload does no harm.
"""

from __future__ import annotations

from functools import lru_cache

from leadapron.model.events import Service
from leadapron.see.wire.dicom.association import Association
from leadapron.see.wire.dicom.dataset import is_wide_query
from leadapron.see.wire.dicom.dimse import MAX_COMMAND, Command, parse_command
from leadapron.see.wire.dicom.pdu import FIXED_PART, HEADER, AssociateItems, PduType, parse_items
from leadapron.see.wire.dicom.shape import TITLES_END, find_pdu, holds_pdu, match_associate
from leadapron.see.wire.dicom.upper_layer import COMMAND, LAST, MAX_ASSOCIATE, HeadTap, QueryTap, pdu_fault, value_fault
from leadapron.see.wire.dissector import Conversation, Dissector, Match, Side

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
    tap: HeadTap | QueryTap | None = None
    """Who reads the current data set, while its bytes are wanted."""
    tail = b""
    """What the last feed left unconsumed."""
    lost = False

    def __init__(self, side: Side) -> None:
        self.side = side

    @property
    def stores(self) -> bool:
        """Is the current data set an object that is being stored?"""
        return self.message is not None and self.message.name == "C-STORE" and not self.message.response

    def forget(self) -> None:
        self.pdu_left = self.value_left = 0
        self.command, self.message, self.tap = b"", None, None


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
            return match_associate(head)
        if kind in (_RJ, _ABORT) and side is Side.SERVER:
            fixed = bytes((kind, 0, 0, 0, 0, 4, 0))
            if not fixed.startswith(head[:7]):
                return Match.NO
            return Match.YES if len(head) >= 10 and head[8] <= 3 else Match.MORE
        return Match.NO

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        if len(head) >= TITLES_END and head[0] in (_RQ, _AC):
            return match_associate(head) if head[1] == 0 else Match.NO
        return Match.YES if holds_pdu(head) else Match.NO

    def begin_midstream(self, side: Side) -> None:
        self._streams[side].lost = True

    # ---------------------------------------------------------------- the stream
    def feed(self, side: Side, data: bytes) -> int:
        stream = self._streams[side]
        position, end = 0, len(data)
        if stream.lost:
            position, found = find_pdu(data)
            if not found:
                return position
            stream.lost = False
        while True:
            if stream.value_left:
                position = self._value(stream, data, position)
                if stream.value_left:
                    return position
            if end - position < HEADER:
                stream.tail = data[position:]
                return position
            if stream.pdu_left > 0:
                used = self._fragment(stream, data, position)
            elif data[position] == _DATA:
                used = self._data_pdu(stream, data, position)
            else:
                used = self._control_pdu(stream, data, position)
            if used == 0:
                stream.tail = data[position:]
                return position
            if used < 0:
                stream.forget()
                passed, found = find_pdu(data[position + 1 :])
                position += 1 + passed
                stream.lost = not found
                if stream.lost:
                    return position
                continue
            position += used

    def gap(self, side: Side, size: int) -> int:
        """Where the hole lies inside one value or PDU, its length tells where the next one starts."""
        self._association.gaps += 1
        stream = self._streams[side]
        tail, stream.tail = stream.tail, b""
        self._end_of_head(stream)
        if not stream.lost and stream.value_left >= size:
            left, stream.value_left = stream.value_left, 0
            self._end_of_value(stream)
            return left - size
        if not stream.lost and not stream.value_left and len(tail) > HEADER:
            left = self._rest_of(stream, tail) - size
            if left >= 0:
                self._unfinished(stream, tail)
                return left
        stream.last = True  # where an object ends can no longer be told
        self._end_of_value(stream)
        stream.forget()
        stream.lost = True
        return 0

    @staticmethod
    def _rest_of(stream: _Stream, tail: bytes) -> int:
        """Bytes that a command fragment, or else a PDU, still needs; `feed` has checked the lengths."""
        start = 0 if stream.pdu_left else 2
        return start + 4 + int.from_bytes(tail[start : start + 4], "big") - len(tail)

    def _unfinished(self, stream: _Stream, tail: bytes) -> None:
        """Take what is there of a PDU or of a command whose rest was not captured, as snap lengths cause."""
        if not stream.pdu_left:
            if tail[0] in (_RQ, _AC) and len(tail) >= TITLES_END:
                self._control(stream.side, tail[0], tail[HEADER:], whole=False)
            return
        stream.pdu_left -= 4 + int.from_bytes(tail[:4], "big")
        if not stream.command and tail[5] & LAST:
            stream.command = tail[HEADER:]
            self._command(stream, tail[4], whole=False)
        stream.command = b""

    def _data_pdu(self, stream: _Stream, data: bytes, position: int) -> int:
        """Bytes of one P-DATA-TF header, or -1 where its length cannot be."""
        length = int.from_bytes(data[position + 2 : position + HEADER], "big")
        if fault := pdu_fault(_DATA, length):
            self.conversation.anomaly(fault, f"P-DATA-TF of {length} bytes")
            return -1
        stream.pdu_left = length
        return HEADER

    def _control_pdu(self, stream: _Stream, data: bytes, position: int) -> int:
        """Bytes of one whole PDU of association control; 0 = more are needed, -1 = not a PDU."""
        kind = data[position]
        length = int.from_bytes(data[position + 2 : position + HEADER], "big")
        if fault := pdu_fault(kind, length):
            size = f" of {length} bytes" if 1 <= kind <= 7 else ""
            self.conversation.anomaly(fault, f"type {kind}{size}")
            return -1
        if len(data) - position < HEADER + length:
            return 0
        self._control(stream.side, kind, data[position + HEADER : position + HEADER + length])
        return HEADER + length

    # ---------------------------------------------------------------- association control
    def _control(self, side: Side, kind: int, body: bytes, *, whole: bool = True) -> None:
        association = self._association
        if kind == _RQ:
            self._requested(side, body, whole=whole)
        elif kind == _AC:
            self._set_requestor(side.other)
            association.answered(body, self._items(body, whole=whole))
        elif kind == _RJ:
            self._set_requestor(side.other)
            association.rejected(body)
        elif kind == _RP:
            association.released()
        elif kind == _ABORT:
            association.aborted(body)

    def _requested(self, side: Side, body: bytes, *, whole: bool) -> None:
        conversation = self.conversation
        if self._association.begun and not self._association.awaits(body):
            conversation.emit(self._association.event(conversation))
            self._association = Association(conversation.pseudonym, conversation.now(), conversation.current_packet())
        self._set_requestor(side)
        self._association.requested(body, self._items(body, whole=whole))

    def _items(self, body: bytes, *, whole: bool) -> AssociateItems:
        items = _parse_items(body[FIXED_PART:])
        if whole:
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
        if fault := value_fault(length, control, stream.pdu_left):
            self.conversation.anomaly(fault, f"{length} bytes in {stream.pdu_left}")
            return -1
        if control & COMMAND:
            if length - 2 + len(stream.command) > MAX_COMMAND:
                self.conversation.anomaly("dicom.command-set", f"more than {MAX_COMMAND} bytes")
                return -1
            if len(data) - position < 4 + length:
                return 0
            stream.command += data[position + 6 : position + 4 + length]
            stream.pdu_left -= 4 + length
            if control & LAST:
                self._command(stream, data[position + 4])
            return 4 + length
        stream.pdu_left -= 4 + length
        stream.value_left, stream.last = length - 2, control & LAST != 0
        if stream.stores:
            self._association.conduct.objects.fragment(length - 2)
        if not stream.value_left:
            self._end_of_value(stream)
        return HEADER

    def _command(self, stream: _Stream, context: int, *, whole: bool = True) -> None:
        command = _parse_command(stream.command) if whole else parse_command(stream.command, whole=False)
        stream.command, stream.message, stream.tap = b"", None, None
        if command is None:
            if whole:
                self.conversation.anomaly("dicom.command-set")
            return
        self._set_requestor(stream.side.other if command.response else stream.side)
        association = self._association
        association.begun = True
        association.conduct.command(command, by_client=stream.side is association.requestor)
        if command.data_set:
            stream.message, stream.context = command, context
            if not command.response and command.name == "C-STORE":
                stream.tap = HeadTap(association.transfer_syntax(context))
            elif not command.response and command.name == "C-FIND":
                stream.tap = QueryTap()

    def _value(self, stream: _Stream, data: bytes, position: int) -> int:
        """Pass a data-set fragment: keep what the tap still wants, jump over the rest."""
        while stream.value_left:
            tap = stream.tap
            if tap is None:
                position += stream.value_left
                stream.value_left = 0
                break
            if skip := min(tap.skip, stream.value_left):
                tap.skip -= skip
                stream.value_left -= skip
                position += skip
                continue
            take = min(tap.room, stream.value_left, len(data) - position)
            if take <= 0:
                return position
            position += take
            stream.value_left -= take
            if tap.take(data[position - take : position]):
                self._end_of_head(stream)
        self._end_of_value(stream)
        return position

    def _end_of_head(self, stream: _Stream) -> None:
        """Nothing more is wanted of the head, or no more will come: an object's tells what it told so far."""
        if isinstance(stream.tap, HeadTap):
            self._association.conduct.objects.head(stream.tap.head())
        stream.tap = None

    def _end_of_value(self, stream: _Stream) -> None:
        """A fragment is over; after the last one of a data set, tell what it was."""
        if not stream.last:
            return
        message, association = stream.message, self._association
        if isinstance(stream.tap, QueryTap) and message is not None:
            wide = is_wide_query(bytes(stream.tap.identifier), association.transfer_syntax(stream.context))
            association.conduct.queries.asked(message, wide=wide)
        if stream.tap is not None:
            self._end_of_head(stream)
        if stream.stores:
            association.conduct.objects.end(association.transfer_syntax(stream.context))
        stream.message = None

    def close(self) -> None:
        if self._association.begun:
            self.conversation.emit(self._association.event(self.conversation))
            self._association.begun = False
