"""`leadapron plan`, `frameworks` and `evidence`: what to do, who does it, and proof for those who ask."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from leadapron.app import load_world
from leadapron.app.planning import Situation, open_decisions, situation
from leadapron.cli.options import (
    decisions_option,
    json_flag,
    knowledge_folder,
    knowledge_option,
    language_option,
    path_option,
    result_option,
    workspace_option,
)
from leadapron.cli.output import local_zone, put, write_file
from leadapron.model.errors import UsageError
from leadapron.model.plan import WorkStatus
from leadapron.report import Document, document, encode
from leadapron.rules import Rule, load_rules
from leadapron.store import Workspace

if TYPE_CHECKING:
    from leadapron.report.plan import PlanDocument


@click.group(invoke_without_command=True, short_help="What to do first, by whom, when, and what it helps.")
@result_option("--json", "json_file", "Write JSON to FILE, or print it.")
@result_option("--csv", "csv_file", "Write tickets for a help desk as CSV to FILE, or print them.")
@result_option("--html", "html_file", "Write a page to FILE, or print it.")
@click.option("--workspace", type=click.Path(path_type=Path), metavar="FOLDER", envvar="LEADAPRON_WORKSPACE",
              help="Folder made by `assess --workspace`.")  # fmt: skip
@knowledge_option
@decisions_option
@language_option
@click.pass_context
def plan(
    context: click.Context,
    json_file: str | None,
    csv_file: str | None,
    html_file: str | None,
    workspace: Path | None,
    knowledge: Path | None,
    decisions: str | None,
    language: str,
) -> None:
    """What to do first: findings and practices as actions, ordered by the harm avoided per hour of work.

    What people decided (owners, due dates, accepted risks) is kept beside the workspace, and the next plan says what
    changed.
    """
    if context.invoked_subcommand:
        return
    from leadapron.report.plan import plan_csv, render_plan_html, render_plan_terminal

    if workspace is None:
        raise UsageError(
            "name a workspace: `leadapron plan --workspace FOLDER`; `leadapron assess --workspace` makes one"
        )
    _, _, result = _planned(workspace, knowledge, decisions, language)
    if json_file:
        put(json_file, encode(result))
    if csv_file:
        put(csv_file, plan_csv(result).encode("utf-8"))
    if html_file:
        put(html_file, render_plan_html(result, zone=local_zone()).encode("utf-8"))
    if not any((json_file, csv_file, html_file)):
        render_plan_terminal(result, Console(), zone=local_zone())


def _planned(
    workspace: Path, knowledge: Path | None, database: str | None, language: str
) -> tuple[Situation, Document, PlanDocument]:
    """The situation of a workspace, with this run kept; its assessment and its plan in words."""
    from leadapron.report.plan import plan_document

    found, rules = _situation(workspace, knowledge, database)
    assessed = document(found.assessment, rules, language)
    result = plan_document(
        found.plan, assessed, states=found.states, changes=found.changes, rules=rules, actions=found.actions
    )
    return found, assessed, result


def _situation(workspace: Path, knowledge: Path | None, database: str | None) -> tuple[Situation, tuple[Rule, ...]]:
    """The situation of a workspace, with this run kept, and the rules it was judged by."""
    opened, rules, world = Workspace.open(workspace), load_rules(), load_world(knowledge_folder(knowledge))
    with open_decisions(opened, database) as decisions:
        now = datetime.now(UTC)
        return situation(opened, rules, world, now=now, zone=local_zone(), decisions=decisions), rules


@plan.command(short_help="Give an action to someone, or say how far it is.")
@click.argument("action", metavar="ACTION")
@click.option("--by", required=True, metavar="NAME", help="Your name.")
@click.option("--owner", metavar="NAME", help="Who does it.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="By when.")
@click.option("--status", type=click.Choice([one.value for one in WorkStatus]), help="How far it is.")
@click.option("--note", metavar="TEXT", help="Anything to remember.")
@workspace_option
@knowledge_option
@decisions_option
@language_option
def assign(
    action: str,
    by: str,
    owner: str | None,
    due: datetime | None,
    status: str | None,
    note: str | None,
    workspace: Path,
    knowledge: Path | None,
    decisions: str | None,
    language: str,
) -> None:
    """Give ACTION (its id in the plan) to someone, with a day; or say how far it is."""
    _, _, result = _planned(workspace, knowledge, decisions, language)
    titles = {one.id: one.title for one in result.actions}
    if action not in titles:
        raise UsageError(f"{action}: no such action in the plan; `leadapron plan` shows their ids")
    with open_decisions(Workspace.open(workspace), decisions) as opened:
        opened.assign(
            action,
            by=by,
            at=datetime.now(UTC),
            owner=owner,
            due=due.date() if due else None,
            note=note,
            status=WorkStatus(status) if status else None,
            about=titles[action],
        )
    click.echo(f"{action}: {titles[action]}")


@plan.command(short_help="Accept the risk of a finding or an action until a day.")
@click.argument("target", metavar="ID")
@click.option("--by", "name", required=True, metavar="NAME", help="Who accepts the risk.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it can be accepted.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="YYYY-MM-DD", help="Last day.")
@workspace_option
@knowledge_option
@decisions_option
@language_option
def accept(
    target: str,
    name: str,
    reason: str,
    until: datetime,
    workspace: Path,
    knowledge: Path | None,
    decisions: str | None,
    language: str,
) -> None:
    """Accept the risk of ID, a finding or an action: a named person, a reason, a last day. It then leaves the plan."""
    found, assessed, result = _planned(workspace, knowledge, decisions, language)
    about = {one.id: f"{one.title}: {one.subject.label}" for one in assessed.findings}
    about |= {state.id: state.question.texts[language].question for state in found.states}
    about |= {one.id: one.title for one in result.actions}
    if target not in about:
        raise UsageError(f"{target}: no such finding, question or action; `leadapron plan` shows their ids")
    covers = next((one.items for one in found.plan.actions if one.id == target), ())
    with open_decisions(Workspace.open(workspace), decisions) as opened:
        accepted = opened.accept(
            target,
            name=name,
            reason=reason,
            expires=until.date(),
            at=datetime.now(UTC),
            covers=covers,
            about=about[target],
        )
    click.echo(f"{accepted.id}: {about[target]} ({accepted.expires.isoformat()})")


@plan.command(short_help="End the acceptance of a risk before its day.")
@click.argument("number", type=int, metavar="NUMBER")
@click.option("--by", required=True, metavar="NAME", help="Your name.")
@workspace_option
@decisions_option
def revoke(number: int, by: str, workspace: Path, decisions: str | None) -> None:
    """End acceptance NUMBER (shown in the plan); what it covered comes back."""
    with open_decisions(Workspace.open(workspace), decisions) as opened:
        opened.revoke(number, by=by, at=datetime.now(UTC))
    click.echo(number)


@click.command(short_help="Controls of HICP, NIS2, ISO 27001 …: met, not met, not known.")
@json_flag
@workspace_option
@knowledge_option
@language_option
def frameworks(as_json: bool, workspace: Path, knowledge: Path | None, language: str) -> None:
    """Say which controls of published frameworks are met, not met or not known, with the evidence."""
    from leadapron.report.practices import coverage_document, render_coverage

    rules = load_rules()
    found = situation(Workspace.open(workspace), rules, load_world(knowledge_folder(knowledge)), now=datetime.now(UTC))
    assessed = document(found.assessment, rules, language)
    result = coverage_document(found.covered, found.states, assessed, frameworks=found.frameworks)
    if as_json:
        click.echo(encode(result), nl=False)
    else:
        render_coverage(result, Console(), zone=local_zone())


@click.command(short_help="A dossier for a committee or an auditor: HTML, PDF, signed list of inputs.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--by", required=True, metavar="NAME", help="Who prepares it.")
@click.option("--organisation", default="", metavar="NAME", help="Hospital or department.")
@click.option("--scope", default="", metavar="TEXT", help="What it covers, in a sentence.")
@click.option("--for", "audience", default="", metavar="NAME", help="Committee or auditor it is made for.")
@path_option("--key", "key", "FILE", "Private key that signs the list of inputs (made by `knowledge keygen`).")
@click.option("--lang", "language", type=click.Choice(["en", "fr", "both"]), default="both", show_default=True,
              help="Language; both: French, then English.")  # fmt: skip
@workspace_option
@knowledge_option
@decisions_option
def evidence(
    folder: Path,
    by: str,
    organisation: str,
    scope: str,
    audience: str,
    key: Path | None,
    language: str,
    workspace: Path,
    knowledge: Path | None,
    decisions: str | None,
) -> None:
    """Write an evidence pack into FOLDER: evidence.html, evidence.pdf, and inputs.txt, the hashes of all inputs."""
    from leadapron.app.evidence import evidence_pack
    from leadapron.report.dossier import About

    found, rules = _situation(workspace, knowledge, decisions)
    files = evidence_pack(
        found,
        rules,
        About(organisation=organisation, scope=scope, prepared_by=by, prepared_for=audience),
        languages=("fr", "en") if language == "both" else (language,),
        key=key,
        zone=local_zone(),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_file(folder / name, content)
        click.echo(folder / name)
