"""`leadapron segment`: who may talk to whom, learned from traffic, rehearsed on it, written for firewalls."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from leadapron import __version__
from leadapron.app import assess_workspace, load_world
from leadapron.cli.options import (
    knowledge_folder,
    knowledge_option,
    language_option,
    path_option,
    result_option,
    workspace_option,
)
from leadapron.cli.output import local_zone, put, write_file
from leadapron.model.errors import UsageError
from leadapron.report import encode
from leadapron.report.hostile import visible
from leadapron.rules import load_rules
from leadapron.store import Workspace

if TYPE_CHECKING:
    from leadapron.model.assessment import Assessment

_rules = path_option("--rules", "rules", "FILE", "File of rules; without it, segmentation.toml in the workspace.")


@click.group(short_help="Rules between zones: propose, rehearse, export.")
def segment() -> None:
    """Rules between zones, learned from traffic and rehearsed on it before anyone enforces them.

    Nothing is applied by this program: exports are text for people to review and load.
    """


def _assessed(workspace: Workspace, knowledge: Path | None, now: datetime) -> Assessment:
    return assess_workspace(workspace, load_rules(), load_world(knowledge_folder(knowledge)), now=now)


@segment.command(short_help="Write rules that allow what was seen, and ask about what is rare.")
@_rules
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@result_option("--json", "json_file", "Write JSON to FILE, or print it, instead of a file of rules.")
@workspace_option
@knowledge_option
@language_option
def propose(
    rules: Path | None, force: bool, json_file: str | None, workspace: Path, knowledge: Path | None, language: str
) -> None:
    """Write a file of rules that allow what was seen between zones and nothing else. What is rare is asked about, what
    looks like an attack is refused; the file is there to be corrected."""
    from leadapron.app.segmentation import labels, proposed, rules_file
    from leadapron.report.segment import render_segmentation_terminal, segmentation_document
    from leadapron.report.whatif import Made
    from leadapron.whatif.segment import write_rules

    opened, now = Workspace.open(workspace), datetime.now(UTC)
    target = rules or rules_file(opened)
    if not json_file and target.exists() and not force:
        raise UsageError(f"{target} is there already; --force replaces it, corrections included")
    assessment = _assessed(opened, knowledge, now)
    segmentation = proposed(assessment)
    made = Made(version=__version__, generated=now, language=language)
    result = segmentation_document(segmentation, made, names=labels(assessment))
    if json_file:
        put(json_file, encode(result))
        return
    write_file(target, write_rules(segmentation, language).encode("utf-8"))
    render_segmentation_terminal(result, Console(), zone=local_zone())
    click.echo(visible(str(target)))


@segment.command(short_help="Replay past traffic against the rules: what would have failed.")
@_rules
@result_option("--json", "json_file", "Write JSON to FILE, or print it.")
@result_option("--html", "html_file", "Write a page to FILE, or print it.")
@workspace_option
@knowledge_option
@language_option
def rehearse(
    rules: Path | None,
    json_file: str | None,
    html_file: str | None,
    workspace: Path,
    knowledge: Path | None,
    language: str,
) -> None:
    """Replay the workspace's past traffic against the rules and list the exams and flows that would have failed."""
    from leadapron.app.segmentation import labels, rehearsed, written
    from leadapron.report.segment import rehearsal_document, render_rehearsal_html, render_rehearsal_terminal
    from leadapron.report.whatif import Made

    opened, now = Workspace.open(workspace), datetime.now(UTC)
    segmentation = written(opened, rules)
    assessment = _assessed(opened, knowledge, now)
    made = Made(version=__version__, generated=now, language=language)
    result = rehearsal_document(rehearsed(segmentation, assessment), segmentation, made, names=labels(assessment))
    if json_file:
        put(json_file, encode(result))
    if html_file:
        put(html_file, render_rehearsal_html(result, zone=local_zone()).encode("utf-8"))
    if not json_file and not html_file:
        render_rehearsal_terminal(result, Console(), zone=local_zone())


@segment.command(short_help="Write the rules for a firewall, to be reviewed and loaded by a person.")
@click.argument("format_name", metavar="FORMAT")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@_rules
@click.option("--device", metavar="ADDRESS", help="Only this device, for formats that have a file a device.")
@workspace_option
@language_option
def export(
    format_name: str, folder: Path, rules: Path | None, device: str | None, workspace: Path, language: str
) -> None:
    """Write the rules into FOLDER as FORMAT: nftables, iptables, cisco-ios, cisco-nxos, paloalto, fortigate, windows,
    kubernetes or mud. Rehearse them first; each file begins with the way back."""
    from leadapron.app.segmentation import exported, written

    segmentation = written(Workspace.open(workspace), rules)
    files = exported(segmentation, format_name, device=device, language=language, made=datetime.now(UTC))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_file(folder / name, text.encode("utf-8"))
        click.echo(visible(str(folder / name)))
