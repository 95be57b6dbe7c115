"""What the guard decided, passed and noticed. No patient data: identifiers are keyed hashes, contents are digests."""

from __future__ import annotations

from leadapron.model.events.base import Event, Session, kind_tag

GUARD_SENSOR = "guard:"
"""How the names of guards begin as sensors."""


class GuardDecision(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """One answer of the guard, or several equal ones of one connection (`count`). `ts` is the first one's time."""

    listener: str
    policy: str
    """Digest of the policy file that decided."""
    action: str
    reason: str
    enforced: bool
    """False in shadow mode: what was decided did not happen."""
    rule: str = ""
    task: str = ""
    """Empty: the association or connection as such."""
    command: str = ""
    sop_class: str = ""
    calling_ae_title: str = ""
    called_ae_title: str = ""
    certificate: str = ""
    user: str = ""
    destination: str = ""
    detail: str = ""
    """Name of what inspection found, or of what was broken; never content."""
    evidence: str = ""
    """Name in quarantine."""
    person: str = ""
    """Who opened the glass."""
    count: int = 1


class ObjectPassed(Session, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """Ledger: one object at first sight, to be compared with what the archive holds later.

    Digests are keyed BLAKE3 (32 bytes, hexadecimal) under a key of the workspace: without it they tell nothing.
    """

    listener: str
    instance: str
    """Keyed hash of the SOP Instance UID."""
    study: str
    sop_class: str
    transfer_syntax: str
    size: int
    pixel_digest: str
    """Of the value of (7FE0,0010) as sent, fragments included; empty where there is none."""
    dataset_digest: str
    """Of the data set as sent, with the pixel digest in the place of the pixel value."""
    calling_ae_title: str = ""
    called_ae_title: str = ""
    status: int = -1
    """Of the archive's answer; -1: none was seen."""
    altered: bool = False
    """The guard removed something: the digests are of what it passed on."""


class GuardNotice(Event, frozen=True, kw_only=True, tag_field="kind", tag=kind_tag):
    """Something about the guard itself: started, stopped, policy loaded or broken, glass broken, certificate expiring,
    spool or quarantine full."""

    name: str
    """`guard.started`, `policy.loaded`, `policy.broken`, `break-glass.opened`, `certificate.expires`, …"""
    alarm: bool = False
    """A person should look now."""
    listener: str = ""
    person: str = ""
    detail: str = ""
    until: str = ""
    """ISO 8601, where the notice has an end."""
