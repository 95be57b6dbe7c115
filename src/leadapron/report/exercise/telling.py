"""What all sheets of an exercise need to say in one language: hours of the clock, players, figures, hostile labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from msgspec.structs import replace

from leadapron.model.department import Basis
from leadapron.model.exercise import Alone, Downtime, Exercise, Inject, LoneScanner, Player, Text
from leadapron.report.hostile import visible
from leadapron.report.whatif.sentences import Spoken
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import Words

_MONDAY = date(2024, 1, 1)
_MINUTES = 60
_DAY = 24 * _MINUTES


class Telling:
    """One language."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self._spoken = Spoken(say)
        self.names = WhatIfNames(say)

    def text(self, name: str, **params: str | float) -> str:
        """A fixed sentence of the pack (`content/whatif/words/exercise.toml`)."""
        return self._spoken.sentence(f"exercise.{name}", params)

    def filled(self, sentence: str, inject: Inject) -> str:
        """A sentence of an inject with its figures."""
        return self._spoken.filled(sentence, inject.params, inject.id)

    def own(self, text: Text) -> str:
        """A text in this language."""
        return text.get(self.say.language, "")

    def players(self, players: Iterable[Player]) -> str:
        """Who they are."""
        return ", ".join(self._spoken.sentence(f"player={one}", {}) for one in players)

    def moment(self, exercise: Exercise, hour: float) -> str:
        """When an hour of the scenario is; days are counted from the first inject on."""
        first, _ = _day(exercise.start + exercise.injects[0].hour)
        return self.clock(exercise.weekday, exercise.start + hour, first=first)

    def clock(self, weekday: int, hour: float, *, first: int = 0) -> str:
        """Weekday and time, `hour` hours after midnight of a weekday; from the day after `first` on with its number."""
        day, minute = _day(hour)
        name = self.say.weekday(_MONDAY + timedelta(days=weekday + day))
        time = f"{minute // _MINUTES:02}:{minute % _MINUTES:02}"
        if day <= first:
            return self.text("clock", weekday=name, time=time)
        return self.text("clock-day", day=day - first + 1, weekday=name, time=time)

    def resting(self, value: str, basis: Basis) -> str:
        """A figure with what it rests on."""
        return self.text("basis", value=value, basis=self._spoken.word("basis", basis))

    def sources(self, cited: Iterable[str], known: Mapping[str, Text]) -> str:
        """Guidance and incidents, named."""
        return self.text("rests", sources=self.say.gettext("; ").join(self.own(known[one]) for one in cited))


def _day(hour: float) -> tuple[int, int]:
    """Whole days, and minutes since midnight."""
    return divmod(round(hour * _MINUTES), _DAY)


def harmless_exercise(exercise: Exercise) -> Exercise:
    """The same with every name a device chose made visible; all other texts are ours."""
    return replace(exercise, injects=tuple(map(_inject, exercise.injects)))


def harmless_downtime(downtime: Downtime) -> Downtime:
    """The same with every name a device chose made visible."""
    return replace(downtime, modalities=tuple(map(_alone, downtime.modalities)))


def _inject(inject: Inject) -> Inject:
    return replace(
        inject,
        params={key: visible(one) if isinstance(one, str) else one for key, one in inject.params.items()},
        dark=_visible(inject.dark),
        state=replace(
            inject.state,
            modalities=tuple(replace(one, modality=visible(one.modality)) for one in inject.state.modalities),
        ),
    )


def _alone(one: Alone) -> Alone:
    return replace(
        one,
        modality=visible(one.modality),
        scanners=tuple(map(_scanner, one.scanners)),
        readers=_visible(one.readers),
        archives=_visible(one.archives),
        worklists=_visible(one.worklists),
    )


def _scanner(one: LoneScanner) -> LoneScanner:
    return replace(one, label=visible(one.label), zone=visible(one.zone))


def _visible(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(visible, names))
