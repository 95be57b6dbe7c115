"""The facilitator's book, with expected answers and figures, and the players' cards, without."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from leadapron.model.exercise import Exercise, Inject, Player, State
from leadapron.report.dossier.blocks import (
    Block,
    Bullets,
    Cell,
    EditionBlocks,
    Heading,
    Paragraph,
    Table,
    Tone,
    cells,
    facts,
)
from leadapron.report.exercise.telling import Telling
from leadapron.report.vocabulary import several

MOST_DARK = 12
"""Devices named where some go dark together; a person reads no more."""
LINES = 5
"""Blank rows on a card."""


def book(exercise: Exercise, tell: Telling, front: tuple[tuple[str, str], ...]) -> EditionBlocks:
    """The facilitator's. `front`: facts that stand on every first page."""
    title = tell.text("title", title=tell.own(exercise.title))
    blocks: tuple[Block, ...] = (
        Heading(title, 1, f"edition-{tell.say.language}"),
        facts(*_facts(exercise, tell), *front),
        Heading(tell.text("how")),
        Paragraph(tell.own(exercise.story)),
        Bullets(
            tuple(tell.text(f"how-{part}") for part in ("cards", "clock", "answers", "write", "patient", "figures"))
        ),
        *_agenda(exercise, tell),
        *_figures(exercise, tell),
        *_answered(exercise, tell),
        *_debriefing(exercise, tell),
        *_sources(exercise, tell),
    )
    return _edition(title, blocks, tell)


def cards(exercise: Exercise, tell: Telling, front: tuple[tuple[str, str], ...]) -> EditionBlocks:
    """The players': one card a page, and nothing that gives the next one away."""
    title = tell.text("handout")
    blocks: list[Block] = [
        Heading(title, 1, f"edition-{tell.say.language}"),
        facts((tell.text("players"), tell.players(_table(exercise))), *front),
        Heading(tell.text("you")),
        Bullets(
            (
                tell.text("you-time", when=tell.moment(exercise, exercise.injects[0].hour)),
                *(tell.text(f"you-{part}") for part in ("cards", "real", "blame")),
            )
        ),
    ]
    for number, inject in enumerate(exercise.injects, start=1):
        blocks += _card(number, inject, exercise, tell)
    return replace(_edition(title, tuple(blocks), tell), contents="", large=True)


def _edition(title: str, blocks: tuple[Block, ...], tell: Telling) -> EditionBlocks:
    _ = tell.say.gettext
    return EditionBlocks(
        language=tell.say.language,
        title=title,
        contents=_("Contents"),
        page=_("Page {n} of {all}"),
        blocks=blocks,
    )


def _facts(exercise: Exercise, tell: Telling) -> Iterator[tuple[str, str]]:
    spread, count = exercise.exams_lost, tell.names.count
    yield tell.text("begins"), tell.moment(exercise, exercise.injects[0].hour)
    yield tell.text("players"), tell.players(_table(exercise))
    yield (
        tell.text("lost"),
        tell.text(
            "lost-run", lost=count(exercise.lost), p50=count(spread.p50), p5=count(spread.p5), p95=count(spread.p95)
        )
        if spread.p95 > 0
        else tell.text("lost-none"),
    )
    yield (
        tell.text("played"),
        tell.text("played-run", run=exercise.run + 1, runs=exercise.runs, seed=str(exercise.seed)),
    )


def _table(exercise: Exercise) -> list[Player]:
    told = {player for inject in exercise.injects for player in inject.to}
    return [player for player in Player if player in told]


def _when(inject: Inject, exercise: Exercise, tell: Telling) -> str:
    return tell.moment(exercise, inject.hour)


def _agenda(exercise: Exercise, tell: Telling) -> Iterator[Block]:
    yield Heading(tell.text("agenda"))
    yield Table(
        head=tuple(tell.text(word) for word in ("number", "time", "what", "to")),
        rows=tuple(
            cells(
                tell.say.number(number),
                _when(inject, exercise, tell),
                Cell(inject.words[tell.say.language].title, Tone.STRONG),
                tell.players(inject.to),
            )
            for number, inject in enumerate(exercise.injects, start=1)
        ),
        widths=(0.5, 2.4, 3.4, 4),
        numbers=(0,),
    )


def _answered(exercise: Exercise, tell: Telling) -> Iterator[Block]:
    yield Heading(tell.text("injects"), fresh=True)
    for number, inject in enumerate(exercise.injects, start=1):
        words = inject.words[tell.say.language]
        yield Heading(f"{number}. {_when(inject, exercise, tell)} – {words.title}", 3)
        yield facts(
            (tell.text("to"), tell.players(inject.to)),
            (tell.text("what"), tell.filled(words.seen, inject)),
            (tell.text("dark"), several(inject.dark, MOST_DARK, tell.say) or tell.text("dark-none")),
            (tell.text("figures"), _state(inject.state, tell)),
            (tell.text("decision"), tell.filled(words.decision, inject)),
        )
        yield Paragraph(f"{tell.text('answers')}{tell.say.gettext(':')}", Tone.STRONG)
        yield Bullets(tuple(tell.filled(answer, inject) for answer in words.answers))
        if words.note:
            yield facts((tell.text("note"), tell.filled(words.note, inject)))
        yield Paragraph(tell.sources(inject.sources, exercise.sources), Tone.SOFT)


def _state(state: State, tell: Telling) -> str:
    modalities = ", ".join(
        tell.text("modality-of", modality=one.modality, working=one.working, scanners=one.scanners)
        for one in state.modalities
    )
    return tell.text(
        "figures-of",
        down=state.down,
        devices=state.devices,
        modalities=modalities or tell.text("none"),
        lost=tell.say.number(round(state.lost)),
    )


def _figures(exercise: Exercise, tell: Telling) -> Iterator[Block]:
    yield Heading(tell.text("table"))
    kinds = exercise.injects[0].state.modalities
    yield Table(
        head=(
            tell.text("time"),
            tell.text("down"),
            *(tell.text("working", modality=one.modality) for one in kinds),
            tell.text("until"),
        ),
        rows=tuple(
            cells(
                Cell(_when(inject, exercise, tell), Tone.STRONG),
                tell.say.number(inject.state.down),
                *(tell.say.number(one.working) for one in inject.state.modalities),
                tell.say.number(round(inject.state.lost)),
            )
            for inject in exercise.injects
        ),
        widths=(2.6, 1.5, *(1.3 for _ in kinds), 1.5),
        numbers=tuple(range(1, len(kinds) + 3)),
    )


def _debriefing(exercise: Exercise, tell: Telling) -> Iterator[Block]:
    yield Heading(tell.text("debrief"), fresh=True)
    yield Paragraph(tell.text("debrief-how"))
    yield Table(
        head=tuple(tell.text(word) for word in ("question", "seen", "change")),
        rows=tuple(cells(Cell(tell.own(one.text), Tone.STRONG), "", "") for one in exercise.debrief),
        widths=(3.2, 3, 3),
        tall=True,
    )


def _sources(exercise: Exercise, tell: Telling) -> Iterator[Block]:
    used = dict.fromkeys(source for inject in exercise.injects for source in inject.sources)
    yield Heading(tell.text("sources"))
    yield Bullets(tuple(tell.own(exercise.sources[source]) for source in used))
    yield Paragraph(tell.text("sources-note"), Tone.SOFT)


def _card(number: int, inject: Inject, exercise: Exercise, tell: Telling) -> Iterator[Block]:
    words = inject.words[tell.say.language]
    yield Heading(f"{tell.text('card', number=number)} – {words.title}", fresh=True)
    yield facts(
        (tell.text("time"), _when(inject, exercise, tell)),
        (tell.text("to"), tell.players(inject.to)),
    )
    yield Paragraph(tell.filled(words.seen, inject))
    yield Paragraph(tell.filled(words.decision, inject), Tone.STRONG)
    yield Table(
        head=tuple(tell.text(word) for word in ("we", "who", "when")),
        rows=(cells("", "", ""),) * LINES,
        widths=(5, 2, 1.5),
        tall=True,
    )
