"""DIMSE under a policy: each request decided, each response belonging to one, refusals in the peer's own words."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from msgspec import structs
from pynetdicom.dsutils import decode

from leadapron.guard.dicom import exchange
from leadapron.model.events import DicomAssociation
from leadapron.model.guard import Action, Decision, Operation, Peer, Query, Rate, Reason, Rule, Task
from leadapron.see.wire.dicom.dimse import Command, parse_command
from tests.guard.dicom.playbook import CLIENT, EVERYTHING, SERVER, Guarded, guarded, sent
from tests.see.wire import dicom_bytes as d
from tests.see.wire.test_dicom import ECHO, STORE, WIDE, query

MPPS, COMMIT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PRINT, SESSION = "1.2.840.10008.5.1.1.9", "1.2.840.10008.5.1.1.1"
FIRST = [(0x0008_0052, "CS", b"STUDY"), (0x0010_0020, "LO", b"CANARYID42")]


def opened(*contexts: str, user: bytes | None = None) -> list:
    """An association on which implicit little endian was agreed for these classes."""
    return [
        (CLIENT, d.associate_rq(contexts=[(each, (d.IMPLICIT,)) for each in contexts], user=user)),
        (SERVER, d.associate_ac(accepted=[d.IMPLICIT] * len(contexts), user=user)),
    ]


def answers(guard: Guarded, script: list) -> list[tuple[str, int, int]]:
    """Name, message id and status of the responses that the guard itself gave last, as pynetdicom and we read them."""
    data = guard.to_client[len(sent(script, SERVER)) :]
    found = []
    while data:
        length = struct.unpack_from(">I", data, 2)[0]
        body, data = data[12 : 6 + length], data[6 + length :]
        command = parse_command(body)
        assert isinstance(command, Command)
        theirs = decode(BytesIO(body), True, True)
        assert theirs.CommandGroupLength == len(body) - 12
        assert (theirs.MessageIDBeingRespondedTo, theirs.Status) == (command.message_id, command.status)
        assert "guard" in theirs.ErrorComment
        found.append((command.name, command.message_id, command.status))
    return found


class Refusing:
    """Lets everybody in and nothing through."""

    def admit(self, peer: Peer) -> Decision:
        return Decision(action=Action.ALLOW, reason=Reason.RULE)

    def offer(self, peer: Peer, abstract_syntax: str, transfer_syntaxes: tuple[str, ...]) -> tuple[str, ...]:
        return transfer_syntaxes

    def decide(self, peer: Peer, operation: Operation) -> Decision:
        return Decision(action=Action.DENY, reason=Reason.NO_RULE)

    def passed(self, peer: Peer, decision: Decision, amount: int) -> Decision:
        return decision


def only(*tasks: Task, **others: object) -> Rule:
    return structs.replace(EVERYTHING, name="only", tasks=frozenset(tasks), **others)


# ---------------------------------------------------------------- refusals
def test_a_command_that_no_rule_allows_is_answered_by_the_guard_and_the_next_goes_on() -> None:
    script = [
        *opened(d.STUDY_ROOT_MOVE, d.VERIFICATION),
        (CLIENT, d.command(0x0021, d.STUDY_ROOT_MOVE, message=7, data_set=True, destination="CT01")),
        (CLIENT, d.values(1, d.data_set(FIRST), command=False)),
        (CLIENT, d.command(0x0030, d.VERIFICATION, message=8, context=3)),
        (SERVER, d.command(0x8030, d.VERIFICATION, message=8, status=0, context=3)),
    ]
    move_elsewhere = only(Task.ECHO), Rule(name="m", line=2, tasks=frozenset({Task.MOVE}), destinations=("WS*",))
    guard = guarded(script, *move_elsewhere)
    assert guard.to_server == script[0][1] + script[4][1]
    assert guard.to_client.endswith(script[5][1])
    assert answers(guarded(script[:4], *move_elsewhere), script[:4]) == [("C-MOVE", 7, 0x0124)]
    assert guard.refusals == [("destination", "")]
    assert [event.destination for event in guard.decisions if event.action == "deny"] == ["CT01"]
    assert not guard.closed
    (association,) = [event for event in guard.events if isinstance(event, DicomAssociation)]
    assert {each.command: dict(each.statuses) for each in association.operations} == {
        "C-MOVE": {"0x0124": 1},
        "C-ECHO": {"0x0000": 1},
    }


def test_a_move_to_where_it_may_go_goes_on() -> None:
    script = [
        *opened(d.STUDY_ROOT_MOVE),
        (CLIENT, d.command(0x0021, d.STUDY_ROOT_MOVE, data_set=True, destination="WS01")),
        (CLIENT, d.values(1, d.data_set(FIRST), command=False)),
        (SERVER, d.command(0x8021, d.STUDY_ROOT_MOVE, status=0xFF00)),
        (SERVER, d.command(0x8021, d.STUDY_ROOT_MOVE, status=0)),
    ]
    guard = guarded(script, Rule(name="m", line=2, tasks=frozenset({Task.MOVE}), destinations=("WS*",)))
    assert guard.to_server == sent(script, CLIENT)
    assert guard.to_client == sent(script, SERVER)


@pytest.mark.parametrize("destination", ["WS01\0EVIL", "WS\\01", "WS01\n"])
def test_a_destination_that_languages_read_differently_is_refused(destination: str) -> None:
    script = [
        *opened(d.STUDY_ROOT_MOVE),
        (CLIENT, d.command(0x0021, d.STUDY_ROOT_MOVE, data_set=True, destination=destination)),
        (CLIENT, d.values(1, d.data_set(FIRST), command=False)),
    ]
    guard = guarded(script)
    assert guard.refusals == [("protocol", "dicom.title")]
    assert answers(guard, script) == [("C-MOVE", 1, 0x0124)]


def test_more_objects_than_the_rate_allows_are_refused_for_now() -> None:
    script = [*STORE[:5], (CLIENT, d.command(0x0001, d.CT_IMAGE, message=2, data_set=True)), STORE[3]]
    guard = guarded(script, structs.replace(EVERYTHING, rates=(Rate(what="objects", amount=1, seconds=60),)))
    assert guard.to_server == sent(script[:5], CLIENT)
    assert answers(guard, script) == [("C-STORE", 2, 0xA700)]
    assert guard.refusals == [("rate", "")]


@pytest.mark.parametrize(
    ("field", "sop_class", "data_set", "task"),
    [
        (0x0140, MPPS, True, "mpps"),
        (0x0120, MPPS, True, "mpps"),
        (0x0130, COMMIT, True, "commit"),
        (0x0110, PRINT, False, "print"),
        (0x0150, "1.2.840.10008.5.1.1.33", False, "delete"),
    ],
)
def test_every_normalised_service_can_be_refused(field: int, sop_class: str, data_set: bool, task: str) -> None:
    script = [*opened(sop_class, d.VERIFICATION), (CLIENT, d.command(field, sop_class, data_set=data_set))]
    if data_set:
        script.append((CLIENT, d.values(1, d.data_set(FIRST), command=False)))
    assert guarded(script).to_server == sent(script, CLIENT)
    guard = guarded(script, judge=Refusing())
    assert [status for _, _, status in answers(guard, script)] == [0x0124]
    assert guard.to_server == script[0][1]
    assert [event.task for event in guard.decisions if event.action == "deny"] == [task]


def test_a_tarpit_lets_the_sender_wait_for_its_answer() -> None:
    script = [*STORE[:4]]
    tarpit = Rule(name="slow", line=1, action=Action.TARPIT, tasks=frozenset({Task.STORE}), sop_classes=(d.CT_IMAGE,))
    contexts = Rule(name="also", line=2, tasks=frozenset({Task.GET}))
    guard = Guarded(tarpit, contexts).play(script)
    assert guard.conversation.wait > 0
    assert guard.to_client == sent(script, SERVER)
    guard.conversation.resumed()
    assert answers(guard, script) == [("C-STORE", 1, 0x0124)]


# ---------------------------------------------------------------- what a command must be
def raw(*elements: tuple[int, bytes], length: int | None = None) -> bytes:
    """A command set as these elements, with its group length."""
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body) if length is None else length) + body


ECHO_SET = (
    (0x0002, b"1.2.840.10008.1.1\0"),
    (0x0100, struct.pack("<H", 0x30)),
    (0x0110, struct.pack("<H", 1)),
    (0x0800, struct.pack("<H", 0x0101)),
)


@pytest.mark.parametrize(
    "command",
    [
        raw(*ECHO_SET, length=1),
        raw(*ECHO_SET)[12:],
        raw(*ECHO_SET, (0x0800, struct.pack("<H", 0))),
        raw(ECHO_SET[1], ECHO_SET[0], *ECHO_SET[2:]),
        raw(*ECHO_SET[:2], *ECHO_SET[3:]),
        raw(*ECHO_SET[:3], (0x0120, struct.pack("<H", 9)), ECHO_SET[3]),
        raw(ECHO_SET[0], (0x0003, b"1.2.3"), *ECHO_SET[1:]),
        raw(*ECHO_SET[:3], (0x0800, struct.pack("<H", 0))),
        raw(ECHO_SET[0], (0x0100, struct.pack("<H", 0x99)), *ECHO_SET[2:]),
        raw(ECHO_SET[0], (0x0100, struct.pack("<I", 0x30)), *ECHO_SET[2:]),
        raw(*ECHO_SET) + b"\0",
    ],
)
def test_a_command_that_two_readers_could_read_in_two_ways_is_never_passed_on(command: bytes) -> None:
    script = [*ECHO[:2], (CLIENT, d.values(1, command, command=True))]
    guard = guarded(script)
    assert guard.refusals == [("protocol", "dicom.command-set")]
    assert guard.to_server == ECHO[0][1] + d.pdu(7, bytes((0, 0, 2, 5)))


def test_a_sound_command_in_many_fragments_goes_on_as_it_came() -> None:
    script = [*ECHO[:2], (CLIENT, d.values(1, raw(*ECHO_SET), command=True, size=5)), *ECHO[3:]]
    guard = guarded(script, cut=2)
    assert guard.to_server == sent(script, CLIENT)
    refused = guarded(script[:3], judge=Refusing(), cut=2)
    assert refused.to_server == script[0][1]
    assert answers(refused, script[:2]) == [("C-ECHO", 1, 0x0124)]


def test_command_fragments_without_end_are_cut_off() -> None:
    empty = d.pdu(4, struct.pack(">IBB", 2, 1, 1))
    for fragments in (d.values(1, bytes(20_000), command=True, size=100)[:-10], empty * 8000):
        guard = guarded([*ECHO[:2], (CLIENT, fragments)])
        assert guard.refusals == [("limit", "dicom.command-set")]
        assert guard.most_held < 100_000


def test_a_command_of_another_class_than_its_context_is_refused() -> None:
    script = [*opened(d.CT_IMAGE), (CLIENT, d.command(0x0030, d.VERIFICATION))]
    guard = guarded(script)
    assert answers(guard, script) == [("C-ECHO", 1, 0x0122)]
    assert guard.refusals == [("protocol", "dicom.sop-class")]


def test_members_of_a_meta_class_are_named_on_its_context() -> None:
    script = [*opened(PRINT), (CLIENT, d.command(0x0140, SESSION))]
    assert guarded(script).to_server == sent(script, CLIENT)


def test_an_instance_that_is_no_uid_is_refused() -> None:
    elements = (
        (0x0002, d.CT_IMAGE.encode() + b"\0"),
        (0x0100, struct.pack("<H", 1)),
        (0x0110, struct.pack("<H", 1)),
        (0x0800, struct.pack("<H", 0)),
        (0x1000, b"../../etc/passwd"),
    )
    script = [*opened(d.CT_IMAGE), (CLIENT, d.values(1, raw(*elements), command=True)), STORE[3]]
    guard = guarded(script)
    assert guard.to_server == script[0][1]
    assert answers(guard, script) == [("C-STORE", 1, 0x0117)]


@pytest.mark.parametrize(
    "more",
    [
        d.command(0x0030, d.VERIFICATION, context=9),
        d.command(0x0030, d.VERIFICATION, message=2) * 2,
        d.command(0x8030, d.VERIFICATION, status=0),
    ],
)
def test_what_cannot_be_ends_the_association(more: bytes) -> None:
    assert guarded([*ECHO[:2], (CLIENT, more)]).refusals[0][0] == "protocol"


def test_values_of_two_contexts_do_not_interleave() -> None:
    contexts = opened(d.CT_IMAGE, d.VERIFICATION)
    store, data = d.command(0x0001, d.CT_IMAGE, data_set=True), d.values(1, bytes(100), command=False, size=40)
    first = data[: 40 + 12]
    for strange in (d.command(0x0030, d.VERIFICATION, context=3), d.values(3, b"x", command=False), d.RELEASE_RQ):
        guard = guarded([*contexts, (CLIENT, store + first + strange)])
        assert guard.refusals[0][0] == "protocol"
        assert guard.to_server.startswith(contexts[0][1] + store + first)
        assert guard.to_server[len(contexts[0][1] + store + first) :] == d.pdu(7, bytes((0, 0, 2, 5)))


def test_several_values_in_one_pdu_go_on_as_they_came_unless_one_is_refused() -> None:
    def together(*pdus: bytes) -> bytes:
        return d.pdu(4, b"".join(pdu[6:] for pdu in pdus))

    store, data = d.command(0x0001, d.CT_IMAGE, data_set=True), d.values(1, d.image(pixels=99), command=False)
    move = d.command(0x0021, d.STUDY_ROOT_MOVE, context=3, message=2, destination="X", data_set=True)
    keys = d.values(3, d.data_set(FIRST), command=False)
    contexts = opened(
        d.CT_IMAGE, d.STUDY_ROOT_MOVE, user=d.user_information(extra=d.item(0x53, struct.pack(">HH", 0, 0)))
    )
    whole = [*contexts, (CLIENT, together(store, data))]
    assert guarded(whole).to_server == sent(whole, CLIENT)
    mixed = [*contexts, (CLIENT, together(store, data, move, keys))]
    elsewhere = Rule(name="m", line=2, tasks=frozenset({Task.MOVE}), destinations=("WS*",))
    guard = guarded(mixed, only(Task.STORE), elsewhere)
    assert guard.to_server == contexts[0][1] + store + data
    assert answers(guard, contexts) == [("C-MOVE", 2, 0x0124)]


# ---------------------------------------------------------------- queries
@pytest.mark.parametrize("cut", [None, 1, 50])
def test_a_query_for_everything_is_refused_before_any_of_it_goes_on(cut: int | None) -> None:
    script = query(WIDE)
    narrow = only(Task.FIND, query=Query())
    guard = guarded(script[:4], narrow, cut=cut)
    assert guard.to_server == script[0][1]
    assert answers(guard, script[:4]) == [("C-FIND", 1, 0x0124)]
    assert guard.refusals == [("wide-query", "")]
    asked = query(FIRST)
    guard = guarded(asked, narrow, cut=cut)
    assert guard.to_server == sent(asked, CLIENT)
    assert "CANARY" not in repr(guard.events)


@pytest.mark.parametrize(
    ("key", "narrow"),
    [
        ((0x0010_0020, "LO", b"CANARYID42"), True),
        ((0x0010_0010, "PN", b"CANARY*"), True),
        ((0x0010_0010, "PN", b"*^*"), False),
        ((0x0008_0020, "DA", b"20261124"), True),
        ((0x0008_0020, "DA", b"20261101-20261124"), True),
        ((0x0008_0020, "DA", b"20250101-20261124"), False),
        ((0x0008_0020, "DA", b"19000101-"), False),
        ((0x0008_0030, "TM", b"0000-2359"), False),
        ((0x0008_0061, "CS", b"CT"), False),
        ((0x0009_0010, "LO", b"UNKNOWN KEY"), False),
        ((0x0012_0040, "LO", b"KEY NO ARCHIVE KNOWS"), False),
    ],
)
def test_only_keys_that_every_archive_matches_on_narrow_a_query(key: tuple[int, str, bytes], narrow: bool) -> None:
    keys = sorted([(0x0008_0052, "CS", b"STUDY"), key, (0x0020_000D, "UI", b"")])
    script = query(keys)
    guard = guarded(script, only(Task.FIND, query=Query()))
    assert (guard.refusals == []) is narrow


@pytest.mark.parametrize(("field", "model"), [(0x0021, d.STUDY_ROOT_MOVE), (0x0010, STUDY_ROOT_GET)])
def test_a_retrieval_of_everything_is_refused_unless_wide_ones_are_allowed(field: int, model: str) -> None:
    ask = d.command(field, model, data_set=True, destination="WS01" if field == 0x0021 else "")
    patient = [(0x0008_0052, "CS", b"PATIENT"), (0x0010_0020, "LO", b"*")]
    script = [*opened(model), (CLIENT, ask), (CLIENT, d.values(1, d.data_set(patient), command=False))]
    guard = guarded(script, only(Task.MOVE, Task.GET, query=Query()))
    assert guard.refusals == [("wide-query", "")]
    assert guard.to_server == script[0][1]
    assert guarded(script, only(Task.MOVE, Task.GET, query=Query(wide=True))).to_server == sent(script, CLIENT)
    narrow = [*script[:3], (CLIENT, d.values(1, d.data_set(FIRST), command=False))]
    assert guarded(narrow, only(Task.MOVE, Task.GET, query=Query())).to_server == sent(narrow, CLIENT)


def _sequence(*elements: tuple[int, str, bytes]) -> bytes:
    content = d.data_set(elements)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def test_a_key_hidden_in_a_sequence_or_behind_disorder_narrows_nothing() -> None:
    level, key = (0x0008_0052, "CS", b"STUDY"), (0x0010_0020, "LO", b"CANARYID42")
    hidden = [level, (0x0008_1111, "SQ", _sequence(key))]
    twice = [level, key, (0x0010_0020, "LO", b"*")]
    disorder = [key, level]
    for keys in (hidden, twice, disorder):
        assert guarded(query(keys)[:4], only(Task.FIND, query=Query())).refusals == [("wide-query", "")]


def test_the_level_of_a_query_is_asked_for_and_must_be_readable() -> None:
    rule = only(Task.FIND, query=Query(wide=True, levels=("STUDY",)))
    assert guarded(query(FIRST), rule).refusals == []
    long = [(0x0008_0052, "CS", b"STUDY            \\IMAGE"), *FIRST[1:]]
    for keys in ([(0x0008_0052, "CS", b"IMAGE"), *FIRST[1:]], FIRST[1:], FIRST[::-1], long):
        assert guarded(query(keys)[:4], rule).refusals == [("query-level", "")]


def test_a_query_too_long_to_judge_is_judged_as_wide_and_never_held() -> None:
    keys = [*FIRST, (0x0040_A730, "UT", b"x" * 300_000)]
    refused = guarded(query(keys)[:4], only(Task.FIND, query=Query()))
    assert refused.refusals == [("wide-query", "")]
    assert refused.to_server == query(keys)[0][1]
    assert refused.most_held < 100_000
    allowed = guarded(query(keys), only(Task.FIND, query=Query(wide=True)), cut=1000)
    assert allowed.to_server == sent(query(keys), CLIENT)
    assert allowed.most_held < 100_000


def many(results: int) -> list:
    """A query with so many matches, the server stopping when it is told to."""
    match = d.command(0x8020, d.STUDY_ROOT_FIND, status=0xFF00, data_set=True)
    found = d.values(1, d.data_set([(0x0010_0010, "PN", b"CANARYNAME^B")]), command=False)
    done = d.command(0x8020, d.STUDY_ROOT_FIND, status=0xFE00)
    return [*query(FIRST)[:4], *[(SERVER, match + found)] * results, (SERVER, done)]


@pytest.mark.parametrize("cut", [None, 7])
def test_more_results_than_allowed_stop_the_query(cut: int | None) -> None:
    script = many(10)
    guard = guarded(script, only(Task.FIND, query=Query(results=3)), cut=cut)
    allowed = sent(script[:7], SERVER)
    assert guard.to_client.startswith(allowed)
    assert answers(guard, script[:7]) == [("C-FIND", 1, 0xA700)]
    cancel = parse_command(guard.to_server[len(sent(script, CLIENT)) + 12 :])
    assert cancel is not None
    assert (cancel.name, cancel.message_id) == ("C-CANCEL", 1)
    assert guard.refusals == [("results", "")]
    assert guarded(script, only(Task.FIND, query=Query(results=10))).to_client == sent(script, SERVER)


def test_nothing_is_said_in_the_name_of_a_client_that_has_released() -> None:
    """It asked, released, and did not wait: the server brings more than is allowed, and is not told to stop."""
    script = many(10)
    script.insert(4, (CLIENT, d.RELEASE_RQ))
    guard = guarded(script, only(Task.FIND, query=Query(results=3)))
    assert guard.to_server == sent(script, CLIENT)
    assert guard.to_client.startswith(sent(script[:8], SERVER))
    assert guard.refusals == [("results", "")]


def test_progress_of_a_retrieval_is_no_result() -> None:
    move = d.command(0x0021, d.STUDY_ROOT_MOVE, data_set=True, destination="WS01")
    pending = (SERVER, d.command(0x8021, d.STUDY_ROOT_MOVE, status=0xFF00))
    asked = [*opened(d.STUDY_ROOT_MOVE), (CLIENT, move), (CLIENT, d.values(1, d.data_set(FIRST), command=False))]
    script = [*asked, *[pending] * 10, (SERVER, d.command(0x8021, d.STUDY_ROOT_MOVE, status=0))]
    guard = guarded(script, only(Task.FIND, Task.MOVE, query=Query(results=3)))
    assert (guard.to_client, guard.to_server) == (sent(script, SERVER), sent(script, CLIENT))


def test_a_limit_of_results_in_shadow_is_told_once() -> None:
    guard = guarded(many(10), only(Task.FIND, query=Query(results=3), shadow=True))
    assert guard.to_client == sent(many(10), SERVER)
    assert [(event.reason, event.enforced) for event in guard.decisions if event.action == "deny"] == [
        ("results", False)
    ]


def test_a_cancel_goes_on_once_and_a_late_one_nowhere() -> None:
    cancel = d.command(0x0FFF).replace(struct.pack("<HHI", 0, 0x0110, 2), struct.pack("<HHI", 0, 0x0120, 2))
    script = query(FIRST)
    guard = guarded([*script[:4], (CLIENT, cancel * 2), *script[4:], (CLIENT, cancel)])
    assert guard.to_server == sent(script, CLIENT) + cancel
    assert guard.refusals == []


# ---------------------------------------------------------------- the server asks
SUB_STORE = [
    (SERVER, d.command(0x0001, d.CT_IMAGE, message=9, data_set=True, context=3)),
    (SERVER, d.values(3, d.image(), command=False)),
    (CLIENT, d.command(0x8001, d.CT_IMAGE, message=9, status=0, context=3)),
]


def test_objects_come_back_on_an_allowed_get_and_only_then() -> None:
    get = [
        (CLIENT, d.command(0x0010, STUDY_ROOT_GET, data_set=True)),
        (CLIENT, d.values(1, d.data_set(FIRST), command=False)),
    ]
    done = (SERVER, d.command(0x8010, STUDY_ROOT_GET, status=0))
    script = [*opened(STUDY_ROOT_GET, d.CT_IMAGE), *get, *SUB_STORE, done]
    guard = guarded(script)
    assert guard.to_client == sent(script, SERVER)
    assert guard.to_server == sent(script, CLIENT)
    assert guard.refusals == []
    for early in ([*script[:2], *SUB_STORE], [*script[:4], done, *SUB_STORE]):
        guard = guarded(early)
        assert guard.refusals == [("protocol", "dicom.unasked")]
        assert SUB_STORE[0][1] not in guard.to_client


def test_what_a_get_brings_is_bound_by_the_rule_that_lets_it_be_got() -> None:
    """The context is there because the class may be stored; to get it is another question."""
    script = [
        *opened(STUDY_ROOT_GET, d.CT_IMAGE),
        (CLIENT, d.command(0x0010, STUDY_ROOT_GET, data_set=True)),
        (CLIENT, d.values(1, d.data_set(FIRST), command=False)),
        *SUB_STORE[:2],
    ]
    store, get = only(Task.STORE), only(Task.GET, sop_classes=(STUDY_ROOT_GET, "1.2.840.10008.5.1.4.1.1.4"))
    guard = guarded(script, structs.replace(store, name="store"), get)
    assert guard.to_client == script[1][1]
    answer = parse_command(guard.to_server[len(sent(script, CLIENT)) + 12 :])
    assert answer is not None
    assert (answer.name, answer.response, answer.message_id, answer.status) == ("C-STORE", True, 9, 0x0124)
    assert guard.refusals == [("no-rule", "")]


def test_an_answer_never_has_more_than_a_console_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_RELAYED", 1000)
    found = d.command(0x8020, d.STUDY_ROOT_FIND, status=0xFF00, data_set=True)
    long = d.values(1, d.data_set([(0x0040_A730, "UT", b"x" * 2000)]), command=False, size=500)
    guard = guarded([*query(FIRST)[:4], (SERVER, found + long)])
    assert guard.refusals == [("limit", "dicom.data-set-length")]
    assert len(guard.to_client) < len(query(FIRST)[1][1] + found) + 1200
    guard = guarded([*ECHO[:3], (SERVER, d.command(0x8030, "1." * 200, status=0))])
    assert guard.refusals == [("protocol", "dicom.uid")]


def test_the_server_reports_a_commitment_where_the_client_may_ask_for_it() -> None:
    script = [
        *opened(COMMIT),
        (SERVER, d.command(0x0100, COMMIT, message=3, data_set=True)),
        (SERVER, d.values(1, d.data_set([(0x0008_1195, "UI", b"1.2.3")]), command=False)),
    ]
    answered = [*script, (CLIENT, d.command(0x8100, COMMIT, message=3, status=0))]
    assert guarded(answered, only(Task.COMMIT)).to_client == sent(answered, SERVER)
    refused = guarded(script, judge=Refusing())
    assert refused.to_client == script[1][1]
    answer = parse_command(refused.to_server[len(script[0][1]) + 12 :])
    assert answer is not None
    assert (answer.name, answer.response, answer.message_id, answer.status) == ("N-EVENT-REPORT", True, 3, 0x0124)


@pytest.mark.parametrize(
    "response",
    [
        d.command(0x8030, d.VERIFICATION, message=2, status=0),
        d.command(0x8001, d.VERIFICATION, status=0),
        d.command(0x8030, d.VERIFICATION, status=0) * 2,
        d.command(0x8030, d.VERIFICATION, status=0xFF00),
        d.command(0x8030, d.VERIFICATION),
        d.command(0x0030, d.VERIFICATION),
    ],
)
def test_a_response_that_nobody_asked_for_ends_the_association(response: bytes) -> None:
    guard = guarded([*ECHO[:3], (SERVER, response)])
    assert guard.refusals[0][0] == "protocol"
    assert guard.to_client.endswith(d.pdu(7, bytes((0, 0, 2, 5))))


def test_only_as_many_requests_as_agreed_are_under_way() -> None:
    def echoes(user: bytes | None) -> list:
        more = d.command(0x0030, d.VERIFICATION, message=1) + d.command(0x0030, d.VERIFICATION, message=2)
        return [*opened(d.VERIFICATION, user=user), (CLIENT, more)]

    assert guarded(echoes(None)).refusals == [("protocol", "dicom.window")]
    window = d.user_information(extra=d.item(0x53, struct.pack(">HH", 2, 1)))
    assert guarded(echoes(window)).refusals == []


def test_a_refusal_waits_until_the_message_before_it_is_whole() -> None:
    """The server sends an object of a C-GET while the client asks for what is refused."""
    window = d.user_information(extra=d.item(0x53, struct.pack(">HH", 2, 1)))
    get = d.command(0x0010, STUDY_ROOT_GET, data_set=True) + d.values(1, d.data_set(FIRST), command=False)
    brought = SUB_STORE[0][1] + SUB_STORE[1][1]
    script = [
        *opened(STUDY_ROOT_GET, d.CT_IMAGE, d.VERIFICATION, user=window),
        (CLIENT, get),
        (SERVER, brought[:-100]),
        (CLIENT, d.command(0x0030, d.CT_IMAGE, message=5, context=5)),
        (SERVER, brought[-100:]),
    ]
    guard = guarded(script)
    came = guard.to_client[len(script[1][1]) :]
    assert came.startswith(brought)
    refusal = parse_command(came[len(brought) + 12 :])
    assert refusal is not None
    assert (refusal.name, refusal.status) == ("C-ECHO", 0x0122)


def test_many_refusals_are_told_one_by_one_and_then_counted() -> None:
    echoes = [(CLIENT, d.command(0x0030, d.VERIFICATION, message=number)) for number in range(1, 101)]
    guard = guarded([*opened(d.VERIFICATION), *echoes], judge=Refusing())
    denied = [event.count for event in guard.decisions if event.action == "deny"]
    assert (len(denied), sum(denied)) == (65, 100)
