"""A workspace's events → inventory, joined with what is declared and known → ranked findings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from leadapron import __version__
from leadapron.assess import assess
from leadapron.know import load_fingerprints
from leadapron.model.assessment import Assessment
from leadapron.model.picture import Picture
from leadapron.rules import Rule
from leadapron.see.inventory import build_inventory
from leadapron.store import Workspace


def assess_workspace(
    workspace: Workspace, rules: Iterable[Rule], *, now: datetime, interrupted: bool = False
) -> Assessment:
    """Everything that follows from what a workspace holds. `now` is the day of judgement (end-of-life dates)."""
    inventory = build_inventory(workspace.events(), load_fingerprints())
    return Assessment(
        generated=now,
        version=__version__,
        inventory=inventory,
        findings=assess(Picture(inventory=inventory), rules, now=now),
        interrupted=interrupted,
    )
