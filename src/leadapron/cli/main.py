"""The commands. Exit codes: 0 done (whatever was found), 2 the request cannot be carried out as given."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from leadapron import __version__
from leadapron.app import SourceGroup, assess_workspace, demo_source, find_sources, ingest, seed_of
from leadapron.cli.output import Output, default_language, show, show_part
from leadapron.cli.progress import progress_bar
from leadapron.model.errors import LeadapronError, UsageError
from leadapron.rules import load_rules
from leadapron.store import Workspace

F = TypeVar("F", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)


class _Group(click.Group):
    """Errors that people can act on become one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _fail(str(error), 2)
        except LeadapronError as error:
            _fail(str(error), 1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leadapron")
def main() -> None:
    """See every device of an imaging network, what is weak, and what to do first."""
    # Events are many, small and short-lived: looking for cycles every 700 of them costs a tenth of the run.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _language_option(command: F) -> F:
    return click.option(
        "--lang",
        "language",
        type=click.Choice(["en", "fr"]),
        default=default_language,
        help="Language of screens and reports (default: that of the environment, else English).",
    )(command)


def _output_options(command: F) -> F:
    for option in (
        _language_option,
        click.option("--csv", "csv_folder", type=_PATH, help="Write devices, flows and findings as CSV files here."),
        click.option("--json", "json_file", type=_PATH, help="Write everything as one JSON document."),
        click.option("--report", "report_file", type=_PATH, help="Write the report, an HTML file that opens offline."),
        click.option("--workspace", type=_PATH, help="Keep what was seen in this folder and add to it."),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@_output_options
def assess(
    sources: Sequence[str],
    workspace: Path | None,
    report_file: Path | None,
    json_file: Path | None,
    csv_folder: Path | None,
    language: str,
) -> None:
    """Read captures and say what is there, what is weak, and what to do first.

    SOURCE is a capture file (pcap or pcapng, also gzip or zstd), a folder of them, or - for standard input.
    """
    output = Output(report=report_file, json=json_file, csv=csv_folder, language=language)
    _run(find_sources(sources), workspace, output)


@main.command()
@_output_options
def demo(
    workspace: Path | None, report_file: Path | None, json_file: Path | None, csv_folder: Path | None, language: str
) -> None:
    """Do the same on the capture that comes with the program: a badly kept department."""
    output = Output(report=report_file, json=json_file, csv=csv_folder, language=language)
    _run([demo_source()], workspace, output)


def _run(sources: Sequence[SourceGroup], workspace: Path | None, output: Output) -> None:
    output.check()
    with _workspace(workspace, sources) as opened:
        with progress_bar(sum(source.size for source in sources), output.language) as progress:
            complete = ingest(opened, sources, progress)
        assessment = assess_workspace(opened, now=datetime.now(UTC), interrupted=not complete)
    show(assessment, load_rules(), output, Console())


@contextmanager
def _workspace(path: Path | None, sources: Sequence[SourceGroup]) -> Iterator[Workspace]:
    if path is not None:
        yield Workspace.open_or_create(path)
    else:
        with Workspace.ephemeral(seed_of(sources)) as workspace:
            yield workspace


def _reader(name: str, help_text: str) -> None:
    """A command that reads a workspace back and shows one part of it."""

    @main.command(name, help=help_text)
    @click.option("--workspace", type=_PATH, required=True, help="Folder made by `assess --workspace`.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
    @_language_option
    def command(workspace: Path, as_json: bool, language: str) -> None:
        assessment = assess_workspace(Workspace.open(workspace), now=datetime.now(UTC))
        show_part(name, assessment, load_rules(), language, as_json=as_json, console=Console())


_reader("inventory", "List the devices of a workspace.")
_reader("flows", "List who talks to whom in a workspace.")
_reader("findings", "List what is weak in a workspace, most urgent first.")


def _fail(message: str, code: int) -> None:
    click.echo(f"leadapron: {message}", err=True)
    sys.exit(code)
