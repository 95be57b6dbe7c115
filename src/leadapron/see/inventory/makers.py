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
        self._conduct = conduct
        self._sent: dict[str, dict[str, set[DatasetSource]]] = defaultdict(lambda: defaultdict(set))
        """Device → AE title → what it sent under it."""
        self._senders: dict[Identity, dict[str, datetime]] = defaultdict(dict)
        """Machine → device that sent its objects → since when."""
        self._received: dict[tuple[str, Identity], datetime] = {}
        for transfer, seen in objects.transfers.items():
            sender, receiver = grouping.device_of(transfer.sender), grouping.device_of(transfer.receiver)
            if sender == receiver:
                continue
            identity = identity_of(transfer.source)
            self._sent[sender][transfer.title].add(transfer.source)
            senders = self._senders[identity]
            senders[sender] = min(senders.get(sender, seen.first), seen.first)
            key = (receiver, identity)
            self._received[key] = min(self._received.get(key, seen.first), seen.first)
        self.own: dict[str, dict[DatasetSource, Evidence]] = defaultdict(dict)
        self.addresses: dict[tuple[Identity, str], set[str]] = defaultdict(set)
        """(identity, AE title) → addresses that sent it as its maker."""
        for transfer, seen in objects.transfers.items():
            sender = grouping.device_of(transfer.sender)
            if transfer.sender in grouping and self._made(sender, transfer.title, transfer.source):
                self.own[sender].setdefault(transfer.source, Evidence()).merge(seen.evidence)
                if transfer.source.serial_hash:
                    self.addresses[identity_of(transfer.source), transfer.title].add(transfer.sender)

    def same_machine(self) -> Iterable[set[str]]:
        """Groups of addresses that sent the same machine's objects, as their maker and under the same AE title."""
        return (addresses for _, addresses in sorted(self.addresses.items()) if len(addresses) > 1)

    def images_of(self, device: str) -> Mapping[DatasetSource, Evidence]:
        """Its own sources, without reports and the like where it made images: those may name another program."""
        own = self.own.get(device, {})
        return {source: own[source] for source in own if source.modality not in DERIVED_MODALITIES} or own

    def is_maker(self, device: str) -> bool:
        return device in self.own

    def _made(self, sender: str, title: str, source: DatasetSource) -> bool:
        identity = identity_of(source)
        since = self._senders[identity].get(sender)
        conduct = self._conduct.get(sender) or Conduct()
        if since is None or conduct.answers_queries or (conduct.stores and not conduct.acquires):
            return False
        # A scanner may be sent its own earlier exams; anyone else who first received, passes on.
        received = self._received.get((sender, identity))
        if received is not None and received <= since and not conduct.acquires:
            return False
        sent = self._sent[sender][title]
        machines = {item.serial_hash for item in sent if item.serial_hash}
        machines = machines or {item.station_name for item in sent if item.station_name}
        images = [item for item in sent if item.modality not in DERIVED_MODALITIES]
        manufacturers = {identity_of(item).manufacturer for item in images if item.manufacturer}
        return len(machines) <= 1 and len(manufacturers) <= 1 and not self._someone_was_first(sender, identity, since)

    def _someone_was_first(self, sender: str, identity: Identity, since: datetime) -> bool:
        """Another device, which stores nothing itself, sent this machine's objects earlier."""
        if not identity.serial:
            return False
        for device, first in self._senders[identity].items():
            conduct = self._conduct.get(device) or Conduct()
            earlier = (first, device) < (since, sender) and not (conduct.answers_queries or conduct.stores)
            if earlier and not self._sent[device].keys() & self._sent[sender].keys():
                # Under one AE title, the two would be one machine with two addresses.
                return True
        return False


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
