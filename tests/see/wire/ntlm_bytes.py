"""NTLM messages (MS-NLMP 2.2.1) and SMB frames, built for tests."""

from __future__ import annotations

SIGNATURE = b"NTLMSSP\0"
UNICODE, ANONYMOUS, VERSION = 0x1, 0x800, 0x0200_0000
WINDOWS_10 = bytes((10, 0)) + (17763).to_bytes(2, "little") + b"\0\0\0\x0f"
SAMBA = bytes((6, 1, 0, 0, 0, 0, 0, 15))


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _field(data: bytes, offset: int) -> bytes:
    return len(data).to_bytes(2, "little") * 2 + _u32(offset)


def negotiate(version: bytes = WINDOWS_10) -> bytes:
    return SIGNATURE + _u32(1) + _u32(UNICODE | VERSION) + bytes(16) + version


def challenge(host: str, domain: str, dns: str, version: bytes = WINDOWS_10) -> bytes:
    pairs = b""
    for key, text in ((1, host), (2, domain), (3, dns)):
        value = text.encode("utf-16-le")
        pairs += key.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value
    pairs += bytes(4)
    head = SIGNATURE + _u32(2) + bytes(8) + _u32(UNICODE | VERSION) + bytes(16) + _field(pairs, 56) + version
    return head + pairs


def authenticate(user: str, host: str, version: bytes = WINDOWS_10) -> bytes:
    response = bytes(24) if user else b""
    parts = [b"", response, "DOMAIN".encode("utf-16-le"), user.encode("utf-16-le"), host.encode("utf-16-le"), b""]
    offset, fields = 72, b""
    for part in parts:
        fields += _field(part, offset)
        offset += len(part)
    flags = UNICODE | VERSION | (0 if user else ANONYMOUS)
    return SIGNATURE + _u32(3) + fields + _u32(flags) + version + b"".join(parts)
