"""DICOM upper layer and DIMSE, as protocol traces."""

from __future__ import annotations

import struct
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, DicomAssociation, DicomOutcome, Event
from leadapron.see.wire.dicom import DicomDissector
from leadapron.see.wire.dicom.dataset import Head, HeadReader, is_wide_query
from leadapron.see.wire.dicom.dimse import parse_command
from leadapron.see.wire.dicom.pdu import parse_items
from leadapron.see.wire.dissector import Match
from tests.see.wire import dicom_bytes as d
from tests.see.wire.playbook import CLIENT, SERVER, play

STORE = [
    (CLIENT, d.associate_rq(contexts=((d.CT_IMAGE, (d.EXPLICIT, d.IMPLICIT)),))),
    (SERVER, d.associate_ac(accepted=(d.EXPLICIT,))),
    (CLIENT, d.command(0x0001, d.CT_IMAGE, data_set=True)),
    (CLIENT, d.values(1, d.image(syntax=d.EXPLICIT, pixels=40_000), command=False)),
    (SERVER, d.command(0x8001, d.CT_IMAGE, status=0)),
    (CLIENT, d.RELEASE_RQ),
    (SERVER, d.RELEASE_RP),
]
ECHO = [
    (CLIENT, d.associate_rq()),
    (SERVER, d.associate_ac()),
    (CLIENT, d.command(0x0030, d.VERIFICATION)),
    (SERVER, d.command(0x8030, d.VERIFICATION, status=0)),
    (CLIENT, d.RELEASE_RQ),
    (SERVER, d.RELEASE_RP),
]


def only(events: list[Event]) -> DicomAssociation:
    associations = [event for event in events if isinstance(event, DicomAssociation)]
    assert len(associations) == 1
    return associations[0]


def names(events: list[Event]) -> set[str]:
    return {event.name for event in events if isinstance(event, Anomaly)}


def test_a_stored_object_tells_its_maker_and_study() -> None:
    association = only(play(DicomDissector, STORE))
    assert (association.calling_ae_title, association.called_ae_title) == ("CT01", "PACS")
    assert association.outcome is DicomOutcome.RELEASED
    assert association.accepted
    assert association.objects == 1
    assert association.transfer_syntaxes == (d.EXPLICIT,)
    (source,) = association.sources
    assert (source.modality, source.manufacturer, source.model) == ("CT", "ACME MEDICAL", "Scanmaster 64")
    assert source.software_versions == "VB42A, VB42A_SP1"
    assert len(source.serial_hash) == 16
    (study,) = association.studies
    assert (study.modality, study.objects, study.source) == ("CT", 1, 0)
    (operation,) = association.operations
    assert (operation.command, operation.requests, operation.statuses) == ("C-STORE", 1, {"0x0000": 1})


def test_no_patient_data_leave_the_dissector() -> None:
    encoded = msgspec.json.encode(play(DicomDissector, STORE))
    for canary in (b"CANARY", b"19010203", b"SN-12345", b"1.2.826.0.1.1", b"GENERAL HOSPITAL"):
        assert canary not in encoded


def test_an_echo_is_an_echo_and_nothing_more() -> None:
    association = only(play(DicomDissector, ECHO))
    assert [operation.command for operation in association.operations] == ["C-ECHO"]
    assert association.requestor.version_name == "TEST_10"
    assert association.acceptor.version_name == "SCP_20"
    assert association.wide_finds == association.objects == 0
    assert names(play(DicomDissector, ECHO)) == set()


@pytest.mark.parametrize("cut", [1, 3, 7, 100, (5, 900), (1460,)])
@pytest.mark.parametrize("script", [STORE, ECHO])
def test_cutting_the_stream_changes_nothing(script: list, cut: int) -> None:
    assert play(DicomDissector, script, cut) == play(DicomDissector, script)


def query(keys: list[tuple[int, str, bytes]], model: str = d.STUDY_ROOT_FIND) -> list:
    return [
        (CLIENT, d.associate_rq(contexts=((model, (d.IMPLICIT,)),))),
        (SERVER, d.associate_ac()),
        (CLIENT, d.command(0x0020, model, data_set=True)),
        (CLIENT, d.values(1, d.data_set(keys), command=False)),
        (SERVER, d.command(0x8020, model, status=0xFF00, data_set=True)),
        (SERVER, d.values(1, d.data_set([(0x0010_0010, "PN", b"CANARYNAME^B")]), command=False)),
        (SERVER, d.command(0x8020, model, status=0)),
    ]


WIDE = [(0x0008_0052, "CS", b"STUDY"), (0x0010_0010, "PN", b"*"), (0x0020_000D, "UI", b"")]


def test_a_query_for_everything_is_wide() -> None:
    association = only(play(DicomDissector, query(WIDE)))
    assert (association.wide_finds, association.find_matches, association.wide_find_matches) == (1, 1, 1)


def test_a_query_for_one_patient_is_narrow_and_the_name_stays_unread() -> None:
    events = play(DicomDissector, query([*WIDE[:1], (0x0010_0010, "PN", b"CANARYNAME^ANNA*"), *WIDE[2:]]))
    assert only(events).wide_finds == 0
    assert only(events).find_matches == 1
    assert b"CANARY" not in msgspec.json.encode(events)


def test_a_worklist_query_is_never_called_wide() -> None:
    assert only(play(DicomDissector, query(WIDE, d.WORKLIST))).wide_finds == 0


def test_a_move_names_its_destination() -> None:
    script = [
        (CLIENT, d.associate_rq(contexts=((d.STUDY_ROOT_MOVE, (d.IMPLICIT,)),))),
        (SERVER, d.associate_ac()),
        (CLIENT, d.command(0x0021, d.STUDY_ROOT_MOVE, data_set=True, destination="EVIL")),
        (CLIENT, d.values(1, d.data_set(WIDE), command=False)),
        (SERVER, d.command(0x8021, d.STUDY_ROOT_MOVE, status=0xA801)),
    ]
    association = only(play(DicomDissector, script))
    assert association.move_destinations == ("EVIL",)
    assert association.operations[0].statuses == {"0xA801": 1}


def test_a_rejected_association() -> None:
    association = only(play(DicomDissector, [(CLIENT, d.associate_rq()), (SERVER, d.REJECT)]))
    assert association.outcome is DicomOutcome.REJECTED
    assert association.reject_reason == "1.1.7"
    assert not association.accepted


def test_an_aborted_association() -> None:
    association = only(play(DicomDissector, [*ECHO[:4], (SERVER, d.ABORT)]))
    assert association.outcome is DicomOutcome.ABORTED
    assert association.abort_source == "2.0"


def test_a_request_nobody_answered() -> None:
    assert only(play(DicomDissector, ECHO[:1])).outcome is DicomOutcome.UNANSWERED


def test_user_identity_is_a_type_never_a_name() -> None:
    events = play(DicomDissector, [(CLIENT, d.associate_rq(user=d.user_information(identity=2)))])
    assert only(events).user_identity == 2
    assert b"secret" not in msgspec.json.encode(events)


def test_roles_extended_negotiation_and_windows_are_read() -> None:
    uid = d.CT_IMAGE.encode()
    extra = (
        d.item(0x54, struct.pack(">H", len(uid)) + uid + b"\x00\x01")
        + d.item(0x56, struct.pack(">H", len(uid)) + uid + b"\x01")
        + d.item(0x53, struct.pack(">HH", 5, 5))
    )
    association = only(play(DicomDissector, [(CLIENT, d.associate_rq(user=d.user_information(extra=extra)))]))
    assert association.roles == (d.CT_IMAGE,)
    assert association.extended_negotiation == (d.CT_IMAGE,)
    assert association.async_operations == 5


def test_two_associations_on_one_connection_are_two_events() -> None:
    events = play(DicomDissector, ECHO + ECHO)
    assert len([event for event in events if isinstance(event, DicomAssociation)]) == 2


def test_a_capture_that_starts_with_the_answer_still_names_both() -> None:
    association = only(play(DicomDissector, ECHO[1:]))
    assert (association.calling_ae_title, association.called_ae_title) == ("CT01", "PACS")


@pytest.mark.parametrize(
    ("broken", "anomaly"),
    [
        (d.pdu(4, b"\0\0\0\0"), "dicom.pdu-length"),
        (b"\x04\0\xff\xff\xff\xff" + bytes(20), "dicom.pdu-length"),
        (d.pdu(4, struct.pack(">IBB", 5000, 1, 2) + bytes(20)), "dicom.pdv-length"),
        (d.pdu(9, bytes(4)), "dicom.pdu-type"),
        (d.pdu(5, bytes(8)), "dicom.pdu-length"),
        (d.values(1, b"\0\0\0\x01\xff\xff\xff\xff", command=True), "dicom.command-set"),
    ],
)
def test_lies_become_anomalies_and_what_follows_is_still_read(broken: bytes, anomaly: str) -> None:
    events = play(DicomDissector, [*ECHO[:2], (CLIENT, broken), *STORE[2:5]])
    assert anomaly in names(events)
    assert "C-STORE" in {operation.command for operation in only(events).operations}


def test_a_request_that_comes_late_belongs_to_its_answer() -> None:
    association = only(play(DicomDissector, [*STORE[1:2], *STORE[4:5], STORE[0], *STORE[2:4]]))
    assert (association.requestor.version_name, association.objects) == ("TEST_10", 1)


def test_a_gap_in_the_stream_costs_no_more_than_itself() -> None:
    assert only(play(DicomDissector, [*STORE[:2], (CLIENT, b"\x00lost sync" * 3), *STORE[2:]])).objects == 1


def test_faulty_items_are_named() -> None:
    assert "dicom.item-length" in parse_items(b"\x20\x00\xff\xff\x01").faults
    assert "dicom.context-id" in parse_items(d.item(0x20, b"\x02\0\0\0")).faults


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (d.associate_rq(), Match.YES),
        (d.associate_rq()[:20], Match.MORE),
        (b"\x01\x00\xff\xff\xff\xff" + d.associate_rq()[6:], Match.YES),
        (b"GET / HTTP/1.1\r\n\r\n", Match.NO),
        (b"\x16\x03\x01\x02\x00\x01\x00", Match.NO),
        (b"\x01\x00\x00\x00\x00\x50" + bytes(range(36)), Match.NO),
        (d.associate_rq(calling="CT\x1b[31m"), Match.YES),
        (d.associate_rq(calling="CT\x1b[31m")[:60], Match.MORE),
        (d.associate_rq(calling="CT\x1b[31m")[:60] + bytes(50), Match.NO),
    ],
)
def test_recognition(head: bytes, match: Match) -> None:
    assert DicomDissector.recognise(CLIENT, head) is match


def test_midstream_recognition_needs_agreeing_lengths() -> None:
    assert DicomDissector.recognise_midstream(CLIENT, d.values(1, bytes(50), command=False)) is Match.YES
    assert DicomDissector.recognise_midstream(CLIENT, b"\x04\0\0\0\0\x40\0\0\0\x10\x01\x02") is Match.NO


def read(data: bytes, syntax: str, size: int = 2048) -> Head:
    """Read an object as the dissector does: `size` bytes at a time, passing over what need not be seen."""
    reader, position = HeadReader(syntax), 0
    while position < len(data) and not reader.done:
        reader.feed(data[position : position + size])
        position += size + reader.skip
    return reader.head


@pytest.mark.parametrize("size", [1, 7, 2048])
@pytest.mark.parametrize("syntax", [d.IMPLICIT, d.EXPLICIT, d.BIG])
def test_heads_are_read_under_every_encoding(syntax: str, size: int) -> None:
    head = read(d.image(syntax=syntax), syntax, size)
    assert (head.modality, head.station_name, head.study) == ("CT", "CTROOM1", "1.2.826.0.1.1")


@pytest.mark.parametrize("syntax", [d.IMPLICIT, d.EXPLICIT])
def test_an_unseen_negotiation_is_guessed_from_the_bytes(syntax: str) -> None:
    assert read(d.image(syntax=syntax), "").study == "1.2.826.0.1.1"


def test_sequences_before_the_study_are_walked_over() -> None:
    nested = struct.pack("<HHI", 0x0008, 0x1140, 0xFFFF_FFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFF_FFFF)
    nested += d.data_set([(0x0008_1150, "UI", b"1.2")]) + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    nested += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    head = read(nested + d.data_set([(0x0018_1000, "LO", b"7"), (0x0020_000D, "UI", b"1.9")]), d.IMPLICIT)
    assert head.study == "1.9"


ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HH", 0xFFFE, tag) for tag in (0xE000, 0xE00D, 0xE0DD))
UNDEFINED, NO_LENGTH = b"\xff\xff\xff\xff", bytes(4)
STUDY = d.data_set([(0x0020_000D, "UI", b"1.9")], d.EXPLICIT)


def test_items_in_a_value_of_unknown_representation_are_implicit() -> None:
    inner = ITEM + UNDEFINED + d.data_set([(0x0009_1011, "LO", b"private")], d.IMPLICIT) + ITEM_END + NO_LENGTH
    private = struct.pack("<HH", 0x0009, 0x1010) + b"UN\0\0" + UNDEFINED + inner + SEQUENCE_END + NO_LENGTH
    assert read(private + STUDY, d.EXPLICIT).study == "1.9"


def test_what_is_long_and_not_wanted_is_jumped_over() -> None:
    private = d.data_set([(0x0009_1010, "OB", bytes(300_000))], d.EXPLICIT)
    assert read(private + STUDY, d.EXPLICIT).study == "1.9"
    script = [*STORE[:3], (CLIENT, d.values(1, private + STUDY, command=False)), *STORE[4:]]
    assert only(play(DicomDissector, script)).studies[0].objects == 1


def test_deflated_objects_are_read() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(d.data_set([(0x0009_1010, "OB", bytes(300_000))], d.EXPLICIT) + STUDY) + packer.flush()
    assert read(data, "1.2.840.10008.1.2.1.99", 100).study == "1.9"


def test_a_deflated_flood_is_given_up() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(d.data_set([(0x0009_1010, "OB", bytes(20_000_000))], d.EXPLICIT)) + packer.flush()
    reader = HeadReader("1.2.840.10008.1.2.1.99")
    reader.feed(data[:2048])
    assert reader.done


def test_width_of_queries() -> None:
    assert is_wide_query(d.data_set(WIDE), d.IMPLICIT)
    assert not is_wide_query(d.data_set([*WIDE, (0x0020_0010, "SH", b"7")]), d.IMPLICIT)
    assert not is_wide_query(b"", d.IMPLICIT)


streams = st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), st.binary(max_size=400)), max_size=6)
pieces = st.sampled_from([data for _, data in STORE + ECHO])
mixed = st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), st.one_of(st.binary(max_size=60), pieces)), max_size=6)


@given(streams)
def test_never_raises(script: list) -> None:
    play(DicomDissector, script)


@given(mixed, st.lists(st.integers(1, 50), min_size=1, max_size=4))
def test_any_stream_reads_the_same_however_it_is_cut(script: list, cut: list[int]) -> None:
    whole = play(DicomDissector, script)
    assert play(DicomDissector, script, cut) == whole
    assert play(DicomDissector, script, 1) == whole


@given(st.binary(max_size=500), st.sampled_from([d.IMPLICIT, d.EXPLICIT, d.BIG, "1.2.840.10008.1.2.1.99", ""]))
def test_data_set_walks_never_raise(data: bytes, syntax: str) -> None:
    assert read(data, syntax, 3) == read(data, syntax)
    is_wide_query(data, syntax)
    parse_command(data)
    parse_items(data)
