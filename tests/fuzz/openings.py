"""How connections begin in protocols that the bundled captures do not hold: the least that leads a fuzzer in."""

from __future__ import annotations

from leadapron.see.wire.dissector import Side

Script = tuple[tuple[Side, bytes], ...]


def _client(data: bytes) -> tuple[Side, bytes]:
    return Side.CLIENT, data


def _server(data: bytes) -> tuple[Side, bytes]:
    return Side.SERVER, data


_GREETING = (
    b"\x0a8.0.36\0" + bytes(4) + b"saltsalt\0" + b"\xff\xff\x21\x02\x00\xff\xdf\x15" + bytes(10) + b"salt" * 3 + b"\0"
)
_PRELOGIN = bytes.fromhex("00001a000601002000010200210001030022000404002600 01ff") + bytes(13)
_DESCRIPTION = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=ris)(CID=(PROGRAM=sqlplus)(HOST=ws)(USER=u))))"
_TNS_HEAD = (
    bytes.fromhex("013e012c0c412000ffffc60e00000100") + len(_DESCRIPTION).to_bytes(2, "big") + b"\0\x3a" + bytes(30)
)
_HELLO = b"\x13\0\0\0\x10hello\0\x01\0\0\0\x08x\0\x01\0"
_MESSAGE = bytes(4) + b"\0" + _HELLO

OPENINGS: tuple[Script, ...] = (
    (_server(b"220 mail ESMTP Postfix\r\n"), _client(b"EHLO ct1\r\n"), _server(b"250-STARTTLS\r\n250 AUTH LOGIN\r\n")),
    (
        _client(bytes.fromhex("300c020101600702010304008000")),
        _server(bytes.fromhex("300c02010161070a010004000400")),
    ),
    (
        _server(len(_GREETING).to_bytes(3, "little") + b"\0" + _GREETING),
        _client(b"\x20\0\0\x01\x85\xa6\xff\x01" + bytes(28)),
    ),
    (
        _client(b"\x12\x01" + (8 + len(_PRELOGIN)).to_bytes(2, "big") + bytes(4) + _PRELOGIN),
        _server(b"\x04\x01" + (8 + len(_PRELOGIN)).to_bytes(2, "big") + bytes(4) + _PRELOGIN),
    ),
    (
        _client(
            (8 + len(_TNS_HEAD) + len(_DESCRIPTION)).to_bytes(2, "big") + b"\0\0\x01\0\0\0" + _TNS_HEAD + _DESCRIPTION
        ),
        _server(bytes.fromhex("0020000002000000013e000008007fff01000000002061410000000000000000")),
    ),
    (
        _client((16 + len(_MESSAGE)).to_bytes(4, "little") + b"\x01\0\0\0" + bytes(4) + b"\xdd\x07\0\0" + _MESSAGE),
        _server((16 + len(_MESSAGE)).to_bytes(4, "little") + b"\x02\0\0\0\x01\0\0\0\xdd\x07\0\0" + _MESSAGE),
    ),
    (_client(b"*1\r\n$4\r\nPING\r\n"), _server(b"+PONG\r\n"), _client(b"*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n")),
    (_client(b"<134>1 2026-11-24T08:00:00Z ct1 app 1 - - started\n" * 2),),
)
