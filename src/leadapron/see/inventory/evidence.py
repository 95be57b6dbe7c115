"""Where to look: a few references per facet, the earliest ones, whatever the order in which events came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from leadapron.model.events import Event
from leadapron.model.findings import EventRef

MAX_REFERENCES = 5
"""References kept per facet: enough to check a judgement, few enough to read."""


def order(reference: EventRef | Event) -> tuple[datetime, str, int]:
    """Sort key: by time, then by place."""
    return (reference.ts, reference.sensor, reference.packet)


def reference_to(event: Event) -> EventRef:
    """Where a person can open the event."""
    kind = str(type(event).__struct_config__.tag)
    return EventRef(sensor=event.sensor, packet=event.packet, ts=event.ts, kind=kind)


class Evidence(dict[str, list[EventRef]]):
    """Facet → earliest references."""

    def cite(self, facet: str, event: Event) -> None:
        """Keep a reference to `event` if it is among the earliest of this facet."""
        kept = self.setdefault(facet, [])
        if len(kept) == MAX_REFERENCES and order(event) >= order(kept[-1]):
            return
        self._insert(kept, reference_to(event))

    def merge(self, other: Mapping[str, Iterable[EventRef]]) -> None:
        """Take over another's references."""
        for facet, references in other.items():
            kept = self.setdefault(facet, [])
            for reference in references:
                self._insert(kept, reference)

    @staticmethod
    def _insert(kept: list[EventRef], reference: EventRef) -> None:
        if reference not in kept:
            kept.append(reference)
            kept.sort(key=lambda item: (*order(item), item.kind))
            del kept[MAX_REFERENCES:]

    def freeze(self) -> dict[str, tuple[EventRef, ...]]:
        """Sorted and immutable, as the model wants it."""
        return {facet: tuple(self[facet]) for facet in sorted(self) if self[facet]}
