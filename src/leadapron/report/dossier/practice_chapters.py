"""Chapters on procedures and on what is covered of each framework."""

from __future__ import annotations

from collections.abc import Iterator

from leadapron.model.procedures import AnswerState, ControlState
from leadapron.report.dossier.blocks import Block, Cell, Heading, Paragraph, Table, Tone, cells
from leadapron.report.practices.contract import ControlEntry, CoverageDocument, FrameworkEntry, ProceduresDocument
from leadapron.report.practices.vocabulary import CONTROL_STATES, PracticeNames
from leadapron.report.vocabulary import several
from leadapron.report.words import Words

_TONES = {
    AnswerState.YES: Tone.GOOD,
    AnswerState.NO: Tone.BAD,
    AnswerState.CONTRADICTED: Tone.BAD,
}
_CONTROL_TONES = {ControlState.MET: Tone.GOOD, ControlState.NOT_MET: Tone.BAD}
_NAMED = 4


def procedures_chapter(procedures: ProceduresDocument, say: Words) -> Iterator[Block]:
    """Scores with their parts, contradictions, every question with its answer."""
    _, names = say.gettext, PracticeNames(say)
    yield Heading(_("Procedures"))
    yield Paragraph(" ".join(procedures.verdict))
    yield _areas(procedures, say)
    yield Paragraph(
        _(
            "Only signed answers earn points, and never more than what was measured allows. Points tell where to look "
            "next; they measure no safety."
        ),
        Tone.SOFT,
    )
    if procedures.contradicted:
        yield Heading(_("Said, and seen otherwise"), 3)
        yield Table(
            head=(_("Question"), _("You said"), _("Seen")),
            rows=tuple(
                cells(one.question, names.said(one), " ".join(basis.text for basis in one.against))
                for one in procedures.seen_otherwise()
            ),
            widths=(3, 1.7, 3.3),
        )
    yield Heading(_("Questions and answers"), 3)
    yield Table(
        head=(_("No."), _("Question"), _("State"), _("Answer"), _("Proof named")),
        rows=tuple(
            cells(
                say.number(one.number),
                one.question,
                Cell(one.state_name, _TONES.get(one.state, Tone.PLAIN)),
                names.said(one),
                one.evidence,
            )
            for one in procedures.questions
        ),
        widths=(0.6, 4, 1.5, 1.8, 1.8),
        numbers=(0,),
    )


def _areas(procedures: ProceduresDocument, say: Words) -> Table:
    _, names = say.gettext, PracticeNames(say)
    return Table(
        head=(_("Area"), *names.parts(), _("Points"), _("What would raise it most, for each hour")),
        rows=tuple(
            cells(Cell(area.title, Tone.STRONG), *names.counts(area), names.points(area), names.best(area))
            for area in procedures.areas
        ),
        widths=(2, 0.6, 0.8, 0.6, 1, 0.9, 0.9, 1.1, 4),
        numbers=(1, 2, 3, 4, 5, 6, 7),
    )


def coverage_chapter(coverage: CoverageDocument, say: Words) -> Iterator[Block]:
    """Counts, then each framework's controls with what they rest on."""
    _ = say.gettext
    yield Heading(_("Coverage of frameworks"))
    yield Paragraph(_("Silence meets nothing: where nothing was seen and nobody was asked, a control is not known."))
    yield Table(
        head=(_("Framework"), *(_(word) for word in CONTROL_STATES.values())),
        rows=tuple(
            cells(
                Cell(f"{one.name} ({one.edition})", Tone.STRONG),
                *(say.number(one.counts[state]) for state in CONTROL_STATES),
            )
            for one in coverage.frameworks
        ),
        widths=(4, 1, 1, 1, 1, 1),
        numbers=(1, 2, 3, 4, 5),
    )
    for one in coverage.frameworks:
        yield from _framework(one, say)


def _framework(one: FrameworkEntry, say: Words) -> Iterator[Block]:
    _ = say.gettext
    yield Heading(one.name, 3)
    ours = _("The mapping is ours.") if one.ours else ""
    yield Paragraph(" ".join(filter(None, (f"{one.source}.", ours, one.note))), Tone.SOFT)
    yield Table(
        head=(_("Control"), _("State"), _("Because")),
        rows=tuple(_control(control, say) for control in one.controls),
        widths=(3, 1.1, 5),
    )


def _control(control: ControlEntry, say: Words) -> tuple[Cell, ...]:
    names, colon = PracticeNames(say), say.gettext(":")
    found = [f"{one.text}{colon} {several(one.details, _NAMED, say)}." for one in control.findings[:_NAMED]]
    return cells(
        names.control(control),
        Cell(names.state(control.state), _CONTROL_TONES.get(control.state, Tone.PLAIN)),
        " ".join((*control.reasons, *found)),
    )
