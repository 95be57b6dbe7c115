"""Where a document comes from: what every declaration read from it repeats."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from msgspec import Struct


class Where(TypedDict):
    """The fields that say where a declaration stands."""

    ts: datetime
    sensor: str
    packet: int
    asset: str
    model: str


class Origin(Struct, frozen=True, kw_only=True):
    """A document's name, when it was added and for what, and the key under which serial numbers are hashed."""

    name: str
    ts: datetime
    key: bytes
    asset: str = ""
    model: str = ""

    def where(self, number: int) -> Where:
        """Of its row or entry `number`, from 1; the document itself stands at 0."""
        return Where(ts=self.ts, sensor=self.name, packet=number, asset=self.asset, model=self.model)
