from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, BannerSession, Service
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.ssh import SshDissector
from tests.see.wire.hostile import Script, check_stream, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play

LOGIN: Script = [
    (SERVER, b"SSH-2.0-OpenSSH_5.3\r\n"),
    (CLIENT, b"SSH-2.0-PuTTY_Release_0.78\r\n\x00\x00\x05\x14\x06\x14"),
    (SERVER, b"\x00\x00\x03\x14\x08\x14"),
]


def test_both_sides_name_their_software() -> None:
    [session] = play(SshDissector, LOGIN)
    assert isinstance(session, BannerSession)
    assert session.service is Service.SSH
    assert session.server_banner == "SSH-2.0-OpenSSH_5.3"
    assert session.client_banner == "SSH-2.0-PuTTY_Release_0.78"
    assert session.encrypted
    assert not session.login_seen


def test_a_line_without_end_is_an_anomaly() -> None:
    [anomaly] = play(SshDissector, [(SERVER, b"SSH-2.0-" + b"a" * 300)])
    assert isinstance(anomaly, Anomaly)
    assert anomaly.name == "ssh.identification"


def test_recognised_on_any_port_by_its_first_six_bytes() -> None:
    assert SshDissector.recognise(SERVER, b"SSH-2.0-x") is Match.YES
    assert SshDissector.recognise(SERVER, b"SSH-") is Match.MORE
    assert SshDissector.recognise(SERVER, b"SSL") is Match.NO
    assert recognises_foreign(SshDissector) == []


@given(scripts(LOGIN), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(SshDissector, script, cut)
