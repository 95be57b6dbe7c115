"""The commands.

Exit codes: 0 done (whatever was found), 1 the program's own content is damaged, 2 the request cannot be carried out
as given, 130 stopped by Ctrl-C before there was a result.
"""

from __future__ import annotations

import errno
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from leadapron import __version__
from leadapron.app import (
    SourceGroup,
    assess_workspace,
    demo_papers,
    demo_source,
    find_sources,
    ingest,
    load_world,
    seed_of,
)
from leadapron.app.documents import add_document
from leadapron.cli.documents import document as document_commands
from leadapron.cli.guard import guard
from leadapron.cli.knowledge import knowledge as knowledge_commands
from leadapron.cli.options import (
    json_flag,
    knowledge_folder,
    knowledge_option,
    language_option,
    output_options,
    workspace_option,
)
from leadapron.cli.output import Output, show, show_part
from leadapron.cli.plan import evidence, frameworks
from leadapron.cli.plan import plan as plan_commands
from leadapron.cli.procedures import procedures as procedure_commands
from leadapron.cli.progress import progress_bar
from leadapron.cli.segment import segment
from leadapron.cli.whatif import whatif
from leadapron.model.errors import LeadapronError, UsageError
from leadapron.report.hostile import visible
from leadapron.rules import load_rules
from leadapron.store import Workspace

MAX_MESSAGE = 2000
"""Characters of an error that are shown."""


class _Group(click.Group):
    """Errors that people can act on become one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _fail(str(error), 2)
        except LeadapronError as error:
            _fail(str(error), 1)
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output has seen enough; click ends in silence
                raise
            _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
        except KeyboardInterrupt:
            _fail("stopped by Ctrl-C", 130)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="See it work: `leadapron demo`. More about a command: `leadapron assess --help`.",
)
@click.version_option(__version__, prog_name="leadapron")
def main() -> None:
    """See every device of an imaging network, what is weak, and what to do first."""
    # Events are many, small and short-lived: looking for cycles every 700 of them costs a tenth of the run.
    gc.set_threshold(50_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@main.command(short_help="Read captures: what is there, what is weak, what to do first.")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@output_options
def assess(
    sources: Sequence[str],
    workspace: Path | None,
    report_file: Path | None,
    json_file: Path | None,
    csv_folder: Path | None,
    knowledge: Path | None,
    language: str,
) -> None:
    """Read captures and say what is there, what is weak, and what to do first.

    SOURCE is a capture file (pcap or pcapng, also gzip or zstd), a folder of them, or - for standard input.
    Ctrl-C stops reading and shows what was seen until then.
    """
    output = Output(report=report_file, json=json_file, csv=csv_folder, language=language)
    _run(find_sources(sources), workspace, knowledge, output)


@main.command(short_help="Assess the capture that comes with the program.")
@output_options
def demo(
    workspace: Path | None,
    report_file: Path | None,
    json_file: Path | None,
    csv_folder: Path | None,
    knowledge: Path | None,
    language: str,
) -> None:
    """Assess the capture that comes with the program: an invented, badly kept department, and its own papers."""
    output = Output(report=report_file, json=json_file, csv=csv_folder, language=language)
    _run([demo_source()], workspace, knowledge, output, papers=demo_papers())


def _run(
    sources: Sequence[SourceGroup],
    workspace: Path | None,
    knowledge: Path | None,
    output: Output,
    *,
    papers: Sequence[Path] = (),
) -> None:
    output.check()
    rules, world = load_rules(), load_world(knowledge_folder(knowledge))
    with _workspace(workspace, sources) as opened:
        with progress_bar(sum(source.size for source in sources), output.language) as progress:
            complete = ingest(opened, sources, progress)
        now = datetime.now(UTC)
        for paper in papers:
            add_document(opened, paper, now=now)
        assessment = assess_workspace(opened, rules, world, now=now, interrupted=not complete)
    show(assessment, rules, output, Console())


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
    @workspace_option
    @knowledge_option
    @json_flag
    @language_option
    def command(workspace: Path, knowledge: Path | None, as_json: bool, language: str) -> None:
        rules, world = load_rules(), load_world(knowledge_folder(knowledge))
        assessment = assess_workspace(Workspace.open(workspace), rules, world, now=datetime.now(UTC))
        show_part(name, assessment, rules, language, as_json=as_json, console=Console())


_reader("inventory", "List the devices of a workspace.")
_reader("flows", "List who talks to whom in a workspace.")
_reader("findings", "List what is weak in a workspace, most urgent first.")


main.add_command(knowledge_commands)
main.add_command(document_commands)
main.add_command(procedure_commands)
main.add_command(plan_commands)
main.add_command(frameworks)
main.add_command(evidence)
main.add_command(whatif)
main.add_command(segment)
main.add_command(guard)


def _fail(message: str, code: int) -> None:
    """Messages quote files and devices: what these hold must neither steer the terminal nor fill it."""
    click.echo(f"leadapron: {visible(message, MAX_MESSAGE)}", err=True)
    sys.exit(code)
