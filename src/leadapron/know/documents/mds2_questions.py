"""The questions of an MDS2 form in our own words, and the words by which a filled form is read.

Content, with provenance, in `content/mds2`. Pure apart from reading the package's own files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import msgspec
from msgspec import Struct

from leadapron.model.content import read_toml, shipped, toml_files
from leadapron.model.errors import ContentError

OLD_PREFIX = "2013:"
"""Before the number of a question that only HN 1-2013 asks."""


class Edition(StrEnum):
    """Which form asks the question."""

    HN_2019 = "HN 1-2019"
    HN_2013 = "HN 1-2013"


class AnswerKind(StrEnum):
    """What a question wants to hear."""

    YES_NO = "yesno"
    TEXT = "text"


class SafeAnswer(StrEnum):
    """Which answer speaks for security; `neither` where that depends on the hospital or the question only informs."""

    YES = "yes"
    NO = "no"
    NEITHER = ""


class FormQuestion(Struct, frozen=True, kw_only=True):
    """One question as a statement that "yes" affirms, in English and French."""

    id: str
    """`SAHD-5.1`, or `2013:15-10` for what only the 2013 form asks."""
    section: str
    """`SAHD`; the chapter number (`15`) for what only the 2013 form asks."""
    edition: Edition
    kind: AnswerKind
    safe: SafeAnswer
    en: str
    fr: str
    iec_80001_2_2: str = ""
    nist_800_53: tuple[str, ...] = ()
    """Revision 4."""
    iso_27002: tuple[str, ...] = ()
    """Edition of 2013."""

    @property
    def parent(self) -> str:
        """The question this one details (`SAHD-5` for `SAHD-5.1`), or empty: a "no" there makes this one idle."""
        return self.id.rpartition(".")[0]


class FormSection(Struct, frozen=True, kw_only=True):
    """One chapter of the 2019 form; `titles` by language."""

    id: str
    titles: Mapping[str, str]
    questions: tuple[FormQuestion, ...]


class OldForm(Struct, frozen=True, kw_only=True):
    """How HN 1-2013 numbers its questions. `headings` are numbers that nobody answers."""

    questions: Mapping[str, str]
    """Number → question id."""
    headings: frozenset[str]


class FormWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of filled forms, see `content/mds2/words.toml`; small letters without accents."""

    ticks: frozenset[str]
    answers: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, tuple[str, ...]]
    months: Mapping[str, tuple[str, ...]]


class _Question2019(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    kind: AnswerKind
    en: str
    fr: str
    safe: SafeAnswer = SafeAnswer.NEITHER
    iec_80001_2_2: str = ""
    nist_800_53: tuple[str, ...] = ()
    iso_27002: tuple[str, ...] = ()


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    position: int
    id: str
    titles: Mapping[str, str]
    questions: tuple[_Question2019, ...]


class _Question2013(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str
    same_as: str = ""
    kind: AnswerKind = AnswerKind.YES_NO
    safe: SafeAnswer = SafeAnswer.NEITHER
    en: str = ""
    fr: str = ""


class _Form2013(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    edition: Edition
    headings: tuple[str, ...]
    questions: tuple[_Question2013, ...]


@cache
def load_questions() -> Mapping[str, FormQuestion]:
    """Every question by id: the 240 of HN 1-2019 in the form's order of sections, then those of HN 1-2013 alone."""
    new = {question.id: question for section in load_sections() for question in section.questions}
    return MappingProxyType(new | {question.id: question for question in _only_old(_form_2013(), new)})


@cache
def load_sections() -> tuple[FormSection, ...]:
    """The 23 chapters of HN 1-2019; ContentError names the file that is wrong."""
    read = [read_toml(file, _Section) for file in toml_files(shipped("mds2", "2019"))]
    return tuple(_section(section) for section in sorted(read, key=lambda section: section.position))


@cache
def load_old_form() -> OldForm:
    """The numbers of HN 1-2013 and the questions they stand for."""
    form = _form_2013()
    numbers = {question.number: question.same_as or OLD_PREFIX + question.number for question in form.questions}
    known = load_questions()
    for number, question in numbers.items():
        if question not in known:
            raise ContentError(f"2013.toml: question {number} is said to be {question}, which is not known")
    return OldForm(questions=MappingProxyType(numbers), headings=frozenset(form.headings))


@cache
def load_words() -> FormWords:
    """The words by which filled forms are read."""
    return read_toml(shipped("mds2", "words.toml"), FormWords)


def _form_2013() -> _Form2013:
    return read_toml(shipped("mds2", "2013.toml"), _Form2013)


def _section(section: _Section) -> FormSection:
    name = f"{section.id}.toml"
    if not (section.titles.get("en") and section.titles.get("fr")):
        raise ContentError(f"{name}: a title in English and in French is needed")
    questions = tuple(
        FormQuestion(section=section.id, edition=Edition.HN_2019, **msgspec.structs.asdict(question))
        for question in section.questions
    )
    for question in questions:
        _check(question, name)
    return FormSection(id=section.id, titles=section.titles, questions=questions)


def _only_old(form: _Form2013, new: Mapping[str, FormQuestion]) -> Iterator[FormQuestion]:
    for each in form.questions:
        if each.same_as:
            continue
        question = FormQuestion(
            id=OLD_PREFIX + each.number,
            section=each.number.split("-")[0].split(".")[0],
            edition=form.edition,
            kind=each.kind,
            safe=each.safe,
            en=each.en,
            fr=each.fr,
        )
        _check(question, "2013.toml")
        yield question


def _check(question: FormQuestion, name: str) -> None:
    if not (question.en and question.fr):
        raise ContentError(f"{name}: question {question.id} needs words in English and in French")
    if question.edition is Edition.HN_2019 and not question.id.startswith(f"{question.section}-"):
        raise ContentError(f"{name}: question {question.id} is not of section {question.section}")
