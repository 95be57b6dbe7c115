"""Real processes are killed: archive, scanner and guard, in the middle of an object. Nothing half stays anywhere."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from leadapron.guard.shell import NAME, ask
from leadapron.model.errors import UsageError
from tests.guard.dicom.peers import free_port, make_objects, needs, run
from tests.see.wire.dicom_bytes import CT_IMAGE, IMPLICIT, associate_rq, image, values

pytestmark = [needs("storescp", "storescu"), pytest.mark.enable_socket]

ROOT = Path(__file__).parents[3]
ABORT, ACCEPT = 7, 2


class Scene:
    """storescp behind a guard, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.kept, self.state, self.journal = folder / "kept", folder / "state", folder / "events"
        self.kept.mkdir()
        self.archive_port = free_port()
        self._log = (folder / "log").open("wb")
        self.archive = self.start_archive()
        self.port = 0
        self.guard = self.start_guard()

    def start_archive(self) -> subprocess.Popen[bytes]:
        words = ["storescp", "-aet", "PACS", "+B", "-od", str(self.kept), str(self.archive_port)]
        self.archive = subprocess.Popen(words, stdout=self._log, stderr=self._log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.archive_port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        return self.archive

    def start_guard(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "tests.guard.shell.program", f"127.0.0.1:{self.archive_port}"]
        self.guard = subprocess.Popen(
            [*words, str(self.state), str(self.journal)], cwd=ROOT, stdout=subprocess.PIPE, stderr=self._log
        )
        assert self.guard.stdout is not None
        self.port = int(self.guard.stdout.readline())
        self.guard.stdout.close()
        return self.guard

    def end(self) -> None:
        for process in (self.guard, self.archive):
            process.terminate()
            process.wait(30)
        self._log.close()

    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.journal.read_bytes().splitlines()]

    def status(self) -> dict[str, Any]:
        return ask(self.state / NAME, {"do": "status"})

    def store(self, paths: list[Path], *, fails: bool = False) -> None:
        run("storescu", "-aet", "CT01", "-aec", "PACS", "127.0.0.1", self.port, *paths, fails=fails)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    try:
        yield made
    finally:
        made.end()


def store_command(instance: str) -> bytes:
    uids = ((0x0002, CT_IMAGE), (0x1000, instance))
    elements = [(element, uid.encode() + b"\0" * (len(uid) % 2)) for element, uid in uids]
    elements += [(0x0100, struct.pack("<H", 1)), (0x0110, struct.pack("<H", 1))]
    elements += [(0x0700, struct.pack("<H", 0)), (0x0800, struct.pack("<H", 0))]
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in sorted(elements))
    return values(1, struct.pack("<HHII", 0, 0, 4, len(body)) + body, command=True)


def pdu_from(sock: socket.socket) -> int:
    """Its type; 0 at the end."""
    head = sock.recv(6, socket.MSG_WAITALL)
    if len(head) < 6:
        return 0
    sock.recv(int.from_bytes(head[2:], "big"), socket.MSG_WAITALL)
    return head[0]


@contextmanager
def half_an_object(scene: Scene) -> Iterator[socket.socket]:
    """A scanner that has sent the half of an image, which the archive has begun to write."""
    with socket.create_connection(("127.0.0.1", scene.port), timeout=10) as sock:
        sock.sendall(associate_rq(contexts=((CT_IMAGE, (IMPLICIT,)),)))
        assert pdu_from(sock) == ACCEPT
        data = values(1, image(pixels=400_000), command=False)
        sock.sendall(store_command("1.2.826.0.1.77") + data[: len(data) // 2])
        for _ in range(100):
            if any(scene.kept.iterdir()):
                break
            time.sleep(0.02)
        yield sock


def settled(scene: Scene) -> None:
    """Nobody is inside any more, and the archive has put away what it had begun."""
    for _ in range(200):
        if not scene.status()["connections"] and not any(scene.kept.iterdir()):
            return
        time.sleep(0.05)
    pytest.fail(f"{scene.status()['connections']} {list(scene.kept.iterdir())}")


def test_objects_pass_and_every_one_is_in_the_ledger(scene: Scene, tmp_path: Path) -> None:
    paths = make_objects(tmp_path / "objects", 5)
    scene.store(paths)
    assert len(list(scene.kept.iterdir())) == 5
    kinds = [event["kind"] for event in scene.events()]
    assert kinds.count("object_passed") == 5
    assert kinds.count("dicom_association") == 1


def test_the_archive_dies_in_the_middle_of_an_object(scene: Scene, tmp_path: Path) -> None:
    with half_an_object(scene) as scanner:
        scene.archive.kill()
        scene.archive.wait(10)
        assert pdu_from(scanner) in (ABORT, 0)
    for left in scene.kept.iterdir():  # what a killed archive leaves is its own
        left.unlink()
    settled(scene)
    paths = make_objects(tmp_path / "objects", 2)
    scene.store(paths, fails=True)
    scene.start_archive()
    scene.store(paths)
    assert len(list(scene.kept.iterdir())) == 2
    assert scene.status()["listeners"][0]["objects"] == 2


def test_the_scanner_dies_in_the_middle_of_an_object(scene: Scene) -> None:
    with half_an_object(scene) as scanner:
        scanner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    settled(scene)
    (association,) = [event for event in scene.events() if event["kind"] == "dicom_association"]
    assert not [event for event in scene.events() if event["kind"] == "object_passed"]
    assert association["calling_ae_title"] == "CT01"


def test_the_guard_is_killed_and_started_again(scene: Scene, tmp_path: Path) -> None:
    with half_an_object(scene) as scanner:
        scene.guard.kill()
        scene.guard.wait(10)
        try:
            assert pdu_from(scanner) == 0
        except ConnectionResetError:
            pass
    assert (scene.state / NAME).exists()
    with pytest.raises(UsageError):
        scene.status()
    scene.start_guard()
    settled(scene)
    scene.store(make_objects(tmp_path / "objects", 2))
    assert len(list(scene.kept.iterdir())) == 2


def test_told_to_stop_it_lets_an_object_finish(scene: Scene) -> None:
    with half_an_object(scene) as scanner:
        data = values(1, image(pixels=400_000), command=False)
        os.kill(scene.guard.pid, signal.SIGTERM)
        time.sleep(1.5)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", scene.port), timeout=5)
        scanner.sendall(data[len(data) // 2 :])
        assert pdu_from(scanner) == 4
        assert pdu_from(scanner) == ABORT
    assert scene.guard.wait(10) == 0
    assert len(list(scene.kept.iterdir())) == 1
    names = [event["name"] for event in scene.events() if event["kind"] == "guard_notice"]
    assert names == ["guard.started", "guard.stopping", "guard.stopped"]


def test_a_working_scanner_among_two_hundred_slow_ones(scene: Scene, tmp_path: Path) -> None:
    paths = make_objects(tmp_path / "objects", 20)
    began = time.monotonic()
    scene.store(paths)
    alone = time.monotonic() - began
    for kept in scene.kept.iterdir():
        kept.unlink()
    slow = []
    for number in range(200):
        slow.append(socket.socket())
        slow[-1].bind((f"127.0.0.{2 + number % 10}", 0))
        slow[-1].connect(("127.0.0.1", scene.port))
        slow[-1].send(b"\x01\x00\x00")
    began = time.monotonic()
    scene.store(paths)
    assert time.monotonic() - began < 3 * alone + 1
    assert len(list(scene.kept.iterdir())) == 20
    for sock in slow:
        sock.close()
