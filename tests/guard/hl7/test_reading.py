"""Blocks, headers and answers: read strictly where receivers differ, tolerantly where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.guard.hl7.answers import refuse
from leadapron.guard.hl7.content import Content, Part
from leadapron.guard.hl7.header import MAX_HEADER, Header, UnreadableError, read_header
from leadapron.model.events import Hl7Session
from leadapron.model.guard import Reason
from leadapron.see.wire.hl7 import Hl7Dissector
from tests.guard.hl7.playbook import CLIENT, EVERYTHING, SERVER, Guarded, block, message
from tests.see.wire.playbook import play

FIELDS = "MSH|^~\\&|RIS|RADIOLOGY|PACS|ARCHIVE|20261124080000||ORU^R01^ORU_R01|77|P|2.5.1"


def header(text: str = FIELDS) -> Header:
    return read_header(text.encode())


def test_what_decides_and_what_answers() -> None:
    read = header()
    assert (read.message, read.calling, read.called, read.version) == ("ORU^R01", "RIS@RADIOLOGY", "PACS", "2.5.1")
    assert (read.control_id, read.processing, read.awaits) == (b"77", b"P", True)


@pytest.mark.parametrize(
    ("text", "calling", "kind"),
    [
        ("MSH|^~\\&|RIS||PACS||||ADT^A08|1|P|2.3", "RIS", "ADT^A08"),
        ("MSH|^~\\&|RIS^1.2.3^ISO|^1.9^ISO|PACS||||oru^r01|1", "RIS@1.9", "ORU^R01"),
        ("MSH#*~\\&#RIS#F#PACS####ACK#1#P#2.3", "RIS@F", "ACK"),
        ("MSH|^~\\&#|||||||ORM^O01^|1|P|2.8", "", "ORM^O01"),
    ],
)
def test_headers_as_they_are_met(text: str, calling: str, kind: str) -> None:
    read = header(text)
    assert (read.calling, read.message) == (calling, kind)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("PID|1", "hl7.header"),
        ("MSH", "hl7.header"),
        ("MSHA^~\\&ARISA", "hl7.header"),
        ("MSH|RIS|F|PACS|A|20261124080000||ORU^R01|1|P|2.5", "hl7.header"),
        ("MSH|^~\\&|RIS\x00|F|PACS|A|||ORU^R01|1|P|2.5", "hl7.header"),
        ("MSH|^~\\&|RIS|F|PACS|A|\x0b||ORU^R01|1|P|2.5", "hl7.header"),
        ("MSH|^~\\&|RIS|F|PACS|A|||ORU^R01", "hl7.message-type"),
        ("MSH|^~\\&|RIS|F|PACS|A||||1|P|2.5", "hl7.message-type"),
        ("MSH|^~\\&|RIS|F|PACS|A|||^R01|1|P|2.5", "hl7.message-type"),
        ("MSH|^~\\&|RIS|F|PACS|A|||ORU R01|1|P|2.5", "hl7.message-type"),
        ("MSH|$~\\&|RIS|F|PACS|A|||ADT^A01$R01|1|P|2.5", "hl7.message-type"),
        (FIELDS + "||||||UNICODE UTF-16", "hl7.character-set"),
        (FIELDS + "||||||UNICODE", "hl7.character-set"),
        (FIELDS + "||||||8859/1~UNICODE UTF-32", "hl7.character-set"),
    ],
)
def test_headers_that_could_be_read_in_another_way_are_refused(text: str, name: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        header(text)
    assert caught.value.name == name


def test_eight_bit_character_sets_are_none_of_our_business() -> None:
    assert header(FIELDS + "||||||UNICODE UTF-8").message == "ORU^R01"
    assert read_header("MSH|^~\\&|Hôpital||PACS||||ORU^R01|1".encode("latin-1")).calling == "Hôpital"


# ---------------------------------------------------------------- framing
@pytest.mark.parametrize(
    "stream",
    [
        block(message()) * 2,
        (b"\x0b" + message() + b"\x1c") * 2,
        (b"\x0b" + message() + b"\x1c\r\n") * 2,
        b"\r\n\x00" + block(message()) * 2,
        (b"\x0b" + message() + b"\x1c\x1c\r") * 2,
    ],
)
def test_framing_as_it_is_met_goes_on_as_it_should_be(stream: bytes) -> None:
    guarded = Guarded().say(CLIENT, stream, [7, 1]).finish()
    assert guarded.to_server == block(message()) * 2
    assert not guarded.refusals


@pytest.mark.parametrize(
    ("stream", "detail"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "hl7.framing"),
        (b"\x16\x03\x01\x02\x00\x01", "hl7.framing"),
        (message() + b"\x1c\r", "hl7.framing"),
        (block(message()) + b"MSH|^~\\&|", "hl7.framing"),
        (block(b"PID|1\r"), "hl7.header"),
        (b"\x0b\xff\xfeM\0S\0H\0|\0\r\0", "hl7.header"),
        (b"\x0bMSH|^~\\&|" + b"x" * (MAX_HEADER + 1), "hl7.header-length"),
        (b"\x0b" + b"BHS|x\r" * 2000, "hl7.header-length"),
    ],
)
@pytest.mark.parametrize("cut", [None, 1])
def test_what_is_no_hl7_ends_the_connection(stream: bytes, detail: str, cut: int | None) -> None:
    guarded = Guarded().say(CLIENT, stream, cut).finish()
    assert guarded.ending is not None
    assert guarded.refusals == [("protocol", detail)]
    assert guarded.to_server in (b"", block(message()))


def test_a_header_that_cannot_be_judged_is_told_so() -> None:
    guarded = Guarded().say(CLIENT, block(b"MSH|^~\\&|RIS|F|PACS|A||||5|P|2.5\rPID|1\r")).finish()
    assert b"MSA|AR|5|message cannot be read\r" in guarded.to_client
    assert guarded.ending is not None


def test_an_empty_block_is_nothing() -> None:
    guarded = Guarded().say(CLIENT, b"\x0b\x1c\r" + block(message())).finish()
    assert guarded.to_server == block(message())
    assert not guarded.refusals


@pytest.mark.parametrize(
    ("answer", "detail"), [(b"\x06", "hl7.answer-framing"), (b"MSH|^~\\&|PACS\r", "hl7.answer-framing")]
)
def test_answers_without_blocks_end_the_connection(answer: bytes, detail: str) -> None:
    guarded = Guarded().say(CLIENT, block(message())).say(SERVER, answer).finish()
    assert (guarded.to_client, guarded.refusals) == (b"", [("protocol", detail)])
    assert guarded.ending is not None


def test_a_commit_acknowledgement_of_a_byte_passes() -> None:
    guarded = Guarded().say(CLIENT, block(message())).say(SERVER, block(b"\x06"))
    assert guarded.to_client == block(b"\x06")


# ---------------------------------------------------------------- more than one message in a block
BATCH = b"FHS|^~\\&|RIS\rBHS|^~\\&|RIS\r%s%sBTS|2\rFTS|1\r"


def test_every_message_of_a_batch_is_judged() -> None:
    allowed = block(BATCH % (message(), message("ORU^R01")))
    guarded = Guarded().say(CLIENT, allowed, 5).finish()
    assert guarded.to_server == allowed
    assert [command for command, *_ in guarded.decisions] == ["", "ORM^O01", "ORU^R01"]


def test_a_batch_with_one_message_too_many_is_refused_whole() -> None:
    guarded = Guarded().say(CLIENT, block(BATCH % (message(), message("ADT^A08", identifier="8"))) + block(message()))
    assert guarded.to_server == block(message())
    assert guarded.refusals == [("no-rule", "")]


@pytest.mark.parametrize("before", [b"\r", b"\n", b"\x0b", b"\x0b\r\n", b"\x00", b" ", b"\x85", b"\t", b"\r\r"])
@pytest.mark.parametrize("hidden", [message("ADT^A08"), message("ADT^A08").replace(b"|", b"#")])
@pytest.mark.parametrize("cut", [None, 1])
def test_a_message_hidden_in_another_is_judged(before: bytes, hidden: bytes, cut: int | None) -> None:
    guarded = Guarded().say(CLIENT, block(message() + b"OBX|1|TX|||text" + before + hidden), cut).finish()
    assert guarded.to_server == b""
    assert guarded.refusals == [("no-rule", "")]


@pytest.mark.parametrize("before", [b"\r", b"\n", b"\x0b"])
def test_a_hidden_header_that_cannot_be_read_is_refused(before: bytes) -> None:
    """Found by fuzzing: its first mark is no separator of ours, and some receiver would take it for one."""
    hidden = before + b"MSH~\\&|RIS|RADIOLOGY|PACS|ARCHIVE|||ADT^A08|7|P|2.5\r"
    guarded = Guarded().say(CLIENT, block(message() + hidden)).finish()
    assert guarded.to_server == b""
    assert guarded.refusals == [("protocol", "hl7.header")]


@pytest.mark.parametrize(
    "text", ["Dr MSH, hospital", "(MSH)", "MSH", "a MSH. b", "line\x0bbreak", "MSHA|", "xMSH|^~\\&|"]
)
def test_text_that_only_looks_like_it_passes(text: str) -> None:
    said = block(message("ORM^O01", f"OBX|1|TX|||{text}"))
    guarded = Guarded().say(CLIENT, said, [11, 3]).finish()
    assert guarded.to_server == said


@given(
    st.lists(st.sampled_from([b"MSH|^~\\&|A\r", b"MSH", b"MSH#^#", b"BHS|\r", b" ", b"\r", b"x", b"\x0b", b"PID|1\r"])),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_parts_are_the_bytes_and_never_depend_on_cuts(pieces: list[bytes], cut: list[int]) -> None:
    data = b"MSH|^~\\&|A|\r" + b"".join(pieces)
    assert _parts([data]) == _parts([data[at : at + 1] for at in range(len(data))])
    sizes, cuts, at = cut * len(data), [], 0
    while at < len(data):
        size = sizes.pop()
        cuts.append(data[at : at + size])
        at += size
    assert _parts(cuts) == _parts([data])
    content = Content()
    assert (
        b"".join(part for piece in cuts for _, part in content.feed(piece))
        + b"".join(part for _, part in content.feed(b"", last=True))
        == data
    )


def _parts(pieces: list[bytes]) -> list[tuple[Part, bytes]]:
    """Headers, and the text between them in one piece."""
    content, found = Content(), list[tuple[Part, bytes]]()
    fed = [part for piece in pieces for part in content.feed(piece)]
    for part, data in (*fed, *content.feed(b"", last=True)):
        if found and part is Part.TEXT and found[-1][0] is Part.TEXT:
            found[-1] = part, found[-1][1] + data
        else:
            found.append((part, data))
    return found


# ---------------------------------------------------------------- what the guard says
def test_a_refusal_is_hl7_that_our_own_sensor_reads() -> None:
    for text in (FIELDS, FIELDS.replace("|", "#").replace("^", "*"), "MSH|^~\\&|||||||ORM|1"):
        told = refuse(header(text), Reason.RULE, 1_795_507_200.0, 1)
        (session,) = (event for event in play(Hl7Dissector, [(CLIENT, told)]) if isinstance(event, Hl7Session))
        (row,) = session.traffic
        assert (row.message_type.partition("^")[0], row.acknowledgement) == ("ACK", "AR")
        guarded = Guarded(EVERYTHING).say(CLIENT, told)
        assert guarded.to_server == told


@given(st.binary(max_size=200), st.sampled_from(list(Reason)))
def test_any_readable_header_can_be_answered(noise: bytes, reason: Reason) -> None:
    try:
        read = read_header(b"MSH|^~\\&|" + noise + b"|F|P|A|||ORU^R01|" + noise + b"|P|2.5")
    except UnreadableError as error:
        if error.header is None:
            return
        read = error.header
    told = refuse(read, reason, 0.0, 10**9)
    assert told.startswith(b"\x0bMSH|^~\\&|")
    assert told.endswith(b"\r\x1c\r")
    assert told.count(b"\x0b") == 1
    assert told.count(b"\x1c") == 1
    assert told.count(b"\r") <= 4
