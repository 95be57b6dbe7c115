"""The made-up department with documents, answers, a plan, decisions and changes: everything that reports speak of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from msgspec.structs import replace

from leadapron.assess.coverage import coverage
from leadapron.assess.plan import load_actions, plan
from leadapron.assess.procedures import judge
from leadapron.know.procedures import answered, load_areas, questions_of
from leadapron.model.advisories import Answer, Answers, Feed, Product, Verdict
from leadapron.model.assessment import Assessment
from leadapron.model.declared import Declarations, Declared
from leadapron.model.events import DeviceDeclared, DocumentAdded, DocumentType, ProcedureAnswer
from leadapron.model.findings import Citation
from leadapron.model.picture import Exposure, Part
from leadapron.model.plan import (
    Acceptance,
    Assignment,
    Change,
    ChangeKind,
    Changes,
    Decided,
    Plan,
    WorkStatus,
)
from leadapron.model.procedures import FrameworkCoverage, QuestionState
from leadapron.report import Document, document
from leadapron.report.dossier import About, Dossier, Edition, Signature, dossier, input_list
from leadapron.report.plan import PlanDocument, plan_document
from leadapron.report.practices import (
    CoverageDocument,
    ProceduresDocument,
    coverage_document,
    procedures_document,
)
from leadapron.rules import load_controls
from tests.report import sample

NOW = sample.END + timedelta(days=3)
SEEN = ("network-segmented", "network-encryption")
"""Questions answered better than what is found."""
PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"


@dataclass(frozen=True, eq=False)
class Made:
    """One assessment with all that follows from it."""

    assessment: Assessment
    states: tuple[QuestionState, ...]
    plan: Plan
    changes: Changes
    covered: tuple[FrameworkCoverage, ...]

    @cache  # noqa: B019 - made once, kept as long as the tests run
    def assessed(self, language: str) -> Document:
        return document(self.assessment, sample.RULES, language)

    @cache  # noqa: B019 - made once, kept as long as the tests run
    def planned(self, language: str) -> PlanDocument:
        return plan_document(
            self.plan, self.assessed(language), states=self.states, changes=self.changes, rules=sample.RULES
        )

    def procedures(self, language: str) -> ProceduresDocument:
        return procedures_document(self.states, self.assessed(language))

    def coverage(self, language: str) -> CoverageDocument:
        return coverage_document(self.covered, self.states, self.assessed(language))

    def dossier(self, *languages: str, name: str = "Centre hospitalier d’Exemple", signed: bool = True) -> Dossier:
        return dossier(
            About(organisation=name, scope=name, prepared_by=name, prepared_for=name),
            [
                Edition(
                    assessed=self.assessed(language),
                    plan=self.planned(language),
                    procedures=self.procedures(language),
                    coverage=self.coverage(language),
                )
                for language in languages
            ],
            input_list(self.assessment),
            signature=Signature(value=bytes(64), public_key=PEM, fingerprint="ab" * 32, by=name) if signed else None,
        )


@cache
def department(name: str = "Claire Martin") -> Made:
    """`name` is what every person, device and document calls itself."""
    assessment = _known(sample.department(), name)
    states = judge(questions_of(load_areas()), assessment.picture, assessment.findings, now=NOW)
    actions = load_actions()
    decided = _decided(plan(assessment.picture, assessment.findings, actions, now=NOW, practices=states), name)
    return Made(
        assessment=assessment,
        states=states,
        plan=plan(assessment.picture, assessment.findings, actions, now=NOW, practices=states, decided=decided),
        changes=_changes(assessment, name),
        covered=coverage(load_controls(), (), states, assessment.findings),
    )


@cache
def bare() -> Made:
    """Nothing recognised, nothing answered, nothing planned."""
    assessment = sample.empty()
    return Made(assessment=assessment, states=(), plan=Plan(generated=NOW, actions=()), changes=Changes(since=None),
                covered=())  # fmt: skip


def _known(assessment: Assessment, name: str) -> Assessment:
    ct = next(one for one in assessment.inventory.assets if one.label == "CT1-CONSOLE")
    form = DocumentAdded(ts=sample.START, sensor=f"{name}.xlsx", packet=1, type=DocumentType.MDS2, sha256="5e" * 32,
                         form="HN 1-2019", dated="2025-03-01")  # fmt: skip
    row = DeviceDeclared(ts=sample.START, sensor="parc.csv", packet=7, product=f"Definition AS {name}", owner=name,
                         end_of_support="2027-06-30")  # fmt: skip
    questions = questions_of(load_areas())
    given = (ProcedureAnswer.YES, ProcedureAnswer.PARTIAL, ProcedureAnswer.NO, ProcedureAnswer.UNKNOWN)
    answers = {
        question.id: answered(
            question,
            ProcedureAnswer.YES if question.id in SEEN else given[question.number % 4],
            by=name,
            ts=sample.START - timedelta(days=40 if question.number % 5 else 900),
            evidence=f"Note {name}",
            note=name,
        )
        for question in questions
        if question.number % 3 or question.id in SEEN
    }
    findings = tuple(
        replace(one, citations=(_citation(name),)) if place == 0 else one
        for place, one in enumerate(assessment.findings)
    )
    return replace(
        assessment,
        findings=findings,
        generated=NOW,
        declarations=Declarations(
            of={ct.id: Declared(documents=(form,), device=row)}, documents=(form,), answers=answers
        ),
        exposures={ct.id: (_exposure(name),)},
        feeds=_feeds(),
    )


def _citation(name: str) -> Citation:
    return Citation(source="ICSMA-20-049-02", quote=f"syngo {name} < VB20A", dated=date(2020, 2, 18),
                    url="https://advisories.example/icsma-20-049-02", place="SAHD-5")  # fmt: skip


def _exposure(name: str) -> Exposure:
    answer = Answer(
        advisory="ICSMA-20-049-02", title="Siemens", url="https://advisories.example/icsma-20-049-02",
        published=date(2020, 2, 18), verdict=Verdict.AFFECTED, cves=("CVE-2019-0708",), cvss=9.8, cvss_vector="",
        exploited=("CVE-2019-0708",), ransomware=True, epss=0.94, vendor="Siemens", product="syngo CT",
        constraint=f"< VB20A {name}", reason="match.below",
        params={"asked": name, "constraint": "< VB20A", "version": name}, fixed="VB20A", curated=True,
    )  # fmt: skip
    product = Product(vendor="Siemens", name=f"syngo CT {name}", version="VB10A")
    return Exposure(part=Part.DEVICE, answers=Answers(product=product, vendor_known=True, product_known=True,
                                                      answers=(answer,)))  # fmt: skip


def _feeds() -> tuple[Feed, ...]:
    return (
        Feed(id="advisories", title="", source="", as_of=NOW.date() - timedelta(days=90), fetched=None,
             sha256="0a" * 32, records=145),
        Feed(id="endoflife", title="", source="", as_of=NOW.date() - timedelta(days=3), fetched=None, records=34),
        Feed(id="epss", title="", source="", as_of=None, fetched=None),
    )  # fmt: skip


def _decided(first: Plan, name: str) -> Decided:
    late, later = first.actions[0], first.actions[1]
    fixed, lapsed = first.actions[2].items[0], first.actions[3].items[0]
    today = NOW.date()
    return Decided(
        assignments={
            late.id: Assignment(action=late.id, owner=name, due=today - timedelta(days=2), note=f"{name}\nDevis",
                                status=WorkStatus.DOING, by=name, at=NOW - timedelta(days=9)),
            later.id: Assignment(action=later.id, status=WorkStatus.DONE, by=name, at=NOW - timedelta(days=1)),
        },
        acceptances=(
            Acceptance(id=1, target=fixed, covers=(fixed,), name=name, reason=name,
                       expires=today + timedelta(days=30), at=NOW - timedelta(days=5)),
            Acceptance(id=2, target=lapsed, covers=(lapsed,), name=name, reason=name,
                       expires=today - timedelta(days=1), at=NOW - timedelta(days=95)),
        ),
    )  # fmt: skip


def _changes(assessment: Assessment, name: str) -> Changes:
    def change(kind: ChangeKind, place: int, **more: str) -> Change:
        one = assessment.findings[place]
        given = {"finding": one.id, "rule": one.rule, "label": one.subject.label} | more
        return Change(kind=kind, subject_type=one.subject.type, severity=one.severity, first=NOW - timedelta(days=60),
                      last=NOW - timedelta(days=30), **given)  # fmt: skip

    return Changes(
        since=NOW - timedelta(days=30),
        version="0.1.0",
        changes=(
            change(ChangeKind.NEW, 0),
            change(ChangeKind.BACK, 1),
            change(ChangeKind.FIXED, 2, finding="f-0", rule="log-none", label=name),
            change(ChangeKind.UNSEEN, 3, finding="f-1", rule="smb1", label=name),
            change(ChangeKind.SAME, 4),
        ),
    )
