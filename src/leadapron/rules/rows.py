"""Devices and flows as rows for conditions: the model's fields, what documents declare, and what follows from them.

A row leaves out what was not seen, so that `exists` and `null` mean what a reader expects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from leadapron.model.declared import Declared
from leadapron.model.inventory import Asset, Flow, Inventory, Role
from leadapron.model.picture import Picture
from leadapron.rules.condition import Row
from leadapron.rules.rule import Category

IMAGING_ROLES = frozenset({Role.MODALITY, Role.PACS, Role.WORKSTATION, Role.RIS, Role.INTERFACE_ENGINE})
"""Roles without which exams are not done, stored or read."""

ADMINISTRATIVE_SHARES = frozenset({"ipc$", "print$"})
"""Shares that hold no files: every SMB session opens the first."""

DERIVED_ASSET_FIELDS = ("imaging",)
DECLARED_ASSET_FIELDS = (
    "documented",
    "listed",
    "documents",
    "mds2",
    "owner",
    "end_of_support",
    "declared_os",
    "exposure",
    "ageing",
)
"""`documented`: the workspace holds documents at all. `mds2`, `exposure` and `ageing` are mappings: question → answer,
part → verdicts, part → `ended` or `perhaps`."""
DERIVED_FLOW_FIELDS = (
    "client_imaging",
    "server_imaging",
    "cross_zone",
    "open_shares",
    "certificate_expired",
)
INVENTORY_FIELDS = ("assets", "flows", "duration", "modalities", "arp_conflicts", "sweeps", "documents", "titles")

FIELDS: Mapping[Category, frozenset[str]] = {
    Category.ASSET: frozenset({*Asset.__struct_fields__, *DERIVED_ASSET_FIELDS, *DECLARED_ASSET_FIELDS} - {"evidence"}),
    Category.FLOW: frozenset({*Flow.__struct_fields__, *DERIVED_FLOW_FIELDS} - {"evidence"}),
    Category.INVENTORY: frozenset(INVENTORY_FIELDS),
}
"""Fields a rule of each category may look at; of those that are mappings, also `field.key`."""


def is_imaging(roles: Iterable[Role]) -> bool:
    """Whether a device with these roles takes part in exams."""
    return not IMAGING_ROLES.isdisjoint(roles)


def asset_row(asset: Asset, picture: Picture | None = None) -> Row:
    """One device, with what `picture` holds on it besides."""
    declared = _declared(asset.id, picture) if picture else {}
    return _row(asset, {"imaging": is_imaging(asset.roles), **declared})


def _declared(asset_id: str, picture: Picture) -> dict[str, object]:
    declarations = picture.declarations
    said = declarations.of.get(asset_id, Declared())
    device = said.device
    exposure: dict[str, tuple[str, ...]] = {}
    for one in picture.exposures.get(asset_id, ()):
        verdicts = (answer.verdict for answer in one.answers.answers)
        exposure[one.part] = tuple(dict.fromkeys((*exposure.get(one.part, ()), *verdicts)))
    return {
        "documented": bool(declarations.documents),
        "listed": device is not None,
        "documents": tuple(dict.fromkeys(document.type for document in said.documents)),
        "mds2": {question: answer.answer for question, answer in said.form.items()},
        "owner": device.owner if device else "",
        "end_of_support": device.end_of_support if device else "",
        "declared_os": device.os if device else "",
        "exposure": exposure,
        "ageing": {one.part: "ended" if one.certain else "perhaps" for one in picture.ageing.get(asset_id, ())},
    }


def flow_row(flow: Flow) -> Row:
    """One flow."""
    expiry = flow.certificate_not_after
    return _row(
        flow,
        {
            "client_imaging": is_imaging(flow.client_roles),
            "server_imaging": is_imaging(flow.server_roles),
            "cross_zone": bool(flow.client_zone and flow.server_zone and flow.client_zone != flow.server_zone),
            "open_shares": tuple(share for share in flow.shares if not _administrative(share)),
            "certificate_expired": expiry is not None and expiry < flow.last_seen,
        },
    )


def inventory_row(picture: Picture) -> Row:
    """The whole capture: `duration` in seconds, and how many of each there are."""
    inventory = picture.inventory
    modalities = sum(Role.MODALITY in asset.roles for asset in inventory.assets)
    return {
        "assets": len(inventory.assets),
        "flows": len(inventory.flows),
        "duration": duration(inventory),
        "modalities": modalities,
        "arp_conflicts": len(inventory.arp_conflicts),
        "sweeps": len(inventory.sweeps),
        "documents": len(picture.declarations.documents),
        "titles": len(picture.declarations.titles),
    }


def rows_of(category: Category, picture: Picture) -> tuple[tuple[Asset | Flow | None, Row], ...]:
    """The rows that rules of a category see, each with the device or flow it describes."""
    match category:
        case Category.ASSET:
            return tuple((asset, asset_row(asset, picture)) for asset in picture.inventory.assets)
        case Category.FLOW:
            return tuple((flow, flow_row(flow)) for flow in picture.inventory.flows)
        case Category.INVENTORY:
            return ((None, inventory_row(picture)),)


def duration(inventory: Inventory) -> float:
    """Seconds from the first packet to the last, 0 when unknown."""
    first, last = inventory.quality.first, inventory.quality.last
    return (last - first).total_seconds() if first and last else 0.0


def _administrative(share: str) -> bool:
    return share.replace("/", "\\").rsplit("\\", 1)[-1].casefold() in ADMINISTRATIVE_SHARES


def _row(item: Struct, derived: dict[str, object]) -> Row:
    values = {name: getattr(item, name) for name in item.__struct_fields__ if name != "evidence"}
    values.update(derived)
    return {name: value for name, value in values.items() if not _empty(value)}


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | tuple | Mapping) and not value)
