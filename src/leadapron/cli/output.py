"""Where results go: the terminal, and the files a person asked for."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import click
from msgspec import Struct
from rich.console import Console

from leadapron.model.assessment import Assessment
from leadapron.model.errors import UsageError
from leadapron.report import (
    Document,
    document,
    encode,
    render_findings,
    render_flows,
    render_html,
    render_inventory,
    render_terminal,
    write_csv,
)
from leadapron.report.hostile import MAX_LIST, visible
from leadapron.report.screen import WIDEST
from leadapron.report.words import words
from leadapron.rules import Rule


class Output(Struct, frozen=True, kw_only=True):
    """What to write besides the screen."""

    report: Path | None = None
    json: Path | None = None
    csv: Path | None = None
    language: str = "en"

    def check(self) -> None:
        """Find out before the work, not after it, that a result has nowhere to go."""
        for path in (self.report, self.json):
            if path is not None:
                check_target(path)
        if self.csv is not None and self.csv.exists() and not self.csv.is_dir():
            raise UsageError(f"{self.csv} is not a folder: name a folder for the CSV files")


def check_target(path: Path) -> None:
    """UsageError: no file can be written there."""
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: name a file in a folder that exists")


def default_language() -> str:
    """French where the environment says so (LC_ALL, LC_MESSAGES, LANG), else English."""
    setting = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "fr" if setting.lower().startswith("fr") else "en"


def say(line: str, *, err: bool = False) -> None:
    """A sentence on the screen. On a terminal it breaks between words; elsewhere it stays one line, as programs read
    it."""
    shown = visible(line, MAX_LIST)
    if (sys.stderr if err else sys.stdout).isatty():
        width = min(shutil.get_terminal_size().columns, WIDEST)
        shown = textwrap.fill(shown, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    click.echo(shown, err=err)


def local_zone() -> tzinfo:
    """The time zone of the machine: people read local times, files keep UTC."""
    return datetime.now().astimezone().tzinfo or UTC


def show(assessment: Assessment, rules: Sequence[Rule], output: Output, console: Console) -> None:
    """The files, then the screens: a pager that is closed early costs no file, a full disk costs no screen."""
    result, zone = document(assessment, rules, output.language), local_zone()
    try:
        _write_files(result, output, zone)
    finally:
        render_terminal(result, console, zone=zone)


def _write_files(result: Document, output: Output, zone: tzinfo) -> None:
    if output.json is not None:
        with _writing(output.json):
            output.json.write_bytes(encode(result))
    if output.report is not None:
        with _writing(output.report):
            output.report.write_text(render_html(result, zone=zone), encoding="utf-8")
    if output.csv is not None:
        with _writing(output.csv):
            output.csv.mkdir(parents=True, exist_ok=True)
            write_csv(result, output.csv)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): check the folder and the free space") from error


def write_file(path: Path, content: bytes) -> None:
    """Write one result; UsageError says why it cannot be."""
    with _writing(path):
        path.write_bytes(content)


def keep_output_ours() -> None:
    """From here on, only what this program itself writes reaches standard output; a library that writes past Python
    (the solver behind `whatif best`) could otherwise land inside a JSON."""
    try:
        shared = sys.stdout.fileno()
    except (AttributeError, OSError):  # no output, or not one of the system's
        return
    sys.stdout.flush()
    ours = os.dup(shared)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, shared)
    os.close(nowhere)
    sys.stdout = open(ours, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)  # noqa: SIM115 - kept open


def put(target: str, content: bytes) -> None:
    """Into the file that was named, or, for `-`, on the screen."""
    if target == "-":
        click.echo(content, nl=False)  # bytes: UTF-8 whatever the terminal speaks
    else:
        write_file(Path(target), content)


_PARTS = {"inventory": ("assets", render_inventory), "flows": ("flows", render_flows),
          "findings": ("findings", render_findings)}  # fmt: skip
"""Command → the part of the document it shows, and the screen that shows it."""


def show_part(
    name: str, assessment: Assessment, rules: Sequence[Rule], language: str, *, as_json: bool, console: Console
) -> None:
    """One part of the document: `inventory`, `flows` or `findings`."""
    result = document(assessment, rules, language)
    field, screen = _PARTS[name]
    if as_json:
        click.echo(encode(getattr(result, field)), nl=False)
    else:
        screen(result, console, zone=local_zone())


def tell_new_workspace(path: Path, language: str) -> None:
    """Said aside from the result: with a mistyped name, what is added would be missed where it was meant to be."""
    click.echo(words(language).gettext("{folder}: a new workspace.").format(folder=visible(str(path))), err=True)
