import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import RdpSession
from leadapron.see.wire.dissector import Match, Side
from leadapron.see.wire.rdp import RdpDissector
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play


def connect(kind: int, variable: bytes) -> bytes:
    """A TPKT with an X.224 connection TPDU (ITU-T X.224 §13.3)."""
    size = 6 + len(variable)
    return bytes((3, 0, 0, 5 + size, size, kind, 0, 0, 0, 0, 0)) + variable


def negotiation(kind: int, value: int) -> bytes:
    return bytes((kind, 0, 8, 0)) + value.to_bytes(4, "little")


COOKIE = b"Cookie: mstshash=canary-user\r\n"
SECURE: Script = [
    (CLIENT, connect(0xE0, COOKIE + negotiation(1, 11))),
    (SERVER, connect(0xD0, negotiation(2, 2))),
    (CLIENT, b"\x16\x03\x01\x00\x10"),
]
BARE: Script = [(CLIENT, connect(0xE0, b"")), (SERVER, connect(0xD0, b""))]
REFUSED: Script = [(CLIENT, connect(0xE0, negotiation(1, 0))), (SERVER, connect(0xD0, negotiation(3, 5)))]


def session_of(script: Script) -> RdpSession:
    [session] = play(RdpDissector, script)
    assert isinstance(session, RdpSession)
    return session


def test_security_offered_and_chosen() -> None:
    session = session_of(SECURE)
    assert session.requested == ("tls", "credssp", "credssp-ex")
    assert session.selected == "credssp"
    assert session.failure == ""
    assert b"canary" not in encoded([session])


def test_client_of_the_nineties() -> None:
    session = session_of(BARE)
    assert (session.requested, session.selected) == (("rdp",), "rdp")


def test_server_insists_on_credssp() -> None:
    session = session_of(REFUSED)
    assert (session.requested, session.selected, session.failure) == (("rdp",), "", "credssp-required")


S7 = bytes.fromhex("0300001611e00000000100c1020100c2020102c0010a")
T125 = bytes.fromhex("0300010002f0807f65")


@pytest.mark.parametrize(
    ("side", "head", "answer"),
    [
        (CLIENT, SECURE[0][1], Match.YES),
        (CLIENT, SECURE[0][1][:20], Match.MORE),
        (SERVER, SECURE[1][1], Match.YES),
        (CLIENT, S7, Match.NO),
        (SERVER, S7.replace(b"\xe0", b"\xd0"), Match.NO),
        (CLIENT, BARE[0][1], Match.MORE),
        (CLIENT, BARE[0][1] + T125, Match.YES),
        (CLIENT, BARE[0][1] + b"\x03\x00\x00\x19\x02\xf0\x80\x32\x01", Match.NO),
    ],
)
def test_only_rdp_is_taken_for_rdp(side: Side, head: bytes, answer: Match) -> None:
    assert RdpDissector.recognise(side, head) is answer


def test_foreign_openings_are_refused() -> None:
    assert recognises_foreign(RdpDissector) == []


@given(scripts(SECURE, BARE, REFUSED), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(RdpDissector, script, cut)
