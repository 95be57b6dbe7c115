"""Who made the images: a device identity is its sender's only if the sender plausibly is the maker.

A PACS or a workstation that passes images on carries the identity of the modality that made them (PS3.3 C.7.5.1).
The decision is by behaviour: whoever answers queries, received the same identity or study from another, or sends
the objects of several makers under one AE title, passes on; whoever is left and sent first, made them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from leadapron.model.events import DatasetSource
from leadapron.model.inventory import UtilisationCell
from leadapron.see.inventory.conduct import Conduct
from leadapron.see.inventory.evidence import Evidence
from leadapron.see.inventory.grouping import Grouping
from leadapron.see.inventory.objects import Objects

DERIVED_MODALITIES = frozenset({"", "SR", "PR", "KO", "SEG", "DOC", "OT", "REG", "RTSTRUCT", "AU"})
"""Kinds of objects that come with an exam but are not what it is called after."""


class Identity(NamedTuple):
    """What tells one machine from another of the same make."""

    manufacturer: str
    model: str
    serial: str


def identity_of(source: DatasetSource) -> Identity:
    """Spelling of case and blanks apart; the station name stands in for a missing serial number."""
    serial = source.serial_hash or (f"station {source.station_name}" if source.station_name else "")
    return Identity(" ".join(source.manufacturer.casefold().split()), " ".join(source.model.casefold().split()), serial)


class Makers:
    """Verdict: device → the sources that are its own, with evidence."""

    def __init__(self, objects: Objects, grouping: Grouping, conduct: Mapping[str, Conduct]) -> None:
        self._grouping = grouping
        self._conduct = conduct
        self._sent: dict[str, dict[str, set[Identity]]] = defaultdict(lambda: defaultdict(set))
        self._first_from: dict[tuple[str, Identity], datetime] = {}
        self._received: set[tuple[str, Identity]] = set()
        for transfer, seen in objects.transfers.items():
            sender, receiver = grouping.device_of(transfer.sender), grouping.device_of(transfer.receiver)
            if sender == receiver:
                continue
            identity = identity_of(transfer.source)
            self._sent[sender][transfer.title].add(identity)
            self._received.add((receiver, identity))
            key = (sender, identity)
            self._first_from[key] = min(self._first_from.get(key, seen.first), seen.first)
        self.own: dict[str, dict[DatasetSource, Evidence]] = defaultdict(dict)
        self.addresses: dict[tuple[Identity, str], set[str]] = defaultdict(set)
        """(identity, AE title) → addresses that sent it as its maker."""
        for transfer, seen in objects.transfers.items():
            sender = grouping.device_of(transfer.sender)
            identity = identity_of(transfer.source)
            if transfer.sender in grouping and self._made(sender, transfer.title, identity):
                self.own[sender].setdefault(transfer.source, Evidence()).merge(seen.evidence)
                if transfer.source.serial_hash:
                    self.addresses[identity, transfer.title].add(transfer.sender)

    def same_machine(self) -> Iterable[set[str]]:
        """Groups of addresses that sent the same machine's objects, as their maker and under the same AE title."""
        return (addresses for _, addresses in sorted(self.addresses.items()) if len(addresses) > 1)

    def is_maker(self, device: str) -> bool:
        return device in self.own

    def _made(self, sender: str, title: str, identity: Identity) -> bool:
        conduct = self._conduct.get(sender)
        if conduct is not None and (conduct.answers_queries or (conduct.stores and not conduct.acquires)):
            return False
        if (sender, identity) in self._received:
            return False
        sent = self._sent[sender][title]
        serials = {item.serial for item in sent if item.serial}
        manufacturers = {item.manufacturer for item in sent if item.manufacturer}
        return len(serials) <= 1 and len(manufacturers) <= 1 and not self._someone_was_first(sender, identity)

    def _someone_was_first(self, sender: str, identity: Identity) -> bool:
        """Another device, which stores nothing itself, sent this machine's objects earlier."""
        if not identity.serial:
            return False
        mine = self._first_from[sender, identity]
        for (device, other), first in self._first_from.items():
            if other != identity or device == sender or (first, device) >= (mine, sender):
                continue
            conduct = self._conduct.get(device)
            if conduct is None or not (conduct.answers_queries or conduct.stores):
                return not self._twin(device, sender, identity)
        return False

    def _twin(self, device: str, sender: str, identity: Identity) -> bool:
        """Do both send under one AE title? Then they are one machine with two addresses."""
        return any(identity in self._sent[device].get(title, ()) for title in self._sent[sender])


def utilisation(
    objects: Objects, grouping: Grouping, makers: Makers, ids: Mapping[str, str]
) -> tuple[UtilisationCell, ...]:
    """Exams per modality and hour: each study once, when its maker first stored it; passing it on is no exam."""
    exams: dict[tuple[datetime, str], list[str]] = defaultdict(list)
    stored: Counter[tuple[datetime, str]] = Counter()
    for legs in objects.studies.values():
        made = [
            (leg.first, device, leg)
            for (sender, _), leg in legs.items()
            if makers.is_maker(device := grouping.device_of(sender)) and device in ids
        ]
        if not made:
            continue
        first, device, leg = min(made, key=lambda item: item[:2])
        modality = _exam_modality(leg.objects)
        cell = (first.replace(minute=0, second=0, microsecond=0), modality)
        exams[cell].append(ids[device])
        stored[cell] += leg.objects.total()
    return tuple(
        UtilisationCell(
            modality=modality,
            hour=hour,
            exams=len(exams[hour, modality]),
            objects=stored[hour, modality],
            devices=tuple(sorted(set(exams[hour, modality]))),
        )
        for hour, modality in sorted(exams)
    )


def _exam_modality(counts: Counter[str]) -> str:
    """What an exam is called after: the images most numerous in it."""
    ranked = sorted(counts, key=lambda name: (name in DERIVED_MODALITIES, -counts[name], name))
    return ranked[0] if ranked else ""
