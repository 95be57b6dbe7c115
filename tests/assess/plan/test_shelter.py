"""A wall is credited with half the points of what it keeps out of reach."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from leadapron.assess.plan import plan
from leadapron.model.findings import Finding, Harm, Severity
from leadapron.model.plan import PlannedAction
from tests.assess.plan.builders import ACTIONS, NOW, finding, judged

OFFICE_REACHES_A_SCANNER: dict[str, Any] = {
    "assets": [
        {"id": "pc", "roles": ["office"], "zone": "offices"},
        *({"id": name, "roles": ["modality"], "zone": "imaging"} for name in ("ct", "mr", "us")),
        {"id": "xa", "roles": ["modality"], "zone": "theatre"},
    ],
    "flows": [{"client": "pc", "server": "ct", "service": "http", "port": 80, "answered": 1,
               "client_roles": ["office"], "server_roles": ["modality"], "client_zone": "offices"}],
}  # fmt: skip


def wall(*others: Finding) -> PlannedAction:
    """The action that puts scanners into zones, among other findings."""
    picture, found = judged(OFFICE_REACHES_A_SCANNER, "net-flat")
    assert found
    made = plan(picture, (*found, *others), ACTIONS, now=NOW)
    return next(one for one in made.actions if one.action == "segment-imaging")


def worm(asset: str) -> Finding:
    """A way in for a worm: 27 points where no exam was seen."""
    return finding("smb1", asset=asset, severity=Severity.CRITICAL, harm=(Harm.SPREAD,))


def test_a_wall_shelters_the_scanners_of_its_zone() -> None:
    alone, sheltering = wall(), wall(worm("mr"))
    assert sheltering.harm == pytest.approx(alone.harm + 13.5)
    assert sheltering.rank > alone.rank
    assert sheltering.parts[0].points == 13.5
    assert "order.shelters=1" in sheltering.reasons
    assert sheltering.findings == alone.findings


def test_all_scanners_of_the_zone_are_moved_and_their_hours_counted() -> None:
    one = wall()
    assert one.count == 3
    assert one.hours == ACTIONS["segment-imaging"].hours.base + 2 * ACTIONS["segment-imaging"].hours.each


def test_what_stands_elsewhere_or_does_not_spread_is_not_sheltered() -> None:
    secret = replace(worm("mr"), harm=(Harm.CONFIDENTIALITY,))
    assert wall(worm("xa"), worm("pc"), secret).harm == wall().harm


def test_only_walls_shelter() -> None:
    picture, found = judged(OFFICE_REACHES_A_SCANNER, "net-flat")
    made = plan(picture, (*found, worm("ct"), worm("mr")), ACTIONS, now=NOW)
    shares = [one for one in made.actions if one.action == "safe-shares"]
    assert [one.harm for one in shares] == [27.0, 27.0]
