"""HL7 through the guard: whole messages pass as they came, refused ones are answered and leave no trace behind it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leadapron.guard.conversation import Ending
from leadapron.guard.hl7.conversation import TARPIT
from leadapron.guard.hl7.message import HELD
from leadapron.model.events import Event, GuardDecision, Hl7Session
from leadapron.model.guard import Action, Rate, Rule
from leadapron.see.wire.dissector import Side
from leadapron.see.wire.hl7 import Hl7Dissector
from tests.guard.hl7.playbook import (
    CANARY,
    CLIENT,
    EVERYTHING,
    LISTENER,
    MARK,
    ORDERS,
    RULES,
    SERVER,
    Guarded,
    acknowledgement,
    block,
    message,
)
from tests.see.wire.playbook import play

LONG = f"OBX|1|TX|||{'report ' * 60_000}"
"""Longer than what waits whole."""


def test_an_allowed_message_and_its_answer_pass_as_they_came() -> None:
    guarded = Guarded().play([(CLIENT, block(message())), (SERVER, block(acknowledgement()))]).finish()
    assert guarded.to_server == block(message())
    assert guarded.to_client == block(acknowledgement())
    assert list(guarded.dialled) == ["192.0.2.2:2575"]
    assert guarded.decisions == [("", "allow", "rule", 1), ("ORM^O01", "allow", "rule", 1)]
    assert guarded.session is not None
    assert [(row.message_type, row.acknowledgement) for row in guarded.session.traffic] == [
        ("ORM^O01", ""),
        ("ACK^O01", "AA"),
    ]
    assert guarded.session.server.ip == "192.0.2.2"
    assert guarded.ending is None


def test_a_refused_message_is_answered_and_the_connection_goes_on() -> None:
    guarded = Guarded().play(
        [
            (CLIENT, block(message()) + block(message("ADT^A08", identifier="8"))),
            (SERVER, block(acknowledgement())),
            (CLIENT, block(message("ORU^R01", identifier="9"))),
        ]
    ).finish()  # fmt: skip
    assert guarded.to_server == block(message()) + block(message("ORU^R01", identifier="9"))
    own = guarded.to_client.removeprefix(block(acknowledgement()))
    assert own == block(
        b"MSH|^~\\&|PACS|ARCHIVE|RIS|RADIOLOGY|20261124080000+0000||ACK^A08|G261124080000000001|P|2.5.1\r"
        b"MSA|AR|8|not allowed\r"
        b"ERR|||207^Application internal error^HL70357|E||||not allowed\r"
    )
    assert guarded.decisions == [
        ("ADT^A08", "deny", "no-rule", 1),
        ("", "allow", "rule", 1),
        ("ORM^O01", "allow", "rule", 1),
        ("ORU^R01", "allow", "rule", 1),
    ]
    assert guarded.session is not None
    assert [row.message_type for row in guarded.session.traffic] == ["ORM^O01", "ACK^O01", "ORU^R01"]


def test_answers_keep_the_order_of_messages() -> None:
    """The refusal of the second waits for the server's answer to the first, and never lands inside it."""
    guarded = Guarded().say(CLIENT, block(message()) + block(message("ADT^A08", identifier="8")))
    assert guarded.to_client == b""
    answer = block(acknowledgement())
    guarded.say(SERVER, answer[:20])
    guarded.say(CLIENT, block(message("ADT^A01", identifier="9")))
    assert guarded.to_client == answer[:20]
    guarded.say(SERVER, answer[20:])
    first, second, third = guarded.to_client.split(b"\x1c\r")[:3]
    assert first + b"\x1c\r" == answer
    assert b"MSA|AR|8|" in second
    assert b"MSA|AR|9|" in third


def test_a_stranger_reaches_nothing_behind_the_guard() -> None:
    guarded = Guarded().say(CLIENT, block(message(sender="EVIL"))).finish()
    assert (guarded.to_server, guarded.dialled) == (b"", ())
    assert b"MSA|AR|7|not allowed\r" in guarded.to_client
    assert guarded.decisions == [("", "deny", "calling-title", 1)]
    assert guarded.session is None
    assert guarded.ending is None


def test_equal_refusals_are_told_once_at_once_and_counted() -> None:
    guarded = Guarded().say(CLIENT, block(message()) + block(message("ADT^A08")) * 5)
    assert guarded.decisions == [("ADT^A08", "deny", "no-rule", 1)]
    assert guarded.finish().decisions[-1] == ("ADT^A08", "deny", "no-rule", 4)


@pytest.mark.parametrize("rule_key", ["RIS", "RIS@RADIOLOGY", "*@RADIOLOGY"])
def test_names_of_a_rule(rule_key: str) -> None:
    guarded = Guarded(replace(ORDERS, calling=(rule_key,))).say(CLIENT, block(message()))
    assert guarded.to_server == block(message())


def test_a_rule_in_shadow_only_tells() -> None:
    deny = Rule(name="no ADT", line=1, action=Action.DENY, shadow=True, messages=("ADT",))
    guarded = Guarded(deny, EVERYTHING).say(CLIENT, block(message("ADT^A08"))).finish()
    assert guarded.to_server == block(message("ADT^A08"))
    assert ("ADT^A08", "deny", "rule", 1) in guarded.decisions


# ---------------------------------------------------------------- bounds
def test_a_message_that_is_too_long_is_refused_without_a_trace() -> None:
    rule = replace(ORDERS, object_size=5_000)
    long, short = message("ORM^O01", "OBX|" + "x" * 6_000), message()
    guarded = Guarded(rule).say(CLIENT, block(long) + block(short), cut=1000).finish()
    assert guarded.to_server == block(short)
    assert b"MSA|AR|7|message too long\r" in guarded.to_client
    assert guarded.refusals == [("size", "")]


def test_a_long_message_is_passed_on_as_it_comes_and_not_finished_when_refused() -> None:
    guarded = Guarded(replace(ORDERS, object_size=HELD + 100_000))
    long = block(message("ORM^O01", LONG))
    guarded.say(CLIENT, long, cut=50_000).finish()
    assert len(guarded.to_server) > HELD
    assert long.startswith(guarded.to_server)
    assert b"\x1c" not in guarded.to_server
    assert b"MSA|AR|7|message too long\r" in guarded.to_client
    assert guarded.ending is Ending.CLOSE


def test_a_long_message_passes_bit_by_bit() -> None:
    guarded = Guarded()
    long = block(message("ORM^O01", LONG))
    guarded.say(CLIENT, long[:-2], cut=50_000)
    assert len(long) - len(guarded.to_server) < 20
    assert guarded.conversation.busy
    guarded.say(CLIENT, long[-2:])
    assert guarded.to_server == long


def test_messages_have_a_rate() -> None:
    rule = replace(ORDERS, rates=(Rate(what="messages", amount=2, seconds=60),))
    guarded = Guarded(rule).say(CLIENT, block(message()) * 3).finish()
    assert guarded.to_server == block(message()) * 2
    assert guarded.refusals == [("rate", "")]
    assert guarded.ending is None


def test_bytes_have_a_rate() -> None:
    rule = replace(ORDERS, rates=(Rate(what="bytes", amount=len(message()) + 10, seconds=60),))
    guarded = Guarded(rule).say(CLIENT, block(message()) * 2).finish()
    assert guarded.to_server == block(message())
    assert guarded.refusals == [("rate", "")]


@pytest.mark.parametrize("cut", [None, 1, 17])
def test_what_inspection_finds_stays_out(cut: int | None) -> None:
    hostile = message("ORU^R01", f"OBX|1|ED|||^APPLICATION^PDF^A^{MARK}")
    guarded = Guarded(content=RULES).say(CLIENT, block(hostile) + block(message()), cut).finish()
    assert guarded.to_server == block(message())
    assert guarded.refusals == [("content", "hostile_mark")]


def test_what_inspection_finds_late_is_never_finished() -> None:
    guarded = Guarded(content=RULES).say(CLIENT, block(message("ORU^R01", LONG, MARK)), cut=60_000)
    assert b"\x1c" not in guarded.to_server
    assert guarded.refusals == [("content", "hostile_mark")]
    assert guarded.ending is Ending.CLOSE


def test_a_rule_may_do_without_inspection() -> None:
    hostile = message("ORU^R01", MARK)
    guarded = Guarded(replace(ORDERS, inspect="off"), content=RULES).say(CLIENT, block(hostile))
    assert guarded.to_server == block(hostile)


def test_the_open_glass_opens_rules_and_not_malware() -> None:
    guarded = Guarded(content=RULES)
    guarded.book.open_glass("Dr Who", 10, None, guarded.moment)
    guarded.say(CLIENT, block(message("ADT^A08")) + block(message("ADT^A08", MARK))).finish()
    assert guarded.to_server == block(message("ADT^A08"))
    assert guarded.refusals == [("content", "hostile_mark")]
    assert ("ADT^A08", "allow", "break-glass", 2) in guarded.decisions


def test_the_tarpit_lets_wait_and_then_refuses() -> None:
    deny = Rule(name="slow", line=1, action=Action.TARPIT, messages=("ADT",))
    guarded = Guarded(deny, EVERYTHING).say(CLIENT, block(message("ADT^A08")) + block(message()))
    assert (guarded.to_client, guarded.to_server) == (b"", b"")
    assert guarded.conversation.wait == TARPIT
    guarded.conversation.resumed()
    guarded.empty()
    assert guarded.conversation.wait == 0
    assert b"MSA|AR|7|" in guarded.to_client
    assert guarded.to_server == block(message())


# ---------------------------------------------------------------- upstream, time, ends
def test_a_server_that_cannot_be_reached_is_told_of() -> None:
    guarded = Guarded(reachable=False).say(CLIENT, block(message())).finish()
    assert b"MSA|AR|7|receiver cannot be reached, try again later\r" in guarded.to_client
    assert guarded.to_server == b""
    assert guarded.refusals == [("upstream", "")]
    assert guarded.ending is Ending.CLOSE


def test_receivers_have_their_routes() -> None:
    listener = replace(LISTENER, routes={"VNA": ("192.0.2.3:2575",)})
    guarded = Guarded(EVERYTHING, listener=listener)
    guarded.say(CLIENT, block(message(receiver="VNA")) + block(message(receiver="PACS"))).finish()
    assert list(guarded.dialled) == ["192.0.2.3:2575"]
    assert guarded.to_server == block(message(receiver="VNA"))
    assert guarded.refusals == [("called-title", "hl7.route")]


def test_who_stalls_inside_a_message_is_told() -> None:
    guarded = Guarded()
    assert not guarded.conversation.opened
    guarded.say(CLIENT, block(message())[:-5])
    assert guarded.conversation.opened
    assert guarded.conversation.busy
    guarded.conversation.expire()
    guarded.empty()
    assert (guarded.to_server, guarded.ending) == (b"", Ending.CLOSE)
    assert b"MSA|AR|7|too slow, try again\r" in guarded.to_client


@pytest.mark.parametrize("sent", [b"", b"\x0bMSH|^~", block(message())])
def test_time_ends_what_says_nothing(sent: bytes) -> None:
    guarded = Guarded().say(CLIENT, sent)
    guarded.conversation.expire()
    assert guarded.ending is Ending.CLOSE
    assert guarded.refusals == [("limit", "hl7.time")]


def test_a_client_that_leaves_inside_a_message_delivered_nothing() -> None:
    guarded = Guarded().say(CLIENT, block(message())[:-3])
    guarded.conversation.closed(CLIENT)
    guarded.finish()
    assert (guarded.to_server, guarded.ending) == (b"", Ending.CLOSE)
    assert guarded.refusals == [("protocol", "hl7.no-end")]


def test_a_half_closed_connection_still_gets_its_answer() -> None:
    guarded = Guarded().say(CLIENT, block(message()))
    guarded.conversation.closed(CLIENT)
    assert guarded.ending is None
    guarded.say(SERVER, block(acknowledgement()))
    assert (guarded.to_client, guarded.ending) == (block(acknowledgement()), Ending.CLOSE)


def test_a_server_that_leaves_ends_both() -> None:
    guarded = Guarded().say(CLIENT, block(message()))
    guarded.conversation.closed(SERVER)
    assert guarded.ending is Ending.CLOSE


@pytest.mark.parametrize(("enhanced", "code"), [("", b"AR"), ("|AL|NE", b"CR"), ("|ER|AL", b"CR"), ("|NE|AL", b"AR")])
def test_enhanced_senders_hear_it_as_commit(enhanced: str, code: bytes) -> None:
    guarded = Guarded().say(CLIENT, block(message("ADT^A01", enhanced=enhanced)))
    assert b"\rMSA|" + code + b"|7|" in guarded.to_client


def test_senders_that_want_no_answer_are_not_waited_for() -> None:
    guarded = Guarded(EVERYTHING).say(CLIENT, block(message(enhanced="|NE|NE")))
    assert not guarded.conversation.busy


def test_old_versions_are_not_told_in_new_segments() -> None:
    guarded = Guarded().say(CLIENT, block(message("ADT^A01", version="2.3")))
    assert b"ERR|" not in guarded.to_client
    assert b"MSA|AR|7|not allowed\r\x1c\r" in guarded.to_client


def test_a_server_that_never_answers_keeps_no_refusal_back() -> None:
    guarded = Guarded().say(CLIENT, block(message()) * 100)
    guarded.say(CLIENT, block(message("ADT^A01")) * 100)
    assert guarded.to_client.count(b"MSA|AR|7|") > 30


# ---------------------------------------------------------------- whatever comes
PIECES = st.sampled_from(
    [
        b"\x0b",
        b"\x1c\r",
        b"\x1c",
        b"\r",
        block(message()),
        block(message("ADT^A01")),
        message()[:-1],
        message("ADT^A08")[:-1],
        b"MSH",
        b"\rMSH|^~\\&|RIS|F|PACS|G|||ORM^O01|1|P|2.3\r",
        b" MSH#*~\\&#RIS#F#PACS#G###ADT*A01#1#P#2.3",
        b"BHS|^~\\&|\r",
        b"PID|1||DOE",
        MARK.encode(),
        b"\x00 ",
    ]
)
STREAMS = st.lists(st.one_of(PIECES, PIECES, PIECES, st.binary(max_size=12)), max_size=30).map(b"".join)
SCRIPTS = st.lists(st.tuples(st.sampled_from([CLIENT, CLIENT, SERVER]), STREAMS), max_size=5)
CUTS = st.lists(st.integers(1, 40), min_size=1, max_size=4)


def story(guarded: Guarded) -> tuple[object, ...]:
    """Without the server that a decision names: a whole stream is judged before the server has answered."""
    events = [replace(event, server=None) if isinstance(event, GuardDecision) else event for event in guarded.events]
    return guarded.to_client, guarded.to_server, guarded.ending, events, guarded.dialled


@given(SCRIPTS, CUTS)
def test_never_raises_and_never_depends_on_cuts(script: list[tuple[Side, bytes]], cut: list[int]) -> None:
    whole = story(Guarded(content=RULES).play(script).finish())
    assert story(Guarded(content=RULES).play(script, cut=1).finish()) == whole
    assert story(Guarded(content=RULES).play(script, cut=cut).finish()) == whole


TYPES = st.sampled_from(["ORM^O01", "ORU^R01", "ADT^A08", "ORM", "SIU^S12"])
TEXTS = st.text(st.characters(codec="utf-8", min_codepoint=0x20), max_size=60)
MESSAGES = st.builds(lambda kind, text: message(kind, f"OBX|1|TX|||{text}"), TYPES, TEXTS)


@given(st.lists(MESSAGES, max_size=6), CUTS)
def test_what_is_allowed_passes_unchanged(messages: list[bytes], cut: list[int]) -> None:
    stream = b"".join(block(one) for one in messages)
    guarded = Guarded(EVERYTHING).say(CLIENT, stream, cut).finish()
    assert guarded.to_server == stream
    assert not guarded.refusals


@given(st.lists(MESSAGES, max_size=6))
def test_a_sensor_behind_the_guard_sees_no_message_that_was_not_allowed(messages: list[bytes]) -> None:
    guarded = Guarded().say(CLIENT, b"".join(block(one) for one in messages)).finish()
    seen = _sessions(play(Hl7Dissector, [(CLIENT, guarded.to_server)]))
    assert seen == _sessions(guarded.events)
    kinds = [kind for kind, _ in seen]
    assert set(kinds) <= {"ORM^O01", "ORU^R01", "ORM"}
    allowed = sum(count for kind, action, _, count in guarded.decisions if kind and action == "allow")
    assert sum(count for _, count in seen) == allowed


def _sessions(events: list[Event]) -> list[tuple[str, int]]:
    return [(row.message_type, row.messages) for one in events if isinstance(one, Hl7Session) for row in one.traffic]


@given(SCRIPTS)
def test_whatever_reaches_the_server_was_allowed(script: list[tuple[Side, bytes]]) -> None:
    """Read as loosely as any receiver does: a header wherever a line, a block or a blank lets one begin."""
    guarded = Guarded().play(script).finish()
    for start in _headers(guarded.to_server):
        assert start.startswith((b"ORM", b"ORU^R01"))


def _headers(stream: bytes) -> list[bytes]:
    """The message types after every separator-like character, with either kind of separators."""
    found = []
    for line in (
        stream.replace(b"\x0b", b"\r").replace(b"\x00", b"\r").replace(b"\n", b"\r").replace(b" ", b"\r").split(b"\r")
    ):
        if line.startswith(b"MSH") and len(line) > 4:
            fields = line.split(line[3:4])
            if len(fields) > 9:
                found.append(fields[8].replace(b"*", b"^"))
    return found


@given(SCRIPTS)
def test_no_patient_is_ever_in_an_event(script: list[tuple[Side, bytes]]) -> None:
    guarded = Guarded(EVERYTHING).play([*script, (CLIENT, block(message())), (SERVER, block(message()))]).finish()
    assert CANARY.encode() not in msgspec.json.encode(guarded.events)


def test_memory_is_bounded_whatever_comes() -> None:
    """Endless messages, headers, batches and fillers keep less than what waits whole."""
    for endless in (
        b"\x0b" + message()[:-1] + b"x" * 3_000_000,
        b"\x0bMSH|" + b"x" * 3_000_000,
        b"\x0b" + b"BHS|x\r" * 500_000,
    ):
        guarded = Guarded().say(CLIENT, endless, cut=65_536)
        kept = sum(len(value) for value in _bytes_of(guarded.conversation))
        assert kept < HELD + 2 * 65_536


def _bytes_of(thing: object, depth: int = 4) -> list[bytes]:
    if isinstance(thing, bytes):
        return [thing]
    if depth == 0 or isinstance(thing, str | int | float | None):
        return []
    if isinstance(thing, list | tuple | set):
        return [found for one in thing for found in _bytes_of(one, depth - 1)]
    if isinstance(thing, dict):
        return [found for one in thing.values() for found in _bytes_of(one, depth - 1)]
    return [found for one in getattr(thing, "__dict__", {}).values() for found in _bytes_of(one, depth - 1)]
