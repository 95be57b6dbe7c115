"""What the guard says of itself when asked on its control socket: plain values, for people and scripts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from leadapron.guard.shell.counters import Counters
from leadapron.guard.shell.door import Door
from leadapron.guard.shell.listeners import Web
from leadapron.guard.shell.relay import Relay
from leadapron.see.wire.dissector import Side

MOST_CONNECTIONS = 1_000
"""Told one by one; the rest is in the counts."""


def told_listener(door: Door) -> dict[str, Any]:
    """One listener."""
    counters, name = door.ground.counters, door.listener.name
    return {
        "name": name,
        "speaks": door.listener.speaks.value,
        "listens": f"{door.address.ip}:{door.address.port}",
        "upstream": list(door.listener.upstream),
        "fail": door.listener.fail,
        "leaving": door.draining,
        "inside": len(door.relays),
        "connections": counters.connections[name],
        "refused": counters.refused[name],
        "associations": counters.associations[name],
        "aborted": counters.aborted[name],
        "objects": counters.objects[name],
        "findings": counters.findings[name],
        "bytes": {side: counters.bytes[name, side] for side in ("client", "server")},
    }


def told_web(web: Web, counters: Counters) -> dict[str, Any]:
    """One listener of DICOMweb."""
    listener = web.listener
    return {
        "name": listener.name,
        "speaks": listener.speaks.value,
        "listens": next((f"{ip}:{port}" for ip, port in web.guard.addresses), listener.listen),
        "upstream": list(listener.upstream),
        "fail": listener.fail,
        "leaving": False,
        "inside": web.guard.connections,
        "connections": web.guard.accepted,
        "refused": 0,
        "objects": counters.objects[listener.name],
        "findings": counters.findings[listener.name],
    }


def told_connections(doors: Iterable[Door], now: float) -> list[dict[str, Any]]:
    """Who is inside, the oldest first."""
    inside = sorted((relay for door in doors for relay in door.relays), key=lambda relay: relay.began)
    return [_told(relay, now) for relay in inside[:MOST_CONNECTIONS]]


def _told(relay: Relay, now: float) -> dict[str, Any]:
    conversation = relay.conversation
    peer = conversation.surroundings.peer if conversation is not None else None
    return {
        "uid": relay.uid,
        "client": f"{relay.address.ip}:{relay.address.port}",
        "listener": relay.listener,
        "calling": peer.calling if peer else "",
        "called": peer.called if peer else "",
        "certificate": peer.certificate if peer else "",
        "upstream": relay.upstream,
        "phase": relay.phase,
        "age": round(now - relay.began, 1),
        "quiet": round(now - relay.since, 1),
        "bytes": {"client": relay.received_bytes[Side.CLIENT], "server": relay.received_bytes[Side.SERVER]},
    }
