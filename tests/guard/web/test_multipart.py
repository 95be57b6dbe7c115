"""Bodies in parts, cut anywhere; heads of files; answers counted."""

import json
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadapron.guard.web.answers import AnswerError, JsonMatches, XmlMatches
from leadapron.guard.web.heads import one_transfer_syntax
from leadapron.guard.web.media import read_media_type
from leadapron.guard.web.multipart import MAX_HEADER, Multipart, MultipartError, PartBegins, PartEnds
from leadapron.guard.web.part10 import Part10Error, dataset_class, read_head
from leadapron.guard.web.storing import outcomes
from leadapron.guard.web.wiring import Refused
from tests.guard.web.objects import ct, stow

CT = "1.2.840.10008.5.1.4.1.1.2"


def parts(*pieces: bytes, boundary: bytes = b"a-boundary") -> list[tuple[dict[str, str], bytes]]:
    """All parts of a body that comes in these pieces."""
    splitter, found = Multipart(boundary), list[tuple[dict[str, str], bytes]]()
    for piece in pieces:
        for event in splitter.feed(piece):
            if isinstance(event, PartBegins):
                found.append((event.fields, b""))
            elif isinstance(event, bytes):
                assert event
                found[-1] = (found[-1][0], found[-1][1] + event)
            else:
                assert isinstance(event, PartEnds)
    splitter.end()
    return found


def test_parts_come_out_as_they_went_in() -> None:
    body, _ = stow(b"one", b"", b"\r\n--a-boundar", boundary="a-boundary")
    fields = {"content-type": "application/dicom"}
    assert parts(body) == [(fields, b"one"), (fields, b""), (fields, b"\r\n--a-boundar")]


@given(
    st.lists(st.binary(max_size=60) | st.just(b"\r\n--a-boundar") | st.just(b"\r\n--\r\n"), min_size=1, max_size=4),
    st.data(),
)
@example([b"\r", b"\r\n", b"\r\n-"], None)
def test_cuts_change_nothing(contents: list[bytes], data: st.DataObject | None) -> None:
    if any(b"--a-boundary" in one for one in contents):
        return
    body, _ = stow(*contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8))) if data else range(len(body))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert [content for _, content in parts(*pieces)] == contents


@given(st.binary(max_size=300).map(lambda one: one.replace(b"~", b"\r\n--a-boundary")), st.integers(1, 9))
def test_hostile_bodies_raise_one_error_only(body: bytes, size: int) -> None:
    def tried(*pieces: bytes) -> object:
        try:
            return parts(*pieces)
        except MultipartError as error:
            return str(error)

    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    whole, cut = tried(body), tried(*pieces)
    assert isinstance(whole, str) == isinstance(cut, str)
    if isinstance(whole, list):
        assert whole == cut


def test_what_is_held_is_bounded() -> None:
    splitter = Multipart(b"b")
    assert len(list(splitter.feed(b"--b\r\n\r\n"))) == 1
    for _ in range(50):
        assert sum(len(event) for event in splitter.feed(b"\r" * 10_000) if isinstance(event, bytes)) >= 9_990
    with pytest.raises(MultipartError):
        list(Multipart(b"b").feed(b"--b\r\nA: " + b"x" * (MAX_HEADER + 1)))


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', b"abc"),
        ('Multipart/Related;type=application/dicom;boundary="a/b=c"', b"a/b=c"),
        ("multipart/related; boundary=a/b", None),
        ('multipart/related; boundary="a b"', b"a b"),
        ("multipart/related; boundary=a; boundary=b", None),
        ("multipart/related; boundary=a; BOUNDARY=b", None),
        ('multipart/related; boundary="a\\"b"', None),
        ("multipart/related; boundary=", None),
        ("multipart/related; boundary=" + "a" * 71, b""),
        ("multipart/related; boundary*=utf-8''a", b""),
        ("multipart/related; boundary*0=a; boundary*1=b", b""),
        ("multipart/related, boundary=a", None),
        ("application/dicom; boundary=a", b""),
        ("multipart/related boundary=a", None),
    ],
)
def test_boundaries(text: str, boundary: bytes | None) -> None:
    media = read_media_type(text)
    assert (media.boundary if media else None) == boundary


@given(st.text(st.sampled_from('ab1()+_,-.:? ;\\"'), max_size=40))
def test_a_boundary_is_the_one_that_others_read(text: str) -> None:
    media = read_media_type("multipart/related; boundary=" + text)
    if media is None or not media.boundary:
        return
    other = EmailMessage()
    other["Content-Type"] = "multipart/related; boundary=" + text
    assert (other.get_boundary() or "").encode() == media.boundary


def test_a_head_is_written_anew() -> None:
    one = ct(preamble=b"MZ" * 64)
    head = read_head(one)
    assert head is not None
    assert (head.sop_class, head.transfer_syntax) == (CT, "1.2.840.10008.1.2.1")
    assert head.rewritten[:128] == bytes(128)
    again = read_head(head.rewritten + one[head.size :])
    assert again is not None
    assert (again.rewritten, again.instance) == (head.rewritten, head.instance)
    assert dataset_class(head.transfer_syntax, one[head.size : head.size + 4096]) == CT


def test_private_information_in_a_head_does_not_go_on() -> None:
    one = ct()
    end = 144 + int.from_bytes(one[140:144], "little")
    private = b"\2\0\0\1UI\4\0" + b"1.2\0" + b"\2\0\2\1OB\0\0" + (600).to_bytes(4, "little") + b"MZ" * 300
    grown = one[:140] + (end - 144 + len(private)).to_bytes(4, "little") + one[144:end] + private + one[end:]
    head = read_head(grown)
    assert head is not None
    assert head.size == end + len(private)
    assert b"MZMZ" not in head.rewritten


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4), st.booleans())
def test_broken_heads_raise_one_error_only(at: int, patch: bytes, cut: bool) -> None:
    one = ct(rows=8)
    broken = one[:at] + patch + (b"" if cut else one[at + len(patch) :])
    try:
        head = read_head(broken)
        if head is not None:
            assert head.rewritten[:128] == bytes(128)
            assert len(head.rewritten) < 1024
            dataset_class(head.transfer_syntax, broken[head.size :])
    except Part10Error:
        pass


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=3), max_size=6), st.booleans(), st.data())
def test_matches_are_counted_however_they_are_cut(objects: list[object], spread: bool, data: st.DataObject) -> None:
    text = json.dumps(objects, ensure_ascii=False, indent=1 if spread else None).encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    counter = JsonMatches()
    for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True):
        counter.feed(text[a:b])
    assert counter.count == len(objects)


@given(st.binary(max_size=60) | st.text(st.sampled_from('[]{}",\\ 1'), max_size=40).map(str.encode))
def test_other_answers_are_refused_or_are_arrays_of_objects(body: bytes) -> None:
    counter = JsonMatches()
    try:
        counter.feed(body)
    except AnswerError:
        return
    try:
        read = json.loads(body)
    except ValueError:
        return
    assert isinstance(read, list)
    assert all(isinstance(one, dict) for one in read)
    assert counter.count == len(read)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_parts_of_an_answer_are_counted(size: int) -> None:
    body, _ = stow(b"<a/>", b"<b/>", b"<c/>", kind="application/dicom+xml")
    counter = XmlMatches(b"a-boundary")
    for at in range(0, len(body), size):
        counter.feed(body[at : at + size])
    assert counter.count == 3


def test_only_one_transfer_syntax_is_asked_for() -> None:
    jpeg, plain = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1"
    options = [f'multipart/related; type="application/dicom"; transfer-syntax={one}' for one in (jpeg, plain, "*")]
    assert one_transfer_syntax(", ".join(options)) == (f"{options[0]}, {options[2]}", jpeg)
    assert one_transfer_syntax("*/*") == ("*/*", "")
    with pytest.raises(Refused):
        one_transfer_syntax("multipart/related; transfer-syntax=evil")


@given(st.binary(max_size=80) | JSON.map(lambda one: json.dumps(one).encode("utf-8", "surrogatepass")))
def test_outcomes_never_raise(body: bytes) -> None:
    assert isinstance(outcomes("application/dicom+json", body), dict)


def test_outcomes_are_read() -> None:
    told = {
        "00081198": {"vr": "SQ", "Value": [{"00081155": {"Value": ["1.2"]}, "00081197": {"Value": [272]}}]},
        "00081199": {"vr": "SQ", "Value": [{"00081155": {"Value": ["1.3"]}}]},
    }
    assert outcomes("application/dicom+json", json.dumps(told).encode()) == {"1.2": 272, "1.3": 0}
    assert outcomes("application/dicom+xml", b"<x/>") == {}
