"""A guard as people start it, in front of real archives: each a process of its own, to be broken."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from leadapron.guard.quarantine import make_keys
from leadapron.guard.shell import NAME, ask
from leadapron.model.errors import UsageError
from leadapron.model.events import Event
from leadapron.store import Workspace
from tests.guard.dicom.peers import run
from tests.guard.ports import free_port
from tests.see.wire import dicom_bytes as d

E = TypeVar("E", bound=Event)
ABORT, ACCEPT, REJECT, DATA = 7, 2, 3, 4
ALL = '[[rule]]\nname = "all"\nfrom = "127.0.0.0/8"\nallow = "any"\nwide_queries = true\n'
PROGRAM = (sys.executable, "-m", "leadapron", "guard")
PATIENCE = 20.0


def wait_for(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Archive:
    """storescp with a folder."""

    def __init__(self, folder: Path, words: Sequence[str] = ()) -> None:
        self.port, self.kept = free_port(), folder
        folder.mkdir(parents=True)
        words = ["storescp", *words, "-aet", "PACS", "+B", "-od", str(self.kept), str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: listens(self.port))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    @property
    def files(self) -> list[Path]:
        return list(self.kept.iterdir())


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Guarding:
    """`leadapron guard run` with a policy in `folder`. What it says is in `log`."""

    def __init__(
        self,
        folder: Path,
        upstreams: Sequence[int],
        rules: str = ALL,
        *,
        fail: str = "closed",
        top: str = "",
        listener: str = "",
        environment: Mapping[str, str] | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """`top` and `listener` are more lines of the policy; `prepare` runs in the guard's process before it."""
        self.folder, self.policy, self.log = folder, folder / "policy.toml", folder / "log"
        self.state, self.workspace = folder / "state", folder / "workspace"
        self.port = free_port()
        where = ", ".join(f'"127.0.0.1:{port}"' for port in upstreams)
        self._head = (
            f'[guard]\nname = "test"\nstate = "state"\nworkspace = "workspace"\n{top}\n'
            f'[[listener]]\nname = "front"\nspeaks = "dicom"\nlisten = "127.0.0.1:{self.port}"\n'
            f'upstream = [{where}]\nfail = "{fail}"\n{listener}\n'
        )
        self._environment = {**os.environ, **(environment or {})}
        self._prepare = prepare
        self.process: subprocess.Popen[bytes]
        self.write(rules)

    def write(self, rules: str) -> None:
        """The policy's rules from now on, in the file."""
        self.policy.write_text(self._head + rules)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "run", str(self.policy), "--lang", "en"],
                stdout=log, stderr=log, env=self._environment, preexec_fn=self._prepare,
            )  # fmt: skip
        wait_for(self._stands)

    def _stands(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            return bool(self.status()["listeners"])
        except UsageError:
            return False

    def stop(self) -> int:
        """As a service is stopped; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def command(self, *words: str, fails: bool = False) -> str:
        """Another of the guard's commands, on this policy; what it says."""
        done = subprocess.run(
            [*PROGRAM, words[0], str(self.policy), *words[1:]], capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.returncode != 0) is fails, done
        return done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        return ask(self.state / NAME, {"do": "status"})

    def events(self, kind: type[E]) -> list[E]:
        """At rest in the workspace: all, once the guard has stopped."""
        return list(Workspace.open(self.workspace).events(kind))

    @property
    def objects(self) -> int:
        """That passed since the start, with a good answer or not."""
        return int(self.status()["listeners"][0]["objects"])

    def settled(self) -> None:
        """Nobody is inside any more."""
        wait_for(lambda: not self.status()["connections"])

    @property
    def memory(self) -> int:
        """Most resident bytes so far."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def store(self, paths: Sequence[Path], *, title: str = "CT01", fails: bool = False) -> str:
        return run("storescu", "-aet", title, "-aec", "PACS", "127.0.0.1", self.port, *paths, fails=fails)

    def echo(self, *, title: str = "CT01", fails: bool = False) -> str:
        return run("echoscu", "-aet", title, "-aec", "PACS", "127.0.0.1", self.port, fails=fails)


@contextmanager
def guarding(
    folder: Path, upstreams: Sequence[int], rules: str = ALL, *, keys: bool = False, **more: Any
) -> Iterator[Guarding]:
    """Started, and stopped in the end if it still runs; it must never have met a fault of its own. `keys`: those of the
    quarantine are made first."""
    made = Guarding(folder, upstreams, rules, **more)
    if keys:
        make_keys(made.state / "quarantine", folder / "private.pem")
    made.start()
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.stop()
    assert "fault of the guard" not in made.said


@contextmanager
def archives(folder: Path, count: int = 1, words: Sequence[str] = ()) -> Iterator[list[Archive]]:
    made = [Archive(folder / f"archive{number}", words) for number in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.kill()


# ---------------------------------------------------------------- a scanner, byte by byte
class Scanner:
    """One association that a test speaks itself."""

    def __init__(
        self,
        port: int,
        *contexts: str,
        title: str = "CT01",
        source: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=15, source_address=(source, 0))
        try:
            self.sock = tls.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain
        except OSError:
            plain.close()
            raise
        wanted = [(each, (d.IMPLICIT,)) for each in contexts or (d.CT_IMAGE, d.VERIFICATION)]
        self.send(d.associate_rq(title, contexts=wanted))

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def pdu(self) -> bytes:
        """The next one; empty at the end."""
        try:
            head = self._read(6)
            return head + self._read(int.from_bytes(head[2:], "big")) if head else b""
        except ConnectionResetError:
            return b""

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            if not piece:
                return b""
            data += piece
        return data

    def expect(self, kind: int) -> bytes:
        said = self.pdu()
        assert said[:1] == bytes((kind,)), said
        return said

    def status_of_answer(self) -> int:
        """Of a DIMSE response in one PDU."""
        said = self.expect(DATA)
        at = said.index(b"\0\0\0\x09\x02\0\0\0")
        return int.from_bytes(said[at + 8 : at + 10], "little")

    def echo(self) -> int:
        self.send(d.command(0x0030, d.VERIFICATION, context=3))
        return self.status_of_answer()

    def __enter__(self) -> Scanner:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()


def store_request(instance: str, pixels: int = 400_000, message: int = 1) -> tuple[bytes, bytes]:
    """A C-STORE of a CT: its command and its data set, both as PDUs."""
    uids = ((0x0002, d.CT_IMAGE), (0x1000, instance))
    elements = [(number, uid.encode() + b"\0" * (len(uid) % 2)) for number, uid in uids]
    elements += [(number, value.to_bytes(2, "little")) for number, value in {**_SHORT, 0x0110: message}.items()]
    body = b"".join(_element(number, value) for number, value in sorted(elements))
    command = _element(0, len(body).to_bytes(4, "little")) + body
    return d.values(1, command, command=True), d.values(1, d.image(pixels=pixels), command=False)


_SHORT = {0x0100: 1, 0x0700: 0, 0x0800: 0}


def _element(number: int, value: bytes) -> bytes:
    return b"\0\0" + number.to_bytes(2, "little") + len(value).to_bytes(4, "little") + value
