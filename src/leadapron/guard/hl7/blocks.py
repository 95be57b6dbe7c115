"""MLLP: messages in blocks (HL7 v2.5 Appendix C.4). Tolerant of what stands between them, strict about what they are.

A block begins with 0x0B and ends with 0x1C, whether or not 0x0D follows: engines forget it, and what the guard sends
on has it. 0x0B inside a block is a character (Word writes it for a line break); who begins anew there is known by its
header.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from leadapron.see.wire.hl7 import END_BLOCK, FILLER, START_BLOCK

START: Final = b"\x0b"
END: Final = b"\x1c\r"


class Mark(Enum):
    """What the next bytes are."""

    START = auto()
    CONTENT = auto()
    END = auto()
    BROKEN = auto()
    """Neither filler nor the start of a block."""


class Blocks:
    """Where one side is. Nothing is kept but that, so it cannot depend on how bytes were cut."""

    def __init__(self) -> None:
        self.inside = False

    def next(self, data: bytes, at: int) -> tuple[Mark, int, int] | None:
        """The next mark from `at` on, with the bounds of content, and where to go on; None at the end of `data`."""
        if self.inside:
            end = data.find(END_BLOCK, at)
            if end == at:
                self.inside = False
                return Mark.END, at, at + 1
            if at == len(data):
                return None
            return Mark.CONTENT, at, end if end > 0 else len(data)
        at = len(data) - len(data[at:].lstrip(FILLER))
        if at == len(data):
            return None
        if data[at] != START_BLOCK:
            return Mark.BROKEN, at, at
        self.inside = True
        return Mark.START, at, at + 1
