"""The guard's DICOM conversation as a fuzz target: hostile peers made from chance, and streams of any bytes."""

from __future__ import annotations

import random
from collections.abc import Callable

from leadapron.see.wire.dissector import Side
from tests.fuzz.inputs import pack_script, script
from tests.guard.dicom.hostile import MOST_HELD, play_hostile
from tests.guard.dicom.playbook import guarded
from tests.see.wire.test_dicom import ECHO, STORE, WIDE, query


def _streams(data: bytes) -> frozenset[str]:
    """Whatever is said, cutting it changes nothing, and little is held."""
    said = [(side, piece) for side, piece in script(data) if piece]
    joined: list[tuple[Side, bytes]] = []
    for side, piece in said:
        if joined and joined[-1][0] is side:
            joined[-1] = (side, joined[-1][1] + piece)
        else:
            joined.append((side, piece))
    one, other = guarded(said), guarded(joined)
    assert (one.to_server, one.to_client) == (other.to_server, other.to_client)
    assert one.events == other.events
    assert one.most_held <= MOST_HELD * 4
    return frozenset(f"{reason} {detail}" for reason, detail in one.refusals) | {
        type(event).__name__ for event in one.events
    }


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, parser and seeds."""
    chance = random.Random(7)
    peers = [chance.randbytes(size) for size in (20, 60, 120, 200, 300)]
    streams = [pack_script(said) for said in (ECHO, STORE, query(WIDE))]
    return [("guard-dicom-peers", play_hostile, peers), ("guard-dicom", _streams, streams)]
