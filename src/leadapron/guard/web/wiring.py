"""What the DICOMweb proxy is given by the guard around it, and how it says no inside."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from leadapron.guard.inspect.rules import ContentRules
from leadapron.model.events import Event
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
    rules: ContentRules | None = None
    """What inspection looks for; None: objects are only measured and digested."""
    keep: Callable[[str, tuple[tuple[int, bytes], ...]], str] | None = None
    """Puts evidence (name of the finding, bytes with their places) into quarantine; returns its name there."""


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
