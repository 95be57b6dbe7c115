"""Pixel data in PDUs of one length, which are passed over together: nothing that is asked of an object gets lost."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from leadapron.model.guard import Rule
from tests.guard.dicom.playbook import CLIENT, guarded, sent
from tests.guard.dicom.test_objects import HELLO, LEDGER, LOOK, image, stored, storing
from tests.see.wire import dicom_bytes as d


def test_an_object_goes_on_and_into_the_ledger_as_if_it_had_come_byte_by_byte() -> None:
    data = image(pixels=60_000)
    script = [*HELLO, *storing(data, size=1000)]
    whole, cut = (guarded(script, LOOK, listener=LEDGER, cut=size) for size in (None, 1))
    assert whole.to_server == cut.to_server == sent(script, CLIENT)
    assert whole.objects[0].size == len(data)
    for one, other in zip(whole.objects, cut.objects, strict=True):
        assert (one.pixel_digest, one.dataset_digest) == (other.pixel_digest, other.dataset_digest)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([1, 2, 7, 500, 500, 500, 4096]), min_size=1, max_size=40), st.integers(500, 9000))
def test_fragments_of_any_lengths_are_told_alike(sizes: list[int], cut: int) -> None:
    data, pieces, at = image(pixels=10_000), [], 0
    while at < len(data):
        for size in sizes:
            pieces.append(data[at : at + size])
            at += size
    pieces = [piece for piece in pieces if piece]
    last = len(pieces) - 1
    pdus = b"".join(
        d.pdu(4, struct.pack(">IBB", len(piece) + 2, 1, 2 if number == last else 0) + piece)
        for number, piece in enumerate(pieces)
    )
    command, _, answer = storing(data)
    script = [*HELLO, command, (CLIENT, pdus), answer]
    whole, one = guarded(script, LOOK, listener=LEDGER), guarded(script, LOOK, listener=LEDGER, cut=cut)
    assert whole.to_server == one.to_server == sent(script, CLIENT)
    assert whole.objects[0].pixel_digest == one.objects[0].pixel_digest != ""
    assert whole.objects[0].dataset_digest == one.objects[0].dataset_digest


@pytest.mark.parametrize("limit", [20_000, 20_001, 29_999])
def test_an_object_is_cut_off_where_it_becomes_too_long(limit: int) -> None:
    rule = structs.replace(LOOK, object_size=limit)
    guard = guarded([*HELLO, *storing(image(pixels=60_000), size=1000)], rule)
    assert [reason for reason, _ in guard.refusals] == ["size"]
    ((data, complete),) = stored(guard.to_server)
    assert not complete
    assert limit - 1000 <= len(data) <= limit


def test_a_value_without_a_control_header_is_refused() -> None:
    command, _, answer = storing(image())
    lying = d.pdu(4, struct.pack(">IB", 1, 1)) + bytes(12)
    guard = guarded([*HELLO, command, (CLIENT, lying), answer], Rule(name="look", line=1))
    assert guard.refusals == [("protocol", "dicom.pdu-length")]
