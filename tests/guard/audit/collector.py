"""A real collector: rsyslog with GnuTLS, as a child process on the loopback."""

import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import trustme

from leadapron.model.guard import Tls

CONFIGURATION = """
global(
  workDirectory="{folder}" maxMessageSize="64k"
  defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="{folder}/ca.pem"
  defaultNetstreamDriverCertFile="{folder}/server.pem"
  defaultNetstreamDriverKeyFile="{folder}/server.key"
)
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"
       permittedPeer=["guard.example"])
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="raw" type="string" string="%rawmsg%\\n")
action(type="omfile" file="{folder}/received" template="raw" asyncWriting="off")
"""

SEQUENCE = re.compile(rb'\[meta sequenceId="(\d+)"\]')


class Collector:
    """Starts, ends and is killed as a test says; what it received stays."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("rsyslogd") is None or not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_gtls.so")):
            pytest.skip("rsyslogd with GnuTLS is not installed")
        self.folder, self.received = folder, folder / "received"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._certificates()
        (folder / "rsyslog.conf").write_text(CONFIGURATION.format(folder=folder, port=self.port))

    def _certificates(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        for name, host in (("server", "127.0.0.1"), ("client", "guard.example")):
            issued = authority.issue_cert(host)
            key = self.folder / f"{name}.key"
            key.touch(mode=0o600)
            key.write_bytes(issued.private_key_pem.bytes())
            (self.folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def tls(self) -> Tls:
        """Mutual."""
        return Tls(
            certificate=str(self.folder / "client.pem"),
            key=str(self.folder / "client.key"),
            authorities=str(self.folder / "ca.pem"),
        )

    def start(self) -> None:
        arguments = ["rsyslogd", "-n", "-f", str(self.folder / "rsyslog.conf"), "-i", str(self.folder / "pid")]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, "rsyslogd ended"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("rsyslogd does not listen")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def lines(self) -> list[bytes]:
        return self.received.read_bytes().splitlines() if self.received.exists() else []

    def numbers(self) -> list[int]:
        """Of the messages received, in order, those that came twice once: as a repository deduplicates them."""
        found = [int(match[1]) for line in self.lines() if (match := SEQUENCE.search(line))]
        return list(dict.fromkeys(found))

    def wait_for(self, count: int, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while len(self.numbers()) < count and time.monotonic() < end:
            time.sleep(0.05)
