"""What the DICOMweb proxy is given by the guard around it, and how it says no inside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from leadapron.guard.dicom.objects import Instruments
from leadapron.model.events import Event, GuardNotice
from leadapron.model.guard import Action, Decision, Judge, Moment, Reason


class Wiring(Struct, frozen=True, kw_only=True):
    """As `Surroundings` of a conversation, for one listener; a new policy brings a new one."""

    judge: Judge
    clock: Callable[[], Moment]
    record: Callable[[Event], None]
    """Takes finished events; never blocks."""
    pseudonym: Callable[[str], str]
    digest_key: bytes
    sensor: str
    policy_digest: str = ""
    instruments: Instruments
    """What stored objects are looked at and kept with."""

    def notice(self, name: str, listener: str, detail: str = "") -> None:
        """Tell of something amiss with the guard itself."""
        ts = datetime.fromtimestamp(self.clock().wall, UTC)
        self.record(
            GuardNotice(ts=ts, sensor=self.sensor, packet=0, name=name, alarm=True, listener=listener, detail=detail)
        )


class Refused(Exception):  # noqa: N818 (an answer, not an error)
    """A request ends here; the door turns it into an HTTP status and an event."""

    def __init__(self, decision: Decision, detail: str = "", *, status: int = 0, evidence: str = "") -> None:
        super().__init__(decision.reason)
        self.decision = decision
        self.detail = detail
        self.status = status
        """0: the usual one of the decision's reason."""
        self.evidence = evidence
        """Name in quarantine."""


def refuse(reason: Reason, detail: str = "", *, status: int = 0) -> Refused:
    """A refusal by the guard itself, which no rule asked for."""
    return Refused(Decision(action=Action.DENY, reason=reason), detail, status=status)
