"""TLS: real handshakes made in memory, and hellos written byte by byte."""

from __future__ import annotations

import datetime
import ssl
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, Event, TlsSession
from leadapron.see.wire.dissector import STOP, Match, Side
from leadapron.see.wire.tls import TlsDissector
from leadapron.see.wire.tls.certificate import parse_certificate
from leadapron.see.wire.tls.hello import ClientHello
from leadapron.see.wire.tls.ja4 import ja4
from tests.see.wire.playbook import CLIENT, SERVER, ScriptedConversation, play

Script = list[tuple[Side, bytes]]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate and its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "pacs.example"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hospital"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "someone@pacs.example"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "identity.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Handshake:
    """Two TLS ends in memory; `script` is what the wire between them would have shown."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None = None):
        self.script: Script = []
        self._to_client, self._to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        client_out, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(self._to_client, client_out, server_hostname="pacs.example", session=session)
        self.server = server.wrap_bio(self._to_server, server_out, server_side=True)
        self._ends = (
            (CLIENT, self.client, client_out, self._to_server),
            (SERVER, self.server, server_out, self._to_client),
        )

    def run(self) -> Script:
        for step in ("do_handshake", "do_handshake", "do_handshake", "write", "read"):
            for side, end, out, peer in self._ends:
                try:
                    getattr(end, step)(*{"write": (b"secret" * 500,)}.get(step, ()))
                except ssl.SSLError:
                    pass
                data = out.read()
                if data:
                    self.script.append((side, data))
                    peer.write(data)
        return self.script


def contexts(identity: Path, version: ssl.TLSVersion) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(identity)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.maximum_version = version
    return server, client


def only(events: Sequence[Event]) -> TlsSession:
    assert len(events) == 1, events
    (event,) = events
    assert isinstance(event, TlsSession)
    return event


def test_a_tls_1_2_session_shows_what_was_offered_chosen_and_shown(identity: Path) -> None:
    server, client = contexts(identity, ssl.TLSVersion.TLSv1_2)
    client.set_alpn_protocols(["acr-nema", "http/1.1"])
    handshake = Handshake(server, client)
    seen = only(play(TlsDissector, handshake.run()))
    assert seen.offered_version == seen.version == "TLS 1.2"
    assert seen.cipher.startswith("TLS_ECDHE_ECDSA_WITH_")
    assert seen.sni == "pacs.example"
    assert seen.alpn == ("acr-nema", "http/1.1")
    assert seen.ja4.startswith("t12d")
    assert seen.established
    assert not seen.resumed
    assert not seen.alert
    assert seen.certificate is not None
    assert seen.certificate.subject == seen.certificate.issuer == "O=Hospital,CN=pacs.example"
    assert seen.certificate.self_signed
    assert (seen.certificate.key_type, seen.certificate.key_bits) == ("ec", 256)
    assert seen.certificate.signature_hash == "sha256"
    assert seen.certificate.not_after.year == 2025


def test_tls_1_3_hides_the_certificate_but_not_the_version(identity: Path) -> None:
    handshake = Handshake(*contexts(identity, ssl.TLSVersion.TLSv1_3))
    seen = only(play(TlsDissector, handshake.run()))
    assert (seen.offered_version, seen.version) == ("TLS 1.3", "TLS 1.3")
    assert seen.cipher in ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256")
    assert seen.ja4.startswith("t13d")
    assert seen.established
    assert seen.certificate is None


def test_the_chosen_protocol_replaces_the_offered_ones(identity: Path) -> None:
    server, client = contexts(identity, ssl.TLSVersion.TLSv1_2)
    client.set_alpn_protocols(["h2", "http/1.1"])
    server.set_alpn_protocols(["http/1.1"])
    assert only(play(TlsDissector, Handshake(server, client).run())).alpn == ("http/1.1",)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_session_is_told_from_a_full_one(identity: Path, version: ssl.TLSVersion) -> None:
    server, client = contexts(identity, version)
    first = Handshake(server, client)
    assert not only(play(TlsDissector, first.run())).resumed
    second = Handshake(server, client, session=first.client.session)
    seen = only(play(TlsDissector, second.run()))
    assert second.client.session_reused
    assert seen.resumed
    assert seen.established


def test_mutual_tls_shows_that_a_client_certificate_was_asked_and_given(identity: Path) -> None:
    server, client = contexts(identity, ssl.TLSVersion.TLSv1_2)
    server.verify_mode = ssl.CERT_OPTIONAL
    server.load_verify_locations(identity)
    without = only(play(TlsDissector, Handshake(server, client).run()))
    assert (without.client_certificate_requested, without.client_certificate) == (True, False)
    client.load_cert_chain(identity)
    given_one = only(play(TlsDissector, Handshake(server, client).run()))
    assert (given_one.client_certificate_requested, given_one.client_certificate) == (True, True)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_refuses_the_certificate_establishes_nothing(identity: Path, version: ssl.TLSVersion) -> None:
    server, client = contexts(identity, version)
    client.verify_mode = ssl.CERT_REQUIRED
    seen = only(play(TlsDissector, Handshake(server, client).run()))
    assert not seen.established
    if version is ssl.TLSVersion.TLSv1_2:
        assert seen.alert == "unknown_ca"


def test_a_server_without_a_common_version_answers_with_an_alert(identity: Path) -> None:
    server, client = contexts(identity, ssl.TLSVersion.TLSv1_2)
    server.minimum_version = ssl.TLSVersion.TLSv1_3
    seen = only(play(TlsDissector, Handshake(server, client).run()))
    assert (seen.alert, seen.version, seen.established) == ("protocol_version", "", False)


def test_a_hello_retry_request_is_not_the_end_of_plain_hellos(identity: Path) -> None:
    server, client = contexts(identity, ssl.TLSVersion.TLSv1_3)
    server.set_ecdh_curve("secp384r1")
    handshake = Handshake(server, client)
    seen = only(play(TlsDissector, handshake.run()))
    assert handshake.client.version() == "TLSv1.3"
    assert (seen.version, seen.established, seen.resumed) == ("TLS 1.3", True, False)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_nothing_depends_on_how_bytes_were_cut(identity: Path, version: ssl.TLSVersion) -> None:
    script = Handshake(*contexts(identity, version)).run()
    whole = play(TlsDissector, script)
    for cut in (1, 2, 7, [5, 1, 300]):
        assert play(TlsDissector, script, cut=cut) == whole


@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_one_side_alone_tells_what_it_can(identity: Path, side: Side) -> None:
    script = Handshake(*contexts(identity, ssl.TLSVersion.TLSv1_2)).run()
    seen = only(play(TlsDissector, [(who, data) for who, data in script if who is side]))
    assert seen.established
    assert bool(seen.ja4) == (side is CLIENT)
    assert (seen.certificate is not None) == (side is SERVER)


def test_nothing_more_is_asked_for_once_a_side_sends_data(identity: Path) -> None:
    dissector = TlsDissector(ScriptedConversation())
    answers = [
        dissector.feed(side, data) for side, data in Handshake(*contexts(identity, ssl.TLSVersion.TLSv1_2)).run()
    ]
    assert answers[-2:] == [STOP, STOP]


def test_after_a_gap_in_the_certificate_the_session_is_still_seen_to_come_up(identity: Path) -> None:
    script = Handshake(*contexts(identity, ssl.TLSVersion.TLSv1_2)).run()
    conversation = ScriptedConversation()
    dissector = TlsDissector(conversation)
    flight = next(data for side, data in script if side is SERVER)
    for side, data in script:
        if data is flight:
            dissector.feed(side, data[:200])
            dissector.gap(side, 200)
            data = data[400:]
        dissector.feed(side, data)
    dissector.close()
    seen = only(conversation.events)
    assert seen.established
    assert seen.certificate is None
    assert not seen.resumed


# Hellos by hand


def record(kind: int, body: bytes, version: int = 0x0301) -> bytes:
    return struct.pack(">BHH", kind, version, len(body)) + body


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def client_hello(version: int, ciphers: Sequence[int], extensions: bytes = b"") -> bytes:
    suites = b"".join(struct.pack(">H", suite) for suite in ciphers)
    body = struct.pack(">H", version) + bytes(32) + b"\x00" + struct.pack(">H", len(suites)) + suites + b"\x01\x00"
    if extensions:
        body += struct.pack(">H", len(extensions)) + extensions
    return message(1, body)


def server_hello(version: int, cipher: int, extensions: bytes = b"") -> bytes:
    body = struct.pack(">H", version) + bytes(32) + b"\x00" + struct.pack(">HB", cipher, 0)
    return message(2, body + (struct.pack(">H", len(extensions)) + extensions if extensions else b""))


def test_old_versions_and_suites_have_their_names() -> None:
    script = [
        (CLIENT, record(22, client_hello(0x0301, [0x0005, 0x000A]), 0x0300)),
        (SERVER, record(22, server_hello(0x0300, 0x0005), 0x0300)),
    ]
    seen = only(play(TlsDissector, script, cut=1))
    assert (seen.offered_version, seen.version, seen.cipher) == ("TLS 1.0", "SSL 3.0", "TLS_RSA_WITH_RC4_128_SHA")
    assert seen.ja4 == "t10i020000_" + seen.ja4.split("_")[1] + "_000000000000"


def test_an_unknown_suite_is_its_number() -> None:
    assert only(play(TlsDissector, [(SERVER, record(22, server_hello(0x0303, 0xABCD)))])).cipher == "0xABCD"


def test_ja4_of_the_published_example() -> None:
    """The example of FoxIO's definition; reserved numbers, SNI and ALPN added as they say."""
    ciphers = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
    extensions = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
    algorithms = "0403,0804,0401,0503,0805,0501,0806,0601"

    def listed(text: str, *grease: int) -> tuple[int, ...]:
        return (*grease, *(int(number, 16) for number in text.split(",")))

    hello = ClientHello(
        legacy_version=0x0303,
        versions=(0x2A2A, 0x0304, 0x0303),
        ciphers=listed(ciphers, 0x8A8A),
        extensions=listed(extensions, 0x6A6A),
        signature_algorithms=listed(algorithms),
        alpn=(b"h2", b"http/1.1"),
        server_name="example.com",
    )
    assert ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


@pytest.mark.parametrize(
    ("name", "ends"), [(b"h2", "h2"), (b"h", "hh"), (b"\xab", "ab"), (b"\x30\xab", "3b"), (b"", "00")]
)
def test_ja4_writes_odd_protocol_names_in_hexadecimal(name: bytes, ends: str) -> None:
    hello = ClientHello(legacy_version=0x0303, versions=(), ciphers=(), alpn=(name,))
    assert ja4(hello) == f"t12i0000{ends}_000000000000_000000000000"


def ssl2_hello(version: int) -> bytes:
    specs = bytes.fromhex("010080 000005 0000ff")
    body = struct.pack(">BHHHH", 1, version, len(specs), 0, 16) + specs + bytes(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


@pytest.mark.parametrize(("version", "name"), [(0x0002, "SSL 2.0"), (0x0301, "TLS 1.0")])
def test_a_hello_in_the_manner_of_ssl_2_is_read(version: int, name: str) -> None:
    script = [(CLIENT, ssl2_hello(version))]
    seen = only(play(TlsDissector, script))
    assert seen.offered_version == name
    assert play(TlsDissector, script, cut=1) == [seen]
    assert TlsDissector.recognise(CLIENT, ssl2_hello(version)) is Match.YES


def test_a_server_that_answers_in_ssl_2_says_so() -> None:
    answer = bytes.fromhex("8020 04 00 01 0002 0000 0003 0010") + bytes(30)
    seen = only(play(TlsDissector, [(CLIENT, ssl2_hello(2)), (SERVER, answer), (CLIENT, b"\x00\x12\x00")]))
    assert seen.version == "SSL 2.0"


def test_a_message_over_several_records_and_several_messages_in_one() -> None:
    hello = client_hello(0x0303, [0xC02F] * 400, extension(0, b"\x00\x07\x00\x00\x04PACS"))
    pieces = b"".join(record(22, hello[at : at + 100]) for at in range(0, len(hello), 100))
    answer = record(22, server_hello(0x0303, 0xC02F) + message(13, b"") + message(14, b""), 0x0303)
    seen = only(play(TlsDissector, [(CLIENT, pieces), (SERVER, answer)], cut=[3, 50]))
    assert (seen.sni, seen.cipher) == ("pacs", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    assert seen.client_certificate_requested


def test_a_hello_from_the_supposed_server_swaps_the_sides() -> None:
    conversation = ScriptedConversation()
    dissector = TlsDissector(conversation)
    dissector.feed(SERVER, record(22, client_hello(0x0303, [0xC02F])))
    dissector.feed(CLIENT, record(22, server_hello(0x0303, 0xC02F)))
    dissector.close()
    seen = only(conversation.events)
    assert conversation.swapped
    assert seen.client.ip == "192.0.2.2"
    assert (seen.offered_version, seen.version) == ("TLS 1.2", "TLS 1.2")


def test_midstream_records_are_an_established_session_of_unknown_handshake() -> None:
    data = record(23, bytes(30), 0x0302) + record(23, bytes(40), 0x0302)
    assert TlsDissector.recognise_midstream(CLIENT, data) is Match.YES
    assert TlsDissector.recognise_midstream(CLIENT, data[:20]) is Match.MORE
    assert TlsDissector.recognise_midstream(CLIENT, record(23, bytes(30)) + b"noise") is Match.NO
    assert TlsDissector.recognise_midstream(CLIENT, record(23, bytes(16401), 0x0303)[:100]) is Match.YES
    seen = only(play(TlsDissector, [(SERVER, data)]))
    assert (seen.version, seen.established, seen.offered_version) == ("TLS 1.1", True, "")
    assert only(play(TlsDissector, [(SERVER, data), (CLIENT, b"middle of a record")])) == seen


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"", Match.MORE),
        (b"\x16", Match.MORE),
        (b"\x16\x03\x01", Match.MORE),
        (record(22, client_hello(0x0303, [1])), Match.YES),
        (record(22, server_hello(0x0303, 1)), Match.YES),
        (record(21, b"\x02\x28"), Match.YES),
        (record(21, b"\x05\x28"), Match.NO),
        (b"\x16\x04\x01", Match.NO),
        (b"\x17\x03\x03\x00\x10" + bytes(16), Match.NO),
        (b"GET / HTTP/1.1\r\n", Match.NO),
        (b"\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00ORTHANC", Match.NO),
        (b"\x80\x9e\x09", Match.NO),
        (b"\x80", Match.MORE),
    ],
)
def test_recognition(head: bytes, answer: Match) -> None:
    assert TlsDissector.recognise(CLIENT, head) is answer


def named(events: Sequence[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, Anomaly)]


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ([(CLIENT, record(22, client_hello(0x0303, [1])) + b"GET / HTTP/1.1")], "tls.record"),
        ([(CLIENT, b"\x16\x03\x01\xff\xff" + bytes(10))], "tls.record"),
        ([(CLIENT, record(22, message(1, b"\x03\x03")))], "tls.handshake"),
        ([(CLIENT, record(22, b"\x01\xff\xff\xff") + record(22, bytes(2000)))], "tls.handshake-length"),
        ([(SERVER, record(22, server_hello(0x0303, 1) + message(11, b"\0\0\x06\0\0\x03abc")))], "tls.certificate"),
        ([(SERVER, record(22, server_hello(0x0303, 1) + client_hello(0x0303, [1])))], "tls.role"),
        ([(CLIENT, record(21, b"\x02"))], "tls.alert"),
    ],
)
def test_broken_bytes_become_anomalies(script: Script, name: str) -> None:
    assert named(play(TlsDissector, script)) == [name]
    assert play(TlsDissector, script) == play(TlsDissector, script, cut=1)


@given(st.binary(max_size=300))
def test_certificates_never_raise(data: bytes) -> None:
    assert parse_certificate(data) is None


PIECES: list[Callable[[bytes], bytes]] = [
    lambda raw: raw,
    lambda raw: record(22, raw),
    lambda raw: record(21, raw[:2]),
    lambda raw: record(20, b"\x01"),
    lambda raw: record(22, message(raw[0] % 21 if raw else 1, raw)),
    lambda raw: record(22, client_hello(0x0303, [0x1301, 0x0A0A], extension(raw[0] % 50 if raw else 0, raw))),
    lambda raw: record(22, server_hello(0x0303, 0xC02F, extension(raw[0] % 50 if raw else 0, raw))),
    lambda raw: ssl2_hello(2),
]
SCRIPTS = st.lists(
    st.tuples(
        st.sampled_from([CLIENT, SERVER]),
        st.builds(lambda make, raw: make(raw), st.sampled_from(PIECES), st.binary(max_size=80)),
    ),
    max_size=8,
)


@given(SCRIPTS, st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_never_raises_and_never_depends_on_cuts(script: Script, cut: list[int]) -> None:
    whole = play(TlsDissector, script)
    assert play(TlsDissector, script, cut=1) == whole
    assert play(TlsDissector, script, cut=cut) == whole
    assert "stream.pending-limit" not in named(whole)
