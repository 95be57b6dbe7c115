import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, SmbSession
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.smb import MAX_MESSAGES, SmbDissector
from tests.see.wire import ntlm_bytes
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play

MORE_PROCESSING = 0xC000_0016


def frame(message: bytes, kind: int = 0) -> bytes:
    return bytes((kind,)) + len(message).to_bytes(3, "big") + message


def smb2(command: int, body: bytes, *, reply: bool = False, status: int = 0, number: int = 0) -> bytes:
    head = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, status, command, 1, int(reply), 0, number, 0, 0, 0, b"")
    return frame(head + body)


def smb1(command: int, words: bytes, data: bytes, *, reply: bool = False, status: int = 0) -> bytes:
    flags = 0x80 if reply else 0
    head = struct.pack("<4sBIBH12xHHHH", b"\xffSMB", command, status, flags, 0xC801, 0, 1, 0, 7)
    return frame(head + bytes((len(words) // 2,)) + words + len(data).to_bytes(2, "little") + data)


def negotiated(dialect: int, mode: int) -> bytes:
    return smb2(0, struct.pack("<HHH", 65, mode, dialect) + bytes(58), reply=True)


def setup(blob: bytes, *, reply: bool = False, status: int = 0, flags: int = 0) -> bytes:
    body = (
        struct.pack("<HHHH", 9, flags, 72, len(blob)) if reply else struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, 0, 0)
    )
    return smb2(1, body + blob, reply=reply, status=status)


def tree(path: str, number: int) -> bytes:
    name = path.encode("utf-16-le")
    return smb2(3, struct.pack("<HHHH", 9, 0, 72, len(name)) + name, number=number)


CHALLENGE = ntlm_bytes.challenge("FILES01", "HOSPITAL", "files01.hospital.lan")
SESSION: Script = [
    (CLIENT, smb1(0x72, b"", b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0")),
    (SERVER, negotiated(0x02FF, 1)),
    (CLIENT, smb2(0, struct.pack("<HHHH", 36, 5, 1, 0) + bytes(28))),
    (SERVER, negotiated(0x0311, 3)),
    (CLIENT, setup(ntlm_bytes.negotiate())),
    (SERVER, setup(CHALLENGE, reply=True, status=MORE_PROCESSING)),
    (CLIENT, setup(ntlm_bytes.authenticate("canary-user", "CT01"))),
    (SERVER, setup(b"", reply=True)),
    (CLIENT, tree("\\\\files01\\Exports", 4)),
    (SERVER, smb2(3, bytes(16), reply=True, number=4)),
    (CLIENT, tree("\\\\files01\\guessed", 5)),
    (SERVER, smb2(3, bytes(9), reply=True, status=0xC000_00CC, number=5)),
    (CLIENT, smb2(9, b"canary" * 9000)),
]


def native(*names: str) -> bytes:
    return b"".join(name.encode("utf-16-le") + b"\0\0" for name in names)


OLD: Script = [
    (CLIENT, frame(bytes([32]) + b"EDFEDADBCACACACACACACACACACACACA" + b"\0" + bytes([32]) + b"CA" * 16 + b"\0", 0x81)),
    (SERVER, frame(b"", 0x82)),
    (CLIENT, smb1(0x72, b"", b"\x02LANMAN1.0\0\x02NT LM 0.12\0")),
    (SERVER, smb1(0x72, struct.pack("<HB", 1, 0x07) + bytes(31), bytes(8), reply=True)),
    (
        CLIENT,
        smb1(
            0x73,
            struct.pack("<BBHHHHIHHII", 0xFF, 0, 0, 4356, 1, 0, 0, 1, 0, 0, 0),
            b"\0" + b"\0\0" + native("", "Windows 5.1", "LAN Manager"),
        ),
    ),
    (SERVER, smb1(0x73, struct.pack("<BBHH", 0xFF, 0, 0, 1), b"\0" + native("Windows 5.1", "LM", "W"), reply=True)),
    (CLIENT, smb1(0x75, struct.pack("<BBHHH", 0xFF, 0, 0, 0, 1), b"\0" + native("\\\\CT01\\IMAGES"))),
    (SERVER, smb1(0x75, struct.pack("<BBH", 0xFF, 0, 0) + bytes(2), b"", reply=True)),
]


def session_of(script: Script) -> SmbSession:
    [session] = play(SmbDissector, script)
    assert isinstance(session, SmbSession)
    return session


def test_dialect_signing_hosts_and_shares() -> None:
    session = session_of(SESSION)
    assert session.dialect == "SMB 3.1.1"
    assert session.smb1_offered
    assert session.signing_enabled
    assert session.signing_required
    assert (session.server_host, session.server_domain) == ("FILES01", "HOSPITAL")
    assert session.server_dns_name == "files01.hospital.lan"
    assert session.server_os == session.client_os == "10.0.17763"
    assert session.client_host == "CT01"
    assert session.shares == ("Exports",)
    assert not session.anonymous
    assert b"canary" not in encoded([session])


def test_smb1_of_an_old_console() -> None:
    session = session_of(OLD)
    assert session.dialect == "SMB 1"
    assert session.signing_enabled
    assert not session.signing_required
    assert session.server_os == session.client_os == "Windows 5.1"
    assert session.server_host == "CT01"
    assert session.anonymous
    assert session.shares == ("IMAGES",)


def test_samba_says_its_own_name_where_it_claims_to_be_windows() -> None:
    words = struct.pack("<BBHH", 0xFF, 0, 0, 0)
    session = session_of([(SERVER, smb1(0x73, words, b"\0" + native("Windows 6.1", "Samba 4.17.12"), reply=True))])
    assert session.server_os == "Samba 4.17.12"


@pytest.mark.parametrize(("flags", "anonymous", "encrypts"), [(1, True, False), (2, True, False), (4, False, True)])
def test_session_flags(flags: int, anonymous: bool, encrypts: bool) -> None:
    session = session_of([*SESSION[:7], (SERVER, setup(b"", reply=True, flags=flags))])
    assert (session.anonymous, session.encrypted) == (anonymous, encrypts)


def test_null_session_is_anonymous_only_when_it_is_granted() -> None:
    asked: Script = [*SESSION[:6], (CLIENT, setup(ntlm_bytes.authenticate("", "NMAP")))]
    assert session_of([*asked, (SERVER, setup(b"", reply=True))]).anonymous
    assert not session_of([*asked, (SERVER, setup(b"", reply=True, status=0xC000_006D))]).anonymous


def test_encrypted_messages() -> None:
    assert session_of([(CLIENT, frame(b"\xfdSMB" + bytes(80)))]).encrypted


def test_large_writes_are_skipped_by_arithmetic() -> None:
    write = smb2(9, bytes(4_000_000))
    assert session_of([(CLIENT, write), *SESSION]).dialect == "SMB 3.1.1"


def test_only_the_first_messages_are_read() -> None:
    late: Script = [(CLIENT, smb2(9, bytes(49)) * MAX_MESSAGES + tree("\\\\a\\late", 9))]
    assert session_of(late).shares == ()


def test_midstream_capture_that_begins_with_an_answer_is_turned_round() -> None:
    session = session_of([(CLIENT, negotiated(0x0210, 1))])
    assert session.client.ip == "192.0.2.2"


def test_something_else_after_a_session_header_is_an_anomaly() -> None:
    [anomaly] = play(SmbDissector, [(CLIENT, frame(b"no SMB at all, but long enough for one"))])
    assert isinstance(anomaly, Anomaly)
    assert anomaly.name == "smb.framing"


def test_recognition_needs_the_signature() -> None:
    for script in (SESSION, OLD):
        side, data = script[0]
        assert SmbDissector.recognise(side, data) is Match.YES
        assert SmbDissector.recognise(side, data[:3]) is Match.MORE
    assert SmbDissector.recognise_midstream(CLIENT, SESSION[-1][1]) is Match.YES
    assert SmbDissector.recognise(CLIENT, frame(b"\xffSMC" + bytes(40))) is Match.NO
    assert recognises_foreign(SmbDissector) == []


@given(scripts(SESSION[:-1], OLD), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(SmbDissector, script, cut)
