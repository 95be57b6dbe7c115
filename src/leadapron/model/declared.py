"""What documents say, joined to the devices that were seen. Both stand side by side; neither overwrites the other."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from leadapron.model.events import (
    ComponentDeclared,
    DeviceDeclared,
    DocumentAdded,
    ExploitabilityDeclared,
    FormAnswer,
    ProcedureAnswered,
    TitleDeclared,
    ZoneDeclared,
)


class Declared(Struct, frozen=True, kw_only=True):
    """What documents say of one device."""

    documents: tuple[DocumentAdded, ...] = ()
    """Its MDS2 forms, SBOMs and VEX files, newest first."""
    form: Mapping[str, FormAnswer] = field(default_factory=dict)
    """MDS2 question → the newest form's answer."""
    components: tuple[ComponentDeclared, ...] = ()
    exploitability: tuple[ExploitabilityDeclared, ...] = ()
    device: DeviceDeclared | None = None
    """Its row in the asset list, the newest list's."""
    titles: tuple[TitleDeclared, ...] = ()
    """Register rows that are about it, by address or title."""


class Declarations(Struct, frozen=True, kw_only=True):
    """Everything declared, by device where it could be joined."""

    of: Mapping[str, Declared] = field(default_factory=dict)
    """Asset id → what is declared of it."""
    documents: tuple[DocumentAdded, ...] = ()
    """All documents, as added."""
    titles: tuple[TitleDeclared, ...] = ()
    """The whole AE register."""
    unseen: tuple[DeviceDeclared, ...] = ()
    """Rows of asset lists that no device seen fits."""
    zones: tuple[ZoneDeclared, ...] = ()
    answers: Mapping[str, ProcedureAnswered] = field(default_factory=dict)
    """Procedure question → the last answer given."""
