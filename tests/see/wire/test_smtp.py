from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import BannerSession
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.smtp import SmtpDissector
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play

LOGIN: Script = [
    (SERVER, b"220 mail.example.org ESMTP Postfix\r\n"),
    (CLIENT, b"EHLO ct1\r\n"),
    (SERVER, b"250-mail.example.org\r\n250 AUTH LOGIN PLAIN\r\n"),
    (CLIENT, b"AUTH LOGIN\r\n"),
    (SERVER, b"334 VXNlcm5hbWU6\r\n"),
    (CLIENT, b"Y2FuYXJ5LXVzZXI=\r\n"),
    (SERVER, b"334 UGFzc3dvcmQ6\r\n"),
    (CLIENT, b"Y2FuYXJ5LXNlY3JldA==\r\n"),
    (SERVER, b"235 2.7.0 Authentication successful\r\n"),
    (CLIENT, b"MAIL FROM:<canary@example.org>\r\n"),
    (SERVER, b"250 ok\r\n"),
    (CLIENT, b"DATA\r\n\x0bMSH|^~\\&|canary\r\n"),
]
TLS: Script = [
    (SERVER, b"220 mail.example.org ESMTP\r\n"),
    (CLIENT, b"EHLO ct1\r\n"),
    (SERVER, b"250 STARTTLS\r\n"),
    (CLIENT, b"STARTTLS\r\n"),
    (SERVER, b"220 Ready\r\n"),
    (CLIENT, b"\x16\x03\x01\x02\x00\x01"),
]


def session_of(script: Script) -> BannerSession:
    [session] = play(SmtpDissector, script)
    assert isinstance(session, BannerSession)
    return session


def test_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(LOGIN)
    assert session.server_banner == "mail.example.org ESMTP Postfix"
    assert session.login_seen
    assert session.login_accepted
    assert session.security == "login"
    kept = encoded([session])
    assert b"canary" not in kept
    assert b"Y2FuYXJ5" not in kept


def test_plain_with_initial_response() -> None:
    assert session_of([(CLIENT, b"EHLO x\r\nAUTH PLAIN AGNhbmFyeQBjYW5hcnk=\r\n")]).login_seen


def test_challenge_response_sends_no_password() -> None:
    script: Script = [(CLIENT, b"EHLO x\r\nAUTH CRAM-MD5\r\n"), (SERVER, b"334 PDE4OTY=\r\n"), (CLIENT, b"ZGln\r\n")]
    session = session_of(script)
    assert not session.login_seen
    assert session.security == "cram-md5"


def test_starttls_encrypts() -> None:
    session = session_of(TLS)
    assert session.encrypted
    assert not session.login_seen


def test_recognition() -> None:
    assert SmtpDissector.recognise(SERVER, b"220 ftp.example.org ESMTP\r\n") is Match.YES
    assert SmtpDissector.recognise(SERVER, b"220 Microsoft FTP Service\r\n") is Match.NO
    assert SmtpDissector.recognise(CLIENT, b"HELO ct1\r\n") is Match.YES
    assert recognises_foreign(SmtpDissector) == []


@given(scripts(LOGIN, TLS), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(SmtpDissector, script, cut)
