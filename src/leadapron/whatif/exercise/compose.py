"""The exercise of a scenario: the injects that fit a typical run, with the figures of this department."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from leadapron.model.department import Department
from leadapron.model.errors import UsageError
from leadapron.model.exercise import Downtime, Exercise, Inject, State, Text
from leadapron.whatif.exercise.content import ExerciseContent, load_content
from leadapron.whatif.exercise.cues import moments
from leadapron.whatif.exercise.play import Play, typical
from leadapron.whatif.scenarios import ScenarioContent

NEXT = 0.05
"""Hours between two injects at least: what stops together is noticed one after the other."""


def exercise(
    department: Department,
    told: ScenarioContent,
    *,
    runs: int,
    seed: int,
    sheet: Downtime | None = None,
    content: ExerciseContent | None = None,
) -> Exercise:
    """An exercise from the run nearest the median of exams lost. With a downtime `sheet`, disks fill up in it.

    UsageError: nothing fits the scenario's entry, or nothing happens in the department that people would notice.
    """
    content = content or load_content()
    play = typical(department, told.scenario, runs=runs, seed=seed)
    injects = tuple(_injects(play, sheet, content))
    if not injects:
        raise UsageError(
            f"scenario {told.scenario.name}: in a typical run nothing stops in this department, so there is nothing to "
            "play; choose another scenario, or name a device where it begins"
        )
    return Exercise(
        scenario=told.scenario.name,
        title=_texts(told, "title"),
        story=_texts(told, "story"),
        weekday=told.scenario.weekday,
        start=told.scenario.hour,
        run=play.run,
        runs=runs,
        seed=seed,
        lost=play.lost,
        exams_lost=play.exams_lost,
        injects=injects,
        debrief=content.debrief,
        sources=content.sources,
    )


def _texts(told: ScenarioContent, part: str) -> Text:
    return {language: " ".join(getattr(texts, part).split()) for language, texts in told.texts.items()}


def _injects(play: Play, sheet: Downtime | None, content: ExerciseContent) -> Iterator[Inject]:
    scenario = play.scenario
    shown, before = -inf, -inf
    for moment in moments(play, sheet):
        for inject in content.injects:
            if inject.cue is not moment.cue or not inject.fits(scenario.name, scenario.course):
                continue
            shown = max(moment.hour, shown + NEXT)
            state = play.at(shown)
            stopped = (before < play.stops) & (play.stops <= shown)
            yield Inject(
                id=inject.id,
                cue=inject.cue,
                hour=shown,
                to=inject.to,
                words=inject.words,
                params={**_always(play, shown, state), **moment.params},
                dark=tuple(node.label for node, dark in zip(play.department.nodes, stopped, strict=True) if dark),
                state=state,
                sources=inject.sources,
            )
            before = shown


def _always(play: Play, hour: float, state: State) -> Mapping[str, str | float]:
    """What every inject may name; a scanner of two modalities counts once."""
    down = play.came.down_at(hour)[0]
    scanners = {number for chain in play.department.chains for number in play.index(chain)}
    return {
        "down": state.down,
        "devices": state.devices,
        "lost": float(round(state.lost)),
        "scanners": len(scanners),
        "working": sum(not down[number] for number in scanners),
    }
