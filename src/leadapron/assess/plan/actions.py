"""Remedies as actions, read from `content/actions`: what each settles, who does it, how long it takes, its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable

from msgspec import Struct

from leadapron.model.content import LANGUAGES, check_sentences, read_toml, shipped, toml_files
from leadapron.model.errors import ContentError
from leadapron.model.plan import Approval, Compensate, Scope
from leadapron.model.procedures import Who
from leadapron.rules.lint import placeholders

PLACES = frozenset({"subject", "count", "partners"})
"""What titles may name; the values are in `PlannedAction`."""

ORDER = "order.toml"

Text = Mapping[str, str]
"""Language → sentence."""


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Working hours: `base` for the first device or partner, `each` for every further one. Orders of magnitude."""

    base: float
    each: float = 0.0


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person's part."""

    who: Who
    en: str
    fr: str


class Action(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remedy. `scope` is None for the two actions that procedure questions use."""

    id: str
    settles: tuple[str, ...] = ()
    """Rules of weaknesses; each is settled by one action."""
    scope: Scope | None = None
    who: tuple[Who, ...]
    """First the one who leads."""
    hours: Hours
    approval: Approval
    downtime: bool = False
    patch: bool = False
    compensate: Compensate = Compensate.NEVER
    shelters: bool = False
    """A wall around the scanners of the zones concerned: see `assess.plan.shelter`."""
    title: Text
    steps: tuple[Step, ...]
    breaks: Text
    """What it may disturb."""
    instead: Text
    """What helps when it cannot be done."""
    done_when: Text
    """Which measurement will show that it is done."""

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """Every sentence, as part, language, words."""
        for part in ("title", "breaks", "instead", "done_when"):
            for language, sentence in getattr(self, part).items():
                yield part, language, sentence
        for number, step in enumerate(self.steps, start=1):
            yield f"steps[{number}]", "en", step.en
            yield f"steps[{number}]", "fr", step.fr


def load_actions(folder: Traversable | None = None) -> Mapping[str, Action]:
    """Actions by name, from packaged content unless `folder` is given. Raises `ContentError`."""
    actions: dict[str, Action] = {}
    settled: dict[str, str] = {}
    for entry in toml_files(folder or shipped("actions")):
        if entry.name == ORDER:
            continue
        action = read_toml(entry, Action)
        for problem in _problems(action, entry.name, settled):
            raise ContentError(f"{entry.name}: {problem}")
        actions[action.id] = action
        settled.update(dict.fromkeys(action.settles, action.id))
    return actions


def _problems(action: Action, name: str, settled: Mapping[str, str]) -> Iterator[str]:
    if name != f"{action.id}.toml":
        yield f"id: {action.id!r} is not the file's name"
    for rule in action.settles:
        if rule in settled:
            yield f"settles: {rule!r} is settled by {settled[rule]!r} already"
    if action.hours.base <= 0 or action.hours.each < 0:
        yield "hours: base must be above 0, each not below"
    if not action.steps or {step.who for step in action.steps} != set(action.who):
        yield "steps: those who act and `who` must be the same people"
    for part in ("title", "breaks", "instead", "done_when"):
        if set(getattr(action, part)) != set(LANGUAGES):
            yield f"{part}: needs exactly the languages {', '.join(LANGUAGES)}"
    for part, language, sentence in action.texts():
        try:
            places = placeholders(sentence)
        except ValueError as error:
            yield f"{part}.{language}: {error}"
            continue
        if not sentence.strip() or not places <= PLACES:
            yield f"{part}.{language}: empty, or with a place other than {', '.join(sorted(PLACES))}"
    if placeholders(action.title["en"]) != placeholders(action.title["fr"]):
        yield "title: the languages name different places"


def order_words(folder: Traversable | None = None) -> Mapping[str, Mapping[str, str]]:
    """Language → message id → sentence; `{value}` is what stands after `=` in a reason. Raises `ContentError`.

    Where a value is a word (`order.severity=high`), the id with its value has a sentence of its own, looked up first.
    """
    entry = (folder or shipped("actions")) / ORDER
    words = read_toml(entry, dict[str, dict[str, str]])
    check_sentences(words, entry.name)
    return words
