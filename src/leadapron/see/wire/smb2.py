"""SMB 2 and 3 messages (MS-SMB2 2.2): negotiation, session set-up, tree connect."""

from __future__ import annotations

from leadapron.see.wire.smb_facts import SmbFacts
from leadapron.see.wire.text import utf16

SIGNATURE = b"\xfeSMB"
TRANSFORM = b"\xfdSMB"
"""An encrypted message (2.2.41)."""
COMPRESSED = b"\xfcSMB"
HEADER_SIZE = 64
NEGOTIATE, SESSION_SETUP, TREE_CONNECT = 0, 1, 3
COMMANDS = frozenset((NEGOTIATE, SESSION_SETUP, TREE_CONNECT))
MAX_PATH = 512

FLAGS_RESPONSE = 0x1
SIGNING_ENABLED, SIGNING_REQUIRED = 0x1, 0x2
SESSION_GUEST, SESSION_NULL, SESSION_ENCRYPT = 0x1, 0x2, 0x4
WILDCARD = 0x02FF
"""Answer to an SMB 1 negotiation: SMB 2 it will be, which one is still to be agreed (2.2.4)."""
DIALECTS = {
    0x0202: "SMB 2.0.2",
    0x0210: "SMB 2.1",
    0x0300: "SMB 3.0",
    0x0302: "SMB 3.0.2",
    0x0311: "SMB 3.1.1",
}


def command(message: bytes) -> int:
    """Command code of a header (2.2.1)."""
    return _u16(message, 12)


def is_reply(message: bytes) -> bool:
    """Sent by the server (2.2.1)."""
    return bool(message[16] & FLAGS_RESPONSE)


def read(message: bytes, facts: SmbFacts) -> None:
    """Take what a message of at least `HEADER_SIZE` bytes tells; a cut-off one tells less."""
    body = message[HEADER_SIZE:]
    granted = message[8:12] == b"\0\0\0\0"
    what, reply = command(message), is_reply(message)
    if what == NEGOTIATE:
        if reply and granted and len(body) >= 6:
            _negotiated(body, facts)
    elif what == SESSION_SETUP:
        facts.hear_ntlm(body)
        if reply and granted:
            flags = _u16(body, 2)
            facts.encrypted = facts.encrypted or bool(flags & SESSION_ENCRYPT)
            facts.session_answered(granted=True, nobody=bool(flags & (SESSION_GUEST | SESSION_NULL)))
    elif what == TREE_CONNECT:
        if reply:
            facts.tree_answered(message[24:32], granted=granted)
        else:
            start, size = _u16(body, 4), min(_u16(body, 6), MAX_PATH)
            facts.tree_asked(message[24:32], utf16(message[start : start + size], MAX_PATH))


def _negotiated(body: bytes, facts: SmbFacts) -> None:
    """2.2.4; the security mode is the server's."""
    mode, revision = _u16(body, 2), _u16(body, 4)
    facts.signing_enabled = bool(mode & SIGNING_ENABLED)
    facts.signing_required = bool(mode & SIGNING_REQUIRED)
    if revision != WILDCARD:
        facts.dialect = DIALECTS.get(revision, f"SMB {revision >> 8}.{revision >> 4 & 15}.{revision & 15}")


def _u16(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 2], "little")
