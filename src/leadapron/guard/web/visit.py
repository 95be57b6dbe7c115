"""The record of one HTTP connection: what was decided on it, and what kind of requests it carried."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from leadapron.guard.web.wiring import Wiring
from leadapron.model.events import Endpoint, GuardDecision, HttpSession, TlsSession
from leadapron.model.guard import Action, Decision, Operation, Peer
from leadapron.see.wire.http.ledger import Ledger, Request
from leadapron.see.wire.http.target import read_target as read_shape

MOST_KINDS: Final = 64
"""Different decisions kept before they are recorded."""
LONGEST_WAIT: Final = 60.0
"""Seconds after which what was counted is recorded, though the connection goes on."""


class Visit:
    """Equal decisions are counted and recorded together; the first refusal of a kind is recorded at once."""

    def __init__(self, wiring: Wiring, peer: Peer, client: Endpoint, server: Endpoint, uid: str) -> None:
        self.wiring = wiring
        self.peer = peer
        """As known from the connection, without a token's subject."""
        self.client = client
        self.server = server
        """The listener's own address, until a server behind has answered."""
        self.uid = uid
        self.tls: dict[str, Any] | None = None
        """What is known of TLS (fields of TlsSession); None in clear."""
        self._ledger = Ledger()
        self._started = self._now()
        self._flushed = self._started
        self._counts: dict[GuardDecision, tuple[datetime, datetime, int]] = {}

    def decided(
        self, peer: Peer, operation: Operation | None, decision: Decision, *, detail: str = "", evidence: str = ""
    ) -> None:
        """Counts a decision."""
        event = GuardDecision(
            **self.event_fields() | {"end": self._started},
            listener=peer.listener,
            policy=self.wiring.policy_digest,
            action=decision.action,
            reason=decision.reason,
            enforced=not decision.shadow,
            rule=decision.rule.name if decision.rule else "",
            task=operation.task if operation else "",
            command=operation.command if operation else "",
            sop_class=operation.sop_class if operation else "",
            certificate=peer.certificate,
            user=peer.user,
            detail=detail,
            evidence=evidence,
            person=decision.person,
        )
        now = self._now()
        first, _, count = self._counts.get(event, (now, now, 0))
        if event not in self._counts and decision.action is not Action.ALLOW:
            self.wiring.record(replace(event, ts=now, end=now))
            count = -1
        self._counts[event] = (first, now, count + 1)
        if len(self._counts) >= MOST_KINDS or (now - self._flushed).total_seconds() > LONGEST_WAIT:
            self.flush()

    def asked(self, method: str, raw_target: str, media_types: str, credentials: str) -> None:
        """A request came. Of its path a shape is kept, of its query nothing, of its credentials the kind."""
        target = read_shape(method, raw_target.encode("latin-1", "replace"), media_types)
        self._ledger.ask(Request(method, target, credentials), opens=not self._ledger.requests)

    def answered(self, status: int, content_type: str) -> None:
        """The request that came last was answered."""
        self._ledger.answer(status, content_type)

    def event_fields(self) -> dict[str, Any]:
        """What every session event of this connection has."""
        return {
            "ts": self._started,
            "end": self._now(),
            "sensor": self.wiring.sensor,
            "packet": 0,
            "uid": self.uid,
            "client": self.client,
            "server": self.server,
        }

    def flush(self) -> None:
        """Records what was counted."""
        counts, self._counts = self._counts, {}
        self._flushed = self._now()
        for event, (first, last, count) in counts.items():
            if count > 0:
                self.wiring.record(replace(event, ts=first, end=last, count=count))

    def close(self) -> None:
        """The connection is over."""
        self.flush()
        if self.tls is not None:
            self.wiring.record(TlsSession(**self.event_fields(), **self.tls))
        elif requests := self._ledger.requests:
            exchanges = self._ledger.exchanges()
            self.wiring.record(HttpSession(**self.event_fields(), exchanges=exchanges, requests=requests))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.wiring.clock().wall, UTC)
