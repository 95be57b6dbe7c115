import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import BannerSession
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.vnc import VncDissector
from tests.see.wire.hostile import Script, check_stream, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play

PASSWORD: Script = [
    (SERVER, b"RFB 003.008\n"),
    (CLIENT, b"RFB 003.008\n"),
    (SERVER, b"\x02\x01\x02"),
    (CLIENT, b"\x02"),
    (SERVER, bytes(16)),
    (CLIENT, bytes(range(16))),
    (SERVER, b"\0\0\0\0"),
]
OLD: Script = [(SERVER, b"RFB 003.008\n"), (CLIENT, b"RFB 003.003\n"), (SERVER, b"\0\0\0\x01")]


def session_of(script: Script) -> BannerSession:
    [session] = play(VncDissector, script)
    assert isinstance(session, BannerSession)
    return session


def test_version_and_security_chosen() -> None:
    session = session_of(PASSWORD)
    assert session.server_banner == "RFB 003.008"
    assert session.security == "vnc-auth"
    assert session.login_accepted
    assert not session.encrypted


def test_old_server_decides_and_asks_nothing() -> None:
    session = session_of(OLD)
    assert session.security == "none"
    assert session.login_accepted


@pytest.mark.parametrize(("choice", "security", "encrypted"), [(19, "vencrypt", True), (30, "apple", False)])
def test_other_security(choice: int, security: str, encrypted: bool) -> None:
    script: Script = [*PASSWORD[:2], (SERVER, bytes((1, choice))), (CLIENT, bytes((choice,)))]
    session = session_of(script)
    assert (session.security, session.encrypted) == (security, encrypted)


def test_wrong_password() -> None:
    assert not session_of([*PASSWORD[:6], (SERVER, b"\0\0\0\x01")]).login_accepted


def test_recognition() -> None:
    assert VncDissector.recognise(SERVER, b"RFB 003.889\n") is Match.YES
    assert VncDissector.recognise(SERVER, b"RFB 0") is Match.MORE
    assert VncDissector.recognise(SERVER, b"RFC 003.889\n") is Match.NO
    assert recognises_foreign(VncDissector) == []


@given(scripts(PASSWORD, OLD), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(VncDissector, script, cut)
