"""Public facts that tell software and makers from what they write on the wire; loaded by `know`, used by `see`."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class ImplementationPattern(Struct, frozen=True):
    """How one toolkit names itself in associations (PS3.7 Annex D.3.3.2)."""

    class_uid: str
    """The implementation class UID, or the root above it; empty where only the name tells."""
    version_name: str
    """Regular expression for the whole version name; its groups, joined by dots, are the version."""
    product: str


class Fingerprints(Struct, frozen=True, kw_only=True):
    """What identifiers on the wire stand for. Empty tables are valid: then nothing is named."""

    implementations: tuple[ImplementationPattern, ...] = ()
    mac_vendors: Mapping[str, str] = field(default_factory=dict)
    """Assigned MAC prefix (6, 7 or 9 lower-case hexadecimal digits) → organisation."""
