"""What judgements are made on: what was seen, what was declared, and what the world knows about both."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from leadapron.model.advisories import Answers, Release
from leadapron.model.declared import Declarations
from leadapron.model.findings import Citation
from leadapron.model.inventory import Inventory


class Part(StrEnum):
    """Which part of a device a statement is about."""

    DEVICE = "device"
    """The device as its maker sells it."""
    SYSTEM = "system"
    """Its operating system."""
    TOOLKIT = "toolkit"
    """The DICOM software that wrote its associations (PS3.7 Annex D.3.3.2)."""
    SERVER = "server"
    """Network software that names itself in a banner."""
    COMPONENT = "component"
    """Software that its maker declares inside (SBOM), or that an inventory names."""


class Exposure(Struct, frozen=True, kw_only=True):
    """What advisories say about one part of one device."""

    part: Part
    answers: Answers
    told: Citation | None = None
    """The document that names the part; None when the network shows it."""
    evidence: str = ""
    """The raw words by which the part named itself."""
    excused: tuple[str, ...] = ()
    """Flaws that its maker says cannot be used here (VEX), left out of `answers`."""


class Ageing(Struct, frozen=True, kw_only=True):
    """A part whose maker's support has ended: for certain, or for some of the editions it may be."""

    part: Part
    product: str
    version: str
    releases: tuple[Release, ...]
    """Editions that fit what was seen; more than one when the number alone does not settle it."""
    certain: bool
    """All of them have ended."""
    evidence: str = ""
    told: Citation | None = None


class Picture(Struct, frozen=True, kw_only=True):
    """Input of all judgements; a value, so that the same picture always gives the same findings."""

    inventory: Inventory
    declarations: Declarations = Declarations()
    exposures: Mapping[str, tuple[Exposure, ...]] = field(default_factory=dict)
    """Asset id → parts that advisories speak of."""
    ageing: Mapping[str, tuple[Ageing, ...]] = field(default_factory=dict)
    """Asset id → parts past their support, in whole or perhaps."""
