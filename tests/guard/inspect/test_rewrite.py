"""Private elements taken out in passing."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

from leadapron.guard.inspect import Inspector, Rewriter
from leadapron.model.guard import Reason
from tests.guard.inspect.hostile_objects import (
    DEFLATED,
    HOSTILE,
    JPEG,
    LEGITIMATE,
    NEVER,
    ct,
    element,
    fragments,
    item,
    noise,
    private,
    sequence,
)
from tests.see.wire.dicom_bytes import BIG, EXPLICIT, IMPLICIT

KEY = bytes(32)


def rewrite(
    data: bytes, syntax: str = EXPLICIT, keep: tuple[str, ...] = (), *, cut: int = 16_384
) -> tuple[bytes, Rewriter]:
    """An object in pieces of one size."""
    rewriter = Rewriter(syntax, keep)
    out = b""
    for start in range(0, len(data), cut):
        out += b"".join(rewriter.feed(memoryview(data)[start : start + cut]))
    return out + b"".join(rewriter.end()), rewriter


def test_private_elements_go_and_everything_else_stays() -> None:
    after = element(0xFFFC_FFFC, "OB", bytes(6))
    out, rewriter = rewrite(ct(private(b"secret"), after=element(0x7FE1_1010, "OB", b"more") + after))
    assert out == ct(after=after)
    assert rewriter.altered
    assert rewriter.finding is None


def test_an_object_without_private_elements_stays_byte_by_byte() -> None:
    for name in ("plain CT", "icon", "sequences of unknown length", "sequences of known length", "empty"):
        out, rewriter = rewrite(LEGITIMATE[name])
        assert out == LEGITIMATE[name]
        assert not rewriter.altered


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_elements_of_an_allowed_creator_stay(syntax: str) -> None:
    kept = element(0x0029_0011, "LO", b"KEPT MAKER", syntax) + element(0x0029_1101, "OB", b"kept", syntax)
    gone = element(0x0029_0010, "LO", b"ACME PRIVATE", syntax) + element(0x0029_1008, "OB", b"gone", syntax)
    names = element(0x0029_0010, "LO", b"ACME PRIVATE", syntax), element(0x0029_0011, "LO", b"KEPT MAKER", syntax)
    mixed = names[0] + names[1] + gone[len(names[0]) :] + kept[len(names[1]) :]
    out, _ = rewrite(ct(mixed, syntax=syntax), syntax, ("KEPT MAKER ",))
    assert out == ct(kept, syntax=syntax)


def test_a_block_is_known_in_its_own_data_set_only() -> None:
    outer = element(0x0029_0010, "LO", b"KEPT MAKER")
    inner = element(0x0029_1001, "OB", b"x\0")
    out, _ = rewrite(ct(outer, sequence(0x0040_A730, [item(inner)])), keep=("KEPT MAKER",))
    assert out == ct(outer, sequence(0x0040_A730, [item(b"")]))


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_nested_private_elements_go(syntax: str, undefined: bool) -> None:
    public = element(0x0008_0060, "CS", b"CT", syntax)

    def made(extra: bytes) -> bytes:
        inner = sequence(0x0040_A730, [item(public + extra, syntax, undefined=undefined)], syntax, undefined=undefined)
        outer = [item(inner + extra, syntax, undefined=undefined), item(public, syntax)]
        return ct(sequence(0x0040_A730, outer, syntax, undefined=undefined), syntax=syntax)

    out, rewriter = rewrite(made(private(b"gone", syntax=syntax)), syntax)
    assert out == made(b"")
    assert rewriter.altered


def test_group_lengths_go_where_they_would_be_wrong() -> None:
    length = element(0x0028_0000, "UL", struct.pack("<I", 99))
    assert rewrite(ct(length))[0] == ct(length)
    assert rewrite(ct(length, private(b"gone")))[0] == ct()


def test_encapsulated_pixels_pass_as_they_are() -> None:
    pixels = fragments(noise(100_000), noise(50, 2))
    gone = element(0x7FE1_1010, "OB", b"gone")
    out, _ = rewrite(ct(private(b"gone"), pixels=pixels, encapsulated=True, after=gone), JPEG)
    assert out == ct(pixels=pixels, encapsulated=True)


def test_deflated_objects_are_packed_again() -> None:
    def deflated(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()

    out, rewriter = rewrite(deflated(ct(private(b"gone"))), DEFLATED)
    assert zlib.decompress(out, -15) == ct()
    assert len(out) % 2 == 0
    assert rewriter.altered


def test_pixels_are_never_held() -> None:
    rewriter = Rewriter(EXPLICIT)
    data = ct(pixels=noise(1 << 20))
    sizes = [sum(map(len, rewriter.feed(data[start : start + 4096]))) for start in range(0, len(data), 4096)]
    assert sum(sizes) == len(data)
    assert all(size == 4096 for size in sizes[1:-1])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (ct(element(0x0009_1010, "ZZ", b"ab")), "not-walkable"),
        (ct(element(0x0009_1010, "SQ", noise(64))), "not-walkable"),
        (HOSTILE["nesting"][1], "not-walkable"),
        (HOSTILE["eicar trailing"][1], "not-walkable"),
        (ct(private(bytes(9 << 20))), "too-large-to-rewrite"),
    ],
)
def test_what_it_cannot_judge_it_does_not_pass(data: bytes, name: str) -> None:
    out, rewriter = rewrite(data)
    assert rewriter.finding is not None
    assert (rewriter.finding.name, rewriter.finding.reason) == (name, Reason.BLIND)
    assert len(out) < len(data)


@pytest.mark.parametrize("cut", [5000, 16_384, 20 << 20])
@pytest.mark.parametrize("name", ["nesting", "eicar trailing", "too large"])
def test_whoever_fails_open_gets_everything(name: str, cut: int) -> None:
    data = ct(private(bytes(9 << 20))) if name == "too large" else HOSTILE[name][1]
    rewriter, out = Rewriter(EXPLICIT), b""
    gave_up = False
    for start in range(0, len(data), cut):
        out += b"".join(rewriter.feed(data[start : start + cut]))
        if rewriter.finding and not gave_up:
            out += b"".join(rewriter.give_up())
            gave_up = True
    out += b"".join(rewriter.end())
    if rewriter.finding and not gave_up:
        out += b"".join(rewriter.give_up())
    assert out == data


# ---------------------------------------------------------------- against pydicom
def files() -> Iterator[Path]:
    for name in (
        "CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "JPEG2000.dcm", "rtplan.dcm", "rtdose.dcm",
        "nested_priv_SQ.dcm", "priv_SQ.dcm", "image_dfl.dcm", "reportsi.dcm", "liver_1frame.dcm", "test-SR.dcm",
        "MR_small_implicit.dcm", "US1_UNCI.dcm", "693_UNCI.dcm", "OT-PAL-8-face.dcm", "UN_sequence.dcm",
    ):  # fmt: skip
        if found := get_testdata_file(name, download=False):
            yield Path(str(found))


def data_set_of(path: Path) -> tuple[str, bytes]:
    """Transfer syntax and data set of a file (PS3.10 §7.1)."""
    data = path.read_bytes()
    meta = pydicom.filereader.read_file_meta_info(path)
    (length,) = struct.unpack_from("<I", data, 140)
    return str(meta.TransferSyntaxUID), data[144 + length :]


def read(syntax: str, data: bytes) -> Dataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3")
    head = io.BytesIO()
    dcmwrite(head, _only_head(meta), enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(head.getvalue() + data))


def _only_head(meta: FileMetaDataset) -> Dataset:
    made = Dataset()
    made.file_meta = meta
    return made


@pytest.mark.parametrize("path", list(files()), ids=lambda path: path.name)
def test_real_objects_keep_all_public_elements(path: Path) -> None:
    syntax, data = data_set_of(path)
    out, rewriter = rewrite(data, syntax)
    assert rewriter.finding is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, got = read(syntax, data), read(syntax, out)
        expected.remove_private_tags()
        for dataset in (expected, got):
            dataset.walk(_without_lengths)
        assert got == expected
    assert [element.tag for element in got.iterall() if element.tag.is_private] == []
    digests = []
    for version in (data, out):
        inspector = Inspector(syntax, None, key=KEY)
        inspector.feed(version)
        inspector.end()
        digests.append(inspector.pixel_digest)
    assert digests[0] == digests[1]


def _without_lengths(dataset: Dataset, element: pydicom.DataElement) -> None:
    if element.tag.element == 0 or element.tag == 0x0008_0001:
        del dataset[element.tag]


# ---------------------------------------------------------------- promises
SAMPLES = [data for _, data in HOSTILE.values() if len(data) < 20_000]
SAMPLES += [data for data in LEGITIMATE.values() if len(data) < 20_000]


@given(
    base=st.sampled_from(SAMPLES),
    changes=st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=12)), max_size=5),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG, JPEG]),
    cuts=st.lists(st.integers(0, 20_000), max_size=20),
)
def test_hostile_bytes_never_raise_and_cuts_never_matter(
    base: bytes, changes: list[tuple[int, bytes]], syntax: str, cuts: list[int]
) -> None:
    data = bytearray(base)
    for place, change in changes:
        data[place : place + len(change)] = change
    whole, first = rewrite(bytes(data), syntax, cut=1 << 20)
    rewriter = Rewriter(syntax)
    pieces = [
        data[start:end] for start, end in pairwise(sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)}))
    ]
    out = b"".join(bytes(given) for piece in pieces for given in rewriter.feed(bytes(piece)))
    out += b"".join(rewriter.end())
    assert (out, rewriter.finding, rewriter.altered) == (whole, first.finding, first.altered)
    if not rewriter.altered and not rewriter.finding:
        assert out == data


def test_fragments_outside_pixel_data_stay() -> None:
    value = fragments(b"abcd")
    data = ct(element(0x0040_1001, "OB", value, length=NEVER))
    assert rewrite(data)[0] == data
