"""`leadapron guard`: a gateway in front of what cannot be patched, and all that is done with its policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from leadapron import __version__
from leadapron.cli.guard_ca import ca
from leadapron.cli.guard_life import break_glass, quarantine, reload, run, status
from leadapron.cli.guard_policy import policy_argument, sound
from leadapron.cli.options import (
    knowledge_folder,
    knowledge_option,
    language_option,
    result_option,
    workspace_option,
)
from leadapron.cli.output import local_zone, put, say, write_file
from leadapron.cli.progress import progress_bar
from leadapron.model.errors import UsageError
from leadapron.report import encode
from leadapron.report.hostile import visible


@click.group(short_help="A gateway that guards what cannot be patched.")
def guard() -> None:
    """A gateway in front of consoles and archives: it lets through what its policy allows and records what it decides.

    Begin with `guard suggest`, rehearse with `guard replay`, run with the last rule in shadow, then enforce.
    """


for command in (run, status, reload, break_glass, quarantine, ca):
    guard.add_command(command)


@guard.command(short_help="Check a policy: what is wrong, line by line.")
@policy_argument
@language_option
def check(policy_file: Path, language: str) -> None:
    """Read POLICY and say what is wrong with it, or deserves a second thought, line by line. Also compiles its content
    rules and opens its certificates."""
    from leadapron.app.guarding import check_files
    from leadapron.report.guard.said import sound_policy

    policy, found = sound(policy_file, language)
    check_files(policy)
    for warning in found.warnings:
        say(f"{policy_file.name}:{warning.line}: {warning.said(language)}")
    say(sound_policy(len(policy.listeners), len(policy.rules), len(found.warnings), language))


@guard.command(short_help="Write a policy that allows what was seen.")
@click.argument("policy_file", metavar="[POLICY]", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@workspace_option
@knowledge_option
@language_option
def suggest(policy_file: Path | None, force: bool, workspace: Path, knowledge: Path | None, language: str) -> None:
    """Write a policy that allows what the workspace has seen, and a last rule that denies the rest in shadow: nothing
    is blocked before you have read what would be. Without POLICY: guard.toml in the workspace."""
    from leadapron.app import assess_workspace, load_world
    from leadapron.app.guarding import POLICY, suggested, written
    from leadapron.report.guard.said import suggestion
    from leadapron.rules import load_rules
    from leadapron.store import Workspace

    opened, now = Workspace.open(workspace), datetime.now(UTC)
    target = policy_file or opened.path / POLICY
    if target.exists() and not force:
        raise UsageError(f"{target} is there already; --force replaces it, corrections included")
    assessment = assess_workspace(opened, load_rules(), load_world(knowledge_folder(knowledge)), now=now)
    made = suggested(opened, assessment, language)
    if not made.policy.rules:
        raise UsageError(
            f"{workspace}: no DICOM, DICOMweb or HL7 was seen here; read captures of the archive's port first"
        )
    write_file(target, written(made, language).encode("utf-8"))
    click.echo(visible(str(target)))
    for line in suggestion(made.policy, made.suspects, language):
        say(line)


@guard.command(short_help="Which rule decides, and why.")
@policy_argument
@click.argument("peer", metavar="PEER")
@click.argument("operation", metavar="OPERATION")
@click.option("--called", default="", metavar="TITLE", help="Called AE title, or receiving HL7 application.")
@click.option("--listener", default="", metavar="NAME", help="Listener; needed where the policy has several.")
@click.option("--sop-class", default="", metavar="CLASS", help="SOP class: name or UID.")
@click.option("--transfer-syntax", default="", metavar="SYNTAX", help="Transfer syntax: name or UID.")
@click.option("--destination", default="", metavar="TITLE", help="Destination of a move.")
@click.option("--message", default="", metavar="TYPE", help="HL7 message type, such as ORU^R01.")
@click.option("--user", default="", metavar="NAME", help="User identity the peer gives.")
@click.option("--wide", is_flag=True, help="A query without any narrowing key.")
@click.option(
    "--at", "moment", default="", metavar="TIME", help="Local time, such as 2026-11-24T03:00; without it, now."
)
@language_option
def explain(
    policy_file: Path,
    peer: str,
    operation: str,
    called: str,
    listener: str,
    sop_class: str,
    transfer_syntax: str,
    destination: str,
    message: str,
    user: str,
    wide: bool,
    moment: str,
    language: str,
) -> None:
    """Say which rule of POLICY decides what PEER (TITLE@ADDRESS, or an address) may do, and why the rules before it do
    not. OPERATION is one of: association, echo, store, find, worklist, move, get, mpps, commit, print, normalised,
    delete, message."""
    from leadapron.app.guarding import Question, explained

    policy, _ = sound(policy_file, language)
    question = Question(
        peer=peer,
        operation=operation,
        called=called,
        listener=listener,
        sop_class=sop_class,
        transfer_syntax=transfer_syntax,
        destination=destination,
        message=message,
        user=user,
        wide=wide,
        moment=moment,
    )
    for line in explained(policy, question, local_zone(), language):
        say(line)


@guard.command(short_help="Past traffic through a policy: what would have been refused.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@policy_argument
@result_option("--json", "json_file", "Write JSON to FILE, or print it.")
@language_option
def replay(sources: Sequence[str], policy_file: Path, json_file: str | None, language: str) -> None:
    """Send the traffic of captures through POLICY, by the same code that guards live connections, and list what would
    have been refused. SOURCE is a capture file, a folder of them, or - for standard input."""
    from leadapron.app import find_sources
    from leadapron.app.guarding import replayed
    from leadapron.guard.policy import decision_said
    from leadapron.report.guard import render_replay_terminal, replay_document
    from leadapron.report.whatif import Made

    policy, _ = sound(policy_file, language)
    found = find_sources(sources)
    with progress_bar(sum(source.size for source in found), language) as progress:
        result, _complete = replayed(found, policy, local_zone(), progress)
    made = Made(version=__version__, generated=datetime.now(UTC), language=language)
    document = replay_document(result, made, names={}, said=decision_said)
    if json_file:
        put(json_file, encode(document))
    else:
        render_replay_terminal(document, Console(), zone=local_zone())
