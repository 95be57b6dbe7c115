"""Certificates are renewed without a restart, a bad file never replaces a good one, and an end is told in time."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import trustme
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from leadapron.guard.certificates import Certificates
from leadapron.model.errors import UsageError
from leadapron.model.events import Event, GuardNotice
from leadapron.model.guard import Listener, Moment, Speech, Tls
from tests.guard.tls_files import NOW, days, shake, write_authority, write_identity

DAY = 86400


class World:
    """A clock that is set by hand, and what was recorded."""

    def __init__(self) -> None:
        self.now = NOW
        self.steady = 0.0
        self.events: list[Event] = []
        self.certificates = Certificates(clock=self.clock, record=self.events.append, sensor="guard:test")

    def clock(self) -> Moment:
        return Moment(wall=self.now.timestamp(), steady=self.steady)

    def at(self, day: float) -> list[tuple[str, str]]:
        """Look on that day, counted from now: notices since the last time."""
        self.now, self.steady = days(day), max(self.steady, day * DAY)
        return self.look()

    def look(self) -> list[tuple[str, str]]:
        self.events.clear()
        self.certificates.look()
        return [(event.name, event.detail) for event in self.notices]

    @property
    def notices(self) -> list[GuardNotice]:
        return [event for event in self.events if isinstance(event, GuardNotice)]


@pytest.fixture
def world() -> World:
    return World()


def listener(tls: Tls | None, upstream: Tls | None = None, name: str = "pacs") -> Listener:
    return Listener(
        name=name,
        speaks=Speech.DICOM,
        listen="127.0.0.1:0",
        upstream=("127.0.0.1:1",),
        fail="closed",
        tls=tls,
        upstream_tls=upstream,
    )


@asynccontextmanager
async def listening(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def shown(port: int, ca: trustme.CA, own: Tls | None = None) -> str:
    """Common name of the certificate shown to a client; SSLError if the client is refused."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(client)
    if own:
        client.load_cert_chain(own.certificate, own.key)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if await reader.read() != b"hello":  # TLS 1.3 tells of a refused client certificate only now
            raise ConnectionResetError
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ssl.SSLError:
            pass
    return x509.load_der_x509_certificate(der).subject.rfc4514_string().split(",")[0]


def test_a_renewed_certificate_is_shown_by_a_listener_that_runs(world: World, tmp_path: Path) -> None:
    ca = trustme.CA()
    files = write_identity(ca, tmp_path, "guard")

    async def scene() -> None:
        world.certificates.use([listener(files)])
        context = world.certificates.server("pacs")
        assert context is not None
        async with listening(context) as port:
            assert await shown(port, ca) == "CN=guard"
            assert world.look() == []
            _replace(write_identity(ca, tmp_path, "renewed"), files)
            assert world.look() == []  # perhaps still being written
            assert world.look() == [("certificate.loaded", "renewed (own certificate)")]
            assert await shown(port, ca) == "CN=renewed"
            assert world.look() == []
            assert world.certificates.server("pacs") is context

    uvloop.run(scene())


def _replace(new: Tls, old: Tls) -> None:
    os.replace(new.certificate, old.certificate)
    os.replace(new.key, old.key)


def test_whom_a_running_listener_trusts_can_be_changed(world: World, tmp_path: Path) -> None:
    guard_ca, old, new = trustme.CA(), trustme.CA(), trustme.CA()
    trusted = tmp_path / "devices.pem"
    files = write_identity(guard_ca, tmp_path, "guard")
    tls = msgspec.structs.replace(files, authorities=write_authority(old, trusted))
    of_old, of_new = write_identity(old, tmp_path, "ct-old"), write_identity(new, tmp_path, "ct-new")

    async def refused(port: int, own: Tls | None) -> None:
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await shown(port, guard_ca, own)

    async def scene() -> None:
        world.certificates.use([listener(tls)])
        context = world.certificates.server("pacs")
        assert context is not None
        async with listening(context) as port:
            assert await shown(port, guard_ca, of_old)
            await refused(port, of_new)
            await refused(port, None)
            write_authority(new, trusted)
            world.look()
            assert world.look()[0][0] == "certificate.loaded"
            assert await shown(port, guard_ca, of_new)
            await refused(port, of_old)
            await refused(port, None)
            _revoke(new, of_new, tmp_path / "devices.crl")
            world.look()
            assert world.look()[0][0] == "certificate.loaded"
            await refused(port, of_new)

    uvloop.run(scene())


def _revoke(ca: trustme.CA, device: Tls, path: Path, *, begin: float = -1, end: float = 400) -> None:
    key = load_pem_private_key(ca.private_key_pem.bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    lost = x509.load_pem_x509_certificates(Path(device.certificate).read_bytes())[0]
    entry = x509.RevokedCertificateBuilder().serial_number(lost.serial_number).revocation_date(NOW).build()
    revoked = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificates(ca.cert_pem.bytes())[0].subject)
        .last_update(days(begin))
        .next_update(days(end))
        .add_revoked_certificate(entry)
        .sign(key, SHA256())
    )
    path.write_bytes(revoked.public_bytes(Encoding.PEM))


def test_a_broken_file_keeps_the_good_one_and_is_told_once(world: World, tmp_path: Path) -> None:
    ca = trustme.CA()
    files = write_identity(ca, tmp_path, "guard")
    world.certificates.use([listener(files)])
    context = world.certificates.server("pacs")
    assert context is not None
    Path(files.certificate).write_text("nothing of use")
    world.look()
    assert [name for name, _ in world.look()] == ["certificate.broken"]
    assert world.notices[0].alarm
    assert world.notices[0].listener == "pacs"
    assert files.certificate in world.notices[0].detail
    assert world.look() == []
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(client)
    assert shake(client, context, "localhost")[0].version()
    Path(files.certificate).unlink()
    world.look()
    assert [name for name, _ in world.look()] == ["certificate.broken"]
    _replace(write_identity(ca, tmp_path, "new"), files)
    world.look()
    assert [name for name, _ in world.look()] == ["certificate.loaded"]


def test_the_upstream_side_is_renewed_too(world: World, tmp_path: Path) -> None:
    ca, new = trustme.CA(), trustme.CA()
    trusted = tmp_path / "pacs-ca.pem"
    world.certificates.use([listener(None, Tls(authorities=write_authority(ca, trusted)))])
    assert world.certificates.server("pacs") is None
    before = world.certificates.client("pacs")
    write_authority(new, trusted)
    world.look()
    world.look()
    after = world.certificates.client("pacs")
    assert after is not None
    assert after is not before
    assert world.certificates.client("other") is None


def test_a_policy_with_a_wrong_file_changes_nothing(world: World, tmp_path: Path) -> None:
    files = write_identity(trustme.CA(), tmp_path, "guard")
    world.certificates.use([listener(files)])
    context = world.certificates.server("pacs")
    with pytest.raises(UsageError, match="is not there"):
        world.certificates.use([listener(files), listener(Tls(certificate="/none", key="/none"), name="second")])
    assert world.certificates.server("pacs") is context
    assert world.certificates.server("second") is None
    world.now = days(4000)
    world.certificates.use([listener(files)])  # expired meanwhile, and still what there is
    assert world.certificates.server("pacs") is context
    world.certificates.use([])
    assert world.certificates.server("pacs") is None
    world.certificates.use([listener(files)])  # the way back
    assert world.certificates.server("pacs")


def test_a_policy_read_again_takes_new_files_at_once(world: World, tmp_path: Path) -> None:
    ca = trustme.CA()
    files = write_identity(ca, tmp_path, "guard")
    world.certificates.use([listener(files)])
    _replace(write_identity(ca, tmp_path, "renewed"), files)
    world.certificates.use([listener(files)])
    assert [notice.name for notice in world.notices] == ["certificate.loaded"]
    Path(files.key).chmod(0o644)
    world.certificates.use([listener(files)])
    assert [notice.name for notice in world.notices] == ["certificate.loaded", "certificate.broken"]


# -- what ends --------------------------------------------------------------------------------------------------------


def test_alarms_before_the_end(world: World, tmp_path: Path) -> None:
    files = write_identity(trustme.CA(), tmp_path, "guard", end=days(100))
    _only_own(files)
    world.certificates.use([listener(files)])
    told = {day: world.at(day) for day in range(104)}
    expires = [("certificate.expires", f"guard (own certificate): {files.certificate}")]
    expired = [("certificate.expired", f"guard (own certificate): {files.certificate}")]
    said = {day: notices for day, notices in told.items() if notices}
    assert said == {
        40: expires,
        70: expires,
        86: expires,
        93: expires,
        99: expires,
        100: expired,
        101: expired,
        102: expired,
        103: expired,
    }
    assert world.notices[0].alarm
    assert datetime.fromisoformat(world.notices[0].until) == days(100).replace(microsecond=0)
    assert world.at(103.5) == []


def test_what_has_ended_or_not_begun_is_served_with_an_alarm(world: World, tmp_path: Path) -> None:
    ca = trustme.CA()
    old = write_identity(ca, tmp_path, "old", begin=days(-9), end=days(-1))
    early = write_identity(ca, tmp_path, "early", begin=days(1), end=days(9))
    for files in (old, early):
        _only_own(files)
    world.certificates.use([listener(old), listener(early, name="second")])
    assert world.certificates.server("pacs")
    assert [name for name, _ in world.look()] == ["certificate.expired", "certificate.early"]
    assert all(notice.alarm for notice in world.notices)
    _replace(write_identity(ca, tmp_path, "older", begin=days(-9), end=days(-3)), old)
    world.look()
    assert [name for name, _ in world.look()] == ["certificate.broken"]


def _only_own(files: Tls) -> None:
    """Leave the authority of trustme out: it has dates of its own."""
    own = x509.load_pem_x509_certificates(Path(files.certificate).read_bytes())[0]
    Path(files.certificate).write_bytes(own.public_bytes(Encoding.PEM))


def test_a_clock_that_jumps_does_not_repeat_alarms(world: World, tmp_path: Path) -> None:
    files = write_identity(trustme.CA(), tmp_path, "guard", begin=days(-10), end=days(100))
    _only_own(files)
    world.certificates.use([listener(files)])
    assert [name for name, _ in world.at(95)] == ["certificate.expires"]
    for day in (0, 95, 0, 95):
        world.now = days(day)
        assert world.look() == []
    world.now = datetime(1970, 1, 2, tzinfo=UTC)
    assert [name for name, _ in world.look()] == ["certificate.early"]
    assert world.look() == []


def test_the_certificate_of_an_upstream_as_seen(world: World, tmp_path: Path) -> None:
    ca = trustme.CA()
    for name, end in (("old", 5), ("new", 500)):
        files = write_identity(ca, tmp_path, name, end=days(end))
        own = x509.load_pem_x509_certificates(Path(files.certificate).read_bytes())[0]
        world.certificates.seen("pacs", "10.0.0.5:104", own.public_bytes(Encoding.DER))
        expected = [("certificate.expires", "old (certificate of 10.0.0.5:104)")] if name == "old" else []
        assert world.look() == expected
    assert len(world.certificates.expiries()) == 1
    world.certificates.seen("pacs", "10.0.0.6:104", b"junk")
    assert len(world.certificates.expiries()) == 1


def test_a_revocation_list_warns_in_its_last_tenth(world: World, tmp_path: Path) -> None:
    ca = trustme.CA()
    files = write_identity(ca, tmp_path, "guard")
    _only_own(files)
    _revoke(ca, files, tmp_path / "ca.crl", begin=0, end=10)
    tls = msgspec.structs.replace(files, authorities=write_authority(ca, tmp_path / "ca.pem"))
    world.certificates.use([listener(tls)])
    assert world.at(8) == []
    assert [notice for notice in world.at(9.5) if "revocation list" in notice[1]]
