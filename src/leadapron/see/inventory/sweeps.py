"""Clients that tried many addresses on one port and mostly got nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from leadapron.model.events import Transport
from leadapron.model.inventory import Sweep
from leadapron.see.inventory.addresses import address_order, by_address
from leadapron.see.inventory.evidence import Evidence
from leadapron.see.inventory.fold import Fold
from leadapron.see.inventory.grouping import Grouping
from leadapron.see.inventory.records import ALWAYS, NEVER, Attempt, FlowRecord

MANY_TARGETS = 8
"""So many distinct addresses on one port, half of which gave nothing, are a sweep."""
SOME_TARGETS = 4
"""So few are one only if most gave nothing."""
SAMPLE = 16


class _Tries:
    """What one client tried on one port."""

    def __init__(self) -> None:
        self.targets: set[str] = set()
        self.answered: set[str] = set()
        self.evidence = Evidence()
        self.first, self.last = NEVER, ALWAYS

    def tried(self, server: str, record: Attempt | FlowRecord) -> None:
        self.targets.add(server)
        self.first = min(self.first, record.first)
        self.last = max(self.last, record.last)

    @property
    def is_sweep(self) -> bool:
        silent, total = len(self.targets - self.answered), len(self.targets)
        return (total >= MANY_TARGETS and 2 * silent >= total) or (total >= SOME_TARGETS and 2 * silent > total)


def find_sweeps(fold: Fold) -> dict[tuple[str, int], _Tries]:
    """(client address, TCP port) → tries, where they are a sweep. A connection without a word counts as no answer."""
    tries: dict[tuple[str, int], _Tries] = defaultdict(_Tries)
    for key, attempt in fold.attempts.items():
        if key.transport is Transport.TCP:
            entry = tries[key.client, key.port]
            entry.tried(key.server, attempt)
            if attempt.reference is not None:
                entry.evidence.merge({"sweep": (attempt.reference,)})
    for key, flow in fold.flows.items():
        if key.transport is Transport.TCP and (key.client, key.port) in tries:
            entry = tries[key.client, key.port]
            entry.tried(key.server, flow)
            if flow.bytes_to_server or flow.bytes_to_client:
                entry.answered.add(key.server)
            else:
                entry.evidence.merge({"sweep": flow.evidence.get("first", ())})
    return {key: entry for key, entry in tries.items() if entry.is_sweep}


def build_sweeps(
    found: Mapping[tuple[str, int], _Tries], grouping: Grouping, ids: Mapping[str, str]
) -> tuple[Sweep, ...]:
    """Sweeps in the model's form; the client is an asset's id."""
    return tuple(
        Sweep(
            client=ids[grouping.device_of(client)],
            port=port,
            targets=len(entry.targets),
            answered=len(entry.answered),
            addresses=by_address(entry.targets)[:SAMPLE],
            first_seen=entry.first,
            last_seen=entry.last,
            evidence=entry.evidence.freeze().get("sweep", ()),
        )
        for (client, port), entry in sorted(found.items(), key=lambda item: (address_order(item[0][0]), item[0][1]))
        if grouping.device_of(client) in ids
    )
