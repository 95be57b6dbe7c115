"""A command loads what it needs: large libraries wait until a form, an SBOM or an update asks for them."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

DEPARTMENT = str(files("leadapron.content") / "captures" / "department.pcapng.zst")
HEAVY = {
    "alembic", "cyclonedx", "httpx", "openpyxl", "packageurl", "pdfplumber", "pysequoia", "spdx_tools", "sqlalchemy",
    "typst", "univers",
}  # fmt: skip
PROGRAM = """
import sys
from leadapron.cli import main
main(sys.argv[1:], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "further"),
    [
        (["--help"], {"cvss", "cryptography", "pydicom"}),
        (["assess", DEPARTMENT], set()),
        (["knowledge", "ask", "--vendor", "OFFIS", "--product", "DCMTK", "--version", "3.6.6"], {"pydicom"}),
    ],
)
def test_commands_that_need_no_large_library_load_none(arguments: list[str], further: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    assert not (HEAVY | further) & set(done.stderr.split())
