"""Archive, scanner and guard are killed in the middle of objects: nothing half stays anywhere, every object is told."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom import dcmread

from leadapron.guard.shell import NAME
from leadapron.model.events import DicomAssociation, GuardNotice, ObjectPassed
from tests.guard.dicom.peers import make_objects, needs
from tests.guard.faults.scene import (
    ABORT,
    ACCEPT,
    Archive,
    Guarding,
    Scanner,
    archives,
    guarding,
    store_request,
    wait_for,
)

pytestmark = [needs("storescp", "storescu"), pytest.mark.enable_socket]


@contextmanager
def half_an_object(guard: Guarding, archive: Archive) -> Iterator[tuple[Scanner, bytes]]:
    """A scanner that has sent half an image, which the archive has begun to write; and the other half."""
    before = len(archive.files)
    with Scanner(guard.port) as scanner:
        scanner.expect(ACCEPT)
        command, data = store_request("1.2.826.0.1.77")
        scanner.send(command + data[: len(data) // 2])
        wait_for(lambda: len(archive.files) > before)
        yield scanner, data[len(data) // 2 :]


def test_every_object_is_stored_and_told(tmp_path: Path) -> None:
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port]) as guard:
        guard.store(make_objects(tmp_path / "objects", 10))
        assert guard.stop() == 0
        passed = guard.events(ObjectPassed)
        assert len(archive.files) == len(passed) == 10
        assert {each.status for each in passed} == {0}
        assert [each.name for each in guard.events(GuardNotice)] == ["guard.started", "guard.stopping", "guard.stopped"]


def test_an_archive_that_dies_is_followed_by_the_second(tmp_path: Path) -> None:
    with archives(tmp_path, 2) as (first, second), guarding(tmp_path, [first.port, second.port]) as guard:
        with half_an_object(guard, first) as (scanner, _):
            began = time.monotonic()
            first.kill()
            assert scanner.pdu()[:1] in (bytes((ABORT,)), b"")
            assert time.monotonic() - began < 1.0
        guard.store(make_objects(tmp_path / "objects", 3))
        assert len(second.files) == 3
        guard.stop()
        assert [each.status for each in guard.events(ObjectPassed)] == [0, 0, 0]


def test_of_a_scanner_that_dies_nothing_is_kept(tmp_path: Path) -> None:
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port]) as guard:
        with half_an_object(guard, archive) as (scanner, _):
            scanner.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_for(lambda: not archive.files)
        guard.settled()
        guard.stop()
        assert guard.events(ObjectPassed) == []
        assert [each.calling_ae_title for each in guard.events(DicomAssociation)] == ["CT01"]


def test_a_guard_that_is_killed_takes_nothing_along(tmp_path: Path) -> None:
    """What was told before is brought to rest by the next start, which also finds a socket nobody listens on."""
    paths = make_objects(tmp_path / "objects", 12)
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port]) as guard:
        guard.store(paths[:8])
        with half_an_object(guard, archive) as (scanner, _):
            guard.kill()
            assert scanner.pdu() == b""
        wait_for(lambda: len(archive.files) == 8)
        assert (guard.state / NAME).exists()
        guard.start()
        guard.store(paths[8:])
        assert guard.stop() == 0
        assert len(archive.files) == len(guard.events(ObjectPassed)) == 12
        assert list((guard.state / "journal").iterdir()) == []
        for file in archive.files:
            assert len(dcmread(file).PixelData) == 128 * 128 * 2


def test_killed_at_any_moment_it_has_told_what_the_archive_keeps(tmp_path: Path) -> None:
    """Each object that the archive confirmed to the scanner is in the journal already."""
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port]) as guard:
        confirmed = 0
        for round_ in range(2):
            with Scanner(guard.port) as scanner:
                scanner.expect(ACCEPT)
                for number in range(1, 6 + round_):
                    scanner.send(b"".join(store_request(f"1.2.826.0.1.{round_}.{number}", 2000, number)))
                    assert scanner.status_of_answer() == 0
                    confirmed += 1
                time.sleep(0.05)  # the scanner hears it one turn of the guard's loop before the journal does
                guard.kill()
            guard.start()
        guard.stop()
        told = [each for each in guard.events(ObjectPassed) if each.status == 0]
        assert len(told) == confirmed == len(archive.files)


def test_told_to_stop_it_lets_an_object_finish(tmp_path: Path) -> None:
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port]) as guard:
        with half_an_object(guard, archive) as (scanner, rest):
            guard.process.terminate()
            time.sleep(1.2)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", guard.port), timeout=5)
            scanner.send(rest)
            assert scanner.status_of_answer() == 0
            scanner.expect(ABORT)
        assert guard.process.wait(20) == 0
        assert len(archive.files) == len(guard.events(ObjectPassed)) == 1
