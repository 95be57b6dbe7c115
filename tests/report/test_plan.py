"""The plan in words: what to do, who, when, why it stands there, what changed, what was accepted."""

import csv
import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from leadapron.model.plan import ActionKind, Assignment, ChangeKind, Changes, WorkStatus
from leadapron.report import encode
from leadapron.report.plan import PlanDocument, plan_csv, plan_document, render_plan_html, render_plan_terminal
from leadapron.report.plan.page import BIG, first_actions, works_to_decide
from leadapron.report.plan.tickets import COLUMNS
from tests.report import known


def planned(language: str = "en") -> PlanDocument:
    return known.department().planned(language)


def all_done(*, but: str = "") -> PlanDocument:
    """The plan when somebody has called every action done, but one."""
    made = known.department()
    actions = tuple(
        replace(one, assignment=Assignment(action=one.id, status=WorkStatus.DONE, by="Claire Martin", at=known.NOW))
        if one.id != but
        else one
        for one in made.plan.actions
    )
    return plan_document(replace(made.plan, actions=actions), made.assessed("en"), states=made.states)


def printed(plan: PlanDocument, width: int = 100) -> str:
    output = io.StringIO()
    render_plan_terminal(plan, Console(file=output, width=width))
    return output.getvalue()


def tickets(plan: PlanDocument) -> list[dict[str, str]]:
    text = plan_csv(plan).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if plan.language == "fr" else ","))


def test_an_action_says_all_that_its_owner_must_know() -> None:
    shares = next(one for one in planned().actions if one.action == "safe-shares")
    assert shares.title == "Make file sharing on CT1-CONSOLE safe, or replace it"
    assert shares.who[0].name == "IT and network team"
    assert [step.name for step in shares.steps]
    assert shares.subjects == ("CT1-CONSOLE",)
    assert shares.fixes == (known.department().assessment.findings[0].id,)
    assert shares.harm
    assert shares.breaks
    assert shares.done_when
    assert shares.stops[0].label == "CT1-CONSOLE"
    assert shares.reasons[0] == "A critical weakness."
    assert any("Points per hour: " in reason for reason in shares.reasons)


def test_every_finding_and_question_of_an_action_is_in_the_document() -> None:
    plan = planned()
    assert {one for action in plan.actions for one in action.fixes} <= {one.id for one in plan.findings}
    assert {one for action in plan.actions for one in action.questions} <= {one.id for one in plan.questions}
    assert [one.rank for one in plan.actions] == list(range(1, len(plan.actions) + 1))


def test_bigger_works_are_named_beside_the_first_actions() -> None:
    bigger, first = works_to_decide(planned()), first_actions(planned())
    assert bigger
    assert not {one.id for one in bigger} & {one.id for one in first}
    assert all(one.hours >= BIG and not one.owner for one in bigger)
    left = [one.points for one in planned().actions if one.hours >= BIG and not one.owner and one not in first]
    assert [one.points for one in bigger] == sorted(left, reverse=True)[: len(bigger)]
    for text in (printed(planned()), render_plan_html(planned())):
        assert "Bigger works to decide on meanwhile" in text


def test_one_device_is_named_rather_than_counted() -> None:
    titles = [one.title for one in planned().actions]
    assert not any("(devices: 1)" in title or "(questions: 1)" in title for title in titles)
    assert "Send access logs to the hospital’s collector" in titles


def test_nothing_changed_is_said_in_one_sentence() -> None:
    department = known.department()
    unchanged = Changes(since=known.NOW, changes=())
    plan = plan_document(department.plan, department.assessed("en"), states=department.states, changes=unchanged)
    assert plan.summary.verdict[-1].startswith("Nothing changed since ")


def test_a_practice_is_told_by_its_question() -> None:
    practice = next(one for one in planned("fr").actions if one.kind is ActionKind.PRACTICE)
    assert practice.title.startswith("Mettre en place\u00a0: «\u00a0")
    assert practice.title.endswith("?\u00a0»")
    assert practice.steps[0].text == next(
        one.good for one in planned("fr").questions if one.id == practice.questions[0]
    )


def test_what_people_decided_is_kept() -> None:
    late = next(one for one in planned().actions if one.overdue)
    assert (late.owner, late.status, late.note) == ("Claire Martin", WorkStatus.DOING, "Claire Martin Devis")
    assert planned().summary.overdue == 1
    assert any("Due on 25 November 2026, and not done." in reason for reason in late.reasons)
    accepted, lapsed = planned().accepted[0], planned().lapsed[0]
    assert accepted.name == "Claire Martin"
    assert accepted.still
    assert lapsed.expires < planned().generated.date()
    assert lapsed.still[0] in {known_name(one) for one in planned().findings} | {
        one.question for one in planned().questions
    }


def known_name(finding: object) -> str:
    return f"{finding.title} – {finding.subject.label}"  # type: ignore[attr-defined]


def test_changes_name_what_is_gone_by_its_rule() -> None:
    changes = planned("fr").changes
    assert changes.same == 1
    assert [len(changes.of(kind)) for kind in (ChangeKind.NEW, ChangeKind.BACK, ChangeKind.FIXED)] == [1, 1, 1]
    assert changes.of(ChangeKind.FIXED)[0].title == "Aucun appareil n’envoie son journal"
    assert changes.of(ChangeKind.UNSEEN)[0].title == "smb1"  # its title names a device that nobody saw


def test_the_summary_begins_with_the_first_action_and_tells_old_sources() -> None:
    summary = planned().summary
    assert planned().actions[0].title.rstrip(".") in summary.verdict[1]
    assert any("Sources out of date or missing: CISA ICS" in limit for limit in summary.limits)
    assert any(limit.startswith("Hours are orders of magnitude") for limit in summary.limits)


def test_nothing_to_do_is_no_clean_bill() -> None:
    plan = known.bare().planned("fr")
    assert plan.summary.verdict[0].startswith("Rien n’est à faire")
    assert "preuve de sécurité" in plan.summary.verdict[0]
    assert "Rien n’est à faire" in " ".join(printed(plan).replace("│", " ").split())
    assert len(tickets(plan)) == 0


def test_what_is_said_to_be_done_is_not_begun_with() -> None:
    plan = planned()
    done = next(one for one in plan.actions if one.status is WorkStatus.DONE)
    page = render_plan_html(plan)
    first = page[page.index('<ol class="actions">') : page.index("</ol>", page.index('<ol class="actions">'))]
    assert f'href="#{done.id}"' not in first


def test_the_summary_does_not_begin_with_what_is_said_to_be_done() -> None:
    first = planned().actions[0]
    told = all_done(but=planned().actions[3].id)
    assert f"Begin with “{told.actions[3].title.rstrip('.')}”." in told.summary.verdict
    assert first.title.rstrip(".") not in " ".join(told.summary.verdict)
    assert not any("Begin with" in sentence for sentence in all_done().summary.verdict)


def test_the_list_in_a_terminal_says_how_far_an_action_is() -> None:
    assert "said to be done" in printed(planned(), 160)
    assert "in progress" in printed(planned(), 160)


def test_a_ticket_has_what_a_help_desk_imports() -> None:
    rows = tickets(planned("fr"))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(planned().actions)
    late = next(row for row in rows if row["status"] == "doing")
    assert late["assignee"] == "Claire Martin"
    assert late["due_date"] == "2026-11-25"
    assert late["priority"] in {"highest", "high", "medium", "low", "lowest"}
    assert {"leadapron", "overdue"} <= set(late["labels"].split())
    shares = next(row for row in rows if "CT1-CONSOLE" in row["summary"] and "fichiers" in row["summary"])
    assert "frame.number == 1042" in shares["description"]
    assert "C’est fait quand" in shares["description"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_lines_fit(language: str, width: int) -> None:
    assert max(map(len, printed(planned(language), width).splitlines())) <= min(width, 120)


def test_the_terminal_has_everything_in_order() -> None:
    text = printed(planned(), 120)
    places = [text.index(part) for part in ("Plan for imaging security", "What to do this week first", "All actions",
                                            "What changed", "Run out", "Accepted, and left out")]  # fmt: skip
    assert places == sorted(places)
    assert "MISSING" in text


def test_equal_plans_give_equal_bytes() -> None:
    assert encode(planned()) == encode(planned())
    assert render_plan_html(planned()) == render_plan_html(planned())
