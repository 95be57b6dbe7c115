"""The disk is full: images go on, what cannot be kept is refused or told as the policy says, nothing is lost silently.

A limit on the size of files stands for the full disk: it can be lifted while the guard runs, and needs no rights.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leadapron.model.events import GuardDecision, GuardNotice, ObjectPassed
from tests.guard.dicom.peers import make_objects, needs
from tests.guard.faults.scene import ACCEPT, ALL, Guarding, Scanner, archives, guarding, store_request, wait_for
from tests.guard.ports import free_port

pytestmark = [needs("storescp", "storescu"), pytest.mark.enable_socket]

HOLD = '[[rule]]\nname = "discs"\ncalling = "DISC"\nhold = "store"\n' + ALL
TRY_AGAIN = 0xA700
INFINITE = resource.RLIM_INFINITY


@contextmanager
def full_disk(guard: Guarding, most: int = 2_000) -> Iterator[None]:
    """No file of the guard may grow beyond so many bytes."""
    resource.prlimit(guard.process.pid, resource.RLIMIT_FSIZE, (most, INFINITE))
    yield
    resource.prlimit(guard.process.pid, resource.RLIMIT_FSIZE, (INFINITE, INFINITE))


def test_images_pass_while_the_journal_is_full_and_are_told_when_it_is_not(tmp_path: Path) -> None:
    objects = make_objects(tmp_path / "objects", 20)
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port]) as guard:
        guard.store(objects[:5])
        with full_disk(guard):
            guard.store(objects[5:15])
            assert "! " in guard.said
            assert "The journal cannot be written" in guard.said
        guard.store(objects[15:])
        assert "The journal is written again." in guard.said
        guard.stop()
        assert len(archive.files) == len(guard.events(ObjectPassed)) == 20
        names = [each.name for each in guard.events(GuardNotice) if each.name.startswith("journal")]
        assert names == ["journal.full", "journal.written"]


@pytest.mark.parametrize("fail", ["closed", "open"])
def test_a_quarantine_without_room_follows_the_listener(tmp_path: Path, fail: str) -> None:
    """Closed: the sender is told to come again. Open: after one that failed half-way, they pass, and are told."""
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port], HOLD, fail=fail, keys=True) as guard:
        assert guard.said.count("Quarantine cannot be written.") == 0
        with Scanner(guard.port, title="DISC") as scanner:
            scanner.expect(ACCEPT)
            assert store(scanner, 1) == TRY_AGAIN
            assert guard.status()["quarantine"]["objects"] == 1
            with full_disk(guard, 10_000):
                assert store(scanner, 2) == TRY_AGAIN
                assert archive.files == []
                assert store(scanner, 3) == (0 if fail == "open" else TRY_AGAIN)
                assert len(archive.files) == (fail == "open")
        assert guard.said.count("Quarantine cannot be written.") == 1
        assert list((guard.state / "quarantine").glob("*.part")) == []
        assert guard.status()["quarantine"]["objects"] == 1
        guard.stop()
        stores = [each for each in guard.events(GuardDecision) if each.task == "store"]
        blind = "allow" if fail == "open" else "hold"
        assert [(each.action, each.reason) for each in stores] == [
            ("hold", "rule"),
            ("hold", "blind"),
            (blind, "blind"),
        ]
        assert [bool(each.evidence) for each in stores] == [True, False, False]


def store(scanner: Scanner, number: int) -> int:
    """The answer's status."""
    scanner.send(b"".join(store_request(f"1.2.826.0.1.{number}", message=number)))
    return scanner.status_of_answer()


def test_it_starts_and_works_on_a_full_disk(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(state)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may make a small disk")
    try:
        with archives(tmp_path) as (archive,):
            filler = state / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(state).free))
            with guarding(tmp_path, [archive.port]) as guard:
                guard.store(make_objects(tmp_path / "objects", 3))
                assert "The journal cannot be written" in guard.said
                filler.unlink()
                guard.echo()
                guard.stop()
                assert len(archive.files) == len(guard.events(ObjectPassed)) == 3
    finally:
        subprocess.run(["umount", str(state)], check=True)


def test_a_full_spool_is_loud_and_holds_no_image_up(tmp_path: Path) -> None:
    audit = f'[audit]\nsyslog = "127.0.0.1:{free_port()}"\nspool = 20000\n'
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port], top=audit) as guard:
        guard.store(make_objects(tmp_path / "objects", 5))
        for _ in range(12):
            guard.echo()
        wait_for(lambda: "The audit spool is full" in guard.said)
        assert guard.status()["spool"]["lost"] > 0
        assert len(archive.files) == guard.objects == 5
        guard.kill()


def test_a_spool_on_a_full_disk_loses_nothing_it_had(tmp_path: Path) -> None:
    audit = f'[audit]\nsyslog = "127.0.0.1:{free_port()}"\n'
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port], top=audit) as guard:
        guard.echo()
        wait_for(lambda: guard.status()["spool"]["messages"])
        before = guard.status()["spool"]["messages"]
        with full_disk(guard, 1000):
            guard.echo()
            wait_for(lambda: "The audit spool is full" in guard.said)
        guard.echo()
        wait_for(lambda: "Audit messages are written again." in guard.said)
        assert guard.status()["spool"]["messages"] > before
        guard.kill()
