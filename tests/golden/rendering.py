"""The assessment of a bundled capture, and its plan in each language, as text that a person can review line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from functools import cache
from importlib.resources import files
from pathlib import Path

from leadapron.app import assess_workspace, find_sources, ingest, load_world, seed_of
from leadapron.assess.plan import load_actions, plan
from leadapron.model.assessment import Assessment
from leadapron.model.department import Basis
from leadapron.report import Document, Language, document
from leadapron.report.plan import PlanDocument, plan_document
from leadapron.rules import load_rules
from leadapron.store import Workspace
from leadapron.whatif.department import build_department
from leadapron.whatif.segment import propose

SCENARIOS = ("department", "well_run")
FOLDER = Path(__file__).parent
_PLANS = tuple(f"plan-{language}" for language in Language)
PARTS = ("assets", "flows", "findings", "exams", *_PLANS, "department", "segmentation")


@cache
def _assessment(name: str) -> Assessment:
    """One bundled capture, judged on the day it was taken."""
    sources = find_sources([str(files("leadapron.content") / "captures" / f"{name}.pcapng.zst")])
    with Workspace.ephemeral(seed_of(sources)) as workspace:
        ingest(workspace, sources)
        last = max(event.ts for event in workspace.events())
        return assess_workspace(workspace, load_rules(), load_world(), now=last)


def assessed(name: str, language: str = "en") -> Document:
    """The document of one bundled capture."""
    return document(_assessment(name), load_rules(), language)


def _planned(name: str, language: str) -> PlanDocument:
    found = _assessment(name)
    todo = plan(found.picture, found.findings, load_actions(), now=found.generated)
    return plan_document(todo, assessed(name, language))


def render(name: str) -> dict[str, str]:
    """Part → its text."""
    result = assessed(name)
    names = {asset.id: asset.addresses[0] if asset.addresses else asset.mac for asset in result.assets}
    lines = {
        "assets": _assets(result),
        "flows": _flows(result, names),
        "findings": _findings(result),
        "exams": (
            f"{cell.hour:%Y-%m-%d %H:%M} {cell.modality}: {cell.exams} exams, {cell.objects} objects, "
            f"by {', '.join(names[device] for device in cell.devices)}"
            for cell in result.utilisation
        ),
        **{f"plan-{language}": _plan(_planned(name, language)) for language in Language},
        "department": _department(name, names),
        "segmentation": _segmentation(name),
    }
    return {part: "\n".join(lines[part]) + "\n" for part in PARTS}


def path_of(name: str, part: str) -> Path:
    """Where the golden text of one part lies."""
    return FOLDER / f"{name}.{part}.txt"


def _assets(result: Document) -> Iterator[str]:
    for asset in result.assets:
        yield f"{' '.join(asset.addresses)} [{', '.join(asset.roles)}] {asset.confidence}"
        for field in ("mac", "hostnames", "ae_titles", "modalities", "manufacturer", "model", "software_versions",
                      "station_names", "os"):  # fmt: skip
            value = getattr(asset, field)
            if value:
                yield f"    {field}: {value if isinstance(value, str) else ', '.join(value)}"
        for component in asset.components:
            yield f"    component: {component.name} {component.version}"


def _flows(result: Document, names: dict[str, str]) -> Iterator[str]:
    for flow in result.flows:
        lock = " encrypted" if flow.encrypted else ""
        yield f"{names[flow.client]} -> {names[flow.server]} {flow.service}/{flow.port}{lock}"
        if flow.operations:
            yield f"    {', '.join(f'{name} {count}' for name, count in sorted(flow.operations.items()))}"
        if flow.called_ae_titles:
            yield f"    {', '.join(flow.calling_ae_titles)} calls {', '.join(flow.called_ae_titles)}"
        if flow.objects:
            yield f"    {flow.objects} objects"


def _findings(result: Document) -> Iterator[str]:
    for finding in result.findings:
        yield f"{finding.severity} {finding.rule} {finding.subject.label} ({finding.confidence})"
        yield f"    {finding.seen}"


def _plan(result: PlanDocument) -> Iterator[str]:
    yield " ".join(result.summary.verdict)
    for action in result.actions:
        yield f"{action.rank}. {action.title}"
        yield f"    {', '.join(person.name for person in action.who)}; {action.hours:g} h; {action.points:.1f}"
        yield f"    {' '.join(action.reasons)}"


def _department(name: str, names: dict[str, str]) -> Iterator[str]:
    """What an attack meets: devices by class, open passages, and what exams depend on."""
    found = _assessment(name)
    site = build_department(found.picture, found.findings, zone=UTC)
    for node in sorted(site.nodes, key=lambda node: names[node.id]):
        flags = [flag for flag in ("importer", "exposed") if getattr(node, flag)]
        yield " ".join((names[node.id], f"{node.kind}", *([node.modality] if node.modality else []), node.zone, *flags))
        yield f"    {', '.join(f'{way} {value:.2f}' for way, value in sorted(node.weak.items())) or 'never falls'}"
    for passage in site.passages:
        if passage.basis is not Basis.ASSUMED:
            yield f"{passage.source} -> {passage.target} {passage.way} {passage.basis}"
    for link in site.links:
        yield f"{names[link.source]} -> {names[link.target]} {link.way} {link.basis}"
    for chain in site.chains:
        yield f"{chain.modality}: {sum(chain.per_hour):.0f} exams a week, {chain.urgent:.0%} urgent"
        yield f"    scanners: {', '.join(names[scanner] for scanner in chain.scanners)}"
        for need in chain.needs:
            served = ", ".join(names[node] for node in need.nodes) or "outside"
            yield f"    {need.role}: {served}; {need.kept:.0%} without ({need.basis})"
    for assumption in site.assumptions:
        yield f"{assumption.basis} {assumption.message}"


def _segmentation(name: str) -> Iterator[str]:
    found = _assessment(name)
    for rule in propose(found.picture, found.findings).rules:
        sources = " ".join(rule.sources) or f"all of {rule.source_zone}"
        targets = " ".join(rule.targets) or f"all of {rule.target_zone}"
        ports = ",".join(map(str, rule.ports))
        yield f"{rule.standing} {sources} -> {targets} {rule.service} {ports}/{rule.transport}"
        if rule.reason:
            yield f"    {rule.reason}"
