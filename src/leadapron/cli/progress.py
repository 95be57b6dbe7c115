"""A progress bar on the error stream, where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from leadapron.app import Progress as Report
from leadapron.report.words import words


@contextmanager
def progress_bar(total: int, language: str) -> Iterator[Report | None]:
    """Show bytes read of `total` (0: unknown). Nothing where the error stream is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    say = words(language)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[packets]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say.gettext("Reading"), total=total or None, packets="")

        def report(done: int, packets: int) -> None:
            bar.update(task, completed=done, packets=say.ngettext("{n} packet", "{n} packets", packets))

        yield report


@contextmanager
def counting(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how many things are done of how many (0: unknown), and the name of the last."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[what]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, what="")

        def report(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total or None, what=what[-60:])

        yield report
