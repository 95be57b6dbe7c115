"""How elements are written under a transfer syntax (PS3.5 §7.1, Annex A), prepared for walking fast.

`see.wire.dicom.dataset` reads a few elements of a head; here every element of every object is passed, so headers are
unpacked by one call each and tags are compared as they lie: in little endian their two halves are swapped.
"""

from __future__ import annotations

import struct
from typing import Final

from leadapron.see.wire.dicom.dataset import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE

GE_PRIVATE = "1.2.840.113619.5.2"
"""Implicit little endian but for its pixels."""

SHORT_VR: Final = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
     b"ST", b"TM", b"UI", b"UL", b"US"}
)  # fmt: skip
"""VRs whose length has two bytes (PS3.5 Table 7.1-2)."""
LONG_VR: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)  # fmt: skip
"""VRs whose length has four bytes (PS3.5 Table 7.1-1)."""
UNDEFINED: Final = 0xFFFF_FFFF

__all__ = ["DEFLATED", "LONG_VR", "SHORT_VR", "UNDEFINED", "Writing", "writing"]


class Writing:
    """One way of writing elements. Numbers named after tags compare with the first one that the readers return."""

    def __init__(self, *, implicit: bool, big: bool) -> None:
        self.implicit = implicit
        self.big = big
        mark = ">" if big else "<"
        self.plain = struct.Struct(mark + "II").unpack_from
        """Tag and length of an implicit element or an item."""
        self.explicit = struct.Struct(mark + "I2sH").unpack_from
        """Tag, VR and short length."""
        self.long = struct.Struct(mark + "I").unpack_from
        self.triple = struct.Struct(mark + "III").unpack_from
        """Tag and length of an implicit element, and the first four bytes of its value."""
        self.pack_long = struct.Struct(mark + "I").pack
        self.pixels = self.tag(0x7FE0_0010)
        self.sop_class = self.tag(0x0008_0016)
        self.instance = self.tag(0x0008_0018)
        self.study = self.tag(0x0020_000D)
        self.series = self.tag(0x0020_000E)
        self.item, self.item_end, self.items_end = map(self.tag, (0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD))
        self.delimiters = frozenset({self.item, self.item_end, self.items_end})
        self.wanted = frozenset({self.pixels, self.sop_class, self.instance, self.study, self.series})
        self.special = self.delimiters | self.wanted
        self.item_bytes = struct.pack(mark + "I", self.item)

    def tag(self, number: int) -> int:
        """A tag (group, element) as the readers return it; its own inverse."""
        return number if self.big else (number & 0xFFFF) << 16 | number >> 16


IMPLICIT = Writing(implicit=True, big=False)
EXPLICIT = Writing(implicit=False, big=False)
EXPLICIT_BE = Writing(implicit=False, big=True)


def writing(transfer_syntax: str) -> Writing:
    """How a transfer syntax writes elements; all but three are explicit little endian."""
    if transfer_syntax in (IMPLICIT_LITTLE, GE_PRIVATE):
        return IMPLICIT
    return EXPLICIT_BE if transfer_syntax == EXPLICIT_BIG else EXPLICIT
