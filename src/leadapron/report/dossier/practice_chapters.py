"""Chapters on procedures and on what is covered of each framework."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from leadapron.model.procedures import AnswerState, Area, ControlState
from leadapron.report.dossier.blocks import Block, Cell, Heading, Paragraph, Table, Tone, cells
from leadapron.report.practices.contract import (
    ControlEntry,
    CoverageDocument,
    FrameworkEntry,
    ProceduresDocument,
    QuestionEntry,
)
from leadapron.report.practices.vocabulary import CONTROL_STATES, NOBODY_KNOWS, PracticeNames
from leadapron.report.words import Words

_TONES = {
    AnswerState.YES: Tone.GOOD,
    AnswerState.NO: Tone.BAD,
    AnswerState.CONTRADICTED: Tone.BAD,
}
_CONTROL_TONES = {ControlState.MET: Tone.GOOD, ControlState.NOT_MET: Tone.BAD}


def procedures_chapter(procedures: ProceduresDocument, say: Words) -> Iterator[Block]:
    """Scores with their parts, contradictions, every question with its answer."""
    _, names = say.gettext, PracticeNames(say)
    yield Heading(_("Procedures"))
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
                cells(one.question, names.said(one), " ".join(names.fact(basis) for basis in one.against))
                for one in procedures.seen_otherwise()
            ),
            widths=(3, 1.7, 3.3),
        )
    yield from _answers(procedures, say)


def _answers(procedures: ProceduresDocument, say: Words) -> Iterator[Block]:
    """What was answered, one by one; what nobody has answered, by area."""
    _, names = say.gettext, PracticeNames(say)
    given = [one for one in procedures.questions if one.answer is not None]
    if given:
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
                for one in given
            ),
            widths=(0.45, 4.9, 1.5, 2.3, 1.4),
            numbers=(0,),
        )
    titles, left = {area.id: area.title for area in procedures.areas}, defaultdict[Area, list[str]](list)
    for one in procedures.questions:
        if one.answer is None:
            left[one.area].append(f"{say.number(one.number)}\u00a0{one.question}")
    if left:
        yield Heading(_("Questions that nobody has answered"), 3)
        yield Table(
            head=(),
            rows=tuple(cells(Cell(titles[area], Tone.STRONG), " ".join(asked)) for area, asked in left.items()),
            widths=(1.5, 8),
        )


def _areas(procedures: ProceduresDocument, say: Words) -> Table:
    _, names = say.gettext, PracticeNames(say)
    return Table(
        head=(_("Area"), *names.parts(), _("Points"), _("What would raise it most, for each hour")),
        rows=tuple(
            cells(Cell(area.title, Tone.STRONG), *names.counts(area), names.points(area), names.best(area))
            for area in procedures.areas
        ),
        widths=(2, 0.45, 0.65, 0.5, 1, 0.65, 0.65, 0.9, 6),
        numbers=(1, 2, 3, 4, 5, 6, 7),
    )


def coverage_chapter(
    coverage: CoverageDocument, procedures: ProceduresDocument, weaknesses: Mapping[str, int], say: Words
) -> Iterator[Block]:
    """Counts, then each framework's controls with what they rest on, by number. `weaknesses`: finding → its number."""
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
        widths=(3.4, 1, 1.2, 1.2, 1.2, 1.4),
        numbers=(1, 2, 3, 4, 5),
    )
    yield Paragraph(_("Weaknesses and questions are named by their numbers in the chapters on them."))
    proof = _Numbered(weaknesses, {one.id: one for one in procedures.questions}, say)
    for framework in coverage.frameworks:
        yield from _framework(framework, proof, say)


class _Numbered:
    """What controls rest on, by number."""

    def __init__(self, weaknesses: Mapping[str, int], questions: Mapping[str, QuestionEntry], say: Words) -> None:
        self._weaknesses = weaknesses
        self._questions = questions
        self._say = say

    def weaknesses(self, control: ControlEntry) -> str:
        """Those that speak against it."""
        numbers = {self._weaknesses[one] for found in control.findings for one in found.ids if one in self._weaknesses}
        return ", ".join(map(self._say.number, sorted(numbers)))

    def questions(self, control: ControlEntry) -> str:
        """Those that ask about it, by where they stand."""
        stand: dict[str, list[str]] = defaultdict(list)
        for one in self._asked(control):
            stand[self._stands(one)].append(self._say.number(one.number))
        colon, between = self._say.gettext(":"), self._say.gettext("; ")
        return between.join(f"{state}{colon} {', '.join(numbers)}" for state, numbers in stand.items())

    def silent(self, control: ControlEntry) -> bool:
        """Nothing seen, nobody asked: its name says all."""
        return not control.findings and all(
            one.state is AnswerState.UNANSWERED and one.proposed is None for one in self._asked(control)
        )

    def _asked(self, control: ControlEntry) -> list[QuestionEntry]:
        ids = (one for asked in control.questions for one in asked.ids)
        return [self._questions[one] for one in ids if one in self._questions]

    def _stands(self, one: QuestionEntry) -> str:
        _ = self._say.gettext
        if one.state is AnswerState.CONTRADICTED:
            return _("seen otherwise")
        if one.state in NOBODY_KNOWS and one.proposed is not None:
            return _("measured {answer}").format(answer=one.proposed_name)
        if one.state is AnswerState.YES and not one.evidence:
            return _("yes, with nothing to show")
        return one.state_name


def _framework(one: FrameworkEntry, proof: _Numbered, say: Words) -> Iterator[Block]:
    _, names = say.gettext, PracticeNames(say)
    yield Heading(one.name, 3)
    yield Paragraph(f"{one.source}. {one.note or (_('The mapping is ours.') if one.ours else '')}".strip(), Tone.SOFT)
    told = [control for control in one.controls if not proof.silent(control)]
    if told:
        yield Table(
            head=(_("Control"), _("State"), _("Weaknesses"), _("Questions")),
            rows=tuple(
                cells(
                    names.control(control),
                    Cell(names.state(control.state), _CONTROL_TONES.get(control.state, Tone.PLAIN)),
                    proof.weaknesses(control),
                    proof.questions(control),
                )
                for control in told
            ),
            widths=(3.9, 1.75, 2.5, 3.7),
        )
    silent = [names.control(control) for control in one.controls if proof.silent(control)]
    if silent:
        yield Paragraph(f"{_('Not known, for nothing was seen and nobody asked')}{_(':')} {_('; ').join(silent)}.")
