"""Questions, scores and controls become documents in one language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from leadapron.assess.procedures import score, told_once
from leadapron.know.procedures import load_areas, load_words
from leadapron.model.procedures import (
    AnswerState,
    AreaScore,
    Basis,
    ControlCoverage,
    ControlState,
    FrameworkCoverage,
    QuestionArea,
    QuestionState,
    Raise,
    Reason,
)
from leadapron.report.contract import Document, FindingEntry
from leadapron.report.hostile import harmless
from leadapron.report.practices.contract import (
    COVERAGE,
    PROCEDURES,
    AreaEntry,
    BasisEntry,
    ControlEntry,
    CoverageDocument,
    FrameworkEntry,
    ProceduresDocument,
    ProofEntry,
    QuestionEntry,
    RaiseEntry,
)
from leadapron.report.practices.verdict import verdict
from leadapron.report.values import spelled
from leadapron.report.words import Words, words
from leadapron.rules import Framework, load_controls
from leadapron.rules.controls import MappingBy


class Asked:
    """Questions in the words of one language."""

    def __init__(self, say: Words) -> None:
        self._say = say
        self._sentences = load_words()

    def name(self, group: str, member: str) -> str:
        """The word for a member of a closed set: `who`, `state`, `answer`, `step`."""
        return self._sentences.say(self._say.language, f"{group}.{member}")

    def reason(self, reason: Reason) -> str:
        """Why a control is in its state."""
        return self._sentences.say(self._say.language, reason.message, self._params(reason.params))

    def entry(self, state: QuestionState) -> QuestionEntry:
        """One question with its texts, which are ours; what people wrote and devices sent is made harmless."""
        question, answer, proposal = state.question, harmless(state.answer), harmless(state.proposal)
        texts = question.texts[self._say.language]
        return QuestionEntry(
            id=question.id,
            number=question.number,
            area=question.area,
            question=texts.question,
            why=texts.why,
            good=texts.good,
            expected=texts.evidence,
            who=question.who,
            who_name=self.name("who", question.who),
            state=state.state,
            state_name=self.name("state", state.state),
            answer=answer.answer if answer else None,
            answer_name=self.name("answer", answer.answer) if answer else "",
            by=answer.by if answer else "",
            on=answer.ts.date() if answer else None,
            expires=state.expires,
            evidence=answer.evidence if answer else "",
            note=answer.note if answer else "",
            against=tuple(map(self._basis, told_once(harmless(state.against)))),
            measured_before=state.measured_before,
            proposed=proposal.answer if proposal else None,
            proposed_name=self.name("answer", proposal.answer) if proposal else "",
            proposal=tuple(map(self._basis, told_once(proposal.basis))) if proposal else (),
            points=state.points,
            of=state.of,
            weight=question.weight,
            hours=question.hours,
        )

    def _basis(self, basis: Basis) -> BasisEntry:
        return BasisEntry(
            text=self._sentences.say(self._say.language, basis.message, self._params(basis.params)),
            answer=basis.answer,
            sure=basis.sure,
            findings=basis.findings,
            evidence=basis.evidence,
        )

    def _params(self, params: Mapping[str, str | int]) -> dict[str, str]:
        return {
            name: spelled(name, value, self._say) if isinstance(value, str) else self._say.number(value)
            for name, value in params.items()
        }


def procedures_document(states: Iterable[QuestionState], assessed: Document) -> ProceduresDocument:
    """Where the questions stand, in the language of the assessment's document. `states`: `assess.procedures.judge`."""
    say = words(assessed.language)
    asked, judged = Asked(say), tuple(states)
    entries = tuple(map(asked.entry, judged))
    areas = _areas(score(judged), entries, asked, say)
    return ProceduresDocument(
        schema=PROCEDURES,
        version=assessed.version,
        language=say.language,
        generated=assessed.generated,
        verdict=verdict(entries, areas, say),
        areas=areas,
        questions=entries,
        contradicted=tuple(one.id for one in sorted(entries, key=lambda one: (-one.weight, one.number)) if one.against),
    )


def area_titles(say: Words, areas: Iterable[QuestionArea] | None = None) -> Mapping[str, str]:
    """Area → its title."""
    return {area.id: area.texts[say.language].title for area in (load_areas() if areas is None else areas)}


def _areas(
    scores: Iterable[AreaScore], entries: Iterable[QuestionEntry], asked: Asked, say: Words
) -> tuple[AreaEntry, ...]:
    titles, known = area_titles(say), {one.id: one for one in entries}
    return tuple(
        AreaEntry(
            id=one.area,
            title=titles[one.area],
            questions=one.questions,
            states={state: getattr(one, _COUNTS[state]) for state in AnswerState},
            points=one.points,
            of=one.of,
            raises=tuple(_raise(step, known[step.question], asked) for step in one.raises),
        )
        for one in scores
    )


_COUNTS = {state: state.name.lower() for state in AnswerState}
"""State → field of `AreaScore`."""


def _raise(step: Raise, question: QuestionEntry, asked: Asked) -> RaiseEntry:
    return RaiseEntry(
        question=question.id,
        text=question.question,
        step=step.step,
        step_name=asked.name("step", step.step),
        gain=step.gain,
        hours=step.hours,
    )


def coverage_document(
    covered: Iterable[FrameworkCoverage],
    states: Iterable[QuestionState],
    assessed: Document,
    *,
    frameworks: Mapping[str, Framework] | None = None,
) -> CoverageDocument:
    """What is covered of each framework, with what that rests on. `covered`: `assess.coverage.coverage`."""
    say = words(assessed.language)
    asked = Asked(say)
    proof = _Proof(
        asked,
        {finding.id: finding for finding in assessed.findings},
        {state.id: asked.entry(state) for state in states},
    )
    known = load_controls() if frameworks is None else frameworks
    return CoverageDocument(
        schema=COVERAGE,
        version=assessed.version,
        language=say.language,
        generated=assessed.generated,
        frameworks=tuple(_framework(one, known[one.framework], proof, say) for one in covered),
    )


class _Proof:
    """What controls rest on, by id."""

    def __init__(
        self, asked: Asked, findings: Mapping[str, FindingEntry], questions: Mapping[str, QuestionEntry]
    ) -> None:
        self.asked = asked
        self._findings = findings
        self._questions = questions

    def findings(self, ids: Iterable[str]) -> tuple[ProofEntry, ...]:
        """Those of one title together."""
        titled: dict[str, list[FindingEntry]] = defaultdict(list)
        for one in dict.fromkeys(ids):
            if finding := self._findings.get(one):
                titled[finding.title].append(finding)
        return tuple(
            ProofEntry(
                ids=tuple(one.id for one in found), text=title, details=tuple(one.subject.label for one in found)
            )
            for title, found in titled.items()
        )

    def questions(self, ids: Iterable[str]) -> tuple[ProofEntry, ...]:
        """Each with its state."""
        found = (self._questions[one] for one in ids if one in self._questions)
        return tuple(ProofEntry(ids=(one.id,), text=one.question, details=(one.state_name,)) for one in found)


def _framework(covered: FrameworkCoverage, framework: Framework, proof: _Proof, say: Words) -> FrameworkEntry:
    return FrameworkEntry(
        id=framework.id,
        name=framework.name,
        source=framework.source,
        edition=framework.edition,
        ours=framework.mapping is MappingBy.OURS,
        note=framework.note[say.language],
        counts={state: covered.counts.get(state, 0) for state in ControlState},
        controls=tuple(_control(one, framework, proof, say) for one in covered.controls),
    )


def _control(covered: ControlCoverage, framework: Framework, proof: _Proof, say: Words) -> ControlEntry:
    known = framework.control(covered.control)
    return ControlEntry(
        id=covered.control,
        title=known.titles[say.language] if known else "",
        state=covered.state,
        reasons=tuple(map(proof.asked.reason, covered.reasons)),
        findings=proof.findings(covered.findings),
        questions=proof.questions(covered.questions),
    )
