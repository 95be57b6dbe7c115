"""The downtime sheet: what goes on alone, what to do, and a worklist to fill by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from leadapron.model.exercise import Alone, Downtime, LoneScanner
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

LINES = 15
"""Blank rows of the paper worklist: what fits a page."""
MOST_NAMES = 6
OFTEN = 0.5
"""A scanner that fell in more of the runs is marked."""


def sheet(downtime: Downtime, tell: Telling, front: tuple[tuple[str, str], ...]) -> EditionBlocks:
    """The sheet in one language. `front`: facts that stand on every first page."""
    _, title = tell.say.gettext, tell.text("sheet", days=downtime.days)
    blocks: tuple[Block, ...] = (
        Heading(title, 1, f"edition-{tell.say.language}"),
        facts(*front),
        *_alone(downtime, tell),
        *_kinds(downtime.modalities, tell),
        *_instructions(downtime, tell),
        *_form(downtime, tell),
    )
    return EditionBlocks(
        language=tell.say.language,
        title=title,
        contents=_("Contents"),
        page=_("Page {n} of {all}"),
        blocks=blocks,
    )


def _alone(downtime: Downtime, tell: Telling) -> Iterator[Block]:
    yield Heading(tell.text("alone"))
    if not any(one.scanners for one in downtime.modalities):
        yield Paragraph(tell.text("alone-none"))
        return
    simulated = any(scanner.fallen is not None for one in downtime.modalities for scanner in one.scanners)
    fell = (tell.text("fell"),) if simulated else ()
    yield Table(
        head=(
            *(tell.text(word) for word in ("modality", "scanner", "zone", "room", "per-exam", "full")),
            *fell,
            tell.text("tried"),
        ),
        rows=tuple(
            cells(
                one.modality,
                Cell(scanner.label, Tone.STRONG),
                scanner.zone,
                tell.resting(tell.say.size(round(scanner.disk_gb * 1e9)), scanner.disk_basis),
                tell.resting(tell.say.size(round(one.gb_per_exam * 1e9)), one.gb_basis),
                _full(scanner, downtime, tell),
                *((_fell(scanner, tell),) if simulated else ()),
                "",
            )
            for one in downtime.modalities
            for scanner in one.scanners
        ),
        widths=(1, 1.6, 1.6, 1.5, 1.5, 1.3, *(1.3 for _ in fell), 1.5),
    )
    when = tell.clock(downtime.weekday, downtime.start)
    yield Paragraph(tell.text("alone-note", when=when), Tone.SOFT)


def _full(scanner: LoneScanner, downtime: Downtime, tell: Telling) -> Cell:
    if not isfinite(scanner.hours_to_full):
        return Cell(tell.text("beyond", days=downtime.days))
    return Cell(tell.names.hours(scanner.hours_to_full), Tone.BAD)


def _fell(scanner: LoneScanner, tell: Telling) -> Cell:
    share = scanner.fallen or 0.0
    return Cell(tell.names.share(share), Tone.BAD if share > OFTEN else Tone.PLAIN)


def _kinds(modalities: Sequence[Alone], tell: Telling) -> Iterator[Block]:
    if not modalities:
        return
    yield Heading(tell.text("kinds"))
    yield Table(
        head=tuple(
            tell.text(word) for word in ("modality", "usual", "possible", "read-at", "reader", "goes-to", "particular")
        ),
        rows=tuple(
            cells(
                Cell(one.modality, Tone.STRONG),
                tell.names.count(one.per_day),
                _possible(one, tell),
                several(one.readers, MOST_NAMES, tell.say) or tell.text("none"),
                "",
                _goes_to(one, tell),
                tell.own(one.note),
            )
            for one in modalities
        ),
        widths=(0.9, 1, 1, 1.5, 1.8, 1.8, 3),
        numbers=(1, 2),
    )
    yield Paragraph(tell.text("kinds-note"), Tone.SOFT)


def _possible(one: Alone, tell: Telling) -> str:
    """Whole exams: tenths would promise too much of a product of guesses."""
    exams = one.per_day * one.kept
    return tell.names.count(round(exams) if exams >= 1 else exams)


def _goes_to(one: Alone, tell: Telling) -> str:
    named = [
        tell.text(word, names=several(names, MOST_NAMES, tell.say))
        for word, names in (("archive", one.archives), ("worklist", one.worklists))
        if names
    ]
    return tell.say.gettext("; ").join(named) or tell.text("none")


def _instructions(downtime: Downtime, tell: Telling) -> Iterator[Block]:
    for instruction in downtime.instructions:
        yield Heading(tell.own(instruction.title))
        yield Bullets(tuple(map(tell.own, instruction.steps)))
        if instruction.sources:
            yield Paragraph(tell.sources(instruction.sources, downtime.sources), Tone.SOFT)


def _form(downtime: Downtime, tell: Telling) -> Iterator[Block]:
    """To be copied: no patient's name is ever in it before a person writes one."""
    yield Heading(tell.text("form"), fresh=True)
    top = tuple(tell.text(word) for word in ("scanner", "initials", "date", "free", "collected"))
    yield Table(head=top, rows=(cells(*("" for _ in top)),), widths=(2, 1.2, 1.2, 1.6, 1.6), tall=True)
    columns = tuple(map(tell.own, downtime.columns))
    yield Table(
        head=columns,
        rows=(cells(*("" for _ in columns)),) * LINES,
        widths=tuple(2.0 if len(column) > _WIDE else 1.0 for column in columns),
        tall=True,
    )


_WIDE = 22
"""Letters of a heading from which its column needs room."""
