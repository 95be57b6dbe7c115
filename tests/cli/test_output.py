"""What programs read is UTF-8, whatever the terminal speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from leadapron.store import Workspace


def test_json_on_a_terminal_without_accents(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "ws")
    said = subprocess.run(
        [sys.executable, "-m", "leadapron", "frameworks", "--json", "--lang", "fr", "--workspace", tmp_path / "ws"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert "é" in json.dumps(json.loads(said.stdout.decode("utf-8")), ensure_ascii=False)


def test_what_a_library_writes_past_python_stays_out_of_a_result() -> None:
    script = """
import ctypes
from leadapron.cli.output import keep_output_ours
print("before")
keep_output_ours()
ctypes.CDLL(None).puts(b"noise of a library")
print("after é")
"""
    said = subprocess.run([sys.executable, "-X", "utf8", "-c", script], capture_output=True, check=True)
    assert said.stdout.decode("utf-8").splitlines() == ["before", "after é"]
