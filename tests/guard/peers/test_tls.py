"""DCMTK over TLS on either side of the guard, with the certificates of `leadapron guard ca`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from leadapron.guard import authority as made
from leadapron.model.events import GuardDecision
from tests.guard.dicom.peers import free_port, needs, run, server, storescp
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import Guarding, leadapron, listener
from tests.guard.peers.objects import make_series

pytestmark = [pytest.mark.enable_socket, needs("echoscu", "storescu", "storescp")]

RULES = """
[[rule]]
name = "scanner"
listeners = ["front", "both"]
certificate = "CN=ct1"
allow = ["echo", "store"]

[[rule]]
name = "old scanner"
listeners = "back"
from = "127.0.0.1"
allow = ["echo", "store"]
"""


class Authority:
    """A department's own, in a folder. What `leadapron guard ca` does is done here too, but for its start each time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        leadapron("guard", "ca", "create", folder, "Radiology North", "--no-passphrase")
        leadapron("guard", "ca", "issue", folder, "ct1", "--usage", "client", "--no-passphrase")
        self.certificate = folder / "authority.pem"

    def issue(self, name: str) -> tuple[Path, Path]:
        """Key and certificate."""
        made.Authority(self.folder).issue(name, now=datetime.now(UTC), hosts=("127.0.0.1",))
        return self.files(name)

    def files(self, name: str) -> tuple[Path, Path]:
        return self.folder / "issued" / f"{name}.key", self.folder / "issued" / f"{name}.pem"

    def options(self, identity: tuple[Path, Path]) -> tuple[str | Path, ...]:
        """DCMTK's."""
        return "+tls", *identity, "+cf", self.certificate

    def table(self, kind: str, identity: tuple[Path, Path]) -> str:
        """A policy's."""
        key, certificate = identity
        lines = {"certificate": certificate, "key": key, "authorities": self.certificate}
        return f"[listener.{kind}]\n" + "".join(f'{name} = "{path}"\n' for name, path in lines.items())


class Site:
    guard: Guarding
    authority: Authority
    ct1: tuple[Path, Path]
    plain: Path
    secure: Path


@contextmanager
def secure_storescp(folder: Path, authority: Authority, identity: tuple[Path, Path]) -> Iterator[int]:
    """Demands a certificate of its clients."""
    port = free_port()
    folder.mkdir()
    options = authority.options(identity)
    with server("storescp", *options, "-aet", "PACS", "+B", "-od", folder, port, port=port, folder=folder):
        yield port


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, start_guard: StartGuard) -> Iterator[Site]:
    found, folder = Site(), tmp_path_factory.mktemp("site")
    found.authority = authority = Authority(folder / "ca")
    found.ct1, own, archive = authority.files("ct1"), authority.issue("guard"), authority.issue("pacs")
    found.plain, found.secure = folder / "plain", folder / "secure"
    with ExitStack() as stack:
        plain = stack.enter_context(storescp(found.plain))
        secure = stack.enter_context(secure_storescp(found.secure, authority, archive))
        front, back = authority.table("tls", own), authority.table("upstream_tls", own)
        found.guard = start_guard(
            listener("front", plain, more=front)
            + listener("back", secure, more=back)
            + listener("both", secure, more=front + back)
            + RULES
        )
        yield found


def test_images_pass_from_tls_to_plain_from_plain_to_tls_and_over_both(site: Site, tmp_path: Path) -> None:
    ways = {"front": (True, site.plain), "back": (False, site.secure), "both": (True, site.secure)}
    with storescp(tmp_path / "direct") as direct, site.guard.watched() as seen:
        for place, (name, (over_tls, folder)) in enumerate(ways.items()):
            images = make_series(tmp_path / name, ExplicitVRLittleEndian, range(place * 10, place * 10 + 10))
            options = site.authority.options(site.ct1) if over_tls else ()
            before = set(folder.iterdir())
            run("storescu", *options, "-aec", "PACS", "127.0.0.1", site.guard.port(name), *images)
            run("storescu", "-aec", "PACS", "127.0.0.1", direct, *images)
            arrived = {path.name: path.read_bytes() for path in set(folder.iterdir()) - before}
            assert len(arrived) == 10
            assert arrived == {each: (tmp_path / "direct" / each).read_bytes() for each in arrived}
        told = seen(GuardDecision, 6)
    assert {(event.listener, event.certificate) for event in told} == {
        ("front", "CN=ct1"),
        ("back", ""),
        ("both", "CN=ct1"),
    }


def test_who_shows_no_certificate_another_one_or_a_revoked_one_stays_out(site: Site) -> None:
    there = ("-aec", "PACS", "127.0.0.1", site.guard.port("front"))
    run("echoscu", *site.authority.options(site.ct1), *there)
    run("echoscu", *there, fails=True)
    run("echoscu", "+tla", "+cf", site.authority.certificate, *there, fails=True)
    other = site.authority.issue("us1")
    with site.guard.watched() as seen:
        said = run("echoscu", *site.authority.options(other), *there, fails=True)
        (refused,) = seen(GuardDecision)
    assert "Association Rejected" in said
    assert (refused.reason, refused.certificate, refused.enforced) == ("no-rule", "CN=us1", True)
    leadapron("guard", "ca", "revoke", site.authority.folder, "ct1", "--no-passphrase")
    text = site.guard.policy.read_text()
    site.guard.reload(text[text.index("[[listener]]") :])
    run("echoscu", *site.authority.options(site.ct1), *there, fails=True)
