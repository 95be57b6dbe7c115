"""NTLM messages (MS-NLMP 2.2.1), wherever they are wrapped: both hosts tell their names and versions.

User names and responses to challenges are never decoded.
"""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from leadapron.see.wire.text import printable, utf16

SIGNATURE = b"NTLMSSP\0"
MAX_NAME = 64
MAX_PAIRS = 16

FLAG_UNICODE, FLAG_ANONYMOUS, FLAG_WORKSTATION, FLAG_VERSION = 0x1, 0x800, 0x2000, 0x0200_0000
AV_END, AV_HOST, AV_DOMAIN, AV_DNS_HOST = 0, 1, 2, 3


class NtlmKind(IntEnum):
    """Message types (MS-NLMP 2.2.1)."""

    NEGOTIATE = 1
    CHALLENGE = 2
    AUTHENTICATE = 3


class NtlmMessage(Struct, frozen=True, kw_only=True):
    """What one message says of the host that sent it."""

    kind: NtlmKind
    host: str = ""
    domain: str = ""
    dns_name: str = ""
    version: str = ""
    """`major.minor.build`; empty for build 0, which is what Samba and others send in place of a real version."""
    anonymous: bool = False


def find(data: bytes) -> NtlmMessage | None:
    """The first NTLM message in `data`, found by its signature inside SPNEGO or a raw blob."""
    start = data.find(SIGNATURE)
    if start < 0:
        return None
    message = data[start:]
    kind = int.from_bytes(message[8:12], "little")
    if kind == NtlmKind.NEGOTIATE and len(message) >= 16:
        return _negotiate(message)
    if kind == NtlmKind.CHALLENGE and len(message) >= 32:
        return _challenge(message)
    if kind == NtlmKind.AUTHENTICATE and len(message) >= 64:
        return _authenticate(message)
    return None


def _negotiate(message: bytes) -> NtlmMessage:
    """2.2.1.1; its names are in the OEM character set."""
    flags = int.from_bytes(message[12:16], "little")
    host = printable(_field(message, 24), MAX_NAME) if flags & FLAG_WORKSTATION else ""
    return NtlmMessage(kind=NtlmKind.NEGOTIATE, host=host, version=_version(message, 32, flags))


def _challenge(message: bytes) -> NtlmMessage:
    """2.2.1.2; the target information holds attribute-value pairs (2.2.2.1), always UTF-16."""
    flags = int.from_bytes(message[20:24], "little")
    pairs = _field(message, 40)
    names: dict[int, str] = {}
    position = 0
    for _ in range(MAX_PAIRS):
        key = int.from_bytes(pairs[position : position + 2], "little")
        size = int.from_bytes(pairs[position + 2 : position + 4], "little")
        position += 4
        if key == AV_END or position + size > len(pairs):
            break
        if key in (AV_HOST, AV_DOMAIN, AV_DNS_HOST):
            names[key] = utf16(pairs[position : position + size], MAX_NAME)
        position += size
    return NtlmMessage(
        kind=NtlmKind.CHALLENGE,
        host=names.get(AV_HOST, ""),
        domain=names.get(AV_DOMAIN, ""),
        dns_name=names.get(AV_DNS_HOST, ""),
        version=_version(message, 48, flags),
    )


def _authenticate(message: bytes) -> NtlmMessage:
    """2.2.1.3; nobody in particular when the flag says so or when there is neither user nor response."""
    flags = int.from_bytes(message[60:64], "little")
    decode = utf16 if flags & FLAG_UNICODE else printable
    nobody = message[36:38] == b"\0\0" and message[20:22] == b"\0\0"
    return NtlmMessage(
        kind=NtlmKind.AUTHENTICATE,
        host=decode(_field(message, 44), MAX_NAME),
        version=_version(message, 64, flags),
        anonymous=nobody or bool(flags & FLAG_ANONYMOUS),
    )


def _field(message: bytes, position: int) -> bytes:
    """The payload that (length, maximum, offset) at `position` point to; empty when it lies outside."""
    size = int.from_bytes(message[position : position + 2], "little")
    offset = int.from_bytes(message[position + 4 : position + 8], "little")
    return message[offset : offset + size] if offset + size <= len(message) else b""


def _version(message: bytes, position: int, flags: int) -> str:
    found = message[position : position + 8]
    if not flags & FLAG_VERSION or len(found) < 8:
        return ""
    build = int.from_bytes(found[2:4], "little")
    return f"{found[0]}.{found[1]}.{build}" if build else ""
