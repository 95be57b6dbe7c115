"""What the guard knows of itself at one moment, and whether exams can rely on it.

The guard fills `Vitals` when it is asked; nothing here is on the way of a byte. Checks have ids; words are elsewhere.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from leadapron.guard.certificates import Expiry
from leadapron.guard.shell.counters import Counters

LEAST_FREE = 256 << 20
"""Bytes on disk below which quarantine, spool and journal are about to fail."""


class ListenerVitals(Struct, frozen=True, kw_only=True):
    """One listener now."""

    name: str
    bound: bool
    upstream: bool | None = None
    """Did the last attempt to reach an upstream succeed? None: nobody has asked yet."""


class SpoolVitals(Struct, frozen=True, kw_only=True):
    """Audit messages on their way to the collector."""

    messages: int = 0
    """Waiting on disk."""
    bytes: int = 0
    limit: int = 0
    """Bytes that may wait."""
    delivered: int = 0
    lost: int = 0
    """Could not be kept, since the start."""
    connected: bool = True


class Vitals(Struct, frozen=True, kw_only=True):
    """The guard at one moment."""

    now: datetime
    started: datetime
    version: str
    policy_digest: str
    policy_loaded: datetime
    policy_broken: bool
    """The file on disk could not be read; the policy before it is in force."""
    listeners: tuple[ListenerVitals, ...]
    counters: Counters
    certificates: tuple[Expiry, ...] = ()
    spool: SpoolVitals | None = None
    """None: no collector is set."""
    quarantined: int = 0
    """Objects."""
    quarantined_bytes: int = 0
    state_free: int | None = None
    """Bytes free on the disk of quarantine, spool and journal; None: there is none."""
    events_waiting: int = 0
    """In the journal, not yet in the workspace."""
    glass_open: int = 0
    """Break-glass openings in force."""
    lag: float = 0.0
    """Seconds by which the event loop was late at worst since last asked."""
    draining: bool = False


class Check(StrEnum):
    """What readiness asks."""

    LISTENING = "listening"
    UPSTREAM = "upstream"
    CERTIFICATE = "certificate"
    DISK = "disk"
    SPOOL = "spool"
    POLICY = "policy"
    DRAINING = "draining"


class Finding(Struct, frozen=True, kw_only=True):
    """One check that failed. `stops`: exams cannot pass; otherwise they do, and a person should look soon."""

    check: Check
    stops: bool
    listener: str = ""


def findings(vitals: Vitals) -> tuple[Finding, ...]:
    """All that is wrong; empty when the guard is well."""
    found = [Finding(check=Check.DRAINING, stops=True)] if vitals.draining else []
    if not vitals.listeners:
        found.append(Finding(check=Check.LISTENING, stops=True))
    for listener in vitals.listeners:
        if not listener.bound:
            found.append(Finding(check=Check.LISTENING, stops=True, listener=listener.name))
        if listener.upstream is False:
            found.append(Finding(check=Check.UPSTREAM, stops=True, listener=listener.name))
    own = [expiry for expiry in vitals.certificates if expiry.own]
    ended = {expiry.listener for expiry in own if not expiry.begin <= vitals.now <= expiry.end}
    found += [Finding(check=Check.CERTIFICATE, stops=True, listener=name) for name in sorted(ended)]
    if vitals.state_free is not None and vitals.state_free < LEAST_FREE:
        found.append(Finding(check=Check.DISK, stops=True))
    if vitals.spool and (not vitals.spool.connected or vitals.spool.lost):
        full = vitals.spool.bytes >= vitals.spool.limit
        found.append(Finding(check=Check.SPOOL, stops=full and vitals.spool.limit > 0))
    if vitals.policy_broken:
        found.append(Finding(check=Check.POLICY, stops=False))
    return tuple(found)


def ready(vitals: Vitals) -> bool:
    """May work be sent here?"""
    return not any(finding.stops for finding in findings(vitals))
