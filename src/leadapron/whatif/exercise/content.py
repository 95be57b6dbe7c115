"""What exercises and downtime sheets are made of, read from `content/whatif/exercise` and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from typing import Annotated

from msgspec import Meta, Struct

from leadapron.model.content import LANGUAGES, read_toml, shipped, toml_files
from leadapron.model.errors import ContentError
from leadapron.model.exercise import Cue, InjectWords, Instruction, Player, Question, Text
from leadapron.model.scenarios import Course
from leadapron.rules.lint import placeholders

Positive = Annotated[float, Meta(gt=0)]

ALWAYS = frozenset({"down", "devices", "lost", "scanners", "working"})
"""What every inject may name: devices that stand still, of how many; exams lost until then; scanners, and how many of
them work."""
_DEVICE = frozenset({"device", "zone"})
_SCANNER = frozenset({"device", "modality"})
PARAMS: Mapping[Cue, frozenset[str]] = {
    Cue.START: _DEVICE,
    Cue.FIRST_SCANNER: _SCANNER,
    Cue.SPREADING: frozenset(),
    Cue.CHOICE: frozenset({"hours"}),
    Cue.LAST_SCANNER: frozenset({"modality"}),
    Cue.WORKLIST: frozenset({"device"}),
    Cue.STORAGE: frozenset({"device"}),
    Cue.READING: frozenset({"device"}),
    Cue.REPORTING: frozenset(),
    Cue.URGENT: frozenset({"modality", "scanners_kind", "working_kind"}),
    Cue.CONTAINED: frozenset({"hours"}),
    Cue.DISCOVERED: frozenset({"device", "records"}),
    Cue.HANDOVER: frozenset(),
    Cue.DAY_1: frozenset(),
    Cue.DISK: _SCANNER,
    Cue.DAY_3: frozenset(),
    Cue.WEEK_2: frozenset(),
    Cue.FIRST_BACK: _SCANNER,
    Cue.RESTORED: frozenset(),
}
"""What the injects of a cue may name besides."""
OTHER = "other"
"""Modalities of which the content knows nothing more."""


class InjectContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that may happen to the players, and in which attacks."""

    id: str
    cue: Cue
    courses: tuple[Course, ...] = ()
    """Empty: all."""
    scenarios: tuple[str, ...] = ()
    """Empty: all."""
    not_for: tuple[str, ...] = ()
    """Scenarios that have something else at this cue."""
    to: tuple[Player, ...]
    sources: tuple[str, ...]
    en: InjectWords
    fr: InjectWords

    @property
    def words(self) -> Mapping[str, InjectWords]:
        """By language."""
        return {"en": self.en, "fr": self.fr}

    def fits(self, scenario: str, course: Course) -> bool:
        """Whether it belongs to an attack."""
        return (
            (not self.courses or course in self.courses)
            and (not self.scenarios or scenario in self.scenarios)
            and scenario not in self.not_for
        )


class ModalityContent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is assumed of a modality's scanners."""

    disk_gb: Positive
    gb_per_exam: Positive
    en: str = ""
    fr: str = ""

    @property
    def note(self) -> Text:
        """By language."""
        return {"en": self.en, "fr": self.fr}


class ExerciseContent(Struct, frozen=True, kw_only=True):
    """All of it. Sources are those of `Inject.sources` and `Instruction.sources`, by language."""

    injects: tuple[InjectContent, ...]
    """Of one cue, in the order in which they are played."""
    debrief: tuple[Question, ...]
    instructions: tuple[Instruction, ...]
    columns: tuple[Text, ...]
    modalities: Mapping[str, ModalityContent]
    sources: Mapping[str, Text]

    def modality(self, name: str) -> ModalityContent:
        """What is assumed of a modality, known or not."""
        return self.modalities.get(name) or self.modalities[OTHER]


class _Injects(Struct, frozen=True, forbid_unknown_fields=True):
    injects: tuple[InjectContent, ...]


class _Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str = ""
    en: str
    fr: str

    @property
    def text(self) -> Text:
        return {"en": self.en, "fr": self.fr}


class _Debrief(Struct, frozen=True, forbid_unknown_fields=True):
    questions: tuple[_Line, ...]


class _Downtime(Struct, frozen=True, forbid_unknown_fields=True):
    instructions: tuple[Instruction, ...]
    columns: tuple[_Line, ...]


def load_content(folder: Traversable | None = None) -> ExerciseContent:
    """Packaged content unless `folder` is given. ContentError names file and place."""
    home = folder if folder is not None else shipped("whatif", "exercise")
    debrief = read_toml(home / "debrief.toml", _Debrief)
    downtime = read_toml(home / "downtime.toml", _Downtime)
    injects = tuple(inject for file in toml_files(home / "injects") for inject in read_toml(file, _Injects).injects)
    made = ExerciseContent(
        injects=injects,
        debrief=tuple(Question(id=line.id, text=line.text) for line in debrief.questions),
        instructions=downtime.instructions,
        columns=tuple(line.text for line in downtime.columns),
        modalities=read_toml(home / "modalities.toml", dict[str, ModalityContent]),
        sources=read_toml(home / "sources.toml", dict[str, dict[str, str]]),
    )
    for problem in _problems(made):
        raise ContentError(f"exercise: {problem}")
    return made


def _problems(made: ExerciseContent) -> Iterator[str]:
    ids = [inject.id for inject in made.injects] + [question.id for question in made.debrief]
    if len(set(ids)) != len(ids):
        yield f"an id is there twice: {sorted(one for one in set(ids) if ids.count(one) > 1)}"
    if OTHER not in made.modalities:
        yield f"modalities.toml: {OTHER} is missing"
    for inject in made.injects:
        yield from (f"{inject.id}: {problem}" for problem in _inject_problems(inject))
    for owner, cited in (
        *((inject.id, inject.sources) for inject in made.injects),
        *((instruction.id, instruction.sources) for instruction in made.instructions),
    ):
        if unknown := sorted(set(cited) - made.sources.keys()):
            yield f"{owner}: sources.toml has no {unknown}"
    for owner, text in _texts(made):
        if set(text) != set(LANGUAGES) or not all(said.strip() for said in text.values()):
            yield f"{owner}: needs exactly the languages {', '.join(LANGUAGES)}"


def _inject_problems(inject: InjectContent) -> Iterator[str]:
    allowed = ALWAYS | PARAMS[inject.cue]
    if not inject.to:
        yield "to: somebody must be told"
    if len(inject.en.answers) != len(inject.fr.answers) or not inject.en.answers:
        yield "answers: as many in each language, at least one"
    for language, words in inject.words.items():
        said = (words.title, words.seen, words.decision, *words.answers, words.note)
        if not all(sentence.strip() for sentence in said[:-1]):
            yield f"{language}: a text is empty"
        for sentence in said:
            try:
                unknown = placeholders(sentence) - allowed
            except ValueError as error:
                yield f"{language}: {error}"
            else:
                if unknown:
                    yield f"{language}: {sorted(unknown)} is not among {', '.join(sorted(allowed))}"


def _texts(made: ExerciseContent) -> Iterator[tuple[str, Text]]:
    yield from ((question.id, question.text) for question in made.debrief)
    yield from (("columns", column) for column in made.columns)
    yield from made.sources.items()
    for instruction in made.instructions:
        yield instruction.id, instruction.title
        yield from ((instruction.id, step) for step in instruction.steps)
