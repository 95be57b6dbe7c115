"""What the upper layer can carry (PS3.8 §9.3): the checks and limits that the dissector and the guard share.

Both split a stream by the same arithmetic and call the same bytes broken. The dissector then looks for the next PDU;
the guard ends the association.
"""

from __future__ import annotations

from leadapron.see.wire.dicom.dataset import HEAD_STEP, MAX_QUERY, Head, HeadReader
from leadapron.see.wire.dicom.pdu import FIXED_PART, PduType
from leadapron.see.wire.dissector import STOP

MAX_ASSOCIATE = 256 * 1024
"""Bytes of an A-ASSOCIATE PDU: 128 contexts of 30 syntaxes stay below."""
VALUE_HEADER = 6
"""Bytes before a presentation-data-value's content: length (4), context, message control header (PS3.8 §9.3.5.1)."""
COMMAND, LAST = 1, 2
"""Bits of the message control header (PS3.8 Annex E.2)."""

_LENGTHS: dict[int, tuple[int, int]] = {
    **dict.fromkeys((PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC), (FIXED_PART, MAX_ASSOCIATE)),
    **dict.fromkeys((PduType.ASSOCIATE_RJ, PduType.RELEASE_RQ, PduType.RELEASE_RP, PduType.ABORT), (4, 4)),
    PduType.DATA: (VALUE_HEADER, STOP - 1),
}
"""PDU type → least and most bytes after its header."""
_NONE = (0, -1)


def pdu_fault(kind: int, length: int) -> str:
    """Name of what is wrong with a PDU header, or nothing."""
    least, most = _LENGTHS.get(kind, _NONE)
    if least <= length <= most:
        return ""
    return "dicom.pdu-length" if most > 0 else "dicom.pdu-type"


def value_fault(size: int, control: int, left: int) -> str:
    """Name of what is wrong with a presentation-data-value of `size` bytes where its PDU has `left`, or nothing."""
    return "" if 2 <= size <= left - 4 and control <= COMMAND | LAST else "dicom.pdv-length"


class HeadTap:
    """Gathers the head of one object from its bytes, in steps that do not depend on how these were cut."""

    def __init__(self, transfer_syntax: str) -> None:
        self.skip = 0
        """Bytes to pass before the next ones are wanted."""
        self._reader = HeadReader(transfer_syntax)
        self._step = bytearray()

    @property
    def room(self) -> int:
        """Bytes that `take` wants next, at most."""
        return HEAD_STEP - len(self._step)

    def take(self, data: bytes | memoryview) -> bool:
        """Bytes that follow what was skipped, at most `room`. True once nothing more is wanted."""
        self._step += data
        if len(self._step) < HEAD_STEP:
            return False
        self._look()
        return self._reader.done

    def feed(self, data: memoryview) -> bool:
        """Any bytes, from the start of the object on. True once nothing more is wanted."""
        position, end = 0, len(data)
        while position < end:
            if self.skip:
                passed = min(self.skip, end - position)
                self.skip -= passed
                position += passed
                continue
            piece = data[position : position + self.room]
            position += len(piece)
            if self.take(piece):
                return True
        return False

    def _look(self) -> None:
        self._reader.feed(bytes(self._step))
        self._step.clear()
        self.skip = self._reader.skip

    def head(self) -> Head:
        """What was found so far."""
        if self._step and not self._reader.done:
            self._look()
        return self._reader.head


class QueryTap:
    """Gathers the identifier of one query, if it is not too long to be judged."""

    skip = 0

    def __init__(self) -> None:
        self.identifier = bytearray()

    @property
    def room(self) -> int:
        """Bytes that `take` wants next, at most."""
        return MAX_QUERY - len(self.identifier)

    def take(self, data: bytes | memoryview) -> bool:
        """The next bytes, at most `room`. True once the query is too long."""
        self.identifier += data
        return len(self.identifier) >= MAX_QUERY
