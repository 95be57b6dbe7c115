"""Where elements lie: borders of pixel data, and structures that no sound writer makes."""

from __future__ import annotations

import struct
import tracemalloc

import pytest

from leadapron.guard.inspect import Inspector, layout
from leadapron.guard.inspect.layout import MAX_DEPTH, Border, Layout
from tests.guard.inspect.hostile_objects import NEVER, PIXELS, ct, element, fragments, item, nested, noise, sequence
from tests.see.wire.dicom_bytes import EXPLICIT, IMPLICIT


def borders(data: bytes, syntax: str = EXPLICIT) -> list[tuple[Border, int]]:
    """Borders, and where they are."""
    found: list[tuple[Border, int]] = []
    left = memoryview(data)
    walked = Layout(syntax)
    while len(left):
        _, left = walked.walk(left)
        if walked.border is not Border.NONE:
            found.append((walked.border, walked.at))
    walked.end()
    if walked.hostile and not walked.lost:
        found.append((Border.HOSTILE, walked.at))
    return found


def test_native_pixel_data_have_a_beginning_and_an_end() -> None:
    data = ct(pixels=noise(100), after=element(0xFFFC_FFFC, "OB", b"ab"))
    start = data.index(noise(100))
    assert borders(data) == [(Border.NATIVE, start), (Border.PIXELS_END, start + 100)]


def test_fragments_end_behind_their_delimiter() -> None:
    value = fragments(b"abcd", b"efgh")
    data = ct(pixels=value, encapsulated=True, after=element(0xFFFC_FFFC, "OB", b"ab"))
    start = data.index(value)
    assert borders(data) == [(Border.FRAGMENTS, start), (Border.PIXELS_END, start + len(value))]


def test_pixel_data_inside_a_sequence_are_no_border() -> None:
    assert borders(sequence(0x0088_0200, [item(element(PIXELS, "OW", bytes(50)))])) == []


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("undefined", [False, True])
def test_depth_has_a_limit(syntax: str, undefined: bool) -> None:
    assert borders(nested(MAX_DEPTH, syntax, undefined=undefined), syntax) == []
    ((border, at),) = borders(nested(MAX_DEPTH + 1, syntax, undefined=undefined), syntax)
    assert border is Border.HOSTILE
    assert at < 3000


def test_the_number_of_elements_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_ELEMENTS", 1000)
    one = element(0x0009_1010, "LO", b"")
    assert borders(one * 1000) == []
    assert borders(one * 1001) == [(Border.HOSTILE, 8000)]
    assert borders(one * 500 + sequence(0x0009_1011, [item(b"")] * 600)) == [(Border.HOSTILE, 4000 + 12 + 499 * 8)]


@pytest.mark.parametrize("lack", [1, 2, 100])
def test_a_value_that_reaches_beyond_the_object(lack: int) -> None:
    data = ct(pixels=bytes(500))
    assert borders(data[:-lack])[1:] == ([] if lack == 1 else [(Border.HOSTILE, len(data) - lack)])


def test_items_that_overrun_their_sequence_lead_nowhere_else() -> None:
    """The sequence's length counts; what is behind it is walked on."""
    overrun = element(0x0008_1140, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 1 << 20) + b"\x08\0\x60\0CS\xff\x00ab")
    assert borders(ct(overrun, pixels=bytes(64)))[0][0] is Border.NATIVE


@pytest.mark.parametrize(
    "broken",
    [
        element(0x0009_1010, "ZZ", b"ab"),
        element(0x0009_1010, "SQ", noise(64), length=NEVER),
        struct.pack("<HHI", 0xFFFE, 0xE000, 0),
        struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
    ],
)
def test_what_cannot_be_walked_is_lost(broken: bytes) -> None:
    found = borders(ct(broken, pixels=bytes(64)))
    assert [border for border, _ in found] == [Border.LOST]


def test_memory_stays_small_however_large_the_object() -> None:
    head = element(0x0029_1008, "OB", b"", length=64 << 20)
    piece = bytes(256 * 1024)
    inspector = Inspector(EXPLICIT, None, key=bytes(32))
    tracemalloc.start()
    inspector.feed(head)
    for _ in range(256):
        inspector.feed(piece)
    inspector.end()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert inspector.finding is None
    assert peak < 1 << 20
