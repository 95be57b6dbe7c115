"""From a workspace to what an attack would cost there, what prevents it, and rules between zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from leadapron.app.assessing import assess_workspace
from leadapron.app.documents import read_file
from leadapron.app.world import World
from leadapron.model.assessment import Assessment
from leadapron.model.department import Department, Node
from leadapron.model.errors import SourceError, UsageError
from leadapron.model.exercise import Downtime, Exercise
from leadapron.model.measures import Best, Paths
from leadapron.model.scenarios import Course, Entry, Outcome
from leadapron.rules import Rule
from leadapron.store import Workspace
from leadapron.whatif.cut import best, candidates
from leadapron.whatif.department import (
    Settings,
    build_department,
    read_settings,
    read_zone_rules,
    with_zone_rules,
    write_settings,
)
from leadapron.whatif.exercise import downtime, exercise
from leadapron.whatif.paths import crown_jewel, paths
from leadapron.whatif.scenarios import ScenarioContent, load_scenarios, with_overrides
from leadapron.whatif.simulate import Progress, simulate

SETTINGS = "whatif.toml"
"""The department's own numbers, in its workspace."""


class Site(Struct, frozen=True, kw_only=True):
    """A department ready to be attacked."""

    assessment: Assessment
    settings: Settings
    department: Department
    scenarios: Mapping[str, ScenarioContent]
    """By name, with the department's own numbers."""

    def scenario(self, name: str) -> ScenarioContent:
        """UsageError lists those there are."""
        if name not in self.scenarios:
            raise UsageError(f"no scenario {name!r}: choose {', '.join(self.scenarios)}")
        return self.scenarios[name]

    def can_begin(self, content: ScenarioContent) -> bool:
        """Whether a device fits where a scenario begins; an outage begins nowhere."""
        scenario = content.scenario
        return scenario.course is Course.OUTAGE or any(map(scenario.entry.fits, self.department.nodes))

    def device(self, named: str) -> Node:
        """The device a person means by any of its names, letter case aside. UsageError: none, or several."""
        by_id = {node.id: node for node in self.department.nodes}
        wanted, found = named.casefold(), []
        for asset in self.assessment.inventory.assets:
            names = (asset.id, asset.label, *asset.hostnames, *asset.ae_titles, *asset.station_names, *asset.addresses)
            if asset.id in by_id and wanted in {name.casefold() for name in names}:
                found.append(by_id[asset.id])
        if not found:
            raise UsageError(f"{named}: no such device here; `leadapron inventory` lists names and addresses")
        if len(found) > 1:
            raise UsageError(f"{named} names {len(found)} devices; give the address of the one you mean")
        return found[0]


class Circumstances(Struct, frozen=True, kw_only=True):
    """What a person asks a scenario with; None leaves what the scenario says."""

    entry: str | None = None
    """A device, by any of its names."""
    weekday: int | None = None
    hour: float | None = None
    contained: float | None = None


def load_site(
    workspace: Workspace, rules: Iterable[Rule], world: World, *, now: datetime, zone: tzinfo, settings: Path | None
) -> Site:
    """The department of a workspace as an attack meets it, local times in `zone`. Without `settings`, the workspace's
    own file is used where there is one."""
    return _site(assess_workspace(workspace, rules, world, now=now), _settings_of(workspace, settings), zone)


def _site(assessment: Assessment, settings: Settings, zone: tzinfo) -> Site:
    scenarios = load_scenarios()
    if unknown := sorted(settings.scenarios.keys() - scenarios.keys()):
        known = ", ".join(scenarios)
        raise SourceError(f"{settings.name}: scenario.{unknown[0]}: there is no such scenario; there is {known}")
    return Site(
        assessment=assessment,
        settings=settings,
        department=build_department(assessment.picture, assessment.findings, zone=zone, settings=settings),
        scenarios={name: _corrected(content, settings) for name, content in scenarios.items()},
    )


def _corrected(content: ScenarioContent, settings: Settings) -> ScenarioContent:
    """SourceError: a number in the file of settings makes no sense."""
    scenario = content.scenario
    try:
        return content.having(with_overrides(scenario, settings.scenarios.get(scenario.name, {})))
    except UsageError as error:
        raise SourceError(f"{settings.name}: {error}") from error


def _settings_of(workspace: Workspace, named: Path | None) -> Settings:
    path = named or settings_file(workspace)
    if named is None and not path.exists():
        return Settings()
    return read_settings(read_file(path), path.name)


def settings_file(workspace: Workspace) -> Path:
    """Where a department's own numbers are looked for."""
    return workspace.path / SETTINGS


def settings_text(
    workspace: Workspace,
    rules: Iterable[Rule],
    world: World,
    *,
    now: datetime,
    zone: tzinfo,
    zone_rules: Path | None,
    language: str,
) -> str:
    """A settings file for a workspace: all numbers, what they rest on, and the firewall's rules as passages."""
    site = _site(assess_workspace(workspace, rules, world, now=now), Settings(), zone)
    if zone_rules is not None:
        wall = read_zone_rules(read_file(zone_rules), zone_rules.name)
        given = with_zone_rules(site.settings, wall, site.assessment.picture)
        site = _site(site.assessment, given, zone)
    scenarios = tuple(content.scenario for content in site.scenarios.values())
    return write_settings(site.department, language, scenarios=scenarios, given=site.settings)


def asked(site: Site, name: str, circumstances: Circumstances) -> ScenarioContent:
    """A scenario under the circumstances a person gave."""
    content = site.scenario(name)
    scenario = content.scenario
    if circumstances.contained is not None:
        scenario = with_overrides(scenario, {"contained": circumstances.contained})
    if circumstances.entry is not None:
        scenario = replace(scenario, entry=Entry(asset=site.device(circumstances.entry).id))
    if circumstances.weekday is not None and circumstances.hour is not None:
        scenario = replace(scenario, weekday=circumstances.weekday, hour=circumstances.hour)
    return content.having(scenario)


def play(site: Site, content: ScenarioContent, *, runs: int, seed: int, progress: Progress | None = None) -> Outcome:
    """What a scenario comes to."""
    return simulate(site.department, content.scenario, runs=runs, seed=seed, progress=progress)


def play_all(
    site: Site, circumstances: Circumstances, *, runs: int, seed: int, progress: Progress | None = None
) -> tuple[list[Outcome], list[str]]:
    """What all scenarios come to, and the names of those that have no place to begin here."""
    outcomes: list[Outcome] = []
    impossible: list[str] = []
    for done, name in enumerate(site.scenarios):
        if progress is not None:
            progress(done, len(site.scenarios))
        content = asked(site, name, circumstances)
        if site.can_begin(content):
            outcomes.append(simulate(site.department, content.scenario, runs=runs, seed=seed, sensitivity=False))
        else:
            impossible.append(name)
    return outcomes, impossible


def choose(
    site: Site,
    content: ScenarioContent,
    *,
    hours: float,
    windows: int | None,
    euros: float | None,
    runs: int,
    seed: int,
    progress: Progress | None = None,
) -> Best:
    """The few measures that prevent most within a budget."""
    measures = candidates(site.department, content.scenario, site.assessment.findings)
    return best(
        site.department, content.scenario, measures,
        hours=hours, windows=windows, euros=euros, runs=runs, seed=seed, progress=progress,
    )  # fmt: skip


def trace(site: Site, content: ScenarioContent, target: str | None, *, runs: int, seed: int) -> Paths:
    """How an attack gets to a device, by any of its names; without one, to the device most exams depend on."""
    device = site.device(target).id if target is not None else crown_jewel(site.department)
    return paths(site.department, content.scenario, device, runs=runs, seed=seed)


def drill(site: Site, content: ScenarioContent, *, runs: int, seed: int) -> tuple[Exercise, Downtime]:
    """What a team trains with: an exercise from a typical run, and who can go on for thirty days without a network."""
    scenario = content.scenario
    outcome = simulate(site.department, scenario, runs=runs, seed=seed, sensitivity=False)
    sheet = downtime(
        site.department, site.assessment.inventory,
        reached=outcome.reached, weekday=scenario.weekday, hour=scenario.hour,
    )  # fmt: skip
    return exercise(site.department, content, runs=runs, seed=seed, sheet=sheet), sheet
