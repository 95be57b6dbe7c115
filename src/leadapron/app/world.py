"""What the world knows, ready to be asked: the shipped facts, a person's readings, and what was updated since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from leadapron.assess.exposures import ageing, exposures
from leadapron.know.advisories.base import load_base
from leadapron.know.feeds.snapshots import Damaged, KnowledgeStore
from leadapron.know.matching import Aliases, Matcher, load_aliases, load_overlay
from leadapron.know.matching.lifecycles import lifecycle
from leadapron.model.advisories import Advisory, Answers, Feed, Knowledge, Product
from leadapron.model.declared import Declarations
from leadapron.model.inventory import Inventory
from leadapron.model.picture import Picture

OVERLAY_STALE = 180
"""Days after which the readings of advisories that came with the program are called stale."""


class World(Struct, frozen=True, kw_only=True):
    """Everything known at one time, and how to ask it."""

    knowledge: Knowledge
    aliases: Aliases
    ask: Callable[[Product], Answers]
    damaged: tuple[Damaged, ...] = ()
    """Snapshots that could not be used; what came before them was."""

    def picture(self, inventory: Inventory, declarations: Declarations, *, today: date) -> Picture:
        """What was seen and declared, with what is known of it."""
        return Picture(
            inventory=inventory,
            declarations=declarations,
            exposures=exposures(inventory, declarations, self.ask),
            ageing=ageing(
                inventory,
                declarations,
                lambda name, version: lifecycle(self.knowledge, self.aliases, name, version, today),
            ),
        )


def load_world(folder: Path | None = None) -> World:
    """All that ships with the program, and all that `folder` holds (it need not exist)."""
    store = KnowledgeStore(folder) if folder else None
    knowledge = store.load() if store else load_base()
    overlay, aliases = load_overlay(), load_aliases()
    knowledge = replace(
        knowledge,
        advisories=(*knowledge.advisories, *overlay),
        feeds=(*knowledge.feeds, _overlay_feed(overlay)),
    )
    return World(
        knowledge=knowledge,
        aliases=aliases,
        ask=Matcher(knowledge, aliases).ask,
        damaged=store.damaged if store else (),
    )


def _overlay_feed(overlay: tuple[Advisory, ...]) -> Feed:
    return Feed(
        id="overlay",
        title="Imaging advisories, read by a person",
        source="leadapron",
        as_of=max((advisory.updated for advisory in overlay), default=None),
        fetched=None,
        records=len(overlay),
        stale_after=OVERLAY_STALE,
    )
