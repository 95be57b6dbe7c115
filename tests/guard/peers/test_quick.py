"""DCMTK in its default environment waits 40 ms in every object for an acknowledgement, unless it comes at once."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from leadapron.guard.shell.link import Link
from tests.guard.dicom.peers import SECONDS, guard_before, make_objects, needs, storescp

pytestmark = [
    needs("storescu", "storescp"),
    pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="this system cannot be asked for it"),
]


def test_acknowledgements_are_sent_at_once_inside_of_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not how soon (the benchmark measures that), but that it is asked for again and again: the kernel forgets."""
    armed: list[int] = []
    acknowledge = Link.acknowledge

    def seen(link: Link) -> None:
        acknowledge(link)
        armed.append(link.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK))

    monkeypatch.setattr(Link, "acknowledge", seen)
    images = make_objects(tmp_path / "made", 10)
    environment = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    with storescp(tmp_path / "kept") as port, guard_before(port) as guard:
        command = ["storescu", "-aec", "PACS", "127.0.0.1", str(guard.port()), *map(str, images)]
        subprocess.run(command, check=True, timeout=SECONDS, env=environment)
    assert len(armed) >= len(images)
    assert set(armed) == {1}
