"""Rules between zones, from proposal to export, by the commands of the how-to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.running import done, refused
from tests.cli.test_whatif import DEPARTMENT


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("segment") / "ws"
    done("assess", DEPARTMENT, "--workspace", workspace)
    return workspace


@pytest.fixture
def ws(seen: Path, tmp_path: Path) -> Path:
    return shutil.copytree(seen, tmp_path / "ws")


def test_rules_are_proposed_rehearsed_and_exported(ws: Path, tmp_path: Path) -> None:
    assert str(ws / "segmentation.toml") in done("segment", "propose", "--workspace", ws)
    rehearsal = json.loads(done("segment", "rehearse", "--workspace", ws, "--json"))
    assert rehearsal["exams"] > 0
    assert rehearsal["exams_blocked"] == 0
    assert rehearsal["suspects_passed"] == []
    assert {one["suspect"] != "" for one in rehearsal["blocked"]} == {True}, "what is refused looks like an attack"
    said = done("segment", "export", "nftables", tmp_path / "out", "--workspace", ws)
    assert "chain" in Path(said.strip()).read_text(encoding="utf-8")


def test_a_rule_taken_out_costs_exams_before_anyone_enforces_it(ws: Path) -> None:
    done("segment", "propose", "--workspace", ws)
    file = ws / "segmentation.toml"
    text = file.read_text(encoding="utf-8")
    rules = text.split("[[rule]]")
    kept = [rule for rule in rules if "4242" not in rule]
    assert len(kept) < len(rules)
    file.write_text("[[rule]]".join(kept), encoding="utf-8")
    rehearsal = json.loads(done("segment", "rehearse", "--workspace", ws, "--json"))
    assert rehearsal["exams_blocked"] > 0
    assert rehearsal["by_modality"]["CT"] > 0


def test_a_proposal_for_programs_writes_no_file(ws: Path) -> None:
    result = json.loads(done("segment", "propose", "--workspace", ws, "--json"))
    assert {rule["standing"] for rule in result["rules"]} == {"keep", "ask", "refuse"}
    assert not (ws / "segmentation.toml").exists()


def test_rules_are_not_replaced_unasked(ws: Path) -> None:
    (ws / "segmentation.toml").write_text("kept", encoding="utf-8")
    assert "--force" in refused("segment", "propose", "--workspace", ws)
    assert (ws / "segmentation.toml").read_text(encoding="utf-8") == "kept"


def test_a_page_of_the_rehearsal_in_french(ws: Path, tmp_path: Path) -> None:
    done("segment", "propose", "--workspace", ws, "--lang", "fr")
    page = tmp_path / "page.html"
    done("segment", "rehearse", "--workspace", ws, "--html", page, "--lang", "fr")
    assert '<html lang="fr"' in page.read_text(encoding="utf-8")


def test_what_cannot_be_asked_says_what_can(ws: Path, tmp_path: Path) -> None:
    assert "segment propose" in refused("segment", "rehearse", "--workspace", ws)
    done("segment", "propose", "--workspace", ws)
    assert "fortigate" in refused("segment", "export", "abacus", tmp_path, "--workspace", ws)


def test_rules_by_which_nothing_would_work_are_not_exported(ws: Path, tmp_path: Path) -> None:
    done("segment", "propose", "--workspace", ws)
    file = ws / "segmentation.toml"
    text = file.read_text(encoding="utf-8").replace('standing = "keep"', 'standing = "refuse"')
    file.write_text(text.replace('standing = "ask"', 'standing = "refuse"'), encoding="utf-8")
    said = refused("segment", "export", "nftables", tmp_path / "out", "--workspace", ws)
    assert "these rules allow nothing" in said
    assert not (tmp_path / "out").exists()
