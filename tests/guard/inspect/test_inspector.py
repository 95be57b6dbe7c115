"""Objects looked at as they stream by."""

from __future__ import annotations

import zlib
from functools import cache

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.inspect import ContentRules, Depth, Finding, Inspector
from leadapron.guard.inspect.inflation import FREE
from leadapron.guard.inspect.windows import FIRST, OVERLAP, WINDOW
from leadapron.model.guard import Reason
from tests.guard.inspect.hostile_objects import (
    DEFLATED,
    EICAR,
    HOSTILE,
    JPEG,
    LEGITIMATE,
    PIXELS,
    ct,
    element,
    fragments,
    noise,
    private,
    program,
)
from tests.see.wire.dicom_bytes import BIG, EXPLICIT, IMPLICIT

KEY = bytes(range(32))


@cache
def rules() -> ContentRules:
    return ContentRules.load([])


def inspect(
    data: bytes, syntax: str = EXPLICIT, *, cut: int = 16_384, depth: Depth = Depth.HEADER, key: bytes | None = KEY
) -> Inspector:
    """An object in pieces of one size."""
    inspector = Inspector(syntax, rules(), depth=depth, key=key)
    view = memoryview(data)
    for start in range(0, len(view), cut):
        inspector.feed(view[start : start + cut])
    inspector.end()
    return inspector


def seen(inspector: Inspector) -> tuple[object, ...]:
    return (
        inspector.finding, inspector.pixel_digest, inspector.dataset_digest, inspector.instance, inspector.study,
        inspector.evidence,
    )  # fmt: skip


def test_a_sound_object_passes_with_its_digests() -> None:
    pixels = noise(8192)
    data = ct(pixels=pixels)
    inspector = inspect(data)
    assert inspector.finding is None
    assert (inspector.instance, inspector.study) == ("1.2.826.0.1.99.7", "1.2.826.0.1.99")
    digest = blake3(pixels, key=KEY)
    assert inspector.pixel_digest == digest.hexdigest()
    assert inspector.dataset_digest == blake3(data.replace(pixels, digest.digest()), key=KEY).hexdigest()
    assert inspector.evidence == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_object_should_hold_is_found(name: str) -> None:
    wanted, data = HOSTILE[name]
    syntax = JPEG if "fragments" in name else EXPLICIT
    inspector = inspect(data, syntax)
    assert inspector.finding is not None
    assert inspector.finding.name == wanted
    structural = wanted in ("nesting", "length-beyond")
    assert inspector.finding.reason is (Reason.PROTOCOL if structural else Reason.CONTENT)
    assert inspect(data, syntax, depth=Depth.OFF).finding is None


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_real_objects_hold_passes(name: str) -> None:
    assert inspect(LEGITIMATE[name], JPEG if name == "fragments" else EXPLICIT).finding is None


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_every_way_of_writing_is_walked(syntax: str) -> None:
    pixels = noise(4096)
    sound = inspect(ct(pixels=pixels + EICAR, syntax=syntax), syntax)
    assert sound.finding is None
    assert sound.pixel_digest == blake3(pixels + EICAR, key=KEY).hexdigest()
    after = element(0xFFFC_FFFC, "OB", EICAR, syntax)
    assert inspect(ct(after=after, syntax=syntax), syntax).finding is not None


def test_pixels_are_looked_at_where_the_policy_says_whole() -> None:
    data = ct(pixels=noise(700_000) + EICAR + noise(700_000))
    assert inspect(data).finding is None
    whole = inspect(data, depth=Depth.WHOLE)
    assert whole.finding is not None
    assert (whole.finding.name, data[whole.finding.offset :][:6]) == ("eicar", b"$EICAR")
    assert whole.pixel_digest == inspect(data).pixel_digest


def test_a_tag_inside_a_private_value_opens_no_blind_spot() -> None:
    fake = element(PIXELS, "OW", b"", length=100_000)
    finding = inspect(ct(private(fake + EICAR))).finding
    assert finding is not None
    assert finding.name == "eicar"


def test_second_pixel_data_are_no_blind_spot() -> None:
    assert inspect(ct(after=element(PIXELS, "OW", EICAR))).finding is not None


def test_pixel_data_of_a_text_vr_are_no_blind_spot() -> None:
    assert inspect(element(PIXELS, "UT", EICAR)).finding is not None


def test_once_lost_everything_is_looked_at() -> None:
    broken = element(0x0009_1010, "ZZ", b"ab")
    assert inspect(ct(broken, pixels=noise(500) + EICAR)).finding is not None


def test_a_string_cut_by_the_end_of_the_elements_is_found() -> None:
    """Its first half is a value, its second half is no element."""
    half = len(EICAR) // 2
    data = element(0x0009_1010, "OB", EICAR[:half], length=half) + EICAR[half:]
    assert inspect(data).finding is not None


@pytest.mark.parametrize("border", [FIRST, FIRST + WINDOW - OVERLAP])
@pytest.mark.parametrize("shift", [-68, -40, -1, 0, 1])
def test_nothing_hides_on_the_border_of_two_blocks(border: int, shift: int) -> None:
    head = ct(encapsulated=True, pixels=b"")[: -len(element(PIXELS, "OB", b""))]
    filler = noise(border + shift - len(head) - 12)
    data = head + element(0x0029_1008, "OB", filler + EICAR + noise(WINDOW))
    finding = inspect(data).finding
    assert finding is not None
    assert data[finding.offset :].startswith(b"$EICAR")


def test_evidence_of_a_late_find_is_the_beginning_and_the_block() -> None:
    data = ct(after=element(0xFFFC_FFFC, "OB", EICAR), pixels=noise(200_000))
    (at, head), (start, block) = inspect(data).evidence
    assert at == 0
    assert head == data[: len(head)]
    assert b"EICAR" in block
    assert data[start : start + len(block)] == block


def test_encapsulated_pixels_are_digested_with_their_items() -> None:
    pixels = fragments(noise(70_000), noise(1000, 2))
    after = element(0xFFFC_FFFC, "OB", bytes(10))
    data = ct(pixels=pixels, encapsulated=True, after=after)
    inspector = inspect(data, JPEG)
    assert inspector.pixel_digest == blake3(pixels, key=KEY).hexdigest()
    digest = blake3(pixels, key=KEY).digest()
    assert inspector.dataset_digest == blake3(data.replace(pixels, digest), key=KEY).hexdigest()


def test_without_a_key_there_are_no_digests() -> None:
    inspector = inspect(ct(), key=None)
    assert (inspector.pixel_digest, inspector.dataset_digest) == ("", "")
    assert inspector.instance


def test_an_object_without_pixels_has_no_pixel_digest() -> None:
    assert inspect(LEGITIMATE["no pixels"]).pixel_digest == ""


# ---------------------------------------------------------------- deflated
def deflated(data: bytes, level: int = 6) -> bytes:
    packer = zlib.compressobj(level, wbits=-15)
    return packer.compress(data) + packer.flush()


def test_deflated_objects_are_opened() -> None:
    data = ct()
    sound = inspect(deflated(data) + b"\0", DEFLATED)
    assert sound.finding is None
    assert sound.pixel_digest == inspect(data).pixel_digest
    hostile = inspect(deflated(ct(private(program()))), DEFLATED)
    assert hostile.finding is not None
    assert hostile.finding.name == "pe-program"


@pytest.mark.parametrize("cut", [1000, 16_384, 1 << 20])
def test_a_bomb_is_found_before_it_is_opened(cut: int) -> None:
    bomb = deflated(ct(pixels=bytes(FREE * 8)), 9)
    inspector = inspect(bomb, DEFLATED, cut=cut)
    assert inspector.finding == Finding("deflate-bomb", Reason.PROTOCOL, 132)
    assert inspector.dataset_digest == ""


def test_a_black_image_is_no_bomb() -> None:
    assert inspect(deflated(ct(pixels=bytes(8 << 20)), 9), DEFLATED).finding is None


@pytest.mark.parametrize("data", [b"\xff" * 100, deflated(ct())[:-20], b"not deflated at all"])
def test_what_does_not_open_is_found(data: bytes) -> None:
    finding = inspect(data, DEFLATED).finding
    assert finding is not None
    assert finding.name == "deflate-broken"


def test_what_follows_a_deflated_object_is_looked_at() -> None:
    assert inspect(deflated(ct()) + EICAR, DEFLATED).finding is not None


# ---------------------------------------------------------------- promises
SAMPLES = [data for _, data in HOSTILE.values()] + list(LEGITIMATE.values())


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED])
def test_how_bytes_are_cut_changes_nothing(depth: Depth, syntax: str) -> None:
    for data in SAMPLES:
        if len(data) < 50_000:
            sent = deflated(data) if syntax == DEFLATED else data
            whole = seen(inspect(sent, syntax, cut=1 << 20, depth=depth))
            for cut in (1, 3, 8, 17, 1000):
                assert seen(inspect(sent, syntax, cut=cut, depth=depth)) == whole


@given(
    base=st.sampled_from([data for data in SAMPLES if len(data) < 20_000]),
    changes=st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=12)), max_size=6),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG]),
    depth=st.sampled_from(list(Depth)),
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=30),
)
def test_hostile_bytes_never_raise_and_cuts_never_matter(
    base: bytes, changes: list[tuple[int, bytes]], syntax: str, depth: Depth, cuts: list[int]
) -> None:
    data = bytearray(base)
    for place, change in changes:
        data[place : place + len(change)] = change
    whole = inspect(bytes(data), syntax, cut=1 << 20, depth=depth)
    pieces = Inspector(syntax, rules(), depth=depth, key=KEY)
    position, turn = 0, 0
    while position < len(data):
        size = cuts[turn % len(cuts)]
        pieces.feed(memoryview(data)[position : position + size])
        position, turn = position + size, turn + 1
    pieces.end()
    assert seen(pieces) == seen(whole)
