"""What-if in a terminal: the answer in a sentence, then a few lines, and how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from leadapron.model.department import Basis
from leadapron.model.scenarios import Moment
from leadapron.report.screen import WIDEST, answered, facts, heading, held, numbers, plain, show
from leadapron.report.whatif.contract import (
    AssumptionEntry,
    BestAction,
    BestDocument,
    ComparedEntry,
    ComparisonDocument,
    InfluenceEntry,
    OutcomeDocument,
    PathEntry,
    PathsDocument,
    StepEntry,
)
from leadapron.report.whatif.vocabulary import WhatIfNames
from leadapron.report.words import Words, words

MOMENTS = 7
"""Lines of a timeline; the page has all moments."""
LEVERS = 5
GUESSES = 8
"""Assumptions that are named; the page and the JSON document have all."""
_MOST_TELLING = 3
"""Columns of a comparison that are always there."""
_NAMES = 32
"""Columns of the terminal that names of scenarios need, to stand on two lines or so."""
_HEADING = 14
"""Columns that a heading may take although its numbers are narrower."""


def render_outcome_terminal(document: OutcomeDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """Answer, exams by modality, timeline, what moves the answer most, what is assumed."""
    say = words(document.language, zone=zone)
    _, names = say.gettext, WhatIfNames(say)
    show(answered(_("What if: {title}").format(title=document.title), document.answer, document.limits, say), console)
    if document.exams_lost.by_modality:
        show(_modalities(document, names, say), console)
    if len(document.timeline) > 1 and document.exams_lost.p95 > 0:
        show(_timeline(document.timeline, names, say), console)
    if document.influences:
        show(_levers(document.influences[:LEVERS], names, say), console)
    if document.assumptions:
        show(_rests(document.assumptions, say), console)


def render_comparison_terminal(document: ComparisonDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """One row a scenario, worst first; those that cannot begin here."""
    say = words(document.language, zone=zone)
    _, names = say.gettext, WhatIfNames(say)
    show(answered(_("What if: scenarios compared"), document.answer, document.limits, say), console)
    if document.scenarios:
        show(_compared(document.scenarios, names, say, width=min(console.width, WIDEST)), console)
    if document.skipped:
        lines = [(one.title, one.reason) for one in document.skipped]
        show(Group(heading(_("Cannot begin here")), facts(*lines)), console)


def render_best_terminal(document: BestDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """What to do, what each action saves, what more or less work would buy."""
    say = words(document.language, zone=zone)
    _, names = say.gettext, WhatIfNames(say)
    title = _("Best measures against: {title}").format(title=document.title)
    show(answered(title, document.answer, document.limits, say), console)
    if document.actions:
        show(_actions(document.actions, names, say), console)
    if len(document.frontier) > 1:
        show(_frontier(document, names, say), console)


def render_paths_terminal(document: PathsDocument, console: Console, *, zone: tzinfo = UTC) -> None:
    """The likeliest paths step by step, then the choke points."""
    say = words(document.language, zone=zone)
    _, names = say.gettext, WhatIfNames(say)
    title = _("Paths to {target}: {title}").format(target=document.target_label, title=document.title)
    show(answered(title, document.answer, document.limits, say), console)
    for number, path in enumerate(document.paths, start=1):
        show(_path(number, path, names, say), console)
    if document.chokes:
        table = numbers((_("Device"), 0), (_("Zone"), 0), (_("Share of the paths"), 8), left=2)
        for one in document.chokes:
            table.add_row(plain(one.label, "bold"), plain(one.zone), plain(names.share(one.share)))
        show(Group(heading(_("Choke points")), table), console)


def fitted(table: Table) -> Table:
    """The table with columns of numbers as wide as their numbers: where it is narrow, names give way."""
    for column in table.columns:
        if column.justify == "right":
            title = str(column.header)
            needed = max(map(cell_len, (*map(str, column.cells), *title.split())))
            column.header = plain("\n".join(wrap(title, max(needed, _HEADING))))
            column.no_wrap = True
    return table


def unbroken(text: str, style: str = "") -> Text:
    """A cell that stands on one line: an interval must not fall apart."""
    return plain(text.replace(" ", "\u00a0"), style)


def _modalities(document: OutcomeDocument, names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Exams lost"), 0), (_("Median"), 6), (_("9 of 10 runs"), 12), (_("On average"), 6))
    lost = document.exams_lost
    rows = [*((names.modality(code), one, "") for code, one in lost.by_modality.items()), (_("All"), lost, "bold")]
    for name, one, style in rows:
        cells = (name, names.count(one.p50), names.between(one), names.count(one.mean))
        table.add_row(*(unbroken(cell, style) for cell in cells))
    return Group(heading(_("Exams lost by modality")), fitted(table))


def _timeline(timeline: Sequence[Moment], names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("After"), 6), (_("Devices that do not work"), 12), (_("Exams lost so far"), 12), left=0)
    for moment in _some(timeline):
        cells = (names.hours(moment.hour), names.typical(moment.down), names.typical(moment.lost))
        table.add_row(*map(unbroken, cells))
    return Group(heading(_("Over time")), fitted(table), *_bracketed(say))


def _some(timeline: Sequence[Moment]) -> list[Moment]:
    """Moments that about double in time from one to the next, the first and the last among them: most happens early."""
    kept = [timeline[0]]
    last = timeline[-1].hour
    for moment in timeline[1:]:
        if len(kept) < MOMENTS - 1 and moment.hour >= max(kept[-1].hour * 2, last / 2 ** (MOMENTS - 1 - len(kept))):
            kept.append(moment)
    return kept if kept[-1] is timeline[-1] else [*kept[: MOMENTS - 1], timeline[-1]]


def _levers(influences: Sequence[InfluenceEntry], names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers(
        (_("Assumption"), 0), (_("Lowest value"), 6), (_("Highest value"), 6), (_("Exams lost on average"), 10)
    )
    for one in influences:
        moved = _("{low} to {high}").format(low=names.count(one.low), high=names.count(one.high))
        table.add_row(plain(one.name), *map(unbroken, (one.low_text, one.high_text, moved)))
    return Group(heading(_("What moves the answer most")), fitted(table))


def _rests(assumptions: Sequence[AssumptionEntry], say: Words) -> RenderableType:
    _ = say.gettext
    counted: dict[str, int] = {}
    for one in assumptions:
        counted[one.basis_name] = counted.get(one.basis_name, 0) + 1
    colon = _(":")
    line = plain(" · ".join(f"{name}{colon} {say.number(n)}" for name, n in counted.items()))
    guesses = [one.text for one in assumptions if one.basis is Basis.ASSUMED]
    lines = [plain(f"· {text}") for text in guesses[:GUESSES]]
    more = len(guesses) - GUESSES
    if more > 0:
        sentence = say.ngettext("{n} further assumption is not shown", "{n} further assumptions are not shown", more)
        lines.append(plain(f"{sentence} (--html, --json)", "dim"))
    told = (Text(), plain(_("Assumed, to be replaced by your own numbers"), "bold"), *lines) if guesses else ()
    return Group(heading(_("What it rests on")), line, *told)


def _compared(scenarios: Sequence[ComparedEntry], names: WhatIfNames, say: Words, *, width: int) -> RenderableType:
    """As many columns of numbers as leave room for the names of the scenarios; the page has all."""
    _ = say.gettext
    shown = [
        (_("Exams lost on average"), [names.average(one.exams_lost) for one in scenarios]),
        (_("Scanners down"), [names.typical(one.scanners_down) for one in scenarios]),
        (_("All works again"), [names.duration(one.hours_to_restored) for one in scenarios]),
        (_("Urgent"), [names.typical(one.urgent_lost) for one in scenarios]),
        (_("Studies at risk"), [names.typical(one.records_at_risk) for one in scenarios]),
    ]
    while len(shown) > _MOST_TELLING and _taken(shown) + _NAMES > width:
        shown.pop()
    table = numbers((_("Scenario"), 0), *((title, 0) for title, _cells in shown))
    for one, cells in zip(scenarios, zip(*(cells for _title, cells in shown), strict=True), strict=True):
        table.add_row(plain(one.title, "bold"), *map(unbroken, cells))
    note = _("Exams lost are averages, the other numbers medians; between brackets what 9 of 10 runs stay within.")
    return Group(heading(_("Scenarios, worst on average first")), fitted(table), Text(), plain(note, "dim"))


def _bracketed(say: Words) -> Sequence[RenderableType]:
    """How to read a number with its interval."""
    _ = say.gettext
    note = _("Each number: what half of the runs stay below, and between brackets what 9 of 10 stay within.")
    return Text(), plain(note, "dim")


def _taken(shown: Sequence[tuple[str, Sequence[str]]]) -> int:
    """Width of columns of numbers with the space before each."""
    return sum(max(map(cell_len, cells)) + 2 for _title, cells in shown)


def _actions(actions: Sequence[BestAction], names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Place"), 3), (_("Action"), 0), (_("Hours"), 5), (_("Exams saved on average"), 6), left=2)
    for number, one in enumerate(actions, start=1):
        more = [
            *([say.ngettext("{n} change window", "{n} change windows", one.windows)] if one.windows else ()),
            *([_("scanners stand still for {hours}").format(hours=names.hours_of_work(one.downtime))]
              if one.downtime else ()),
            *([names.euros(one.euros)] if one.euros else ()),
        ]  # fmt: skip
        title = Text("\n").join((plain(one.action, "bold"), *([plain(", ".join(more), "dim")] if more else ())))
        table.add_row(
            plain(say.number(number)), title, plain(names.hours_of_work(one.hours)), plain(names.count(one.exams_saved))
        )
    return Group(heading(_("The actions")), fitted(table))


def _frontier(document: BestDocument, names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    table = numbers((_("Hours granted"), 6), (_("Hours used"), 6), (_("Exams lost on average"), 12), left=0)
    for one in document.frontier:
        style = "bold" if one.budget_hours == document.budget_hours else ""
        cells = (names.hours_of_work(one.budget_hours), names.hours_of_work(one.hours), names.average(one.exams_lost))
        table.add_row(*(unbroken(cell, style) for cell in cells))
    return Group(heading(_("What more or less work would buy")), fitted(table))


def _path(number: int, path: PathEntry, names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    told = _("{share} of these runs, in {duration}").format(
        share=names.share(path.share), duration=names.duration(path.hours)
    )
    title = _("Path {n}").format(n=number)
    steps = [_step(place, step, names, say) for place, step in enumerate(path.steps, start=1)]
    return Group(heading(f"{title} · {told}"), *(steps or [plain(_("It begins there."))]))


def _step(place: int, step: StepEntry, names: WhatIfNames, say: Words) -> RenderableType:
    _ = say.gettext
    weakness = ", ".join(step.weakness or step.findings) or _("assumed, nothing was seen")
    seen = say.ngettext("{n} flow seen", "{n} flows seen", len(step.flows)) if step.flows else ""
    by = _("by {way}").format(way=step.way_name)
    line = Text.assemble(f"{place}. ", held(names.place(step.source_label, step.source_alike)), " → ",
                         (held(names.place(step.target_label, step.target_alike)), "bold"),
                         f" {held(by)}")  # fmt: skip
    reachable = ", ".join(filter(None, (step.basis_name, seen)))
    return Group(line, facts((_("Weakness"), weakness), (_("Reachable"), reachable)))
