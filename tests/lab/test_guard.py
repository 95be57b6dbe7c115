"""A guard between real devices, each in a network namespace of its own: no way to the archive but through it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from lab import build, namespaces

LACKS = build.missing()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=f"the live lab lacks {', '.join(LACKS)}")

NETWORKS = {"ct": "10.77.1", "office": "10.77.2", "pacs": "10.77.9"}
"""Device → its network; the guard is .1 in each, the device .10."""
POLICY = """
[guard]
name = "front"
state = "state"

[[listener]]
name = "pacs"
speaks = "dicom"
listen = "0.0.0.0:104"
upstream = "10.77.9.10:104"
fail = "closed"

[[rule]]
name = "CT 1"
from = "10.77.1.10"
calling = "CT1"
allow = ["echo", "store"]
"""


class Site:
    """Three devices, each wired to the guard only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = f"la{os.getpid()}"
        self.processes: list[subprocess.Popen[bytes]] = []
        guard = f"{self.prefix}-guard"
        namespaces.create(guard, ("net.ipv4.ip_forward=0",))
        for number, (device, network) in enumerate(NETWORKS.items()):
            name = f"{self.prefix}-{device}"
            namespaces.create(name)
            link = f"link add d{number} type veth peer name eth0 netns {name}"
            namespaces.ip_batch([link, f"addr add {network}.1/24 dev d{number}", f"link set d{number} up"], guard)
            route = f"route add default via {network}.1"
            namespaces.ip_batch([f"addr add {network}.10/24 dev eth0", "link set eth0 up", route], name)

    def start(self, device: str, *words: object) -> subprocess.Popen[bytes]:
        command = ["ip", "netns", "exec", f"{self.prefix}-{device}", *map(str, words)]
        with (self.folder / f"{device}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def run(self, device: str, *words: object) -> int:
        command = ["ip", "netns", "exec", f"{self.prefix}-{device}", *map(str, words)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, timeout=30, check=False).returncode

    def until(self, *words: object) -> None:
        """Wait for a device's command to work."""
        for _ in range(100):
            if self.run(*map(str, words)) == 0:
                return
            time.sleep(0.1)
        raise AssertionError([path.read_text() for path in self.folder.glob("*.log")])

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
        for device in ("guard", *NETWORKS):
            namespaces.delete(f"{self.prefix}-{device}")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    try:
        (tmp_path / "guard.toml").write_text(POLICY, encoding="utf-8")
        (tmp_path / "archive").mkdir()
        site.start("pacs", "storescp", "--disable-host-lookup", "-od", tmp_path / "archive", 104)
        site.start("guard", sys.executable, "-m", "leadapron", "guard", "run", "guard.toml")
        site.until("ct", "echoscu", "-to", 2, "-ta", 5, "-aet", "CT1", "-aec", "PACS", "10.77.1.1", 104)
        yield site
    finally:
        site.end()


def test_only_the_device_of_the_rule_reaches_the_archive_and_the_workspace_knows(site: Site) -> None:
    image = get_testdata_file("CT_small.dcm")
    words = ("-aec", "PACS")
    assert site.run("ct", "storescu", "-aet", "CT1", *words, "10.77.1.1", 104, image) == 0
    assert len(list((site.folder / "archive").iterdir())) == 1
    assert site.run("office", "storescu", "-aet", "CT1", *words, "10.77.2.1", 104, image), (
        "another's title helps nobody"
    )
    assert site.run("ct", "storescu", "-aet", "CT9", *words, "10.77.1.1", 104, image)
    assert site.run("office", "echoscu", "-to", 2, "-aet", "CT1", *words, "10.77.9.10", 104), "no way around"
    assert len(list((site.folder / "archive").iterdir())) == 1

    site.processes[1].send_signal(signal.SIGTERM)
    assert site.processes[1].wait(20) == 0
    command = [sys.executable, "-m", "leadapron", "inventory", "--workspace", "state/workspace", "--json"]
    told = subprocess.run(command, cwd=site.folder, capture_output=True, text=True, timeout=60, check=True).stdout
    devices = {address for device in json.loads(told) for address in device["addresses"]}
    assert {"10.77.1.10", "10.77.9.10"} <= devices
