"""Thousands of hostile associations against a guard that runs, with other programs' readers behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.guard.dicom.peers import needs
from tests.guard.dicom.playbook import MARK
from tests.guard.faults.liars import ALLOWED
from tests.guard.faults.scene import archives, listens, wait_for
from tests.guard.faults.storm import Sink, fortress, storm
from tests.guard.ports import free_port
from tests.see.wire import dicom_bytes as d

pytestmark = [needs("storescp", "echoscu"), pytest.mark.enable_socket]

ROOT = Path(__file__).parents[3]


def test_what_an_archive_understands_the_policy_allows(tmp_path: Path) -> None:
    with Sink() as sink, fortress(tmp_path, sink.port) as guard:
        assert storm(guard, 1, 1500) > 1000
        sink.check()
        assert sink.kinds == ALLOWED
        assert len(sink.objects) > 50


def test_pynetdicom_behind_it_is_asked_nothing_else(tmp_path: Path) -> None:
    port, asked = free_port(), tmp_path / "asked"
    words = [sys.executable, "-m", "tests.guard.faults.listening", str(port), str(asked)]
    archive = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listens(port))
        with fortress(tmp_path, port) as guard:
            storm(guard, 2, 400)
    finally:
        archive.kill()
        archive.wait(10)
    kinds = {tuple(json.loads(line)) for line in asked.read_text().splitlines()}
    assert kinds == ALLOWED


def test_storescp_behind_it_keeps_nothing_else(tmp_path: Path) -> None:
    with archives(tmp_path, words=("--fork",)) as (archive,), fortress(tmp_path, archive.port) as guard:
        storm(guard, 3, 400)
        assert archive.files
        for file in archive.files:
            assert MARK not in file.read_bytes()
            assert dcmread(file, stop_before_pixels=True).file_meta.MediaStorageSOPClassUID == d.CT_IMAGE
