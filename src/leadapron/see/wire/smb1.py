"""SMB 1 messages (MS-CIFS 2.2.4, MS-SMB 2.2.4): negotiation, session set-up, tree connect."""

from __future__ import annotations

from leadapron.see.wire.smb_facts import SmbFacts
from leadapron.see.wire.text import printable, utf16

SIGNATURE = b"\xffSMB"
HEADER_SIZE = 32
NEGOTIATE, SESSION_SETUP, TREE_CONNECT, NO_COMMAND = 0x72, 0x73, 0x75, 0xFF
COMMANDS = frozenset((NEGOTIATE, SESSION_SETUP, TREE_CONNECT))

MAX_CHAIN = 4
"""AndX commands of one message that are followed."""
MAX_STRING = 128
"""Characters of a native OS name or of a share's path."""

FLAGS_REPLY = 0x80
FLAGS2_UNICODE = 0x8000
SIGNING_ENABLED, SIGNING_REQUIRED = 0x04, 0x08
ACTION_GUEST = 0x0001
NO_DIALECT = 0xFFFF


def is_reply(message: bytes) -> bool:
    """Sent by the server (MS-CIFS 2.2.3.1)."""
    return bool(message[9] & FLAGS_REPLY)


def read(message: bytes, facts: SmbFacts) -> None:
    """Take what a message of at least `HEADER_SIZE` bytes tells; a cut-off one tells less."""
    command, block = message[4], HEADER_SIZE
    for _ in range(MAX_CHAIN):
        words, data = _block(message, block)
        if command == NEGOTIATE:
            _negotiate(message, words, data, facts)
        elif command == SESSION_SETUP:
            _session_setup(message, words, data, facts)
        elif command == TREE_CONNECT:
            _tree_connect(message, words, data, facts)
        if command == NEGOTIATE or len(words) < 4 or words[0] == NO_COMMAND:
            return
        following = _u16(words, 2)
        if following <= block:
            return
        command, block = words[0], following


def _negotiate(message: bytes, words: bytes, data: int, facts: SmbFacts) -> None:
    """Dialect strings are offered and one is chosen by its index (MS-CIFS 2.2.4.52)."""
    if not is_reply(message):
        offered = [name for name in message[data:].split(b"\x02") if name]
        facts.smb1_offered = any(not name.startswith(b"SMB 2.") for name in offered)
    elif len(words) >= 2 and _u16(words, 0) != NO_DIALECT:
        facts.dialect = "SMB 1"
        if len(words) == 34:
            facts.signing_enabled = bool(words[2] & SIGNING_ENABLED)
            facts.signing_required = bool(words[2] & SIGNING_REQUIRED)


def _session_setup(message: bytes, words: bytes, data: int, facts: SmbFacts) -> None:
    """Names of both systems follow the security blob or the passwords (MS-SMB 2.2.4.6, MS-CIFS 2.2.4.53)."""
    facts.hear_ntlm(message)
    if is_reply(message):
        position = data + (_u16(words, 6) if len(words) == 8 else 0)
        names = _strings(message, position, 2)
        facts.server_native = _native(names) or facts.server_native
        facts.session_answered(granted=_succeeded(message), nobody=bool(_u16(words, 4) & ACTION_GUEST))
    elif len(words) == 24:
        facts.client_native = _native(_strings(message, data + _u16(words, 14), 2)) or facts.client_native
    elif len(words) == 26:
        position = data + _u16(words, 14) + _u16(words, 16)
        account, _, *names = _strings(message, position, 4)
        facts.nobody_asked = not account and _u16(words, 14) + _u16(words, 16) <= 2
        facts.client_native = _native(names) or facts.client_native


def _tree_connect(message: bytes, words: bytes, data: int, facts: SmbFacts) -> None:
    """A share's password, if any, lies before its path and is stepped over (MS-CIFS 2.2.4.55)."""
    key = message[26:28] + message[30:32]
    if is_reply(message):
        facts.tree_answered(key, granted=_succeeded(message))
    elif len(words) == 8:
        facts.tree_asked(key, _strings(message, data + _u16(words, 6), 1)[0])


def _native(names: list[str]) -> str:
    """Native OS; Samba claims to be an old Windows there, but tells its own name in the LAN manager's place."""
    system, manager = names[0], names[1]
    return manager if manager.startswith("Samba") else system


def _block(message: bytes, position: int) -> tuple[bytes, int]:
    """Parameter words of the block at `position` and where its data start, past the byte count."""
    count = message[position] if position < len(message) else 0
    end = position + 1 + 2 * count
    return message[position + 1 : end], end + 2


def _strings(message: bytes, position: int, count: int) -> list[str]:
    """`count` terminated strings; Unicode ones are aligned to the header (MS-CIFS 2.2.1.1.1)."""
    unicode = bool(_u16(message, 10) & FLAGS2_UNICODE)
    found = []
    if unicode:
        position += position & 1
    for _ in range(count):
        end = position
        if unicode:
            while end + 1 < len(message) and message[end : end + 2] != b"\0\0":
                end += 2
            found.append(utf16(message[position:end], MAX_STRING))
            position = end + 2
        else:
            end = message.find(b"\0", position)
            end = end if end >= 0 else len(message)
            found.append(printable(message[position:end], MAX_STRING))
            position = end + 1
    return found


def _succeeded(message: bytes) -> bool:
    return message[5:9] == b"\0\0\0\0"


def _u16(data: bytes, position: int) -> int:
    return int.from_bytes(data[position : position + 2], "little")
