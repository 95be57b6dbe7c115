"""What the passage of an object is given: who looks at it, who rewrites it, where it may be kept, and whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from leadapron.guard.conversation import Bytes, Surroundings
from leadapron.guard.dicom.records import LedgerEntry, Records
from leadapron.guard.inspect.inspector import Depth, Finding, Inspector
from leadapron.model.guard import Action, Decision, Operation, Peer, Reason, Rule
from leadapron.see.wire.dicom.dimse import Command


class Rewriter(Protocol):
    """Takes a data set, gives what is to go on in its place (guard.inspect)."""

    @property
    def altered(self) -> bool:
        """Was anything left out?"""

    @property
    def finding(self) -> Finding | None:
        """Why it gives nothing more, if it cannot tell what has to be left out."""

    def feed(self, data: Bytes) -> Iterable[Bytes]:
        """The next bytes."""

    def end(self) -> Iterable[Bytes]:
        """The object is over."""

    def give_up(self) -> Iterable[Bytes]:
        """Let everything pass from now on."""


class EvidenceWriter(Protocol):
    """One object on its way into quarantine (guard.quarantine)."""

    def write(self, data: Bytes) -> None:
        """The next bytes. Raises OSError where there is no room."""

    def commit(self) -> str:
        """Keep it; returns its name. Raises OSError."""

    def abort(self) -> None:
        """Forget it."""


class Suspect(Struct, frozen=True, kw_only=True):
    """An object for quarantine: what is written beside it."""

    peer: Peer
    uid: str
    """Of the connection."""
    operation: Operation
    rule: str
    finding: str
    """Empty: a rule holds the object, or may have to."""


class Instruments(Struct, frozen=True, kw_only=True):
    """What objects are looked at and kept with, over DICOM and DICOMweb alike. Made once for a guard."""

    inspector: Callable[[str, Depth, bool], Inspector]
    """Of a transfer syntax, how much is looked at, and whether digests are wanted for the ledger."""
    rewriter: Callable[[str, tuple[str, ...]], Rewriter]
    """Of a transfer syntax and the private creators whose elements stay."""
    evidence: Callable[[Suspect], EvidenceWriter] | None = None
    """Opens a place in quarantine. Raises OSError. None: there is no quarantine."""


class Request(Struct, kw_only=True):
    """A request under way."""

    command: Command
    context: int
    elements: Mapping[int, bytes]
    operation: Operation
    decision: Decision = Decision(action=Action.DENY, reason=Reason.NO_RULE)
    most_matches: int = 0
    """0: no limit."""
    matches: int = 0
    capped: bool = False
    """The server was told to stop; the rest of what it sends goes nowhere."""
    cancelled: bool = False
    entry: LedgerEntry | None = None
    """Of a stored object, once it went by."""


class Case(Struct, frozen=True, kw_only=True):
    """What the passage of an object may use."""

    surroundings: Surroundings
    records: Records
    instruments: Instruments
    transfer_syntax: str
    request: Request
    stored: bool
    """By the client: it belongs into the ledger."""
    answer: Callable[[], None]
    """Tell the sender to try again later."""

    @property
    def is_object(self) -> bool:
        """Is it a whole instance, not the attributes that an N-service names?"""
        return self.request.command.name == "C-STORE"

    @property
    def rule(self) -> Rule | None:
        """Whose bounds hold."""
        return self.request.decision.bounding

    def open_evidence(self, finding: str) -> EvidenceWriter | None:
        """A place in quarantine, if there is one."""
        if self.instruments.evidence is None:
            return None
        rule = self.request.decision.rule
        suspect = Suspect(
            peer=self.records.peer,
            uid=self.records.uid,
            operation=self.request.operation,
            rule=rule.name if rule else "",
            finding=finding,
        )
        try:
            return self.instruments.evidence(suspect)
        except OSError:
            return None
