"""Storms of hostile associations: a tight guard, what stands behind it, and all that must hold afterwards.

`python -m tests.guard.faults.storm [SECONDS]` goes on for as long as you like, each time with other chances.
"""

from __future__ import annotations

import random
import socket
import socketserver
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from tests.guard.dicom.archive import Archive, Asked
from tests.guard.dicom.playbook import MARK
from tests.guard.faults.liars import ALLOWED, attack
from tests.guard.faults.scene import Guarding, guarding
from tests.see.wire import dicom_bytes as d

LIMITS = "[listener.limits]\nmemory = 524288\npdu = 65536\nassociate = 131072\nhandshake = 5\nstall = 5\n"
MOST_GROWTH = 64 << 20
"""Bytes; four connections at a time may hold 2 MB, the rest is Python's own."""
PEERS = 4
ROUND = 1500
RULES = f"""
[[rule]]
name = "images"
from = "127.0.0.0/8"
allow = "store"
sop_classes = ["{d.CT_IMAGE}"]
object_size = 40000

[[rule]]
name = "presence"
from = "127.0.0.0/8"
allow = "echo"

[[rule]]
name = "queries"
from = "127.0.0.0/8"
allow = "find"
results = 2

[[rule]]
name = "moves"
from = "127.0.0.0/8"
allow = "move"
destinations = "WS01"
"""


class Sink:
    """Archives that read with pynetdicom's decoders, one for each connection, and note what they understood."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.objects: list[bytes] = []
        self.queries: list[bytes] = []
        self.broken: list[str] = []
        """What reached one of them and was no sound PDU or message."""
        sink = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                sink.serve(self.request)

        socketserver.ThreadingTCPServer.request_queue_size = 128
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def serve(self, sock: socket.socket) -> None:
        archive = Archive()
        try:
            while not archive.over and (data := sock.recv(65536)):
                sock.sendall(archive.feed(data))
        except OSError:
            pass
        except Exception as error:  # noqa: BLE001 (whatever a reader does not understand has to be told)
            self.broken.append(f"{type(error).__name__}: {error}")
        self.asked += archive.asked
        self.objects += archive.objects
        self.queries += archive.queries

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def kinds(self) -> set[tuple[str, str, str]]:
        """Of what was asked. A title may end in a NUL, as old devices fill up with it."""
        told = [each for each in self.asked if each.name != "C-CANCEL"]
        return {(each.name, each.sop_class, each.destination.rstrip("\0 ")) for each in told}

    def check(self) -> None:
        """AssertionError where something came through that the policy does not allow."""
        assert not self.broken, self.broken[:5]
        assert self.kinds <= ALLOWED, self.kinds - ALLOWED
        for each in self.objects:
            assert MARK not in each
            assert len(each) <= 40_000
        for each in self.queries:
            identifier = dcmread(DicomBytesIO(each), force=True)
            assert str(identifier.get("PatientID", "")) not in ("", "*")


@contextmanager
def fortress(folder: Path, upstream: int) -> Iterator[Guarding]:
    """A tight guard whose rules find a mark in objects."""
    (folder / "mark.yar").write_text(f'rule mark {{ strings: $a = "{MARK.decode()}" condition: $a }}\n')
    with guarding(folder, [upstream], RULES, top='content_rules = "mark.yar"', listener=LIMITS) as guard:
        yield guard


def storm(guard: Guarding, seed: int, count: int) -> int:
    """So many attacks, some at a time; how many were answered."""
    chance = random.Random(seed)
    seeds = [chance.randbytes(chance.randrange(8, 300)) for _ in range(count)]
    before = guard.memory
    with ThreadPoolExecutor(PEERS) as peers:
        answers = list(peers.map(lambda data: attack(guard.port, data), seeds))
    assert guard.memory - before < MOST_GROWTH
    guard.settled()
    guard.echo()
    return sum(bool(answer) for answer in answers)


def main(seconds: float) -> None:
    """Storms until the time is over; each names its seed, so that it can come again."""
    end, seed = time.monotonic() + seconds, random.SystemRandom().randrange(1 << 32)
    with tempfile.TemporaryDirectory() as folder, Sink() as sink, fortress(Path(folder), sink.port) as guard:
        while time.monotonic() < end:
            print(f"storm {seed}", end=" ", flush=True)
            storm(guard, seed, ROUND)
            sink.check()
            print(f"sound, {len(sink.asked)} requests passed, {guard.memory >> 20} MB", flush=True)
            seed += 1


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
