"""Remedies as actions, read from `content/actions`: what each settles, who does it, how long it takes, its words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from msgspec import Struct

from leadapron.model.errors import ContentError
from leadapron.model.plan import Approval, Compensate, Scope
from leadapron.model.procedures import Who
from leadapron.rules import LANGUAGES
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
    root = folder or files("leadapron") / "content" / "actions"
    actions: dict[str, Action] = {}
    settled: dict[str, str] = {}
    for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".toml") or entry.name == ORDER:
            continue
        action = _read(entry)
        for problem in _problems(action, entry.name, settled):
            raise ContentError(f"{entry.name}: {problem}")
        actions[action.id] = action
        settled.update(dict.fromkeys(action.settles, action.id))
    return actions


def _read(entry: Traversable) -> Action:
    try:
        return msgspec.convert(tomllib.loads(entry.read_text("utf-8")), Action)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ContentError(f"{entry.name}: {error}") from error


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
    entry = (folder or files("leadapron") / "content" / "actions") / ORDER
    try:
        words = msgspec.convert(tomllib.loads(entry.read_text("utf-8")), dict[str, dict[str, str]])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ContentError(f"{entry.name}: {error}") from error
    ids = {message for sentences in words.values() for message in sentences}
    for language in LANGUAGES:
        missing = sorted(message for message in ids if not words.get(language, {}).get(message, "").strip())
        if missing or language not in words:
            raise ContentError(f"{entry.name}: {language}: no sentence for {missing or 'anything'}")
    return words
