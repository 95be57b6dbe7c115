"""The result of the main job: what is there, what is weak, in which order to act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from leadapron.model.advisories import Feed
from leadapron.model.declared import Declarations
from leadapron.model.findings import Finding
from leadapron.model.inventory import Inventory
from leadapron.model.picture import Ageing, Exposure, Picture


class Assessment(Struct, frozen=True, kw_only=True):
    """Inventory and ranked findings (worst first) of one workspace at one time."""

    generated: datetime
    version: str
    """Version of Leadapron that made it."""
    inventory: Inventory
    findings: tuple[Finding, ...]
    declarations: Declarations = Declarations()
    exposures: Mapping[str, tuple[Exposure, ...]] = field(default_factory=dict)
    ageing: Mapping[str, tuple[Ageing, ...]] = field(default_factory=dict)
    feeds: tuple[Feed, ...] = ()
    """The sources that exposures and ends of support rest on, with their age."""
    interrupted: bool = False
    """Reading was stopped before the end of the sources: everything shown is a part."""

    @property
    def picture(self) -> Picture:
        """What its findings were judged on."""
        return Picture(
            inventory=self.inventory,
            declarations=self.declarations,
            exposures=self.exposures,
            ageing=self.ageing,
        )
