"""Who sent which device's objects and studies to whom: the raw material of `makers`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from leadapron.model.events import DatasetSource, DicomAssociation
from leadapron.see.inventory.evidence import Evidence

MAX_TRANSFERS = 16_384
"""Distinct (sender, receiver, title, source) kept."""
MAX_STUDIES = 65_536
MAX_LEGS = 16
"""Distinct (sender, receiver) kept per study."""


class Transfer(NamedTuple):
    """Objects of one maker, sent from one address under one AE title to another address."""

    sender: str
    receiver: str
    title: str
    source: DatasetSource


class Seen:
    """First time, and where to look."""

    __slots__ = ("evidence", "first")

    def __init__(self, first: datetime) -> None:
        self.first = first
        self.evidence = Evidence()


class Leg:
    """Objects of one study on one way: first time, and objects by modality."""

    __slots__ = ("first", "objects")

    def __init__(self, first: datetime) -> None:
        self.first = first
        self.objects: Counter[str] = Counter()


class Objects:
    """All transfers seen."""

    def __init__(self) -> None:
        self.transfers: dict[Transfer, Seen] = {}
        self.studies: dict[str, dict[tuple[str, str], Leg]] = {}
        self.overflow = 0

    def take(self, event: DicomAssociation) -> None:
        """C-STORE by the client goes to the server; in a C-GET the server stores back (PS3.4 C.4.3)."""
        if not event.sources and not event.studies:
            return
        by_client = any(operation.command == "C-STORE" and operation.by_client for operation in event.operations)
        sender, receiver = event.client.ip, event.server.ip
        title = event.calling_ae_title
        if not by_client:
            sender, receiver, title = receiver, sender, event.called_ae_title
        for source in event.sources:
            self._transfer(Transfer(sender, receiver, title, source), event)
        for study in event.studies:
            legs = self.studies.get(study.study)
            if legs is None:
                if len(self.studies) >= MAX_STUDIES:
                    self.overflow += 1
                    continue
                legs = self.studies[study.study] = {}
            leg = legs.get((sender, receiver))
            if leg is None:
                if len(legs) >= MAX_LEGS:
                    continue
                leg = legs[sender, receiver] = Leg(event.ts)
            leg.first = min(leg.first, event.ts)
            leg.objects[study.modality] += study.objects

    def _transfer(self, transfer: Transfer, event: DicomAssociation) -> None:
        seen = self.transfers.get(transfer)
        if seen is None:
            if len(self.transfers) >= MAX_TRANSFERS:
                self.overflow += 1
                return
            seen = self.transfers[transfer] = Seen(event.ts)
        seen.first = min(seen.first, event.ts)
        seen.evidence.cite("identity", event)
