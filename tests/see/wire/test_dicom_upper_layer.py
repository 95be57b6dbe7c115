"""What dissector and guard share: which PDUs can be, heads gathered in any cut, command sets without doubt."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.see.wire.dicom.dimse import Element, parse_command, strict_command, strict_elements
from leadapron.see.wire.dicom.upper_layer import MAX_ASSOCIATE, HeadTap, pdu_fault, value_fault
from tests.see.wire import dicom_bytes as d
from tests.see.wire.playbook import CLIENT, SERVER
from tests.see.wire.test_dicom import STORE

COMMAND = d.command(0x0001, d.CT_IMAGE, message=7, data_set=True)[12:]
"""A command set without the headers around it."""


def test_sound_pdus_have_no_fault() -> None:
    for side in (CLIENT, SERVER):
        for stream in (data for who, data in STORE if who is side):
            assert pdu_fault(stream[0], struct.unpack_from(">I", stream, 2)[0]) == ""


@pytest.mark.parametrize(
    ("kind", "length", "fault"),
    [
        (0, 4, "dicom.pdu-type"),
        (8, 4, "dicom.pdu-type"),
        (1, 67, "dicom.pdu-length"),
        (2, MAX_ASSOCIATE + 1, "dicom.pdu-length"),
        (4, 5, "dicom.pdu-length"),
        (5, 5, "dicom.pdu-length"),
        (7, 0, "dicom.pdu-length"),
    ],
)
def test_what_cannot_be_has_a_name(kind: int, length: int, fault: str) -> None:
    assert pdu_fault(kind, length) == fault


def test_a_value_fits_its_pdu() -> None:
    assert value_fault(2, 3, 6) == ""
    assert value_fault(1, 3, 6) == value_fault(3, 3, 6) == value_fault(2, 4, 6) == "dicom.pdv-length"


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_a_head_is_the_same_however_it_is_cut(sizes: list[int]) -> None:
    data = memoryview(d.image(pixels=9000))
    whole, cut = HeadTap(d.IMPLICIT), HeadTap(d.IMPLICIT)
    done, position = whole.feed(data), 0
    while position < len(data) and not cut.feed(data[position : position + sizes[0]]):
        position += sizes[0]
        sizes = [*sizes[1:], sizes[0]]
    assert done
    assert cut.head() == whole.head()
    assert whole.head().manufacturer == "ACME MEDICAL"


def test_a_command_set_without_doubt_tells_its_elements() -> None:
    elements = strict_elements(COMMAND)
    assert elements is not None
    assert elements[Element.MESSAGE_ID] == b"\7\0"
    assert elements[Element.FIELD] == b"\1\0"


@given(st.binary(max_size=200) | st.builds(lambda at, byte: COMMAND[:at] + bytes((byte,)) + COMMAND[at + 1 :],
                                           st.integers(0, len(COMMAND) - 1), st.integers(0, 255)))  # fmt: skip
def test_what_is_read_without_doubt_is_read_by_the_tolerant_parser_alike(data: bytes) -> None:
    elements, command = strict_elements(data), parse_command(data)
    if elements is not None and command is not None:
        assert struct.pack("<HHII", 0, 0, 4, len(data) - 12) == data[:12]
        assert list(elements) == sorted(elements)
        if Element.MESSAGE_ID in elements and Element.ANSWERED_ID not in elements:
            assert command.message_id == int.from_bytes(elements[Element.MESSAGE_ID], "little")
        assert strict_command(data) == (command, elements)
    else:
        assert strict_command(data) is None


def test_of_two_elements_that_say_the_same_the_later_counts_for_both_readers() -> None:
    body = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in (
        (0x0002, b"1.2.3\0"), (0x0003, b""), (0x0100, b"\x30\0"), (0x0110, b"\1\0"), (0x0120, b"\2\0")))  # fmt: skip
    data = struct.pack("<HHII", 0, 0, 4, len(body)) + body
    read = strict_command(data)
    assert read is not None
    assert read[0] == parse_command(data)
