"""Findings to actions: what belongs together, what is said of each, what people decided."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from leadapron.assess.plan import load_actions, plan
from leadapron.model.findings import Finding, Severity, Subject, SubjectType
from leadapron.model.inventory import Inventory, Quality
from leadapron.model.picture import Picture
from leadapron.model.plan import ActionKind, Approval, Assignment, Decided, Instead, Scope, WorkStatus
from leadapron.model.procedures import AnswerState, Who
from leadapron.rules.samples import picture_of
from tests.assess.plan.builders import (
    ACTIONS,
    NOW,
    PACS_AND_PEERS,
    accepted,
    day,
    finding,
    judged,
    of,
    planned,
    state,
)

OLD_CT = {
    "assets": [
        {"id": "a", "roles": ["modality"], "manufacturer": "ACME", "model": "Ray 3"},
        {"id": "b", "roles": ["modality"], "manufacturer": "Acme ", "model": "RAY 3"},
        {"id": "c", "roles": ["modality"], "manufacturer": "Other", "model": "Spin"},
    ]
}


def test_encrypting_an_archive_and_its_fourteen_scanners_is_one_action() -> None:
    (action,) = planned(PACS_AND_PEERS, "dcm-clear").actions
    assert (action.action, action.subject, action.partners) == ("encrypt-dicom", "pacs", 14)
    assert (action.scope, action.assets, len(action.findings)) == (Scope.LINK, ("pacs",), 1)
    assert action.who[0] is Who.PACS
    hours = ACTIONS["encrypt-dicom"].hours
    assert action.hours == hours.base + 13 * hours.each


def test_links_back_from_the_archive_belong_to_its_action() -> None:
    back = {"client": "pacs", "server": "ct3", "service": "dicom", "port": 104, "associations": 1, "accepted": 1,
            "operations": {"C-STORE-RQ": 1}, "objects": 1}  # fmt: skip
    picture, findings = judged({**PACS_AND_PEERS, "flows": [*PACS_AND_PEERS["flows"], back]}, "dcm-clear")
    assert len(findings) == 2
    (action,) = plan(picture, findings, ACTIONS, now=NOW).actions
    assert (action.subject, action.partners, len(action.findings)) == ("pacs", 14, 2)


def test_the_same_findings_give_the_same_plan_whatever_their_order() -> None:
    picture, findings = judged(PACS_AND_PEERS)
    first = plan(picture, findings, ACTIONS, now=NOW)
    assert plan(picture, findings[::-1], ACTIONS, now=NOW) == first
    later = plan(picture, findings, ACTIONS, now=NOW + timedelta(days=99))
    assert [one.id for one in later.actions] == [one.id for one in first.actions]


def test_devices_of_one_model_are_one_update() -> None:
    found = [finding("known-cve", device, params={"fixed": "2.0"}) for device in "abc"]
    actions = plan(picture_of(OLD_CT), found, ACTIONS, now=NOW).actions
    assert [(one.subject, one.assets) for one in actions] == [("ACME Ray 3", ("a", "b")), ("Other Spin", ("c",))]


def test_devices_without_a_known_model_are_grouped_by_their_software() -> None:
    found = [
        finding("dcm-impl-old", device, params={"software": "DCMTK 3.6.6", "fixed": "3.6.8"}) for device in ("x", "y")
    ]
    (action,) = plan(Picture(inventory=Inventory()), found, ACTIONS, now=NOW).actions
    assert (action.subject, action.assets) == ("DCMTK 3.6.6", ("x", "y"))


def test_missing_papers_are_asked_for_in_one_go() -> None:
    found = [finding(rule, device) for device in ("a", "b") for rule in ("no-mds2", "no-sbom")]
    (action,) = plan(picture_of(OLD_CT), found, ACTIONS, now=NOW).actions
    assert (action.subject, action.count) == ("", 2)


def test_one_for_the_whole_network() -> None:
    found = [finding("snmp-public", "a"), finding("snmp-public", "b")]
    (action,) = plan(picture_of(OLD_CT), found, ACTIONS, now=NOW).actions
    assert (action.subject, action.count, action.hours) == ("", 2, 1.5)


def test_a_flaw_that_nothing_repairs_is_compensated_apart_from_those_that_can_be_repaired() -> None:
    found = [finding("known-cve", "a", params={"fixed": "—"}), finding("web-old", "a", params={"fixed": "1.2"})]
    actions = plan(picture_of(OLD_CT), found, ACTIONS, now=NOW).actions
    assert {one.findings: one.instead for one in actions} == {
        (found[0].id,): Instead.NO_FIX,
        (found[1].id,): None,
    }


def test_an_old_system_is_compensated_until_it_is_replaced() -> None:
    (action,) = plan(picture_of(OLD_CT), [finding("os-eol", "a")], ACTIONS, now=NOW).actions
    assert action.instead is Instead.END_OF_SUPPORT


def test_the_makers_form_decides_on_updates() -> None:
    flaw = [finding("known-cve", "a", params={"fixed": "2.0"})]

    def under(mds2: dict[str, str]) -> tuple[Approval, Instead | None]:
        (action,) = plan(picture_of({**OLD_CT, "declared": {"a": {"mds2": mds2}}}), flaw, ACTIONS, now=NOW).actions
        return action.approval, action.instead

    assert under({"CSUP-2.1": "yes", "CSUP-2.4": "yes"}) == (Approval.NO, None)
    assert under({"CSUP-2.2": "yes"}) == (Approval.YES, None)
    assert under({"CSUP-2.1": "no", "CSUP-2.2": "no", "CSUP-2.3": "no"}) == (Approval.YES, Instead.FORBIDDEN)


def test_a_finding_without_a_remedy_is_named() -> None:
    unknown = finding("rule-of-tomorrow")
    result = plan(Picture(inventory=Inventory()), [unknown], ACTIONS, now=NOW)
    assert (result.actions, result.unsettled) == ((), (unknown.id,))


def test_an_accepted_risk_leaves_the_plan_and_comes_back_when_it_ends() -> None:
    picture, findings = judged(PACS_AND_PEERS, "dcm-clear")
    (risk,) = findings
    held = plan(picture, findings, ACTIONS, now=NOW, decided=accepted(risk.id, days=0))
    assert (held.actions, held.accepted[0].still, held.lapsed) == ((), (risk.id,), ())
    ended = plan(picture, findings, ACTIONS, now=NOW, decided=accepted(risk.id, days=-1))
    assert (ended.accepted, ended.lapsed[0].still) == ((), (risk.id,))
    assert "order.lapsed=Ada Byron" in ended.actions[0].reasons
    revoked = plan(picture, findings, ACTIONS, now=NOW, decided=accepted(risk.id, revoked=NOW, days=-1))
    assert (revoked.accepted, revoked.lapsed, len(revoked.actions)) == ((), (), 1)


def test_a_renewed_acceptance_is_not_called_ended() -> None:
    flaw = finding("smb1")
    old, new = accepted(flaw.id, days=-1).acceptances, accepted(flaw.id).acceptances
    result = plan(Picture(inventory=Inventory()), [flaw], ACTIONS, now=NOW, decided=Decided(acceptances=(*old, *new)))
    assert (result.actions, result.lapsed, len(result.accepted)) == ((), (), 1)


def test_what_an_accepted_action_gathers_later_is_in_the_plan() -> None:
    known, fresh = finding("smb1"), finding("share-open")
    picture = Picture(inventory=Inventory())
    (before,) = plan(picture, [known], ACTIONS, now=NOW).actions
    assert before.items == (known.id,)
    (after,) = plan(picture, [known, fresh], ACTIONS, now=NOW, decided=accepted(*before.items)).actions
    assert (after.id, after.findings) == (before.id, (fresh.id,))


def test_an_assignment_stays_with_its_action_and_is_held_against_the_traffic() -> None:
    flaw = finding("smb1")

    def reasons(status: WorkStatus, last_packet: int) -> set[str]:
        quality = Quality(packets=1, last=NOW + timedelta(hours=last_packet))
        picture = Picture(inventory=Inventory(quality=quality))
        (action,) = plan(picture, [flaw], ACTIONS, now=NOW).actions
        said = Assignment(action=action.id, owner="IT", due=day("2026-11-01"), status=status, by="Ada", at=NOW)
        decided = Decided(assignments={action.id: said})
        (action,) = plan(picture, [flaw], ACTIONS, now=NOW, decided=decided).actions
        assert action.assignment == said
        return {reason.partition("=")[0] for reason in action.reasons}

    assert "order.overdue" in reasons(WorkStatus.DOING, 0)
    assert "order.still-found" in reasons(WorkStatus.DONE, +1)
    assert "order.measure-again" in reasons(WorkStatus.DONE, -1)


def test_an_assignment_with_nothing_left_to_do_is_closed_unless_its_risk_is_accepted() -> None:
    flaw = finding("smb1")
    picture = Picture(inventory=Inventory())
    (action,) = plan(picture, [flaw], ACTIONS, now=NOW).actions
    said = Assignment(action=action.id, owner="IT", about="Replace the share", by="Ada", at=NOW)
    assignments = {action.id: said}
    assert plan(picture, [flaw], ACTIONS, now=NOW, decided=Decided(assignments=assignments)).closed == ()
    assert plan(picture, [], ACTIONS, now=NOW, decided=Decided(assignments=assignments)).closed == (said,)
    both = Decided(assignments=assignments, acceptances=accepted(flaw.id).acceptances)
    assert plan(picture, [flaw], ACTIONS, now=NOW, decided=both).closed == ()


def test_missing_practices_are_actions_of_their_own_and_unknown_ones_a_round_of_questions() -> None:
    states = [
        state("offline-copy", AnswerState.NO),
        state("restore-timed", AnswerState.PARTIAL),
        state("console-images", AnswerState.UNKNOWN, who=Who.BIOMED),
        state("pacs-copy", AnswerState.EXPIRED),
        state("ris-copy", AnswerState.YES),
        state("not-asked", AnswerState.UNANSWERED),
    ]
    actions = plan(Picture(inventory=Inventory()), [], ACTIONS, now=NOW, practices=states).actions
    assert {(one.kind, one.subject, one.hours, one.questions) for one in actions} == {
        (ActionKind.PRACTICE, "offline-copy", 8.0, ("offline-copy",)),
        (ActionKind.PRACTICE, "restore-timed", 4.0, ("restore-timed",)),
        (ActionKind.ANSWER, "backup", 0.75, ("console-images", "pacs-copy")),
    }


def test_an_answer_that_findings_contradict_goes_with_their_remedy() -> None:
    flat = finding("net-flat", subject=Subject(type=SubjectType.ZONE, id="office", label="office"))
    states = [
        state("segmented", AnswerState.CONTRADICTED, against=(flat.id,)),
        state("owners-known", AnswerState.CONTRADICTED),
    ]
    actions = plan(Picture(inventory=Inventory()), [flat], ACTIONS, now=NOW, practices=states).actions
    assert {(one.action, one.questions) for one in actions} == {
        ("segment-imaging", ("segmented",)),
        ("practice", ("owners-known",)),
    }
    assert (
        "order.contradicts=1"
        in of(plan(Picture(inventory=Inventory()), [flat], ACTIONS, now=NOW, practices=states), "segment-imaging")[
            0
        ].reasons
    )


def test_an_accepted_practice_leaves_the_plan() -> None:
    states = [state("offline-copy", AnswerState.NO)]
    result = plan(
        Picture(inventory=Inventory()), [], ACTIONS, now=NOW, practices=states, decided=accepted("offline-copy")
    )
    assert (result.actions, result.accepted[0].still) == ((), ("offline-copy",))


RULES = sorted(rule for action in load_actions().values() for rule in action.settles)
found = st.lists(
    st.builds(
        lambda rule, asset, severity, exams: finding(
            rule, asset, severity=severity, rank_reason=(f"rank.exams={exams}",) if exams else ()
        ),
        st.sampled_from(RULES), st.sampled_from("abcdef"), st.sampled_from(Severity), st.integers(0, 5),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)  # fmt: skip


@given(found, found)
def test_more_findings_never_lower_an_action(some: list[Finding], more: list[Finding]) -> None:
    """Nor does any finding get lost or counted twice."""
    known = {one.id for one in some}
    everything = [*some, *(one for one in more if one.id not in known)]
    picture = picture_of(
        {
            **OLD_CT,
            "utilisation": [
                {"modality": "CT", "hour": "2026-01-05T09:00:00Z", "exams": 5, "objects": 5, "devices": ["a"]}
            ],
        }
    )
    before, after = (plan(picture, one, ACTIONS, now=NOW) for one in (some, everything))
    ranks = {one.id: (one.rank, one.harm) for one in after.actions}
    for one in before.actions:
        assert ranks[one.id][0] >= one.rank - 1e-3
        assert ranks[one.id][1] >= one.harm - 1e-3
    settled = [name for one in after.actions for name in one.findings]
    assert sorted(settled) == sorted(one.id for one in everything)
    assert after.unsettled == ()
    assert [one.rank for one in after.actions] == sorted((one.rank for one in after.actions), reverse=True)
