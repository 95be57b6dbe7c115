"""Which PDU may come from which side, when (PS3.8 §9.2), as one table; and why a conversation must stop."""

from __future__ import annotations

from enum import IntEnum, auto

from leadapron.model.guard import Decision, Operation, Reason
from leadapron.see.wire.dicom.pdu import PduType
from leadapron.see.wire.dissector import Side

NOT_SPECIFIED, UNRECOGNISED_PDU, UNEXPECTED_PDU, UNEXPECTED_PARAMETER, INVALID_VALUE = 0, 1, 2, 5, 6
"""Reasons of an A-ABORT that the provider sends (PS3.8 Table 9-26)."""


class Phase(IntEnum):
    """Where an association stands, seen from between the two sides."""

    IDLE = auto()
    """Nothing was asked yet (Sta2)."""
    REQUESTED = auto()
    """Sta5."""
    ESTABLISHED = auto()
    """Sta6."""
    CLIENT_RELEASES = auto()
    """Sta7 of the client, Sta8 of the server."""
    SERVER_RELEASES = auto()
    COLLISION = auto()
    """Both asked for the release (Sta9, Sta10); the requestor answers first."""
    COLLISION_ANSWERED = auto()
    """Sta11, Sta12."""
    OVER = auto()
    """Sta13: nothing but closing."""


_C, _S, _P, _K = Side.CLIENT, Side.SERVER, PduType, Phase

TRANSITIONS: dict[tuple[Phase, Side, int], Phase] = {
    (_K.IDLE, _C, _P.ASSOCIATE_RQ): _K.REQUESTED,
    (_K.REQUESTED, _S, _P.ASSOCIATE_AC): _K.ESTABLISHED,
    (_K.REQUESTED, _S, _P.ASSOCIATE_RJ): _K.OVER,
    (_K.ESTABLISHED, _C, _P.DATA): _K.ESTABLISHED,
    (_K.ESTABLISHED, _S, _P.DATA): _K.ESTABLISHED,
    (_K.ESTABLISHED, _C, _P.RELEASE_RQ): _K.CLIENT_RELEASES,
    (_K.ESTABLISHED, _S, _P.RELEASE_RQ): _K.SERVER_RELEASES,
    (_K.CLIENT_RELEASES, _S, _P.DATA): _K.CLIENT_RELEASES,
    (_K.CLIENT_RELEASES, _S, _P.RELEASE_RP): _K.OVER,
    (_K.CLIENT_RELEASES, _S, _P.RELEASE_RQ): _K.COLLISION,
    (_K.SERVER_RELEASES, _C, _P.DATA): _K.SERVER_RELEASES,
    (_K.SERVER_RELEASES, _C, _P.RELEASE_RP): _K.OVER,
    (_K.SERVER_RELEASES, _C, _P.RELEASE_RQ): _K.COLLISION,
    (_K.COLLISION, _C, _P.RELEASE_RP): _K.COLLISION_ANSWERED,
    (_K.COLLISION_ANSWERED, _S, _P.RELEASE_RP): _K.OVER,
    **{(phase, side, _P.ABORT): _K.OVER for phase in Phase for side in Side if phase not in (_K.IDLE, _K.OVER)},
}
"""What is not here is illegal."""


class Breach(Exception):  # noqa: N818 (it is what a peer did, not an error of ours)
    """The association cannot go on: why, for the record, and what the A-ABORT says."""

    def __init__(
        self,
        detail: str,
        abort: int = NOT_SPECIFIED,
        *,
        reason: Reason = Reason.PROTOCOL,
        decision: Decision | None = None,
        operation: Operation | None = None,
        evidence: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail, self.abort, self.reason = detail, abort, reason
        self.decision, self.operation, self.evidence = decision, operation, evidence


def following(phase: Phase, side: Side, kind: int) -> Phase:
    """The phase after this PDU. Raises Breach where it is illegal."""
    after = TRANSITIONS.get((phase, side, kind))
    if after is None:
        known = 1 <= kind <= 7
        raise Breach("dicom.pdu-order" if known else "dicom.pdu-type", UNEXPECTED_PDU if known else UNRECOGNISED_PDU)
    return after
