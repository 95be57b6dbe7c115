"""What an event is told as: the messages of PS3.15 A.5.3, valid by A.5.1, whatever peers send."""

from base64 import b64decode
from pathlib import Path
from time import perf_counter
from typing import Any
from xml.etree import ElementTree

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from leadapron.guard.audit.messages import AuditMessages, read_codes, to_fhir, to_xml
from leadapron.guard.audit.messages.text import LONGEST, clean
from leadapron.model.events import DicomOutcome, Event, StudySeen
from leadapron.model.guard import Reason
from tests.guard.audit import events
from tests.guard.audit.events import association, decision, notice, operation, request

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("audit-message.rng")))
SOURCE = "leadapron-guard"


def written(event: Event) -> list[ElementTree.Element]:
    """Every message of an event, valid in both forms."""
    found = []
    for message in AuditMessages("guard:north").of(event):
        data = to_xml(message, SOURCE)
        assert b"\n" not in data
        assert SCHEMA.validate(etree.fromstring(data)), SCHEMA.error_log
        assert len(data) < 32_768
        AuditEvent.model_validate_json(to_fhir(message, SOURCE))
        found.append(ElementTree.fromstring(data))
    return found


def told(message: ElementTree.Element) -> tuple[str, str, str, list[str]]:
    """EventID, type, outcome and users."""
    event = message.find("EventIdentification")
    assert event is not None
    kind, sort = event.find("EventID"), event.find("EventTypeCode")
    assert kind is not None
    return (
        kind.attrib["originalText"],
        sort.attrib["originalText"] if sort is not None else "",
        event.attrib["EventOutcomeIndicator"],
        [one.attrib["UserID"] for one in message.findall("ActiveParticipant")],
    )


def test_stored_study_is_an_instances_transferred_message() -> None:
    (message,) = written(events.STORE)
    assert told(message) == ("DICOM Instances Transferred", "", "0", ["CT1", "PACS"])
    source, destination = message.findall("ActiveParticipant")
    assert source.attrib["AlternativeUserID"] == "AETITLES=CT1"
    assert source.attrib["NetworkAccessPointID"] == "10.1.2.3"
    assert (source.attrib["UserIsRequestor"], destination.attrib["UserIsRequestor"]) == ("true", "false")
    study = message.find("ParticipantObjectIdentification")
    assert study is not None
    assert study.attrib["ParticipantObjectID"] == "5f1d3c9a"
    count = study.find("ParticipantObjectDescription/SOPClass")
    assert count is not None
    assert count.attrib == {"UID": events.CT_STORAGE, "NumberOfInstances": "200"}


@pytest.mark.parametrize("event", events.EVERY, ids=lambda event: f"{type(event).__name__}")
def test_every_event_is_told_by_a_valid_message(event: Event) -> None:
    assert written(event)


def test_echo_is_a_node_authentication() -> None:
    (message,) = written(events.ECHO)
    assert told(message) == ("Security Alert", "Node Authentication", "0", ["CT1", "PACS"])
    description = message.findtext("EventIdentification/EventOutcomeDescription")
    assert description == "released; C-ECHO x1"


def test_query_has_its_class_and_syntax_but_no_keys() -> None:
    (message,) = written(events.FIND)
    assert told(message)[0] == "Query"
    asked = message.find("ParticipantObjectIdentification")
    assert asked is not None
    assert asked.attrib["ParticipantObjectID"] == events.STUDY_FIND
    query = asked.find("ParticipantObjectQuery")
    assert query is not None
    assert not query.text
    details = {one.attrib["type"]: b64decode(one.attrib["value"]).decode() for one in asked.iter() if one.get("type")}
    assert details["TransferSyntax"] == "1.2.840.10008.1.2"
    assert details["Requests"] == "2"
    assert details["MatchesInConnection"] == "14"


def test_move_names_archive_destination_and_who_asked() -> None:
    (message,) = written(events.MOVE)
    kind, _, _, users = told(message)
    assert kind == "Begin Transferring DICOM Instances"
    assert users == ["PACS", "VIEWER", "CT1"]
    assert [one.attrib["UserIsRequestor"] for one in message.findall("ActiveParticipant")] == ["false", "false", "true"]


def test_what_failed_has_a_message_of_its_own() -> None:
    failed = association(
        operation("C-STORE", events.CT_STORAGE, 3, s0x0000=1, s0xA700=2), studies=(StudySeen("aa", "CT", 1),)
    )
    good, bad = written(failed)
    assert told(good)[2] == "0"
    assert told(bad)[2] == "4"
    assert bad.findtext("EventIdentification/EventOutcomeDescription") == "0xA700 x2"


def test_studies_are_told_apart() -> None:
    two = association(
        operation("C-STORE", events.CT_STORAGE, 3), studies=(StudySeen("aa", "CT", 1), StudySeen("bb", "CT", 2))
    )
    objects = [one.find("ParticipantObjectIdentification") for one in written(two)]
    assert [one.attrib["ParticipantObjectID"] for one in objects if one is not None] == ["aa", "bb"]


def test_what_the_server_sends_comes_from_the_server() -> None:
    got = association(operation("C-GET", "1.2"), operation("C-STORE", events.CT_STORAGE, 5, client=False))
    (message,) = written(got)
    assert told(message)[3] == ["PACS", "CT1"]
    role = message.find("ActiveParticipant/RoleIDCode")
    assert role is not None
    assert role.attrib["originalText"] == "Source Role ID"


def test_refused_association_is_told_once() -> None:
    messages = AuditMessages("guard:north")
    (alert,) = messages.of(decision())
    assert [code.code for code in alert.types] == ["110126", "calling-title"]
    rejected = association(outcome=DicomOutcome.REJECTED, accepted=False, reject_reason="1.1.3")
    assert messages.of(rejected) == []
    assert len(AuditMessages("guard:north").of(rejected)) == 1


def test_identity_is_a_failed_login() -> None:
    (message,) = written(decision(reason="identity", user="dupont"))
    assert told(message) == ("User Authentication", "Login", "4", ["dupont", "guard:north"])


def test_found_content_is_serious_and_names_its_evidence() -> None:
    (message,) = written(decision(reason="content", action="hold", detail="eicar", evidence="q/1"))
    assert told(message)[2] == "8"
    assert "q/1" in [one.attrib["ParticipantObjectID"] for one in message.findall("ParticipantObjectIdentification")]


def test_shadow_is_no_failure() -> None:
    (message,) = written(decision(enforced=False, reason="rate"))
    assert told(message)[2] == "0"
    assert "shadow: deny" in (message.findtext("EventIdentification/EventOutcomeDescription") or "")


def test_allowed_is_told_by_the_session_alone() -> None:
    assert not written(decision(action="allow", reason="rule"))
    (message,) = written(decision(action="allow", reason="break-glass", person="Dr A. Martin"))
    assert told(message)[1] == "Use of Restricted Function"
    assert "Dr A. Martin" in told(message)[3]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("guard.started", ("Application Activity", "Application Start")),
        ("guard.stopped", ("Application Activity", "Application Stop")),
        ("policy.broken", ("Security Alert", "Security Configuration")),
        ("break-glass.opened", ("Security Alert", "Emergency Override Started")),
        ("break-glass.ended", ("Security Alert", "Emergency Override Stopped")),
        ("break-glass.closed", ("Security Alert", "Emergency Override Stopped")),
        ("certificate.expires", ("Security Alert", "Security Configuration")),
        ("something.new", ("Security Alert", "Security Configuration")),
    ],
)
def test_notices(name: str, expected: tuple[str, str]) -> None:
    (message,) = written(notice(name, alarm=True))
    assert told(message)[:2] == expected
    if name == "something.new":
        assert not written(notice(name))


@pytest.mark.parametrize(
    ("event", "kind", "users"),
    [
        (request("find", "GET /studies"), "Query", ["10.1.2.3", "10.9.9.9"]),
        (request("get", "GET /studies/{uid}"), "DICOM Instances Transferred", ["10.9.9.9", "10.1.2.3"]),
        (
            request("get", "GET /studies/{uid}", user="dupont"),
            "DICOM Instances Transferred",
            ["10.9.9.9", "10.1.2.3", "dupont"],
        ),
        (
            request("store", "POST /studies", sop_class="1.2", count=7),
            "DICOM Instances Transferred",
            ["10.1.2.3", "10.9.9.9"],
        ),
        (request("delete", "DELETE /studies/{uid}"), "DICOM Instances Accessed", ["10.1.2.3", "10.9.9.9"]),
        (request("echo", "OPTIONS /"), "Security Alert", ["10.1.2.3", "10.9.9.9"]),
    ],
)
def test_dicomweb_is_told_as_the_service_it_stands_for(event: Event, kind: str, users: list[str]) -> None:
    (message,) = written(event)
    assert told(message)[0] == kind
    assert told(message)[3] == users


def test_objects_of_dicomweb_are_counted_not_the_request_around_them() -> None:
    (message,) = written(request("store", "POST /studies", sop_class="1.2", count=7))
    count = message.find("*/ParticipantObjectDescription/SOPClass")
    assert count is not None
    assert count.attrib == {"UID": "1.2", "NumberOfInstances": "7"}
    assert not written(request("store", "POST /studies"))
    assert not written(request("store", "C-STORE", sop_class="1.2"))


def test_every_reason_has_a_code() -> None:
    codes = read_codes()
    assert set(codes.reasons) == set(Reason)
    assert {entry.outcome for entry in codes.reasons.values()} <= {0, 4, 8, 12}


hostile = st.text(max_size=400) | st.text(st.characters(categories=["Cc", "Cs", "Cf", "Co", "Cn"]), max_size=40)


@given(hostile, hostile, hostile, hostile)
def test_hostile_text_stays_text(calling: str, detail: str, user: str, path: str) -> None:
    cases: list[Any] = [
        association(operation("C-FIND", detail), calling_ae_title=calling, called_ae_title=user, uid=path),
        association(operation("C-MOVE", detail), calling_ae_title=calling, move_destinations=(user, path)),
        association(operation("C-STORE", detail), studies=(StudySeen(user, path, 1),)),
        decision(calling_ae_title=calling, detail=detail, user=user, certificate=path, evidence=detail, rule=path),
        decision(reason="identity", calling_ae_title=calling, user=user),
        notice("policy.broken", detail=detail, person=user),
        request("find", f"GET {path}", user=user),
        request("store", f"POST {path}", sop_class=detail),
    ]
    for event in cases:
        for message in written(event):
            for element in message.iter():
                for value in (*element.attrib.values(), element.text or ""):
                    assert len(value) <= LONGEST * 4
                    assert "\n" not in value


@given(hostile)
def test_clean_text_is_what_xml_allows(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert len(cleaned) <= LONGEST
    if cleaned:
        element = ElementTree.Element("a", {"b": cleaned})
        assert ElementTree.fromstring(ElementTree.tostring(element)).attrib["b"] == cleaned


def test_many_objects_stay_within_what_collectors_take() -> None:
    many = [operation("C-STORE", f"1.2.3.{number}" + "&" * 200) for number in range(500)]
    (message,) = written(association(*many))
    assert len(message.findall("ParticipantObjectIdentification")) == 24
    written(association(*[operation("N-CREATE", "&" * 300) for _ in range(500)]))


def test_nothing_of_a_passcode_can_be_in_a_message() -> None:
    """By construction: no event holds one. What is in `user` is a name or a token's subject."""
    assert not {"passcode", "password", "token"} & set(decision().__struct_fields__)


def test_an_echo_costs_little() -> None:
    """Far above what it takes on an idle core (about 30 µs), far below what would be felt."""
    messages = AuditMessages("guard:north")
    best = 1.0
    for _ in range(20):
        start = perf_counter()
        for _ in range(20):
            for message in messages.of(events.ECHO):
                to_xml(message, SOURCE)
        best = min(best, (perf_counter() - start) / 20)
    assert best < 400e-6
