"""Load and check the procedure questions of `content/procedures`: one file per area, both languages, known controls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from leadapron.model.content import LANGUAGES, read_toml, shipped
from leadapron.model.errors import ContentError
from leadapron.model.events import ProcedureAnswer
from leadapron.model.procedures import Area, AreaTexts, Measure, Question, QuestionArea, QuestionTexts, Who
from leadapron.rules.controls import Framework, load_controls

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_LIMITING = frozenset({ProcedureAnswer.NO, ProcedureAnswer.PARTIAL})


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question as its file has it: one table per language."""

    id: str
    number: int
    who: Who
    valid_days: Annotated[int, Meta(ge=1)]
    weight: Annotated[int, Meta(ge=1, le=3)]
    hours: Annotated[float, Meta(gt=0)]
    controls: Mapping[str, tuple[str, ...]]
    contradicted_by: Mapping[str, ProcedureAnswer] = {}
    supported_by: tuple[Measure, ...] = ()
    en: QuestionTexts
    fr: QuestionTexts


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    en: AreaTexts
    fr: AreaTexts
    questions: Annotated[tuple[_Entry, ...], Meta(min_length=1)]


def load_areas(
    folder: Traversable | None = None, controls: Mapping[str, Framework] | None = None
) -> tuple[QuestionArea, ...]:
    """All areas in their order, from packaged content unless `folder` is given.

    Raises `ContentError`, naming file and key, for the first thing missing, unknown or said twice.
    """
    root = folder or shipped("procedures")
    known = load_controls() if controls is None else controls
    areas = tuple(_area(root, area, known) for area in Area)
    numbers: dict[int, str] = {}
    for question in questions_of(areas):
        place = f"{question.area}.toml: {question.id}: number"
        if question.number in numbers:
            raise ContentError(f"{place}: {question.number} is already that of {numbers[question.number]}")
        if question.number != len(numbers) + 1:
            raise ContentError(f"{place}: {len(numbers) + 1} expected, not {question.number}")
        numbers[question.number] = question.id
    return areas


def questions_of(areas: Iterable[QuestionArea]) -> tuple[Question, ...]:
    """The questions of several areas in one row."""
    return tuple(question for area in areas for question in area.questions)


def _area(root: Traversable, area: Area, controls: Mapping[str, Framework]) -> QuestionArea:
    name = f"{area}.toml"
    content = read_toml(root / name, _File)
    texts = {language: getattr(content, language) for language in LANGUAGES}
    for problem in _blanks(texts):
        raise ContentError(f"{name}: {problem}")
    seen: set[str] = set()
    for entry in content.questions:
        for problem in _problems(entry, area, controls, seen):
            raise ContentError(f"{name}: {entry.id}: {problem}")
        seen.add(entry.id)
    return QuestionArea(id=area, texts=texts, questions=tuple(_question(entry, area) for entry in content.questions))


def _question(entry: _Entry, area: Area) -> Question:
    fields = {name: value for name, value in msgspec.structs.asdict(entry).items() if name not in LANGUAGES}
    return Question(**fields, area=area, texts={language: getattr(entry, language) for language in LANGUAGES})


def _problems(entry: _Entry, area: Area, controls: Mapping[str, Framework], seen: set[str]) -> Iterator[str]:
    if not _ID.fullmatch(entry.id) or not entry.id.startswith(f"{area}-"):
        yield f"id: small letters joined by hyphens expected, beginning with {area}-"
    if entry.id in seen:
        yield "id: said twice"
    texts = {language: getattr(entry, language) for language in LANGUAGES}
    yield from _blanks(texts)
    for language, text in texts.items():
        if not text.question.endswith("?"):
            yield f"{language}.question: does not end in a question mark"
    if not entry.controls:
        yield "controls: at least one expected"
    for framework, ids in entry.controls.items():
        if framework not in controls:
            yield f"controls.{framework}: no such framework in content/controls"
        else:
            unknown = [one for one in ids if controls[framework].control(one) is None]
            if unknown or not ids:
                yield f"controls.{framework}: {unknown[0] if unknown else 'nothing'!r} is not in content/controls"
    for rule, answer in entry.contradicted_by.items():
        if answer not in _LIMITING:
            yield f"contradicted_by.{rule}: no or partial expected, not {answer}"


def _blanks(texts: Mapping[str, Struct]) -> Iterator[str]:
    for language, text in texts.items():
        for part in text.__struct_fields__:
            if not getattr(text, part).strip():
                yield f"{language}.{part}: empty"
