"""Who is slow, silent or away holds nobody else up: crowds of half-open connections, a collector that is not there."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leadapron.model.events import GuardDecision, ObjectPassed
from tests.guard.audit.collector import Collector
from tests.guard.dicom.peers import make_objects, needs
from tests.guard.faults.scene import ABORT, ACCEPT, Scanner, archives, guarding, store_request, wait_for
from tests.see.wire import dicom_bytes as d

pytestmark = [needs("storescp", "storescu"), pytest.mark.enable_socket]

CROWD = 200
LEAST = 22
"""Audit messages of a start, a transfer and twenty associations."""
IMPATIENT = "[listener.limits]\nhandshake = 3\n"


def strangers(port: int, said: bytes) -> list[socket.socket]:
    """A crowd from ten addresses, each of which begins with `said`."""
    socks = []
    for number in range(CROWD):
        socks.append(socket.socket())
        socks[-1].settimeout(10)
        socks[-1].bind((f"127.0.0.{2 + number % 10}", 0))
        socks[-1].connect(("127.0.0.1", port))
        socks[-1].sendall(said)
    return socks


@contextmanager
def dribbling(socks: list[socket.socket], said: bytes) -> Iterator[None]:
    """Each says one byte more in each second."""
    over = threading.Event()

    def dribble() -> None:
        for at in range(len(said)):
            if over.wait(1.0):
                return
            for sock in socks:
                try:
                    sock.send(said[at : at + 1])
                except OSError:  # it was sent away
                    pass

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_scanner_works_beside_hundreds_of_slow_and_half_open_ones(tmp_path: Path) -> None:
    paths = make_objects(tmp_path / "objects", 50)
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port], listener=IMPATIENT) as guard:
        began = time.monotonic()
        guard.store(paths)
        alone = time.monotonic() - began
        for kept in archive.files:
            kept.unlink()
        slow, half = strangers(guard.port, b""), strangers(guard.port, d.associate_rq()[:70])
        with dribbling(slow, d.associate_rq()):
            began = time.monotonic()
            guard.store(paths)
            assert time.monotonic() - began < 3 * alone + 1
            assert len(archive.files) == 50
            inside = guard.status()["connections"]
            assert len(inside) == 2 * CROWD
            assert {each["upstream"] for each in inside} == {""}
            for sock in (*slow, *half):
                gone(sock)
                sock.close()
        guard.settled()
        guard.stop()
        assert len(guard.events(ObjectPassed)) == 100
        late = [each for each in guard.events(GuardDecision) if each.reason == "limit"]
        assert sum(each.count for each in late) == 2 * CROWD


def gone(sock: socket.socket) -> None:
    """It is sent away, in whatever words."""
    try:
        while sock.recv(1000):
            pass
    except ConnectionResetError:
        pass


def test_who_stops_in_the_middle_of_an_object_is_ended_and_holds_nobody_up(tmp_path: Path) -> None:
    limits = "[listener.limits]\nstall = 2\n"
    with (
        archives(tmp_path, words=("--fork",)) as (archive,),
        guarding(tmp_path, [archive.port], listener=limits) as guard,
    ):
        stuck = [Scanner(guard.port) for _ in range(20)]
        command, data = store_request("1.2.3.4")
        for scanner in stuck:
            scanner.expect(ACCEPT)
            scanner.send(command + data[:30_000])
        guard.store(make_objects(tmp_path / "objects", 10))
        for scanner in stuck:
            scanner.expect(ABORT)
            scanner.sock.close()
        guard.settled()
        wait_for(lambda: len(archive.files) == 10)
        guard.stop()
        assert len(guard.events(ObjectPassed)) == 10


def test_a_collector_that_is_away_for_the_whole_load_gets_all_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "collector"
    folder.mkdir()
    collector = Collector(folder)
    tls = collector.tls
    audit = (
        f'[audit]\nsyslog = "{collector.address}"\n[audit.tls]\ncertificate = "{tls.certificate}"\n'
        f'key = "{tls.key}"\nauthorities = "{tls.authorities}"\n'
    )
    with archives(tmp_path) as (archive,), guarding(tmp_path, [archive.port], top=audit) as guard:
        try:
            guard.store(make_objects(tmp_path / "objects", 30))
            for _ in range(20):
                guard.echo()
            wait_for(lambda: guard.status()["spool"]["messages"] >= LEAST)
            waiting = int(guard.status()["spool"]["messages"])
            guard.kill()
            collector.start()
            guard.start()
            wait_for(lambda: guard.status()["spool"]["delivered"] >= waiting)
            guard.store(make_objects(tmp_path / "more", 3))
            guard.stop()
            numbers = collector.numbers()
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) > waiting
            assert [line for line in collector.lines() if b"110104" in line], "DICOM Instances Transferred"
        finally:
            collector.end(signal.SIGKILL)
