"""Actions in words: their content, filled, and the reasons of their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from leadapron.assess.plan import Action, order_words
from leadapron.model.errors import ContentError
from leadapron.model.findings import Confidence, Harm
from leadapron.model.plan import ActionKind, Instead, Patching, PlannedAction, Window, Windows
from leadapron.report.contract import FindingEntry
from leadapron.report.plan.contract import PatchingEntry, Person, StepEntry, StopEntry, WindowEntry
from leadapron.report.practices.compose import Asked, area_titles
from leadapron.report.practices.contract import QuestionEntry
from leadapron.report.vocabulary import several
from leadapron.report.words import N_, Words

FIRST_NAMED = 5
"""Devices or questions to begin with that a reason names."""

_COUNTED = re.compile(r" \([^()]*\{count\}\)$")
"""` (devices: {count})` at the end of a title: of one device, its name says more."""
_NAMES_A_PERSON = "order.lapsed"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


class Known(Struct, frozen=True, kw_only=True):
    """What the plan points to, by id."""

    findings: Mapping[str, FindingEntry]
    questions: Mapping[str, QuestionEntry]
    labels: Mapping[str, str]
    """Asset id → its label."""

    def named(self, item: str) -> str:
        """A finding, question or device in words; what is no longer known stays an id."""
        if finding := self.findings.get(item):
            return f"{finding.title} – {finding.subject.label}"
        if question := self.questions.get(item):
            return question.question
        return self.labels.get(item, item)


class ActionWords:
    """The words of actions in one language."""

    def __init__(self, actions: Mapping[str, Action], known: Known, asked: Asked, say: Words) -> None:
        self._actions = actions
        self._known = known
        self._asked = asked
        self._say = say
        self._order = order_words()[say.language]
        self._areas = area_titles(say)

    def title(self, one: PlannedAction) -> str:
        """What to do, with the name of whom it concerns."""
        title = self._action(one).title[self._say.language]
        if one.count != 1 or not _COUNTED.search(title):
            return self._filled(one, title)
        named = self._known.named(one.assets[0]) if len(one.assets) == 1 else ""
        title = self._filled(one, _COUNTED.sub("", title))
        return f"{title} ({named})" if named and named not in title else title

    def part(self, one: PlannedAction, name: str) -> str:
        """`breaks`, `instead` or `done_when`."""
        return self._filled(one, getattr(self._action(one), name)[self._say.language])

    def steps(self, one: PlannedAction) -> tuple[StepEntry, ...]:
        """Who does what. A practice's one step is what good looks like, for the one who is to act."""
        if one.kind is ActionKind.PRACTICE and (question := self._known.questions.get(one.subject)):
            return (StepEntry(who=question.who, name=question.who_name, text=question.good),)
        return tuple(
            StepEntry(
                who=step.who,
                name=self._asked.name("who", step.who),
                text=self._filled(one, getattr(step, self._say.language)),
            )
            for step in self._action(one).steps
        )

    def who(self, one: PlannedAction) -> tuple[Person, ...]:
        """Professions, first the one who leads."""
        return tuple(Person(id=who, name=self._asked.name("who", who)) for who in one.who)

    def subjects(self, one: PlannedAction) -> tuple[str, ...]:
        """Devices, or questions; the name of what is neither."""
        named = one.assets or (one.questions if one.kind is not ActionKind.REMEDY else ())
        return tuple(dict.fromkeys(map(self._known.named, named))) or tuple(filter(None, (self._subject(one),)))

    def first(self, one: PlannedAction) -> tuple[str, ...]:
        """What to begin with."""
        return tuple(dict.fromkeys(map(self._known.named, one.first)))

    def harm(self, one: PlannedAction) -> tuple[Harm, ...]:
        """All that its findings put at stake."""
        found = {harm for name in one.findings if (known := self._known.findings.get(name)) for harm in known.harm}
        return tuple(harm for harm in Harm if harm in found)

    def reasons(self, one: PlannedAction) -> tuple[str, ...]:
        """Why it stands where it stands."""
        return tuple(self._reason(one, reason) for reason in one.reasons)

    def because(self, instead: Instead) -> str:
        """Why the remedy cannot be carried out."""
        return self._sentence(f"plan.instead={instead}")

    def patching(self, word: Patching) -> PatchingEntry:
        """The maker's word on updates."""
        return PatchingEntry(
            word=word.word, text=self._sentence(f"plan.patching={word.word}"), citations=word.citations
        )

    def stop(self, windows: Windows) -> StopEntry:
        """When one device can be stopped, and how far to rely on it."""
        return StopEntry(
            device=windows.device,
            label=self._known.named(windows.device),
            scanners=tuple(map(self._known.named, windows.scanners)),
            windows=tuple(map(self._window, windows.windows)),
            days=windows.days,
            confidence=windows.confidence,
            note=self._note(windows),
        )

    def _note(self, windows: Windows) -> str:
        if not windows.scanners:
            return self._sentence("plan.windows=no-scanner")
        if not windows.days:
            return self._sentence("plan.windows=none-observed")
        if not windows.windows:
            return self._sentence("plan.windows=never-idle")
        sure = "likely" if windows.confidence is Confidence.LIKELY else "possible"
        return self._sentence(f"plan.windows={sure}").replace("{value}", self._say.number(windows.days))

    def _window(self, window: Window) -> WindowEntry:
        text = self._say.gettext(N_("{weekday} {start}:00 to {end}:00")).format(
            weekday=self._say.weekday(_MONDAY + timedelta(days=window.weekday)), start=window.start, end=window.end
        )
        return WindowEntry(weekday=window.weekday, start=window.start, end=window.end, days=window.days, text=text)

    def _action(self, one: PlannedAction) -> Action:
        try:
            return self._actions[one.action]
        except KeyError:
            raise ContentError(f"content/actions: no action {one.action}") from None

    def _filled(self, one: PlannedAction, sentence: str) -> str:
        """A sentence with its places. Values are put in after the sentence was read: they hold no places themselves."""
        return sentence.format(
            subject=self._subject(one), count=self._say.number(one.count), partners=self._say.number(one.partners)
        )

    def _subject(self, one: PlannedAction) -> str:
        if one.kind is ActionKind.PRACTICE and (question := self._known.questions.get(one.subject)):
            return self._say.gettext(N_("“{text}”")).format(text=question.question)
        return self._areas.get(one.subject, one.subject) if one.kind is ActionKind.ANSWER else one.subject

    def _reason(self, one: PlannedAction, reason: str) -> str:
        message, _, value = reason.partition("=")
        if sentence := self._order.get(reason):
            return sentence
        return self._sentence(message).replace("{value}", self._value(one, message, value))

    def _value(self, one: PlannedAction, message: str, value: str) -> str:
        if message == "order.first":
            return several(self.first(one), FIRST_NAMED, self._say)
        if message == _NAMES_A_PERSON:
            return value
        if _DATE.fullmatch(value):
            return self._say.calendar_day(date.fromisoformat(value))
        return self._say.number(float(value))

    def _sentence(self, message: str) -> str:
        try:
            return self._order[message]
        except KeyError:
            raise ContentError(f"order.toml: no sentence for {message}") from None
