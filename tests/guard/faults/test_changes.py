"""What changes under a guard that runs: its policy, broken and mended; the clock; a certificate that ends."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from msgspec.structs import replace

from leadapron.guard.tls import client_context
from leadapron.model.events import GuardNotice
from leadapron.model.guard import Tls
from tests.guard.dicom.peers import needs
from tests.guard.faults.scene import ACCEPT, ALL, Archive, Scanner, archives, guarding, wait_for
from tests.guard.tls_files import days, write_authority, write_identity
from tests.see.wire import dicom_bytes as d

pytestmark = [needs("storescp", "storescu", "echoscu"), pytest.mark.enable_socket]

BROKEN = '[[rule]]\nname = "x"\nallow = "everything"\n'
NO_ECHO = '[[rule]]\nname = "stores"\nfrom = "127.0.0.0/8"\nallow = "store"\n'
NOT_AUTHORISED = 0x0124
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with archives(tmp_path) as (made,):
        yield made


# ---------------------------------------------------------------- policy
def test_a_broken_policy_changes_nothing_and_is_loud(tmp_path: Path, archive: Archive) -> None:
    with guarding(tmp_path, [archive.port]) as guard:
        digest = guard.status()["policy"]["digest"]
        guard.write(BROKEN)
        said = guard.command("reload", fails=True)
        assert "policy.toml" in said
        assert "everything" in said
        assert not guard.status()["policy"]["broken"]  # it was not asked
        guard.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "! " in guard.said and "The policy file is broken" in guard.said)
        assert guard.status()["policy"] | {"loaded": ""} == {"digest": digest, "loaded": "", "broken": True}
        assert "broken" in guard.command("status")
        guard.echo()
        guard.write(NO_ECHO)
        guard.process.send_signal(signal.SIGHUP)
        wait_for(lambda: not guard.status()["policy"]["broken"])
        guard.echo(fails=True)
        guard.policy.unlink()
        assert "policy.toml" in guard.command("reload", fails=True)
        guard.echo(fails=True)


def test_an_association_that_stands_obeys_the_new_policy(tmp_path: Path, archive: Archive) -> None:
    with guarding(tmp_path, [archive.port]) as guard, Scanner(guard.port) as scanner:
        scanner.expect(ACCEPT)
        assert scanner.echo() == 0
        guard.write(NO_ECHO)
        guard.command("reload")
        assert scanner.echo() == NOT_AUTHORISED
        guard.write(ALL)
        guard.command("reload")
        assert scanner.echo() == 0
        scanner.send(d.RELEASE_RQ)
        scanner.expect(6)


# ---------------------------------------------------------------- clock
@pytest.mark.skipif(FAKETIME is None, reason="not installed: faketime")
def test_a_clock_that_is_set_moves_neither_rates_nor_the_broken_glass(tmp_path: Path, archive: Archive) -> None:
    rules = '[[rule]]\nname = "some"\nfrom = "127.0.0.1"\nallow = "echo"\nrates = "3 associations/hour"\n'
    with guarding(tmp_path, [archive.port], rules, environment=clock(tmp_path)) as guard:
        for _ in range(3):
            guard.echo()
        guard.echo(fails=True)
        for number, said in enumerate(("+3d", "-400d", "+0"), start=1):
            (tmp_path / "clock").write_text(said)
            wait_for(lambda number=number: guard.said.count("clock was set") == number)
            guard.echo(fails=True)
        guard.command("break-glass", "--person", "Dr Martin", "--minutes", "5")
        (tmp_path / "clock").write_text("+30d")
        wait_for(lambda: guard.said.count("clock was set") == 4)
        guard.echo()
        assert len(guard.status()["glass"]) == 1
        guard.command("break-glass", "--person", "Dr Martin", "--close")
        guard.echo(fails=True)


def clock(folder: Path) -> dict[str, str]:
    """For a process whose wall clock, and only that, goes by what stands in a file."""
    (folder / "clock").write_text("+0")
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # its newer name
    }


# ---------------------------------------------------------------- certificates
@pytest.mark.skipif(FAKETIME is None, reason="not installed: faketime")
def test_a_certificate_that_ends_is_an_alarm_and_ends_nobody(tmp_path: Path, archive: Archive) -> None:
    authority, front, device = identities(tmp_path)
    with guarding(tmp_path, [archive.port], listener=front, environment=clock(tmp_path)) as guard:
        with Scanner(guard.port, tls=shown(device, authority)) as scanner:
            scanner.expect(ACCEPT)
            (tmp_path / "clock").write_text("+9d")
            wait_for(lambda: "A certificate has ended." in guard.said)
            assert scanner.echo() == 0
        # The device's own has ended too: it is told so in words of TLS.
        with Scanner(guard.port, tls=shown(device, authority)) as late, pytest.raises(ssl.SSLError, match="expired"):
            late.pdu()
        guard.stop()
        names = [each.name for each in guard.events(GuardNotice)]
        assert "certificate.expired" in names


def test_a_guard_starts_with_a_certificate_that_has_ended(tmp_path: Path, archive: Archive) -> None:
    authority, front, device = identities(tmp_path, begin=-9, end=-1)
    with guarding(tmp_path, [archive.port], listener=front) as guard:
        wait_for(lambda: "A certificate has ended." in guard.said)
        with pytest.raises(ssl.SSLError, match="certificate has expired"):
            Scanner(guard.port, tls=shown(device, authority))
        assert "expired on" in guard.command("check", fails=True)
        (tmp_path / "guard.key").write_text("nothing")
        guard.stop()
    with pytest.raises(AssertionError, match="holds no private key"):
        guard.start()


def identities(folder: Path, *, begin: float = -1, end: float = 5) -> tuple[str, str, Tls]:
    """Authority, the listener's table, and what a device shows."""
    ca = trustme.CA()
    authority = write_authority(ca, folder / "ca.pem")
    own = write_identity(ca, folder, "guard", begin=days(begin), end=days(end))
    device = write_identity(ca, folder, "device", begin=days(-1), end=days(5))
    table = f'[listener.tls]\ncertificate = "{own.certificate}"\nkey = "{own.key}"\nauthorities = "{authority}"\n'
    return authority, table, device


def shown(device: Tls, authority: str) -> ssl.SSLContext:
    return client_context(replace(device, authorities=authority))
