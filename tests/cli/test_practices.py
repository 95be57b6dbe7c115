"""From answers to a plan and its evidence, by the commands of the tutorial."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from leadapron.cli import main
from tests.cli.running import ENVIRONMENT, done, refused, run

DEPARTMENT = Path(str(files("leadapron.content") / "captures" / "department.pcapng.zst"))
BY = ("--by", "Claire Martin")


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The department of the demonstration."""
    workspace = tmp_path_factory.mktemp("practices") / "ws"
    done("assess", DEPARTMENT, "--workspace", workspace)
    return workspace


@pytest.fixture
def ws(seen: Path, tmp_path: Path) -> Path:
    return shutil.copytree(seen, tmp_path / "ws")


def typed(text: str, *arguments: object) -> Result:
    """A command to which a person types."""
    return CliRunner(env=ENVIRONMENT).invoke(main, [str(argument) for argument in arguments], input=text)


def actions(ws: Path) -> list[dict[str, Any]]:
    return list(json.loads(done("plan", "--json", "--workspace", ws))["actions"])


def test_a_yes_that_the_capture_contradicts_is_shown_beside_what_was_seen(ws: Path) -> None:
    said = typed("yes\n\nq\n", "procedures", "ask", "--area", "network", *BY, "--workspace", ws)
    assert said.exit_code == 0
    assert "Enter takes “no”" in said.output
    assert said.output.endswith("1 answer kept.\n")
    shown = done("procedures", "show", "--workspace", ws)
    assert "yes – Claire Martin" in shown[shown.index("Said, and seen otherwise") :]


def test_answers_can_come_before_any_capture(tmp_path: Path) -> None:
    asking = ("procedures", "ask", "--area", "backup", *BY, "--workspace", tmp_path / "new")
    first, again = typed("no\n\nq\n", *asking), typed("q\n", *asking)
    assert first.stderr == f"{tmp_path / 'new'}: a new workspace.\n"
    assert "1 answer kept." in first.stdout
    assert again.stderr == ""
    assert "Backup (2 questions)" in again.stdout


def test_a_workbook_goes_out_and_comes_back(ws: Path, tmp_path: Path) -> None:
    to, path = ("--workspace", ws), tmp_path / "backup.xlsx"
    done("procedures", "export", path, "--area", "backup", *to)
    assert done("procedures", "import", path, *to) == "0 answers kept.\n"
    book = load_workbook(path)
    sheet = book["Backup"]
    sheet["F2"], sheet["J2"] = "no", datetime.now(UTC).date()
    book.save(path)
    assert "sheet 'Backup', cell I2" in refused("procedures", "import", path, *to)
    sheet["I2"] = "Claire Martin"
    book.save(path)
    assert done("procedures", "import", path, *to) == "1 answer kept.\n"


def test_an_action_is_given_and_done(ws: Path) -> None:
    first, second, *_ = actions(ws)
    to = (*BY, "--workspace", ws)
    assert done("plan", "assign", first["id"], "--owner", "M. Durand", *to) == f"{first['id']}: {first['title']}\n"
    done("plan", "assign", first["id"], "--status", "done", *to)
    assert [actions(ws)[0][key] for key in ("owner", "status")] == ["M. Durand", "done"]
    told = " ".join(done("plan", "--workspace", ws).replace("│", " ").split())
    assert f"Begin with “{second['title']}”" in told
    assert "M. Durand said to be done" in told
    assert "no such action" in refused("plan", "assign", "a-0123456789ab", "--owner", "x", *to)


def test_a_risk_is_accepted_and_taken_back(ws: Path) -> None:
    first, to = actions(ws)[0], (*BY, "--workspace", ws)
    until = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    said = done("plan", "accept", first["id"], "--reason", "replacement ordered", "--until", until, *to)
    assert said == f"1: {first['title']} ({until})\n"
    assert first["id"] not in [one["id"] for one in actions(ws)]
    done("plan", "revoke", 1, *to)
    assert actions(ws)[0]["id"] == first["id"]
    assert "no acceptance has the number 7" in refused("plan", "revoke", 7, *to)


def test_the_evidence_is_signed(ws: Path, tmp_path: Path) -> None:
    key, pack = tmp_path / "evidence.pem", tmp_path / "pack"
    done("knowledge", "keygen", key)
    said = done("evidence", pack, *BY, "--key", key, "--workspace", ws)
    assert said.split() == [str(path) for path in (pack / name for name in (
        "evidence.html", "evidence.pdf", "inputs.txt", "inputs.sig", "inputs.pub.pem"))]  # fmt: skip
    assert (pack / "evidence.pdf").read_bytes().startswith(b"%PDF")
    assert len((pack / "inputs.sig").read_bytes()) == 64
    assert run("evidence", pack, *BY, "--workspace", tmp_path / "none").exit_code == 2
