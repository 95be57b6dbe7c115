"""What a wall is worth besides the findings it settles: until a weakness is repaired, most attackers cannot reach it.

An action with `shelters` in `content/actions` puts all scanners of the zones concerned behind the wall. Of each other
finding on them through which an attack could spread, it avoids half the points: a wall stops who comes from outside,
neither who is inside already nor who uses a link that must stay open. As these findings are settled, its place falls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from leadapron.assess.plan.gather import Work
from leadapron.assess.plan.harm import points_of
from leadapron.assess.plan.site import Site
from leadapron.model.findings import Finding, Harm
from leadapron.model.inventory import Role

SHARE = 0.5
"""Of a finding's points."""


class Shelter(Struct, frozen=True, kw_only=True):
    """What stands behind a wall, and the points that this avoids."""

    devices: Mapping[str, float]
    """Scanner → points; 0 for one without such a finding: it is moved along."""
    findings: Mapping[str, float]
    """Finding → points."""


def shelter(site: Site, work: Work, findings: Iterable[Finding]) -> Shelter:
    """What the work shelters of `findings`; nothing unless its action is a wall."""
    devices = dict.fromkeys(_behind(site, work), 0.0) if work.action.shelters else {}
    own, sheltered = {finding.id for finding in work.findings}, dict[str, float]()
    for finding in findings if devices else ():
        if Harm.SPREAD not in finding.harm or finding.id in own:
            continue
        concerned = site.concerned(finding)
        behind = [device for device in concerned if device in devices]
        points = SHARE * points_of(finding, site.all_exams) / max(len(concerned), 1)
        for device in behind:
            devices[device] += points
        if behind:
            sheltered[finding.id] = points * len(behind)
    return Shelter(devices=devices, findings=sheltered)


def _behind(site: Site, work: Work) -> Iterable[str]:
    """Scanners in the zones of the work's devices."""
    zones = {site.assets[device].zone for device in work.assets if device in site.assets} - {""}
    return sorted(asset.id for asset in site.inventory.assets if asset.zone in zones and Role.MODALITY in asset.roles)
