import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import BannerSession
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.telnet import MAX_BYTES, TelnetDissector
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play

LOGIN: Script = [
    (SERVER, b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"),
    (CLIENT, b"\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0"),
    (SERVER, b"\r\nLinux 2.6.18 CT console\r\n\r\nct1 login: "),
    (CLIENT, b"c"),
    (SERVER, b"c"),
    (CLIENT, b"anary-user\r\0"),
    (SERVER, b"anary-user\r\nPassword: "),
    (CLIENT, b"canary-"),
    (CLIENT, b"secret"),
    (CLIENT, b"\r\0"),
    (SERVER, b"\r\n"),
    (SERVER, b"Last login: Tue Nov 24\r\nct1$ "),
    (CLIENT, b"ls canary-patient\r\n"),
]


def session_of(script: Script) -> BannerSession:
    [session] = play(TelnetDissector, script)
    assert isinstance(session, BannerSession)
    return session


def test_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(LOGIN)
    assert session.server_banner == "Linux 2.6.18 CT console ct1"
    assert session.login_seen
    assert session.login_accepted
    assert b"canary" not in encoded([session])


def test_refused_password() -> None:
    session = session_of([*LOGIN[:11], (SERVER, b"Login incorrect\r\nct1 login: ")])
    assert session.login_seen
    assert not session.login_accepted


def test_empty_password_is_no_credential() -> None:
    assert not session_of([*LOGIN[:7], (CLIENT, b"\r\n")]).login_seen


def test_echo_of_a_name_is_not_kept_when_only_the_server_was_captured() -> None:
    session = session_of([(SERVER, b"\xff\xfd\x18ct1 login: canary-user\r\nPassword: \r\nWelcome canary\r\n")])
    assert b"canary" not in encoded([session])


def test_endless_session_is_left() -> None:
    assert session_of([*LOGIN[:3], (SERVER, b"x" * (2 * MAX_BYTES))]).server_banner == "Linux 2.6.18 CT console ct1"


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"\xff\xfd\x18", Match.YES),
        (b"\xff\xfd", Match.MORE),
        (b"\xff\xd8\xff", Match.NO),
        (b"\xff\xfd\xee", Match.NO),
        (b"Welcome to the printer\r\nlogin: ", Match.YES),
        (b"Welcome", Match.MORE),
        (b"220 x login: ", Match.NO),
        (b"\x00\x01login: ", Match.NO),
    ],
)
def test_recognition(head: bytes, answer: Match) -> None:
    assert TelnetDissector.recognise(SERVER, head) is answer


def test_foreign_openings_are_refused() -> None:
    assert recognises_foreign(TelnetDissector) == []


@given(scripts(LOGIN), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(TelnetDissector, script, cut)
