"""A workspace's events → inventory → ranked findings."""

from __future__ import annotations

from datetime import datetime

from leadapron import __version__
from leadapron.assess import assess
from leadapron.know import load_fingerprints
from leadapron.model.assessment import Assessment
from leadapron.rules import Rule, load_rules
from leadapron.see.inventory import build_inventory
from leadapron.store import Workspace


def assess_workspace(
    workspace: Workspace, *, now: datetime, interrupted: bool = False, rules: tuple[Rule, ...] | None = None
) -> Assessment:
    """Everything that follows from what a workspace holds. `now` is the day of judgement (end-of-life dates)."""
    inventory = build_inventory(workspace.events(), load_fingerprints())
    return Assessment(
        generated=now,
        version=__version__,
        inventory=inventory,
        findings=assess(inventory, load_rules() if rules is None else rules, now=now),
        interrupted=interrupted,
    )
