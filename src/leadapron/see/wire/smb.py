"""SMB over NetBIOS sessions or directly over TCP (RFC 1002 §4.3, MS-SMB2 2.1): how both sides agree to talk, what
NTLM tells of them, which shares are opened. Files and users are never looked at.
"""

from __future__ import annotations

from leadapron.model.events import Service, SmbSession
from leadapron.see.wire import smb1, smb2
from leadapron.see.wire.dissector import STOP, Conversation, Dissector, Match, Side
from leadapron.see.wire.netbios import NAME_SIZE, decode_name
from leadapron.see.wire.smb_facts import SmbFacts

FRAME_SIZE = 4
SESSION_MESSAGE, SESSION_REQUEST, POSITIVE, KEEP_ALIVE = 0x00, 0x81, 0x82, 0x85
FRAME_TYPES = range(SESSION_REQUEST, KEEP_ALIVE + 1)
NAMES_SIZE = 2 * NAME_SIZE
MAX_HEAD = 16 * 1024
"""Bytes of a message that are looked at; the rest is skipped."""
MAX_MESSAGES = 64
"""Messages of one side after which nothing new is expected."""

SIGNATURES = frozenset((smb1.SIGNATURE, smb2.SIGNATURE, smb2.TRANSFORM, smb2.COMPRESSED))


class SmbDissector(Dissector):
    """Negotiations, session set-ups and tree connects of the first messages; all else is skipped by its length."""

    service = Service.SMB
    max_pending = MAX_HEAD + FRAME_SIZE

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation)
        self._facts = SmbFacts()
        self._messages = [0, 0]
        self._seen = False
        self._called = ""
        self._calling = ""

    @classmethod
    def recognise(cls, side: Side, head: bytes) -> Match:
        if head[:1] == b"\0":
            return _match_message(head)
        if head[:4] == b"\x81\0\0\x44"[: len(head)]:
            return Match.MORE if len(head) < 5 else Match.YES if head[4] == 0x20 else Match.NO
        if side is Side.SERVER and head[:4] == b"\x82\0\0\0"[: len(head)]:
            return _match_message(head[4:])
        return Match.NO

    @classmethod
    def recognise_midstream(cls, side: Side, head: bytes) -> Match:
        return _match_message(head)

    def feed(self, side: Side, data: bytes) -> int:
        position = 0
        while True:
            frame = data[position : position + FRAME_SIZE]
            if len(frame) < FRAME_SIZE:
                return position
            size = int.from_bytes(frame[1:4], "big")
            message = data[position + FRAME_SIZE : position + FRAME_SIZE + min(size, MAX_HEAD)]
            wanted = _wanted(frame[0], size, message)
            if wanted < 0:
                self.conversation.anomaly("smb.framing")
                return STOP
            if len(message) < wanted:
                return position
            self._message(side, frame[0], message)
            position += FRAME_SIZE + size
            self._messages[side] += 1
            if self._messages[side] >= MAX_MESSAGES:
                return STOP

    def _message(self, side: Side, frame_type: int, message: bytes) -> None:
        if frame_type == SESSION_REQUEST:
            self._called, _ = decode_name(message)
            self._calling, _ = decode_name(message[NAME_SIZE:])
        signature = message[:4]
        if frame_type != SESSION_MESSAGE or signature == smb2.COMPRESSED:
            return
        if signature == smb2.TRANSFORM:
            self._seen = self._facts.encrypted = True
            return
        dialect = smb1 if signature == smb1.SIGNATURE else smb2
        if not self._seen and dialect.is_reply(message) is (side is Side.CLIENT):
            self.conversation.swap_sides()
        self._seen = True
        dialect.read(message, self._facts)

    def close(self) -> None:
        if not self._seen:
            return
        facts, conversation = self._facts, self.conversation
        called = "" if self._called.startswith("*") else self._called
        conversation.emit(
            SmbSession(
                **self.whereabouts(),
                dialect=facts.dialect,
                smb1_offered=facts.smb1_offered,
                signing_enabled=facts.signing_enabled,
                signing_required=facts.signing_required,
                encrypted=facts.encrypted,
                server_host=facts.server.host or called,
                server_domain=facts.server.domain,
                server_dns_name=facts.server.dns_name,
                server_os=facts.server.version or facts.server_native,
                client_host=facts.client_host or self._calling,
                client_os=facts.client_version or facts.client_native,
                anonymous=facts.anonymous,
                shares=facts.shares,
            )
        )


def _match_message(head: bytes) -> Match:
    """A session message that is long enough for a header and starts with an SMB signature."""
    if len(head) < FRAME_SIZE + 4:
        prefix = head[:1] in (b"", b"\0") and (len(head) <= FRAME_SIZE or head[4] in b"\xfc\xfd\xfe\xff")
        return Match.MORE if prefix and b"SMB".startswith(head[5:8]) else Match.NO
    size = int.from_bytes(head[1:4], "big")
    fits = head[0] == SESSION_MESSAGE and size >= smb1.HEADER_SIZE and head[4:8] in SIGNATURES
    return Match.YES if fits else Match.NO


def _wanted(frame_type: int, size: int, message: bytes) -> int:
    """How much of a frame's message must be there before it is read; -1 if it is no SMB."""
    if frame_type in FRAME_TYPES:
        return min(size, NAMES_SIZE) if frame_type == SESSION_REQUEST else 0
    if frame_type != SESSION_MESSAGE:
        return -1
    if len(message) < 4:
        return 4 if size >= smb1.HEADER_SIZE else -1
    if message[:4] not in SIGNATURES or size < smb1.HEADER_SIZE:
        return -1
    if message[:4] == smb1.SIGNATURE:
        named = message[4] in smb1.COMMANDS if len(message) > 4 else False
        header = smb1.HEADER_SIZE
    elif message[:4] == smb2.SIGNATURE:
        named = len(message) >= 14 and smb2.command(message) in smb2.COMMANDS
        header = smb2.HEADER_SIZE
    else:
        return smb1.HEADER_SIZE
    if size < header:
        return -1
    return min(size, MAX_HEAD) if named else header
