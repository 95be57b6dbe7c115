"""A suggested policy allows what was seen and nothing else, and reads back as it was written."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from msgspec.structs import replace

from leadapron.guard.policy import Book, judge, read_policy, write_policy
from leadapron.guard.suggest import Suggestion, suggest
from leadapron.model.events import DicomAssociation, DicomOutcome, Endpoint, Event, Hl7Session, HttpSession
from leadapron.model.guard import Action, Moment, Operation, Peer, Policy, Speech, Task
from leadapron.see.capture import open_capture
from leadapron.see.wire.engine import Engine

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture(scope="module")
def seen() -> list[Event]:
    """The bundled capture of a badly kept department."""
    path = Path(str(files("leadapron.content") / "captures" / "department.pcapng.zst"))
    events: list[Event] = []
    engine = Engine("department", events.append, b"k")
    for batch in open_capture(path, "department"):
        engine.feed(batch)
    engine.finish()
    return events


def suggested(events: list[Event], suspects: tuple[tuple[str, str], ...] = ()) -> Suggestion:
    return suggest(
        [event for event in events if isinstance(event, DicomAssociation)],
        [event for event in events if isinstance(event, Hl7Session)],
        [event for event in events if isinstance(event, HttpSession)],
        names={},
        suspects=suspects,
    )


def noon() -> Moment:
    return Moment(wall=1_764_000_000, steady=0)


def judged(policy: Policy, association: DicomAssociation, operation: Operation) -> Action:
    upstream = f"{association.server.ip}:{association.server.port}"
    listener = next(one for one in policy.listeners if upstream in one.upstream)
    peer = Peer(
        address=association.client.ip,
        listener=listener.name,
        calling=association.calling_ae_title,
        called=association.called_ae_title,
    )
    return judge(policy, listener, Book(), noon).decide(peer, operation).action


def stores(events: list[Event]) -> list[DicomAssociation]:
    return [
        event
        for event in events
        if isinstance(event, DicomAssociation)
        and any(one.command == "C-STORE" and one.by_client and "0x0000" in one.statuses for one in event.operations)
    ]


def test_what_was_seen_is_allowed_and_what_was_not_is_denied(seen: list[Event]) -> None:
    made = suggested(seen)
    assert stores(seen)
    for association in stores(seen):
        if association.client.ip in made.suspects:
            continue
        stored = next(one for one in association.operations if one.command == "C-STORE")
        store = Operation(task=Task.STORE, command="C-STORE", sop_class=stored.sop_class)
        assert judged(made.policy, association, store) is Action.ALLOW
        assert judged(made.policy, association, Operation(task=Task.DELETE)) is Action.DENY
    last = made.policy.rules[-1]
    assert (last.name, last.action, last.shadow) == ("everything else", Action.DENY, True)
    assert {listener.speaks for listener in made.policy.listeners} >= {Speech.DICOM, Speech.HL7}


def test_who_tries_titles_or_attacked_gets_no_rule(seen: list[Event]) -> None:
    first = stores(seen)[0]
    tried = [
        replace(
            first, outcome=DicomOutcome.REJECTED, operations=(), called_ae_title=title, client=Endpoint(ip="192.0.2.9")
        )
        for title in ("PACS", "ARCHIVE", "ORTHANC")
    ]
    made = suggested([*seen, *tried], suspects=((first.client.ip, first.server.ip),))
    assert set(made.suspects) == {"192.0.2.9", first.client.ip}
    upstream = f"{first.server.ip}:{first.server.port}"
    listener = next(one.name for one in made.policy.listeners if upstream in one.upstream)
    there = [rule for rule in made.policy.rules if listener in rule.listeners]
    assert there
    assert not [rule.name for rule in there if set(rule.sources) & set(made.suspects)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_is_written_as_a_file_without_problems(seen: list[Event], language: str) -> None:
    made = suggested(seen)
    read = read_policy(write_policy(made.policy, language).encode(), "guard.toml")
    assert [rule.name for rule in read.rules] == [rule.name for rule in made.policy.rules]
    assert [listener.upstream for listener in read.listeners] == [one.upstream for one in made.policy.listeners]


def test_nothing_seen_is_a_policy_without_rules() -> None:
    made = suggested([])
    assert (made.policy.rules, made.policy.listeners) == ((), ())
