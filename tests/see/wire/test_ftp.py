import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import BannerSession
from leadapron.see.wire.dissector import Match, Side
from leadapron.see.wire.ftp import FtpDissector
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play

LOGIN: Script = [
    (SERVER, b"220-Welcome\r\n220 (vsFTPd 3.0.3)\r\n"),
    (CLIENT, b"USER canary-user\r\n"),
    (SERVER, b"331 Please specify the password.\r\n"),
    (CLIENT, b"PASS canary-secret\r\n"),
    (SERVER, b"230 Login successful.\r\n"),
    (CLIENT, b"RETR canary-patient.dcm\r\n"),
]
TLS: Script = [
    (SERVER, b"220 FTP ready\r\n"),
    (CLIENT, b"AUTH TLS\r\n"),
    (SERVER, b"234 Proceed\r\n"),
    (CLIENT, b"\x16\x03\x01\x02\x00\x01"),
]


def session_of(script: Script) -> BannerSession:
    [session] = play(FtpDissector, script)
    assert isinstance(session, BannerSession)
    return session


def test_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(LOGIN)
    assert session.server_banner == "Welcome"
    assert session.login_seen
    assert session.login_accepted
    assert not session.encrypted
    assert b"canary" not in encoded([session])


def test_refused_password() -> None:
    session = session_of([*LOGIN[:4], (SERVER, b"530 Login incorrect.\r\n")])
    assert session.login_seen
    assert not session.login_accepted


def test_anonymous_login_sends_no_credential() -> None:
    session = session_of([(CLIENT, b"USER anonymous\r\nPASS guest@\r\n"), (SERVER, b"230 Welcome\r\n")])
    assert not session.login_seen
    assert session.login_accepted
    assert session.security == "anonymous"


def test_encrypted_after_auth_tls() -> None:
    session = session_of(TLS)
    assert session.encrypted
    assert session.security == "tls"
    assert not session.login_seen


def test_pop3_uses_the_same_words_but_is_not_ftp() -> None:
    assert play(FtpDissector, [(CLIENT, b"USER x\r\n"), (SERVER, b"+OK\r\n"), (CLIENT, b"PASS y\r\n")]) == []


@pytest.mark.parametrize(
    ("side", "head", "answer"),
    [
        (SERVER, b"220 ProFTPD 1.3.5 Server\r\n", Match.YES),
        (SERVER, b"220-FileZilla Server 0.9.60\r\n220 hi\r\n", Match.YES),
        (SERVER, b"220 ftp.example.org ESMTP Postfix\r\n", Match.NO),
        (SERVER, b"220 Service ready\r\n", Match.MORE),
        (SERVER, b"22", Match.MORE),
        (SERVER, b"230 x\r\n", Match.NO),
        (CLIENT, b"USER radiology\r\n", Match.YES),
        (CLIENT, b"US", Match.MORE),
        (CLIENT, b"EHLO x\r\n", Match.NO),
    ],
)
def test_recognition(side: Side, head: bytes, answer: Match) -> None:
    assert FtpDissector.recognise(side, head) is answer


def test_foreign_openings_are_refused() -> None:
    assert recognises_foreign(FtpDissector) == []


@given(scripts(LOGIN, TLS), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(FtpDissector, script, cut)
