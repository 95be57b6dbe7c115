"""A-ASSOCIATE under a policy: admitted, refused, narrowed; every PDU in its place."""

from __future__ import annotations

import struct

import pytest
from msgspec import structs
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ

from leadapron.guard.conversation import Ending
from leadapron.model.events import DicomAssociation, DicomOutcome, Endpoint
from leadapron.model.guard import Action, Rule, Task
from leadapron.see.wire.dicom.pdu import parse_items
from tests.guard.dicom.playbook import CLIENT, LISTENER, SERVER, Guarded, guarded, sent
from tests.see.wire import dicom_bytes as d
from tests.see.wire.test_dicom import ECHO, STORE

ECHO_ONLY = Rule(name="echo", line=1, tasks=frozenset({Task.ECHO}))
CT_ONLY = Rule(name="ct", line=1, tasks=frozenset({Task.STORE}), sop_classes=(d.CT_IMAGE,), inspect="off")


def rejection(result: int, source: int, reason: int) -> bytes:
    return d.pdu(3, bytes((0, result, source, reason)))


def provider_abort(reason: int) -> bytes:
    return d.pdu(7, bytes((0, 0, 2, reason)))


@pytest.mark.parametrize("script", [ECHO, STORE])
def test_what_is_allowed_goes_on_to_the_byte(script: list) -> None:
    guard = guarded(script)
    assert guard.to_server == sent(script, CLIENT)
    assert guard.to_client == sent(script, SERVER)
    assert guard.closed
    assert guard.refusals == []


def test_the_association_is_told_as_a_capture_tells_it() -> None:
    (association,) = [event for event in guarded(STORE).events if isinstance(event, DicomAssociation)]
    assert (association.calling_ae_title, association.called_ae_title) == ("CT01", "PACS")
    assert association.outcome is DicomOutcome.RELEASED
    assert (association.objects, association.sources[0].model) == (1, "Scanmaster 64")


def test_the_server_is_dialled_only_once_the_peer_is_admitted() -> None:
    guard = Guarded()
    assert not guard.conversation.opened
    guard.conversation.receive(CLIENT, ECHO[0][1][:-1])
    assert not guard.conversation.dial
    guard.conversation.receive(CLIENT, ECHO[0][1][-1:])
    assert guard.conversation.opened
    assert guard.conversation.dial == ("192.0.2.2:104",)


def test_a_called_title_may_have_its_own_upstream() -> None:
    guard = Guarded(listener=structs.replace(LISTENER, routes={"PACS": ("[::1]:105",)})).play(ECHO[:1])
    assert guard.conversation.dial == ("[::1]:105",)


@pytest.mark.parametrize(
    ("rule", "answer", "reason"),
    [
        (Rule(name="r", line=1, calling=("MR*",)), (1, 1, 3), "calling-title"),
        (Rule(name="r", line=1, called=("VNA",)), (1, 1, 7), "called-title"),
        (Rule(name="r", line=1, sources=("198.51.100.0/24",)), (1, 1, 1), "no-rule"),
        (Rule(name="r", line=1, identity=True), (1, 1, 1), "identity"),
        (CT_ONLY, (1, 1, 1), "no-context"),
        (Rule(name="r", line=1, action=Action.DENY), (1, 1, 1), "rule"),
    ],
)
def test_a_refused_peer_is_told_why(rule: Rule, answer: tuple[int, int, int], reason: str) -> None:
    guard = guarded(ECHO, rule)
    assert guard.to_client == rejection(*answer)
    assert guard.to_server == b""
    assert not guard.conversation.dial
    assert guard.closed
    assert [each for each, _ in guard.refusals] == [reason]
    (association,) = [event for event in guard.events if isinstance(event, DicomAssociation)]
    assert association.reject_reason == ".".join(map(str, answer))


def test_a_tarpit_lets_the_peer_wait_before_it_is_refused() -> None:
    guard = Guarded(Rule(name="t", line=1, action=Action.TARPIT)).play(ECHO)
    assert guard.conversation.wait > 0
    assert (guard.to_client, guard.closed) == (b"", False)
    guard.conversation.resumed()
    assert guard.to_client == rejection(1, 1, 1)
    assert (guard.conversation.wait, guard.closed) == (0, True)


def test_in_shadow_a_refusal_is_told_and_nothing_is_refused() -> None:
    guard = guarded(ECHO, Rule(name="s", line=1, action=Action.DENY, shadow=True))
    assert guard.to_server == sent(ECHO, CLIENT)
    assert {(event.action, event.enforced) for event in guard.decisions if event.task} == {("deny", False)}


MANY = (
    (d.VERIFICATION, (d.IMPLICIT,)),
    (d.CT_IMAGE, (d.EXPLICIT, d.IMPLICIT, d.BIG)),
    (d.STUDY_ROOT_FIND, (d.IMPLICIT, d.EXPLICIT)),
)


def test_contexts_that_no_rule_allows_are_taken_out_and_answered_by_the_guard() -> None:
    extended = d.item(0x56, struct.pack(">H", len(d.CT_IMAGE)) + d.CT_IMAGE.encode() + b"\1\0\0\0\0\0")
    request = d.associate_rq(contexts=MANY, user=d.user_information(extra=extended))
    ct = Rule(name="ct", line=1, sop_classes=(d.CT_IMAGE,), transfer_syntaxes=(d.IMPLICIT, d.EXPLICIT), inspect="off")
    guard = Guarded(ct).play([(CLIENT, request)])
    went = A_ASSOCIATE_RQ()
    went.decode(guard.to_server)
    (context,) = went.presentation_context
    assert (context.context_id, context.abstract_syntax) == (3, d.CT_IMAGE)
    assert context.transfer_syntax == [d.EXPLICIT, d.IMPLICIT]
    assert guard.to_server[6:74] == request[6:74]
    assert guard.to_server.endswith(d.user_information(extra=extended))

    answer = d.associate_ac(accepted=())
    item = d.item(0x21, bytes((3, 0, 0, 0)) + d.item(0x40, d.EXPLICIT.encode()))
    cut = answer.index(b"\x50\0")
    answer = d.pdu(2, answer[6:cut] + item + answer[cut:])
    guard.play([(SERVER, answer)])
    came = A_ASSOCIATE_AC()
    came.decode(guard.to_client)
    assert {each.context_id: each.result for each in came.presentation_context} == {1: 1, 3: 0, 5: 1}
    assert parse_items(guard.to_client[74:]).faults == ()
    assert guard.refusals == []


def test_a_peer_that_proposes_128_contexts_keeps_those_it_may() -> None:
    contexts = [(f"{d.CT_IMAGE}.{number}" if number else d.CT_IMAGE, (d.EXPLICIT,)) for number in range(128)]
    accepted = [d.EXPLICIT, *[None] * 127]
    script = [(CLIENT, d.associate_rq(contexts=contexts)), (SERVER, d.associate_ac(accepted=accepted))]
    assert guarded(script).to_server == script[0][1]
    guard = guarded(script[:1], CT_ONLY)
    assert [each.abstract_syntax for each in parse_items(guard.to_server[74:]).contexts] == [d.CT_IMAGE]


def _context(number: int, *subs: bytes) -> bytes:
    return d.item(0x20, bytes((number, 0, 0, 0)) + b"".join(subs))


_ABSTRACT, _TRANSFER = d.item(0x30, d.CT_IMAGE.encode()), d.item(0x40, d.IMPLICIT.encode())
_OTHER = d.item(0x30, d.VERIFICATION.encode())


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        (_context(1, _ABSTRACT, _TRANSFER) * 2, "dicom.context-twice"),
        (_context(1, _ABSTRACT, _OTHER, _TRANSFER), "dicom.context-syntax"),
        (_context(1, _TRANSFER), "dicom.context-syntax"),
        (_context(1, _ABSTRACT), "dicom.context-syntax"),
        (_context(2, _ABSTRACT, _TRANSFER), "dicom.context-id"),
        (_context(1, d.item(0x30, d.CT_IMAGE.encode() + b"\0.1"), _TRANSFER), "dicom.uid"),
        (_context(1, d.item(0x30, b"1" * 65), _TRANSFER), "dicom.uid"),
        (_context(1, _ABSTRACT, _TRANSFER)[:-1], "dicom.item-length"),
        (_context(1, _ABSTRACT, _TRANSFER) + d.user_information() * 2, "dicom.item-twice"),
        (d.user_information(extra=d.item(0x58, bytes(6)) * 2), "dicom.item-twice"),
    ],
)
def test_a_request_that_two_readers_could_read_in_two_ways_is_aborted(items: bytes, fault: str) -> None:
    empty = d.associate_rq(contexts=(), user=b"")
    guard = guarded([(CLIENT, d.pdu(1, empty[6:] + items))])
    assert guard.refusals == [("protocol", fault)]
    assert guard.to_client == provider_abort(6)
    assert guard.to_server == b""


@pytest.mark.parametrize(
    "title", [b"CT01\0EVIL       ", b"CT\\01           ", b"CT\n01           ", b"\xe9CT            "]
)
def test_a_title_that_languages_read_differently_is_refused(title: bytes) -> None:
    request = bytearray(ECHO[0][1])
    request[26:42] = title.ljust(16)[:16]
    assert guarded([(CLIENT, bytes(request))]).refusals == [("protocol", "dicom.title")]


def test_titles_filled_up_with_nul_as_old_devices_do_are_fine() -> None:
    request = bytearray(ECHO[0][1])
    request[26:42] = b"CT01".ljust(16, b"\0")
    assert guarded([(CLIENT, bytes(request))]).to_server == bytes(request)


def test_another_protocol_version_is_refused_in_its_own_words() -> None:
    request = bytearray(ECHO[0][1])
    request[7] = 2
    assert guarded([(CLIENT, bytes(request))]).to_client == rejection(1, 2, 2)


def test_the_user_is_known_by_name_and_the_passcode_by_nobody() -> None:
    user = bytes((2, 0)) + struct.pack(">H", 4) + b"anna" + struct.pack(">H", 9) + b"PASSCODE9"
    request = d.associate_rq(user=d.user_information(extra=d.item(0x58, user)))
    guard = guarded([(CLIENT, request)], Rule(name="anna", line=1, users=("anna",)))
    assert guard.to_server == request
    assert guard.decisions[0].user == "anna"
    assert "PASSCODE9" not in repr(guard.events)


@pytest.mark.parametrize("kind", [3, 4, 5])
def test_tickets_and_assertions_of_users_are_not_read(kind: int) -> None:
    user = bytes((kind, 0)) + struct.pack(">H", 6) + b"SECRET" + struct.pack(">H", 0)
    guard = guarded([(CLIENT, d.associate_rq(user=d.user_information(extra=d.item(0x58, user))))])
    assert guard.conversation._records.peer.user_kind == kind
    assert "SECRET" not in repr(guard.events)


# ---------------------------------------------------------------- the server's answer
@pytest.mark.parametrize(
    "answer",
    [
        d.associate_ac(accepted=(d.EXPLICIT,)),
        d.associate_ac(accepted=(d.IMPLICIT, d.IMPLICIT)),
        d.pdu(2, d.associate_ac()[6:] + d.item(0x21, bytes((1, 0, 0, 0)) + _TRANSFER)),
    ],
)
def test_a_server_cannot_accept_what_was_not_asked(answer: bytes) -> None:
    guard = guarded([ECHO[0], (SERVER, answer)])
    assert guard.refusals[0][0] == "protocol"
    assert guard.to_client == provider_abort(6)
    assert guard.to_server == ECHO[0][1] + provider_abort(6)


def test_a_refusal_of_the_server_reaches_the_client() -> None:
    guard = guarded([ECHO[0], (SERVER, d.REJECT)])
    assert guard.to_client == d.REJECT
    assert guard.closed


def test_without_upstream_the_client_is_told_to_come_again() -> None:
    guard = Guarded().play(ECHO[:1])
    guard.conversation.unreachable()
    assert guard.to_client == rejection(2, 3, 2)
    assert guard.refusals == [("upstream", "")]


# ---------------------------------------------------------------- every PDU in its place
OPEN = ECHO[:2]
COMMAND = ECHO[2][1]


@pytest.mark.parametrize(
    ("script", "detail", "reason"),
    [
        ([(CLIENT, COMMAND)], "dicom.pdu-order", 2),
        ([(CLIENT, d.RELEASE_RQ)], "dicom.pdu-order", 2),
        ([(CLIENT, b"GET / HTTP/1.1\r\n\r\n")], "dicom.pdu-type", 1),
        ([ECHO[0], (CLIENT, COMMAND)], "dicom.pdu-order", 2),
        ([ECHO[0], ECHO[0]], "dicom.pdu-order", 2),
        ([ECHO[0], (SERVER, d.values(1, b"x", command=True))], "dicom.pdu-order", 2),
        ([*OPEN, ECHO[0]], "dicom.pdu-order", 2),
        ([*OPEN, ECHO[1]], "dicom.pdu-order", 2),
        ([*OPEN, (SERVER, d.REJECT)], "dicom.pdu-order", 2),
        ([*OPEN, (CLIENT, d.RELEASE_RP)], "dicom.pdu-order", 2),
        ([*OPEN, (CLIENT, d.RELEASE_RQ), (CLIENT, COMMAND)], "dicom.pdu-order", 2),
        ([*OPEN, (CLIENT, d.RELEASE_RQ), ECHO[0]], "dicom.pdu-order", 2),
        ([*OPEN, (CLIENT, d.pdu(8, b"1234"))], "dicom.pdu-type", 1),
        ([*OPEN, (CLIENT, d.pdu(5, b"12345"))], "dicom.pdu-length", 6),
        ([*OPEN, (CLIENT, b"\4\0\xff\xff\xff\xff")], "dicom.pdu-length", 6),
        ([*OPEN, (CLIENT, b"\4\0\0\0\0\5")], "dicom.pdu-length", 6),
        ([*OPEN, (CLIENT, d.pdu(4, struct.pack(">IBB", 99, 1, 3)))], "dicom.pdv-length", 6),
        ([*OPEN, (CLIENT, d.pdu(4, struct.pack(">IBB", 2, 1, 7)))], "dicom.pdv-length", 6),
        ([*OPEN, (CLIENT, d.values(1, b"data", command=False))], "dicom.interleaved", 5),
    ],
)  # fmt: skip
def test_a_pdu_out_of_place_ends_the_association_on_both_sides(script: list, detail: str, reason: int) -> None:
    for cut in (None, 1):
        guard = guarded(script, cut=cut)
        assert guard.refusals == [("protocol", detail)]
        assert guard.closed
        assert guard.to_client.endswith(provider_abort(reason))
        started = script[0] == ECHO[0]
        assert guard.to_server == ((sent(script[:-1], CLIENT) + provider_abort(reason)) if started else b"")


def test_a_pdu_longer_than_the_receiver_takes_goes_nowhere() -> None:
    long = d.values(1, bytes(20_000), command=False, size=20_000)
    script = [*STORE[:3], (CLIENT, long)]
    guard = guarded(script)
    assert guard.refusals == [("limit", "dicom.pdu-length")]
    assert guard.to_server == sent(script[:3], CLIENT) + provider_abort(0)


@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_an_abort_is_passed_on_and_ends_it(side: int) -> None:
    guard = guarded([*OPEN, (side, d.ABORT)])
    assert (guard.to_server if side == CLIENT else guard.to_client).endswith(d.ABORT)
    assert guard.closed
    assert guard.refusals == []


def test_the_server_may_release_and_both_may_at_once() -> None:
    guard = guarded([*OPEN, (SERVER, d.RELEASE_RQ), (CLIENT, d.RELEASE_RP)])
    assert (guard.closed, guard.refusals) == (True, [])
    collision = [*OPEN, (CLIENT, d.RELEASE_RQ), (SERVER, d.RELEASE_RQ), (CLIENT, d.RELEASE_RP), (SERVER, d.RELEASE_RP)]
    guard = guarded(collision)
    assert (guard.closed, guard.refusals) == (True, [])
    assert guard.to_client == sent(collision, SERVER)


def test_a_side_that_breaks_off_is_told_to_the_other_in_words() -> None:
    guard = Guarded().play(OPEN)
    guard.conversation.closed(SERVER)
    assert guard.to_client == ECHO[1][1] + provider_abort(0)
    assert guard.closed


def test_nothing_is_said_into_the_middle_of_a_pdu() -> None:
    guard = Guarded().play(STORE[:3])
    half = STORE[3][1][:100]
    guard.conversation.receive(CLIENT, half)
    guard.conversation.closed(CLIENT)
    assert guard.to_server == sent(STORE[:3], CLIENT) + half
    assert guard.conversation.ending is Ending.CLOSE


def test_time_runs_out_in_words_both_sides_understand() -> None:
    guard = Guarded()
    guard.conversation.expire()
    assert (guard.to_client, guard.closed) == (b"", True)
    guard = Guarded().play(OPEN)
    guard.conversation.expire()
    assert guard.to_client.endswith(provider_abort(0))
    assert guard.to_server.endswith(provider_abort(0))
    assert guard.refusals == [("limit", "dicom.time")]


def test_the_upstream_that_answered_is_the_server_of_all_events() -> None:
    guard = Guarded().play(ECHO[:1])
    guard.conversation.connected(Endpoint(ip="198.51.100.7", port=104))
    guard.play(ECHO[1:]).finish()
    assert {event.server.ip for event in guard.events if isinstance(event, DicomAssociation)} == {"198.51.100.7"}
