"""The result of the main job: what is there, what is weak, in which order to act."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from leadapron.model.findings import Finding
from leadapron.model.inventory import Inventory


class Assessment(Struct, frozen=True, kw_only=True):
    """Inventory and ranked findings (worst first) of one workspace at one time."""

    generated: datetime
    version: str
    """Version of Leadapron that made it."""
    inventory: Inventory
    findings: tuple[Finding, ...]
    interrupted: bool = False
    """Reading was stopped before the end of the sources: everything shown is a part."""
