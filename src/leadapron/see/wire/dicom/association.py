"""One association: who asked whom, what was agreed, how it ended (PS3.8 §7), as one event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from leadapron.model.events import DicomAssociation, DicomOutcome, Endpoint
from leadapron.see.wire.dicom.conduct import Conduct
from leadapron.see.wire.dicom.negotiation import negotiation
from leadapron.see.wire.dicom.pdu import AssociateItems, text
from leadapron.see.wire.dissector import Side


class Whereabouts(Protocol):
    """Between whom an association is, who saw it, and until when."""

    @property
    def client(self) -> Endpoint: ...
    @property
    def server(self) -> Endpoint: ...
    @property
    def uid(self) -> str: ...
    @property
    def sensor(self) -> str: ...
    def now(self) -> datetime: ...


class Association:
    """What is known so far."""

    # Defaults of the class: an association is made for every C-ECHO of a department, so making one must be cheap.
    begun = False
    """Was anything of it seen?"""
    requestor: Side | None = None
    gaps = 0
    _titles = ("", "")
    """Calling and called AE title."""
    _request: AssociateItems | None = None
    _answer: AssociateItems | None = None
    _outcome = DicomOutcome.OPEN
    _reject_reason = _abort_source = ""

    def __init__(self, pseudonym: Callable[[str], str], start: datetime, packet: int) -> None:
        self.conduct = Conduct(pseudonym)
        self._start, self._packet = start, packet

    def requested(self, body: bytes, items: AssociateItems) -> None:
        """A-ASSOCIATE-RQ: called then calling AE title, then the items."""
        self.begun = True
        self._titles = text(body[20:36]), text(body[4:20])
        self._request = items

    def awaits(self, body: bytes) -> bool:
        """Is this the request of what was answered already? A lost packet holds one side up while the other goes on."""
        return (
            self._request is None and self._answer is not None and self._titles == (text(body[20:36]), text(body[4:20]))
        )

    def answered(self, body: bytes, items: AssociateItems) -> None:
        """A-ASSOCIATE-AC, which repeats the titles of the request."""
        self.begun = True
        if self._answer is None:
            self._answer = items
        if self._request is None:
            self._titles = text(body[20:36]), text(body[4:20])

    def rejected(self, body: bytes) -> None:
        """A-ASSOCIATE-RJ: result, source, reason."""
        self.begun = True
        self._outcome = DicomOutcome.REJECTED
        self._reject_reason = f"{body[1]}.{body[2]}.{body[3]}"

    def released(self) -> None:
        """A-RELEASE-RP."""
        if self._outcome is DicomOutcome.OPEN:
            self._outcome = DicomOutcome.RELEASED

    def aborted(self, body: bytes) -> None:
        """A-ABORT: source, reason."""
        self.begun = True
        if self._outcome is not DicomOutcome.REJECTED:
            self._outcome = DicomOutcome.ABORTED
            self._abort_source = f"{body[2]}.{body[3]}"

    def transfer_syntax(self, context: int) -> str:
        """What was agreed for a context, empty where that was not seen."""
        if self._answer is not None:
            for answer in self._answer.contexts:
                if answer.id == context and answer.transfer_syntaxes:
                    return answer.transfer_syntaxes[0]
        return ""

    def event(self, place: Whereabouts) -> DicomAssociation:
        """Everything, as it stands now."""
        request, answer, conduct = self._request, self._answer, self.conduct
        outcome = self._outcome
        if outcome is DicomOutcome.OPEN and answer is None and not conduct.operations:
            outcome = DicomOutcome.UNANSWERED
        return DicomAssociation(
            ts=self._start,
            sensor=place.sensor,
            packet=self._packet,
            uid=place.uid,
            client=place.client,
            server=place.server,
            end=place.now(),
            calling_ae_title=self._titles[0],
            called_ae_title=self._titles[1],
            outcome=outcome,
            accepted=answer is not None or bool(conduct.operations),
            gaps=self.gaps,
            reject_reason=self._reject_reason,
            abort_source=self._abort_source,
            **negotiation(request, answer),
            **conduct.summary(),
        )
