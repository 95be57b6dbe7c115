"""A workspace's events → inventory, joined with what is declared and known → ranked findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from leadapron import __version__
from leadapron.app.world import World
from leadapron.assess import assess
from leadapron.know import load_fingerprints
from leadapron.know.documents.join import join, zone_names
from leadapron.model.assessment import Assessment
from leadapron.model.declared import Declarations
from leadapron.model.events import Declaration, Event
from leadapron.model.inventory import Inventory
from leadapron.rules import Rule
from leadapron.see.inventory import build_inventory
from leadapron.store import Workspace


def assess_workspace(
    workspace: Workspace, rules: Iterable[Rule], world: World, *, now: datetime, interrupted: bool = False
) -> Assessment:
    """Everything that follows from what a workspace holds. `now` is the day of judgement (ends of support, expiry)."""
    inventory, declarations = known_of(workspace)
    picture = world.picture(inventory, declarations, today=now.date())
    return Assessment(
        generated=now,
        version=__version__,
        inventory=inventory,
        findings=assess(picture, rules, now=now),
        declarations=declarations,
        exposures=picture.exposures,
        ageing=picture.ageing,
        feeds=world.knowledge.feeds,
        interrupted=interrupted,
    )


def known_of(workspace: Workspace) -> tuple[Inventory, Declarations]:
    """What was seen, with the zones of the network plan where there is one; and what is declared, joined to it."""
    declared: list[Declaration] = []
    inventory = build_inventory(_apart(workspace.events(), declared), load_fingerprints())
    declarations = join(declared, inventory)
    if declarations.zones:
        inventory = _zoned(inventory, zone_names(inventory, declarations.zones))
    return inventory, declarations


def _apart(events: Iterable[Event], declared: list[Declaration]) -> Iterator[Event]:
    """Only what was seen goes on; what was declared is put aside."""
    for event in events:
        if isinstance(event, Declaration):
            declared.append(event)
        else:
            yield event


def _zoned(inventory: Inventory, names: Mapping[str, str]) -> Inventory:
    """Zones by the name the network plan gives them."""
    assets = tuple(replace(asset, zone=names.get(asset.id, asset.zone)) for asset in inventory.assets)
    zones = {asset.id: asset.zone for asset in assets}
    flows = tuple(
        replace(flow, client_zone=zones.get(flow.client, ""), server_zone=zones.get(flow.server, ""))
        for flow in inventory.flows
    )
    return replace(inventory, assets=assets, flows=flows)
