"""One direction of an association: splits its bytes into PDUs and passes on what was allowed (PS3.8 §9.3, Annex E).

A PDU that holds one fragment in the middle of an allowed data set is cut through: its bytes go on as they come. Any
other PDU is gathered whole and judged before its first byte goes on. Where only the amount of bytes matters, PDUs with
equal headers are passed over together: senders cut an object into fragments of one length. So a chunk of bulk data
costs one comparison for each PDU in it and is passed on as the object that was received.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import Enum, auto
from typing import Protocol

from leadapron.guard.conversation import Bytes
from leadapron.guard.dicom.phases import INVALID_VALUE, UNEXPECTED_PARAMETER, Breach
from leadapron.guard.dicom.words import framed
from leadapron.model.guard import Reason
from leadapron.see.wire.dicom.dimse import MAX_COMMAND
from leadapron.see.wire.dicom.pdu import HEADER, PduType
from leadapron.see.wire.dicom.upper_layer import COMMAND, LAST, VALUE_HEADER, pdu_fault, value_fault
from leadapron.see.wire.dissector import Side

MAX_HELD = 64 * 1024
"""Bytes of PDUs held until the command, or the query, that they hold can be judged."""
FIRST = HEADER + VALUE_HEADER
"""Bytes up to the content of a P-DATA-TF's first value."""

_DATA = int(PduType.DATA)
_HEAD = struct.Struct(">BxIIBB").unpack_from
"""PDU type and length; value's length, context and control."""


class Verdict(Enum):
    """What becomes of a presentation-data-value."""

    PASS = auto()
    """It goes on, after what is held."""
    DROP = auto()
    """It goes nowhere, nor does what is held."""
    HOLD = auto()
    """It waits for what comes next."""


class Passage(ABC):
    """What becomes of one data set. Fragments are announced (`expect`), then fed in any number of pieces."""

    verdict = Verdict.PASS
    """Of fragments that are not the last."""
    cuts = True
    """May fragments that are not the last be taken as they come, without waiting for the whole PDU?"""
    sends = True
    """Does the receiver get this message, so that nothing else may be said until it is over?"""

    def expect(self, size: int) -> None:  # noqa: B027 (few have to know)
        """A fragment of so many bytes begins. Raises Breach where it must not go on."""

    def feed(self, data: memoryview) -> None:  # noqa: B027
        """Bytes of a fragment."""

    @property
    def bulk(self) -> int:
        """Bytes to come that go on whatever they are. Fragments of them may be announced and fed together."""
        return 0

    def feed_bulk(self, size: int, pieces: Iterable[memoryview]) -> None:  # noqa: B027
        """Fragments of so many bytes, all of them bulk."""

    @abstractmethod
    def end(self) -> Verdict:
        """All bytes of the last fragment were fed: may it go on?"""

    def dismiss(self) -> None:  # noqa: B027
        """The association ended before the data set did."""


class Owner(Protocol):
    """Who understands what a stream holds."""

    @property
    def over(self) -> bool:
        """Nothing more is wanted of either side."""

    def legal(self, side: Side, kind: int) -> None:
        """Raises Breach where such a PDU must not come now."""

    def control(self, stream: Stream, pdu: bytes) -> list[Bytes] | None:
        """A whole PDU of association control: what goes on in its place; None: it does, as it is."""

    def command(self, stream: Stream, data: bytes) -> Verdict:
        """A whole command set on `stream.context`. Sets `stream.passage` where a data set follows."""


class _Nobody:
    """The owner of a stream that is over."""

    over = True

    def legal(self, side: Side, kind: int) -> None: ...

    def control(self, stream: Stream, pdu: bytes) -> list[Bytes] | None: ...

    def command(self, stream: Stream, data: bytes) -> Verdict:
        return Verdict.DROP


class Stream:
    """What one side sends, and the outlet that it goes to."""

    def __init__(self, side: Side, owner: Owner, outlet: list[Bytes], most: int) -> None:
        self.side = side
        self.most = most
        """Bytes after the header of the longest P-DATA-TF that this side may send."""
        self.most_associate = most
        self.context = 0
        """Of the current message."""
        self.passage: Passage | None = None
        """The data set that is due, or under way."""
        self.releases = False
        """This side has asked for the release: it says nothing more, nor is anything said in its name."""
        self.emitted: list[Bytes] = []
        """What goes on instead of what was received."""
        self._owner: Owner = owner
        self._outlet = outlet
        self._left = 0
        """Bytes to come of a value that is cut through."""
        self._partial, self._need = bytearray(), HEADER
        """A PDU that is gathered, and how long it must be to say more of it."""
        self._command = bytearray()
        self._held = bytearray()
        self._waiting: list[Bytes] = []
        """What the guard has to say once the current message is over."""

    # ---------------------------------------------------------------- where it stands
    @property
    def busy(self) -> bool:
        """Inside a PDU or a message?"""
        return bool(self._left or self._partial or self.passage is not None or self._command)

    @property
    def in_message(self) -> bool:
        """Is a command or a data set under way?"""
        return self.passage is not None or bool(self._command)

    @property
    def broken_off(self) -> bool:
        """Was a part of a PDU passed on, so that nothing can be said before its end?"""
        return self._left > 0 and self.passage is not None and self.passage.verdict is Verdict.PASS

    @property
    def held(self) -> int:
        """Bytes kept."""
        return len(self._partial) + len(self._held) + len(self._command)

    def inject(self, pdu: bytes) -> None:
        """Say this to whom the stream goes to, as soon as no message is under way. Nothing follows a release request
        (PS3.8 §9.2.3, Sta7)."""
        if self.releases:
            return
        if self.passage is not None and self.passage.sends:
            self._waiting.append(pdu)
        else:
            self._outlet.append(pdu)

    def emit(self, pdu: bytes) -> None:
        """Pass this on in the place of what is being judged."""
        self.emitted.append(pdu)

    def leave(self) -> None:
        """Nothing more comes. Owner and stream let go of each other: memory is free at once, and no search for cycles
        is needed, which would take a tenth of a short association's time."""
        self._owner, self.passage = _Nobody(), None
        self._waiting.clear()

    # ---------------------------------------------------------------- bytes
    def feed(self, data: bytes) -> None:
        """The next bytes of this side. Raises Breach; what was allowed before is in the outlet then."""
        position = 0
        while self._partial and position < len(data):
            piece = data[position : position + self._need - len(self._partial)]
            self._partial += piece
            position += len(piece)
            if len(self._partial) == self._need:
                whole = bytes(self._partial)
                self._partial.clear()
                self._run(whole, 0)
        if position < len(data):
            self._run(data, position)

    def _run(self, data: bytes, position: int) -> None:
        """Judge PDU after PDU; `start` to `position` is what may go on as it is."""
        view, end, start = memoryview(data), len(data), position
        outlet, owner = self._outlet, self._owner
        left = self._left
        try:
            while position < end and not owner.over:
                passage = self.passage
                if left and passage is not None:
                    stop = position + left if left < end - position else end
                    passage.feed(view[position:stop])
                    left -= stop - position
                    if passage.verdict is Verdict.PASS:
                        position = stop
                    else:
                        start, position = self._instead(view, start, position, stop)
                    continue
                if passage is not None and passage.cuts and end - position >= FIRST:
                    kind, length, size, context, control = _HEAD(data, position)
                    sound = not control and 2 < size == length - 4 and length <= self.most
                    if sound and context == self.context and kind == _DATA:
                        if passage.bulk >= size and passage.verdict is Verdict.PASS:
                            stop = self._over_bulk(passage, data, position, size - 2)
                            if stop > position:
                                position = stop
                                continue
                        passage.expect(size - 2)
                        left = size - 2
                        if passage.verdict is Verdict.PASS:
                            position += FIRST
                        else:
                            start, position = self._instead(view, start, position, position + FIRST)
                        continue
                need = self._needed(data, position, end - position)
                if end - position < need:
                    self._pass(view, start, position)
                    self._partial += view[position:]
                    self._need = need
                    start = position = end
                elif self._whole(data[position : position + need]):
                    position += need
                else:
                    start, position = self._instead(view, start, position, position + need)
        finally:
            self._left = left
            if start == 0 and position == end:
                outlet.append(data)
            else:
                self._pass(view, start, position)

    def _over_bulk(self, passage: Passage, data: bytes, position: int, size: int) -> int:
        """Over all PDUs that are whole, have the header of the one at `position`, and hold nothing but bulk data."""
        header, step = data[position : position + FIRST], FIRST + size
        last = min(len(data), position + passage.bulk // size * step) - step
        stop = position
        while stop <= last and data.startswith(header, stop):
            stop += step
        if stop > position:
            view = memoryview(data)
            pieces = (view[at + FIRST : at + step] for at in range(position, stop, step))
            passage.feed_bulk((stop - position) // step * size, pieces)
        return stop

    def _pass(self, view: memoryview, start: int, stop: int) -> None:
        if start < stop:
            self._outlet.append(view[start:stop])

    def _instead(self, view: memoryview, start: int, position: int, stop: int) -> tuple[int, int]:
        """What was allowed goes on; then what was emitted, and not what lies between `position` and `stop`."""
        self._pass(view, start, position)
        if self.emitted:
            self._outlet += self.emitted
            self.emitted.clear()
        return stop, stop

    # ---------------------------------------------------------------- PDUs
    def _needed(self, data: bytes, position: int, available: int) -> int:
        """Bytes without which nothing more can be said of the PDU at `position`."""
        if available < HEADER:
            return HEADER
        kind = data[position]
        length = int.from_bytes(data[position + 2 : position + HEADER], "big")
        self._owner.legal(self.side, kind)
        if fault := pdu_fault(kind, length):
            raise Breach(fault, INVALID_VALUE)
        if length > (self.most if kind == _DATA else self.most_associate):
            raise Breach("dicom.pdu-length", reason=Reason.LIMIT)
        if kind != _DATA and kind != PduType.ABORT and self.in_message:
            raise Breach("dicom.message-unfinished", UNEXPECTED_PARAMETER)
        if kind == _DATA and available < FIRST and self.passage is not None and self.passage.cuts:
            return FIRST
        return HEADER + length

    def _whole(self, pdu: bytes) -> bool:
        """Judge a whole PDU: does it go on as it is? Else `emitted` goes on in its place."""
        if pdu[0] == _DATA:
            intact = self._values(pdu)
        else:
            frames = self._owner.control(self, pdu)
            intact = frames is None
            self.emitted += frames or ()
        if self._waiting and not (self.passage is not None and self.passage.sends):
            if intact:
                self.emitted.append(pdu)
            self.emitted += self._waiting
            self._waiting.clear()
            return False
        return intact

    def _values(self, pdu: bytes) -> bool:
        """Judge the values of a P-DATA-TF; do they all go on, and they only?"""
        view, end, position = memoryview(pdu), len(pdu), HEADER
        intact = not self._held
        while position < end:
            if end - position < VALUE_HEADER:
                raise Breach("dicom.pdv-length", INVALID_VALUE)
            size = int.from_bytes(pdu[position : position + 4], "big")
            context, control = pdu[position + 4], pdu[position + 5]
            if fault := value_fault(size, control, end - position):
                raise Breach(fault, INVALID_VALUE)
            stop = position + 4 + size
            frame = pdu if position == HEADER and stop == end else framed(view[position:stop])
            verdict = self._value(context, control, view[position + VALUE_HEADER : stop])
            if verdict is Verdict.PASS:
                if self._held:
                    self.emitted.append(bytes(self._held))
                    self._held.clear()
                self.emitted.append(frame)
            elif verdict is Verdict.HOLD:
                self._hold(frame)
            else:
                self._held.clear()
                intact = False
            position = stop
        if intact and not self._held:
            self.emitted.clear()
            return True
        return False

    def _hold(self, frame: bytes) -> None:
        self._held += frame
        if len(self._held) > MAX_HELD:
            raise Breach("dicom.command-set", reason=Reason.LIMIT)

    def _value(self, context: int, control: int, content: memoryview) -> Verdict:
        """One presentation-data-value (PS3.8 Annex E.2). The values of one message follow each other."""
        if control & COMMAND:
            if self.passage is not None or (self._command and context != self.context):
                raise Breach("dicom.interleaved", UNEXPECTED_PARAMETER)
            self.context = context
            self._command += content
            if len(self._command) > MAX_COMMAND:
                raise Breach("dicom.command-set", reason=Reason.LIMIT)
            if not control & LAST:
                return Verdict.HOLD
            command = bytes(self._command)
            self._command.clear()
            return self._owner.command(self, command)
        passage = self.passage
        if passage is None or context != self.context:
            raise Breach("dicom.interleaved", UNEXPECTED_PARAMETER)
        passage.expect(len(content))
        passage.feed(content)
        if not control & LAST:
            return passage.verdict
        self.passage = None
        return passage.end()
