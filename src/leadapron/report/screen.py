"""Pieces of terminal screens: facts, tables, headings, severities; and lines that break where they may.

Texts are added as text, never as Rich markup, so that a device cannot dress up its name; control characters were
made visible when the document was made.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from leadapron.model.advisories import FeedState
from leadapron.model.findings import Severity
from leadapron.report.knowledge import FeedEntry, feed_line
from leadapron.report.vocabulary import SEVERITIES
from leadapron.report.words import N_, Words

_STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "bold cyan",
    Severity.INFO: "bold",
}
WIDEST = 120
_TERM = 24
"""Columns of the terms of facts, before they take a second line."""
_HELD = "\ue000"
"""A private character: no name from the wire holds one (see `hostile`)."""


class _Unbroken:
    """Rich breaks lines at no-break spaces, as before a French colon: another character holds their place meanwhile."""

    def __init__(self, part: RenderableType) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._part, options):
            yield Segment(segment.text.replace(_HELD, "\u00a0"), segment.style, segment.control)


def held(text: str) -> str:
    """The text with its no-break spaces kept from breaking."""
    return text.replace("\u00a0", _HELD).replace("\u202f", _HELD)


def plain(text: str, style: str = "") -> Text:
    """Text that no name can turn into markup."""
    return Text(held(text), style)


def show(part: RenderableType, console: Console) -> None:
    """Print a part, not wider than people read, and a blank line."""
    console.print(_Unbroken(part), width=min(console.width, WIDEST), markup=False, highlight=False)
    console.print()


def mark(level: Severity, say: Words) -> Text:
    """A severity's mark."""
    return plain(f" {say.gettext(SEVERITIES[level])} ", _STYLES[level])


def facts(*pairs: tuple[str, str]) -> RenderableType:
    """Terms and what they say; empty ones are left out."""
    grid = Table.grid(padding=(0, 2))
    widest = max((len(term) for term, value in pairs if value), default=0)
    grid.add_column(style="dim", width=min(widest, _TERM))
    grid.add_column(overflow="fold")
    for term, value in pairs:
        if value:
            grid.add_row(plain(term), plain(value))
    return Padding(grid, (0, 0, 0, 3))


def heading(title: str) -> RenderableType:
    """A line with a title, and a blank one."""
    return Group(Rule(plain(title, "bold"), align="left", style="dim"), Text())


def columns(*titles: tuple[str, int]) -> Table:
    """A plain table: titles, and the width below which a column must not shrink; no heading breaks inside a word."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title, width in titles:
        made.add_column(plain(title), overflow="fold", min_width=max(width, *map(len, title.split())))
    return made


def answered(title: str, answer: Sequence[str], limits: Sequence[str], say: Words) -> RenderableType:
    """A panel with the answer, and how far to trust it."""
    return Panel(
        Group(
            plain(answer[0], "bold"),
            *(plain(one) for one in answer[1:]),
            Text(),
            plain(say.gettext(N_("How far to trust this")), "bold"),
            Text("\n").join(plain(f"· {one}", "dim") for one in limits),
        ),
        title=plain(title, "bold"),
        title_align="left",
        padding=(1, 2),
    )


def numbers(*titles: tuple[str, int], left: int = 1) -> Table:
    """A table whose columns are numbers but for the first ones."""
    table = columns(*titles)
    for column in table.columns[left:]:
        column.justify = "right"
    return table


def sources(feeds: Sequence[FeedEntry], say: Words) -> RenderableType:
    """Feeds with their age; loud where old."""
    lines = [
        plain(f"· {feed_line(feed, say)}", "dim" if feed.state is FeedState.FRESH else "bold red") for feed in feeds
    ]
    return Group(plain(say.gettext(N_("How old the sources of knowledge are")), "bold"), *lines)
