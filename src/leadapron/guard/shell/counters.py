"""What the guard counts about itself since it started: plain numbers, read by metrics and status."""

from __future__ import annotations

from collections import Counter

from leadapron.model.events import Event, GuardDecision, GuardNotice, ObjectPassed
from leadapron.model.guard import Action, Reason


class Counters:
    """Of all listeners; keys that start with a listener's name are bounded by the policy."""

    def __init__(self) -> None:
        self.connections: Counter[str] = Counter()
        """Listener → connections accepted."""
        self.refused: Counter[str] = Counter()
        """Listener → connections refused at the door, by a limit."""
        self.associations: Counter[str] = Counter()
        """Listener → connections that opened their protocol (association request, HL7 header)."""
        self.active: Counter[str] = Counter()
        """Listener → connections that are open now."""
        self.decisions: Counter[tuple[str, str, str, bool]] = Counter()
        """Listener, action, reason, enforced → decisions."""
        self.bytes: Counter[tuple[str, str]] = Counter()
        """Listener, `client` or `server` (who sent) → bytes read. Brought up to date twice a second."""
        self.objects: Counter[str] = Counter()
        """Listener → objects in the ledger."""
        self.object_bytes: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        """Listener → objects and messages in which inspection found something."""
        self.aborted: Counter[str] = Counter()
        """Listener → connections reset by the guard or ended by a limit of time."""
        self.upstream_failures: Counter[str] = Counter()
        """Upstream → connections that did not come about."""
        self.reloads: Counter[bool] = Counter()
        """Good → policies read again."""
        self.faults = 0
        """Defects that ended one connection each."""
        self.notices: Counter[str] = Counter()
        """Name → notices."""

    def take(self, event: Event) -> None:
        """Count what is recorded."""
        if isinstance(event, GuardDecision):
            self.decisions[event.listener, event.action, event.reason, event.enforced] += event.count
            if event.reason == Reason.CONTENT and event.action != Action.ALLOW:
                self.findings[event.listener] += event.count
        elif isinstance(event, ObjectPassed):
            self.objects[event.listener] += 1
            self.object_bytes[event.listener] += event.size
        elif isinstance(event, GuardNotice):
            self.notices[event.name] += 1
