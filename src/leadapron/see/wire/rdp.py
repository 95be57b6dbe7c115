"""RDP connection request and confirm: which security was asked for and chosen (MS-RDPBCGR 2.2.1.1, 2.2.1.2).

The X.224 envelope is shared with other protocols (S7comm, MMS): only an RDP cookie, an RDP negotiation structure or
a following T.125 connect message makes it RDP.
"""

from __future__ import annotations

from leadapron.model.events import RdpSession, Service
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side

TPKT_SIZE = 4
X224_SIZE = 7
CONNECTION_REQUEST, CONNECTION_CONFIRM = 0xE0, 0xD0
MAX_CONNECT = 4 + 1 + 255
"""X.224 has a one-byte length indicator (ITU-T X.224 §13.2.1)."""
COOKIES = (b"Cookie: mstshash=", b"Cookie: msts=", b"tsv://")
DATA_T125 = {Side.CLIENT: b"\x02\xf0\x80\x7f\x65", Side.SERVER: b"\x02\xf0\x80\x7f\x66"}
"""X.224 data with T.125 connect-initial or connect-response."""

NEG_REQUEST, NEG_RESPONSE, NEG_FAILURE = 1, 2, 3
PROTOCOLS = {1: "tls", 2: "credssp", 4: "rdstls", 8: "credssp-ex", 16: "aad"}
FAILURES = {
    1: "tls-required",
    2: "tls-not-allowed",
    3: "no-certificate",
    4: "inconsistent-flags",
    5: "credssp-required",
    6: "tls-with-user-auth-required",
}


class RdpDissector(Dissector):
    """One request, one answer; all that follows is the session's own business."""

    service = Service.RDP
    max_pending = 4096

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._seen = False
        self._requested: tuple[str, ...] = ()
        self._selected = ""
        self._failure = ""

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if head[:2] != b"\x03\x00"[: len(head)]:
            return Match.NO
        if len(head) < TPKT_SIZE + X224_SIZE:
            return Match.MORE
        kind = CONNECTION_REQUEST if side is Side.CLIENT else CONNECTION_CONFIRM
        size = _connect_size(head, kind)
        if size == 0:
            return Match.NO
        if len(head) < size:
            return Match.MORE
        variable = head[TPKT_SIZE + X224_SIZE : size]
        if variable:
            evidence = variable.startswith(COOKIES) or _negotiation(variable, side) is not None
            return Match.YES if evidence else Match.NO
        data = head[size + TPKT_SIZE :][:5]
        if len(data) < 5 and head[size : size + 2] == b"\x03\x00"[: len(head) - size]:
            return Match.MORE
        return Match.YES if data == DATA_T125[side] else Match.NO

    def feed(self, side: Side, data: bytes) -> int:
        if len(data) < TPKT_SIZE + X224_SIZE:
            return 0
        size = _connect_size(data, CONNECTION_REQUEST if side is Side.CLIENT else CONNECTION_CONFIRM)
        if size == 0:
            self.conversation.anomaly("rdp.connect")
            return STOP
        if len(data) < size:
            return 0
        self._seen = True
        negotiation = _negotiation(data[TPKT_SIZE + X224_SIZE : size], side)
        if side is Side.CLIENT:
            bits = negotiation[1] if negotiation else 0
            self._requested = tuple(name for bit, name in PROTOCOLS.items() if bits & bit) or ("rdp",)
        elif negotiation is None:
            self._selected = "rdp"
        elif negotiation[0] == NEG_FAILURE:
            self._failure = FAILURES.get(negotiation[1], f"code-{negotiation[1]}")
        else:
            self._selected = PROTOCOLS.get(negotiation[1], f"protocol-{negotiation[1]}" if negotiation[1] else "rdp")
        return STOP

    def close(self) -> None:
        if not self._seen:
            return
        conversation = self.conversation
        conversation.emit(
            RdpSession(
                **self.whereabouts(),
                requested=self._requested,
                selected=self._selected,
                failure=self._failure,
            )
        )


def _connect_size(data: bytes, kind: int) -> int:
    """Size of the TPKT (RFC 1006 §6) if it is an X.224 connection TPDU of this kind and class 0, else 0."""
    size = int.from_bytes(data[2:4], "big")
    fits = TPKT_SIZE + X224_SIZE <= size <= MAX_CONNECT and data[4] == size - TPKT_SIZE - 1
    return size if fits and data[5] == kind and data[10] == 0 else 0


def _negotiation(variable: bytes, side: Side) -> tuple[int, int] | None:
    """(type, value) of RDP_NEG_REQ, RDP_NEG_RSP or RDP_NEG_FAILURE: the last structure, after any cookie's CRLF.

    A correlation-info structure (36 bytes, type 6) may follow the request.
    """
    start = variable.find(b"\r\n") + 2 if variable[:1] in b"Ct" else 0
    found = variable[start : start + 8] if start != 1 else b""
    expected = (NEG_REQUEST,) if side is Side.CLIENT else (NEG_RESPONSE, NEG_FAILURE)
    if len(found) < 8 or found[0] not in expected or found[2:4] != b"\x08\x00":
        return None
    return found[0], int.from_bytes(found[4:8], "little")
