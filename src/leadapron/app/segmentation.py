"""From a workspace to rules between zones, their rehearsal on its past traffic, and their files for firewalls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from leadapron.app.documents import read_file
from leadapron.model.assessment import Assessment
from leadapron.model.errors import UsageError
from leadapron.model.segmentation import Rehearsal, Segmentation, Standing
from leadapron.store import Workspace
from leadapron.whatif.segment import propose, read_rules, rehearse
from leadapron.whatif.segment.export import export

RULES = "segmentation.toml"
"""The rules people edit, in their workspace."""


def rules_file(workspace: Workspace) -> Path:
    """Where a department's rules are looked for."""
    return workspace.path / RULES


def proposed(assessment: Assessment) -> Segmentation:
    """Rules that allow what was seen."""
    return propose(assessment.picture, assessment.findings)


def written(workspace: Workspace, named: Path | None) -> Segmentation:
    """The rules of a file, else of the workspace's own."""
    path = named or rules_file(workspace)
    if not path.exists():
        raise UsageError(f"{path}: no such file; `leadapron segment propose` writes one")
    return read_rules(read_file(path), path.name)


def exported(
    segmentation: Segmentation, format_name: str, *, device: str | None, language: str, made: datetime
) -> Mapping[str, str]:
    """File name → text for a firewall. UsageError: rules by which nothing would work any more."""
    if all(rule.standing is Standing.REFUSE for rule in segmentation.rules):
        raise UsageError(
            "these rules allow nothing: loaded, they would stop all traffic between zones; capture traffic and "
            "propose rules again, or write what is needed into the file"
        )
    return export(segmentation, format_name, device=device, language=language, made=made)


def rehearsed(segmentation: Segmentation, assessment: Assessment) -> Rehearsal:
    """All traffic of a workspace, replayed against rules."""
    return rehearse(segmentation, assessment.picture, assessment.findings)


def labels(assessment: Assessment) -> Mapping[str, str]:
    """Address → the name people know the device by."""
    return {address: asset.label for asset in assessment.inventory.assets for address in asset.addresses}
