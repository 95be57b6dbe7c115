"""`leadapron whatif`: what an attack would cost this department in exams, and the few actions that prevent most of it.

NumPy and SciPy take half a second to load, so what needs them is imported inside the commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from rich.console import Console

from leadapron import __version__
from leadapron.app import load_world
from leadapron.cli.options import (
    knowledge_folder,
    knowledge_option,
    language_option,
    path_option,
    result_option,
    workspace_option,
)
from leadapron.cli.output import keep_output_ours, local_zone, put, write_file
from leadapron.cli.progress import counting
from leadapron.model.errors import UsageError
from leadapron.report import Document, document, encode
from leadapron.report.hostile import visible
from leadapron.report.words import words
from leadapron.rules import load_rules
from leadapron.store import Workspace

if TYPE_CHECKING:
    from leadapron.app.whatif import Circumstances, Site
    from leadapron.report.whatif import Made

F = TypeVar("F", bound=Callable[..., Any])

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
START = re.compile(rf"({'|'.join(WEEKDAYS)})[a-z]* +([01]?\d|2[0-3]):([0-5]\d)", re.IGNORECASE)


def _start(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, float] | None:
    """`mon 08:00` as weekday (Monday is 0) and hour of the day."""
    if value is None:
        return None
    found = START.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f'{value!r}: write a weekday and a time, such as "mon 08:00"', ctx, param)
    day, hours, minutes = found.groups()
    return WEEKDAYS.index(day.casefold()), int(hours) + int(minutes) / 60


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown by `--help` in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_scenario = click.option(
    "--scenario", "name", default="worm", show_default=True, metavar="NAME",
    help="Which attack; `whatif compare` shows all.",
)  # fmt: skip
_circumstances = _options(
    click.option("--entry", metavar="DEVICE", help="Device it comes in through: name, AE title or address."),
    click.option("--start", callback=_start, metavar='"DAY HH:MM"', help='When it begins, such as "mon 08:00".'),
    click.option("--contained", type=float, metavar="HOURS",
                 help="Hours until defenders end the spread."),
)  # fmt: skip
_department = _options(
    workspace_option,
    path_option("--settings", "settings", "FILE", "The department's own numbers; else whatif.toml of the workspace."),
    knowledge_option,
    language_option,
)
_seed = click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), default=1, show_default=True,
                     help="Same seed, same answer.")  # fmt: skip
_results = _options(
    result_option("--json", "json_file", "Write JSON to FILE, or print it."),
    result_option("--html", "html_file", "Write a page to FILE, or print it."),
)


def _runs(default: int) -> Callable[[F], F]:
    return click.option("--runs", type=click.IntRange(min=1, max=1_000_000), default=default, show_default=True,
                        help="How many times the attack is played.")  # fmt: skip


class _Ask(NamedTuple):
    """What every command that plays an attack is asked."""

    workspace: Path
    settings: Path | None
    knowledge: Path | None
    language: str
    entry: str | None
    start: tuple[int, float] | None
    contained: float | None
    runs: int
    seed: int

    @property
    def circumstances(self) -> Circumstances:
        from leadapron.app.whatif import Circumstances

        weekday, hour = self.start or (None, None)
        return Circumstances(entry=self.entry, weekday=weekday, hour=hour, contained=self.contained)


def _asking(command: Callable[..., None]) -> Callable[..., None]:
    """Hand a command its options of `_Ask` as one."""

    @wraps(command)
    def bundled(**options: Any) -> None:
        ask = _Ask(**{name: options.pop(name) for name in _Ask._fields})
        command(ask, **options)

    return bundled


class _Model(NamedTuple):
    """A workspace ready to be attacked, its assessment in words, and how results are signed."""

    site: Site
    assessed: Document
    made: Made


def _load(ask: _Ask) -> _Model:
    from leadapron.app.whatif import load_site
    from leadapron.report.whatif import Made

    rules, now = load_rules(), datetime.now(UTC)
    site = load_site(
        Workspace.open(ask.workspace), rules, load_world(knowledge_folder(ask.knowledge)),
        now=now, zone=local_zone(), settings=ask.settings,
    )  # fmt: skip
    made = Made(version=__version__, generated=now, language=ask.language)
    return _Model(site, document(site.assessment, rules, ask.language), made)


@contextmanager
def _playing(language: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far the simulation is."""
    with counting(words(language).gettext("Playing the attack")) as tell:
        yield lambda done, total: tell(done, total, "")


def _show(
    result: Any, json_file: str | None, html_file: str | None,
    html: Callable[..., str], terminal: Callable[..., None],
) -> None:  # fmt: skip
    """Into the files that were asked for, else on the screen."""
    if json_file:
        put(json_file, encode(result))
    if html_file:
        put(html_file, html(result, zone=local_zone()).encode("utf-8"))
    if not json_file and not html_file:
        terminal(result, Console(), zone=local_zone())


@click.group(short_help="What an attack would cost in exams, and what prevents most of it.")
def whatif() -> None:
    """What an attack would cost this department in exams, and the few actions that prevent most of it.

    Everything is played on the devices, flows and weaknesses of a workspace. Nothing is sent to any device.
    """


@whatif.command(short_help="Write down what the simulation assumes, to be corrected.")
@path_option("--zone-rules", "zone_rules", "FILE", "Firewall or VLAN rules between zones (CSV or TOML).")
@click.option("--force", is_flag=True, help="Replace the file that is there.")
@_department
def init(
    zone_rules: Path | None,
    force: bool,
    workspace: Path,
    settings: Path | None,
    knowledge: Path | None,
    language: str,
) -> None:
    """Write whatif.toml into the workspace: every number the simulation uses, and what it rests on.

    What is commented out changes nothing; take the # away from a line and correct it.
    """
    from leadapron.app.whatif import settings_file, settings_text

    opened = Workspace.open(workspace)
    target = settings or settings_file(opened)
    if target.exists() and not force:
        raise UsageError(f"{target} is there already; --force replaces it, corrections included")
    text = settings_text(
        opened, load_rules(), load_world(knowledge_folder(knowledge)),
        now=datetime.now(UTC), zone=local_zone(), zone_rules=zone_rules, language=language,
    )  # fmt: skip
    write_file(target, text.encode("utf-8"))
    click.echo(target)


@whatif.command(short_help="One attack: which devices stop, how many exams are lost, for how long.")
@_scenario
@_circumstances
@_runs(1000)
@_seed
@_results
@_department
@_asking
def run(ask: _Ask, name: str, json_file: str | None, html_file: str | None) -> None:
    """Play one attack many times: which devices stop, how many exams are lost, how long until all works again."""
    from leadapron.app.whatif import asked, play
    from leadapron.report.whatif import outcome_document, render_outcome_html, render_outcome_terminal

    site, _, made = _load(ask)
    content = asked(site, name, ask.circumstances)
    with _playing(ask.language) as tell:
        outcome = play(site, content, runs=ask.runs, seed=ask.seed, progress=tell)
    result = outcome_document(outcome, site.department, content, made)
    _show(result, json_file, html_file, render_outcome_html, render_outcome_terminal)


@whatif.command(short_help="All attacks side by side.")
@_circumstances
@_runs(1000)
@_seed
@_results
@_department
@_asking
def compare(ask: _Ask, json_file: str | None, html_file: str | None) -> None:
    """Play every attack and show what each costs, worst first."""
    from leadapron.app.whatif import play_all
    from leadapron.report.whatif import (
        Skipped,
        comparison_document,
        render_comparison_html,
        render_comparison_terminal,
    )

    site, _, made = _load(ask)
    with _playing(ask.language) as tell:
        outcomes, impossible = play_all(site, ask.circumstances, runs=ask.runs, seed=ask.seed, progress=tell)
    reason = words(ask.language).gettext("No device here fits where it begins.")
    skipped = [Skipped(scenario=name, reason=reason) for name in impossible]
    result = comparison_document(outcomes, site.scenarios, made, skipped=skipped)
    _show(result, json_file, html_file, render_comparison_html, render_comparison_terminal)


@whatif.command(short_help="The few actions that prevent most within a budget.")
@_scenario
@_circumstances
@click.option("--budget-hours", type=click.FloatRange(min=0), default=40.0, show_default=True, metavar="N",
              help="Hours of work.")  # fmt: skip
@click.option("--windows", type=click.IntRange(min=0), metavar="N",
              help="Change windows; without it, as many as needed.")  # fmt: skip
@click.option("--budget-euros", type=click.FloatRange(min=0), metavar="N", help="Euros; without it, no limit.")
@_runs(1000)
@_seed
@_results
@_department
@_asking
def best(
    ask: _Ask,
    name: str,
    budget_hours: float,
    windows: int | None,
    budget_euros: float | None,
    json_file: str | None,
    html_file: str | None,
) -> None:
    """Find the few actions that prevent most of one attack within a budget of hours, change windows and euros."""
    from leadapron.app.whatif import asked, choose
    from leadapron.report.whatif import best_document, render_best_html, render_best_terminal
    from leadapron.whatif.cut import load_measures

    site, assessed, made = _load(ask)
    content = asked(site, name, ask.circumstances)
    keep_output_ours()
    with _playing(ask.language) as tell:
        found = choose(
            site, content, hours=budget_hours, windows=windows, euros=budget_euros,
            runs=ask.runs, seed=ask.seed, progress=tell,
        )  # fmt: skip
    result = best_document(found, content, load_measures().values(), made, assessed=assessed)
    _show(result, json_file, html_file, render_best_html, render_best_terminal)


@whatif.command("paths", short_help="How an attack gets to one device.")
@click.option("--target", metavar="DEVICE", help="Name, AE title or address; without it, what most exams depend on.")
@_scenario
@_circumstances
@_runs(2000)
@_seed
@_results
@_department
@_asking
def paths_to(ask: _Ask, target: str | None, name: str, json_file: str | None, html_file: str | None) -> None:
    """Show the likeliest paths of an attack to one device, the weakness used at each step, and where many meet."""
    from leadapron.app.whatif import asked, trace
    from leadapron.report.whatif import paths_document, render_paths_html, render_paths_terminal

    site, assessed, made = _load(ask)
    content = asked(site, name, ask.circumstances)
    found = trace(site, content, target, runs=ask.runs, seed=ask.seed)
    result = paths_document(found, site.department, content, made, assessed=assessed)
    _show(result, json_file, html_file, render_paths_html, render_paths_terminal)


@whatif.command(short_help="A table-top exercise, and a sheet for thirty days without a network.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="[FOLDER]", required=False)
@_scenario
@_circumstances
@_runs(1000)
@_seed
@click.option("--json", "as_json", is_flag=True, help="Print exercise and sheet as JSON instead.")
@click.option("--languages", type=click.Choice(["en", "fr", "both"]), default="both", show_default=True,
              help="Of the files; both: French, then English.")  # fmt: skip
@_department
@_asking
def exercise(ask: _Ask, folder: Path | None, name: str, as_json: bool, languages: str) -> None:
    """Write into FOLDER (without it, `exercise` in the workspace) what a team trains with: a facilitator's script and a
    participants' handout of one simulated attack on this department, and a sheet that says who can go on for thirty
    days without a network."""
    from leadapron.app.whatif import asked, drill
    from leadapron.report.exercise import About, exercise_pack, harmless_downtime, harmless_exercise

    site, _, made = _load(ask)
    content = asked(site, name, ask.circumstances)
    played, sheet = drill(site, content, runs=ask.runs, seed=ask.seed)
    if as_json:
        click.echo(encode({"exercise": harmless_exercise(played), "downtime": harmless_downtime(sheet)}), nl=False)
        return
    files = exercise_pack(
        played,
        sheet,
        ("fr", "en") if languages == "both" else (languages,),
        About(version=made.version, generated=made.generated),
        zone=local_zone(),
    )
    target = folder or ask.workspace / "exercise"
    target.mkdir(parents=True, exist_ok=True)
    for file_name, data in files.items():
        write_file(target / file_name, data)
        click.echo(visible(str(target / file_name)))
