"""`leadapron document`: what makers and the house declare, put beside what is seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from leadapron.app.documents import add_document, documents, remove_document
from leadapron.cli.options import language_option, workspace_option
from leadapron.cli.output import tell_new_workspace
from leadapron.model.errors import UsageError
from leadapron.model.events import DocumentType
from leadapron.report.hostile import visible
from leadapron.report.remarks import remark_lines
from leadapron.report.vocabulary import DOCUMENTS
from leadapron.report.words import N_, words
from leadapron.store import Workspace


@click.group(short_help="MDS2 forms, bills of materials, asset lists, AE registers, network plans.")
def document() -> None:
    """Add what makers and the house declare. It stands beside what was seen and never replaces it."""


@document.command(short_help="Add one document to a workspace.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--asset", default="", metavar="ID", help="Device it is about: id, address, AE title or host name.")
@click.option("--model", default="", metavar="NAME", help="Model it holds for, as `GE Healthcare LOGIQ E9`.")
@click.option(
    "--kind",
    "kind",
    type=click.Choice([kind.value for kind in DocumentType]),
    help="What it is, where the program does not recognise it by itself.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar='FIELD="HEADER"',
    help='Which column of a list holds what, as `ae_title="Nom AE"`; remembered for the next time.',
)
@workspace_option
@language_option
def add(
    file: Path,
    asset: str,
    model: str,
    kind: str | None,
    columns: tuple[str, ...],
    workspace: Path,
    language: str,
) -> None:
    """Add FILE: an MDS2 form (XLSX, PDF), an SBOM or VEX file (CycloneDX, SPDX, CSAF, OpenVEX), an asset list, an AE
    register or a network plan (CSV, XLSX, TOML). It is taken in whole, or not at all with the reason."""
    if asset and model:
        raise UsageError("--asset and --model exclude each other")
    with _workspace(workspace, language) as opened:
        added = add_document(
            opened,
            file,
            now=datetime.now(UTC),
            asset=asset,
            model=model,
            kind=DocumentType(kind) if kind else None,
            columns=_columns(columns),
        )
    say = words(language)
    entries = say.ngettext("{n} entry", "{n} entries", added.records)
    form = f" ({added.form})" if added.form else ""
    click.echo(f"{visible(added.sensor)}{say.gettext(':')} {say.gettext(DOCUMENTS[added.type])}{form}, {entries}")
    for line in remark_lines(added.remarks, say):
        click.echo(f"  {line}")


@contextmanager
def _workspace(path: Path, language: str) -> Iterator[Workspace]:
    """The workspace at `path`; one that was made for a document that is then refused does not stay."""
    made = not path.exists()
    try:
        yield Workspace.open_or_create(path)
    except BaseException:
        if made:
            shutil.rmtree(path, ignore_errors=True)
        raise
    if made:
        tell_new_workspace(path, language)


def _columns(given: tuple[str, ...]) -> Mapping[str, str]:
    columns = {}
    for one in given:
        field, equals, header = one.partition("=")
        if not (field and equals and header):
            raise UsageError(f'--column {one}: write it as ae_title="Nom AE"')
        columns[field] = header
    return columns


@document.command("list", short_help="List the documents of a workspace.")
@workspace_option
@language_option
def list_(workspace: Path, language: str) -> None:
    """List the documents of a workspace."""
    say = words(language)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (N_("Document"), N_("Type"), N_("About"), N_("Entries"), N_("Added")):
        table.add_column(say.gettext(heading), overflow="fold")
    for one in documents(Workspace.open(workspace)):
        about = one.asset or one.model or " ".join(filter(None, (one.manufacturer, one.product)))
        kind = say.gettext(DOCUMENTS[one.type])
        table.add_row(visible(one.sensor), kind, visible(about), say.number(one.records), one.ts.date().isoformat())
    Console().print(table)


@document.command(short_help="Take a document out of a workspace.")
@click.argument("name", metavar="NAME")
@workspace_option
def remove(name: str, workspace: Path) -> None:
    """Take out the document called NAME (see `document list`)."""
    remove_document(Workspace.open(workspace), name)
