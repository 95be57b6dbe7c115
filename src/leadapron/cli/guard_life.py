"""A guard that runs: starting it, asking how it is, a new policy, breaking the glass, what it keeps in quarantine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from leadapron.cli.guard_policy import policy_argument, sound
from leadapron.cli.options import json_flag, language_option
from leadapron.cli.output import check_target, local_zone, say
from leadapron.report import encode
from leadapron.report.hostile import visible

if TYPE_CHECKING:
    from leadapron.model.events import GuardNotice


@click.command(short_help="Guard, until told to stop.")
@policy_argument
@language_option
def run(policy_file: Path, language: str) -> None:
    """Guard what POLICY says until Ctrl-C or SIGTERM: then nobody new is let in, and what is under way may finish (30
    seconds; a second Ctrl-C ends at once). SIGHUP takes up a changed POLICY; a broken one changes nothing."""
    from leadapron.app.running import Running
    from leadapron.report.guard.said import notice_line

    zone = local_zone()

    def told(notice: GuardNotice) -> None:
        click.echo(visible(notice_line(notice, language, zone)), err=True)
        sys.stderr.flush()

    Running(policy_file, told).run()


def _ask(policy_file: Path, request: dict[str, object]) -> dict[str, object]:
    """Ask the guard that runs this policy. Only its place is read, so that a broken policy does not lock you out."""
    from leadapron.app.guarding import state_of
    from leadapron.guard.shell import NAME, ask

    return ask(state_of(policy_file) / NAME, request)


@click.command(short_help="How a running guard is, and who is inside.")
@policy_argument
@json_flag
@language_option
def status(policy_file: Path, as_json: bool, language: str) -> None:
    """Ask the guard that runs POLICY: listeners, decisions, certificates, audit, broken glass, connections."""
    from leadapron.guard.policy import decision_said
    from leadapron.report.guard import render_status_terminal

    told = _ask(policy_file, {"do": "status"})
    if as_json:
        click.echo(encode(told).decode())
    else:
        render_status_terminal(told, Console(), language, decision_said, zone=local_zone())


@click.command(short_help="Have a running guard take up a changed policy.")
@policy_argument
@language_option
def reload(policy_file: Path, language: str) -> None:
    """Have the guard take up POLICY as it is now, without cutting associations. If it is broken, the old one stays."""
    from leadapron.report.guard.said import reloaded

    sound(policy_file, language)
    say(reloaded(str(_ask(policy_file, {"do": "reload"})["policy"]), language))


@click.command("break-glass", short_help="Let everything through for some minutes, in a person's name.")
@policy_argument
@click.option("--person", metavar="NAME", required=True, help="Who opens it: recorded, and told to whoever watches.")
@click.option("--minutes", type=click.FloatRange(0, 1440, min_open=True), metavar="N", help="For so many minutes.")
@click.option("--listener", default="", metavar="NAME", help="Only this listener; without it, all.")
@click.option("--close", "closing", is_flag=True, help="Close it now.")
@language_option
def break_glass(
    policy_file: Path, person: str, minutes: float | None, listener: str, closing: bool, language: str
) -> None:
    """Let everything through that the rules of POLICY would stop, for some minutes, because patients cannot wait. It is
    an alarm and an audit record in that person's name. What inspection finds in objects stays out."""
    from leadapron.report.guard.said import closed_glass, opened_glass

    if closing == (minutes is not None):
        raise click.UsageError("say either --minutes N, or --close")
    request: dict[str, object] = {"person": person, "listener": listener}
    if closing:
        told = _ask(policy_file, {"do": "mend-glass", **request})
        say(closed_glass(int(str(told["closed"])), language))
    else:
        told = _ask(policy_file, {"do": "break-glass", "minutes": minutes, **request})
        say(opened_glass(str(told["until"]), listener, language, local_zone()))


@click.group(short_help="Objects that were stopped, sealed until a person looks.")
def quarantine() -> None:
    """Objects that the guard of a policy stopped, sealed for a key that is not on the guard."""


@quarantine.command(short_help="Make the keys of the quarantine.")
@policy_argument
@click.argument("private_key", metavar="KEYFILE", type=click.Path(path_type=Path))
def init(policy_file: Path, private_key: Path) -> None:
    """Make a pair of keys: the guard seals with one, KEYFILE opens. Move KEYFILE off this machine, and keep a copy."""
    from leadapron.app.guarding import quarantine_of
    from leadapron.guard.quarantine import make_keys

    make_keys(quarantine_of(policy_file), private_key)
    click.echo(visible(str(private_key)))


@quarantine.command("list", short_help="What is in quarantine, and why.")
@policy_argument
@json_flag
@language_option
def list_exhibits(policy_file: Path, as_json: bool, language: str) -> None:
    """List what is in quarantine: when, from whom, what was found. Nothing of a patient is shown."""
    from leadapron.app.guarding import quarantine_of
    from leadapron.guard.inspect import ContentRules
    from leadapron.guard.quarantine import exhibits
    from leadapron.report.guard.said import empty_quarantine, exhibit_line

    found = exhibits(quarantine_of(policy_file))
    if as_json:
        click.echo(encode(found).decode())
        return
    if not found:
        say(empty_quarantine(language))
    described = ContentRules.load(()).words if found else {}
    for one in found:
        who = "@".join(part for part in (one.calling_ae_title or one.user, one.address) if part)
        why = described.get(one.finding, {}).get(language) or one.finding or one.rule
        line = exhibit_line(one.name, one.when, who, why, one.size, language, local_zone())
        say(line)


@quarantine.command("open", short_help="Take one object out, with the key.")
@policy_argument
@click.argument("name", metavar="NAME")
@click.argument("private_key", metavar="KEYFILE", type=click.Path(path_type=Path))
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
def open_one(policy_file: Path, name: str, private_key: Path, target: Path) -> None:
    """Write the object NAME, as it came, to FILE. It may be hostile and holds a patient's data: do this on a machine
    for such work."""
    from leadapron.app.guarding import quarantine_of
    from leadapron.guard.quarantine import open_exhibit

    check_target(target)
    with target.open("xb") as out:
        for piece in open_exhibit(quarantine_of(policy_file), name, private_key):
            out.write(piece)
    click.echo(visible(str(target)))
