from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, BannerSession
from leadapron.see.wire.dissector import Match
from leadapron.see.wire.ldap import LdapDissector
from tests.see.wire.ber_bytes import integer, tlv
from tests.see.wire.hostile import Script, check_stream, encoded, recognises_foreign, scripts
from tests.see.wire.playbook import CLIENT, SERVER, play


def message(number: int, operation: bytes) -> bytes:
    return tlv(0x30, integer(number) + operation)


def bind(name: bytes, authentication: bytes) -> bytes:
    return message(1, tlv(0x60, integer(3) + tlv(4, name) + authentication))


def answer(tag: int, code: int) -> bytes:
    return message(1, tlv(tag, tlv(0x0A, bytes((code,))) + tlv(4, b"") + tlv(4, b"")))


SIMPLE: Script = [
    (CLIENT, bind(b"cn=canary-user,dc=hospital", tlv(0x80, b"canary-secret"))),
    (SERVER, answer(0x61, 0)),
    (CLIENT, message(2, tlv(0x63, b"canary"))),
]
START_TLS: Script = [
    (CLIENT, message(1, tlv(0x77, tlv(0x80, b"1.3.6.1.4.1.1466.20037")))),
    (SERVER, answer(0x78, 0)),
    (CLIENT, b"\x16\x03\x01\x00\x05hello"),
]


def session_of(script: Script) -> BannerSession:
    [session] = play(LdapDissector, script)
    assert isinstance(session, BannerSession)
    return session


def test_password_in_clear_is_seen_but_not_kept() -> None:
    session = session_of(SIMPLE)
    assert session.security == "simple"
    assert session.login_seen
    assert session.login_accepted
    assert b"canary" not in encoded([session])


def test_anonymous_bind_is_no_credential() -> None:
    session = session_of([(CLIENT, bind(b"", tlv(0x80, b""))), (SERVER, answer(0x61, 0))])
    assert session.security == "anonymous"
    assert not session.login_seen
    assert not session.login_accepted


def test_wrong_password() -> None:
    session = session_of([SIMPLE[0], (SERVER, answer(0x61, 49))])
    assert session.login_seen
    assert not session.login_accepted


def test_sasl_names_its_mechanism() -> None:
    session = session_of([(CLIENT, bind(b"", tlv(0xA3, tlv(4, b"GSS-SPNEGO") + tlv(4, b"NTLMSSP"))))])
    assert session.security == "sasl-gss-spnego"
    assert not session.login_seen


def test_start_tls_encrypts() -> None:
    session = session_of(START_TLS)
    assert session.encrypted
    assert session.security == "tls"


def test_large_results_are_skipped() -> None:
    entry = message(2, tlv(0x64, bytes(300_000)))
    assert session_of([(SERVER, entry), *SIMPLE]).login_accepted


def test_absurd_length_is_an_anomaly() -> None:
    [anomaly] = play(LdapDissector, [(CLIENT, b"\x30\x84\xff\xff\xff\xff" + bytes(5000))])
    assert isinstance(anomaly, Anomaly)
    assert anomaly.name == "ldap.encoding"


def test_recognition() -> None:
    assert LdapDissector.recognise(CLIENT, SIMPLE[0][1]) is Match.YES
    assert LdapDissector.recognise(CLIENT, b"\x30") is Match.MORE
    assert LdapDissector.recognise(SERVER, answer(0x61, 0)) is Match.YES
    snmp = tlv(0x30, integer(1) + tlv(4, b"public"))
    assert LdapDissector.recognise(CLIENT, snmp) is Match.NO
    assert recognises_foreign(LdapDissector) == []


@given(scripts(SIMPLE, START_TLS), st.integers(1, 40))
def test_hostile_bytes(script: Script, cut: int) -> None:
    check_stream(LdapDissector, script, cut)
