"""Procedures and coverage in a terminal."""

from __future__ import annotations

from datetime import UTC, tzinfo

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from leadapron.model.procedures import ControlState
from leadapron.report.practices.contract import (
    ControlEntry,
    CoverageDocument,
    FrameworkEntry,
    ProceduresDocument,
    QuestionEntry,
)
from leadapron.report.practices.vocabulary import CONTROL_STATES, PracticeNames
from leadapron.report.screen import columns, facts, heading, plain, show
from leadapron.report.vocabulary import several
from leadapron.report.words import Words, words

_NAMED = 4
_STYLES = {
    ControlState.MET: "green",
    ControlState.PARTLY: "yellow",
    ControlState.NOT_MET: "bold red",
    ControlState.NOT_KNOWN: "bold",
    ControlState.NOT_APPLICABLE: "dim",
}


def render_procedures(procedures: ProceduresDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Verdict, areas with the parts of their scores, what would raise them, contradictions."""
    say = words(procedures.language, zone=zone)
    title = plain(say.gettext("Procedures"), "bold")
    show(Panel(plain(" ".join(procedures.verdict)), title=title, title_align="left", padding=(1, 2)), console)
    show(_areas(procedures, say), console)
    show(_steps(procedures, say), console)
    if procedures.contradicted:
        parts = [_contradiction(one, say) for one in procedures.seen_otherwise()]
        show(Group(heading(say.gettext("Said, and seen otherwise")), *parts), console)


def _areas(procedures: ProceduresDocument, say: Words) -> RenderableType:
    _, names = say.gettext, PracticeNames(say)
    narrow = (title.replace(" ", "\n") for title in names.parts())
    table = columns((_("Area"), 0), *((title, 3) for title in narrow), (_("Points"), 7))
    for column in table.columns[1:]:
        column.justify = "right"
    for area in procedures.areas:
        table.add_row(plain(area.title, "bold"), *map(plain, names.counts(area)), plain(names.points(area)))
    return Group(heading(_("Areas")), table)


def _steps(procedures: ProceduresDocument, say: Words) -> RenderableType:
    names = PracticeNames(say)
    lines = facts(*((area.title, names.best(area)) for area in procedures.areas))
    return Group(heading(say.gettext("What would raise them most, for each hour")), lines)


def _contradiction(one: QuestionEntry, say: Words) -> RenderableType:
    _, names = say.gettext, PracticeNames(say)
    seen = "\n".join(names.fact(basis) for basis in one.against)
    refs = (f"{ref.sensor}  frame.number == {ref.packet}" for basis in one.against for ref in basis.evidence[:1])
    proof = "\n".join(dict.fromkeys(refs))
    older = _("All of it is older than the answer: a new capture will tell.") if one.measured_before else ""
    return Group(
        plain(f"{one.number}. {one.question}", "bold"),
        facts(
            (_("You said"), names.said(one)), (_("Seen"), " ".join(filter(None, (seen, older)))), (_("Evidence"), proof)
        ),
        Text(),
    )


def render_coverage(coverage: CoverageDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Counts of each framework, then its controls with what they rest on."""
    say = words(coverage.language, zone=zone)
    show(_counts(coverage, say), console)
    for framework in coverage.frameworks:
        show(_framework(framework, say), console)


def _counts(coverage: CoverageDocument, say: Words) -> RenderableType:
    _ = say.gettext
    table = columns((_("Framework"), 0), *((_(word), 4) for word in CONTROL_STATES.values()))
    for column in table.columns[1:]:
        column.justify = "right"
    for one in coverage.frameworks:
        cells = (plain(say.number(one.counts[state]), _STYLES[state]) for state in CONTROL_STATES)
        table.add_row(plain(f"{one.name} ({one.edition})", "bold"), *cells)
    note = _("Silence meets nothing: where nothing was seen and nobody was asked, a control is not known.")
    return Group(heading(_("Coverage of frameworks")), table, Text(), plain(note, "dim"))


def _framework(one: FrameworkEntry, say: Words) -> RenderableType:
    _, names = say.gettext, PracticeNames(say)
    table = columns((_("Control"), 0), (_("State"), 12), (_("Because"), 0))
    for control in one.controls:
        table.add_row(
            plain(names.control(control)),
            plain(names.state(control.state), _STYLES[control.state]),
            plain(_because(control, say)),
        )
    return Group(heading(f"{one.name} – {one.source}"), table, Text(), plain(one.note, "dim"))


def _because(control: ControlEntry, say: Words) -> str:
    return " ".join((*control.reasons, several([one.text for one in control.findings], _NAMED, say)))
