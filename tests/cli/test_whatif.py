"""From a capture to what an attack would cost, by the commands of the tutorial."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import content_of, done, refused, run

DEPARTMENT = Path(str(files("leadapron.content") / "captures" / "department.pcapng.zst"))
ROOT = Path(__file__).parents[2]
FEW = ("--runs", "50")


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The department of the demonstration."""
    workspace = tmp_path_factory.mktemp("whatif") / "ws"
    done("assess", DEPARTMENT, "--workspace", workspace)
    return workspace


def told(*arguments: object) -> dict[str, Any]:
    return dict(json.loads(done(*arguments, "--json")))


def test_a_run_says_what_is_lost_and_what_that_rests_on(ws: Path) -> None:
    result = told("whatif", "run", "--workspace", ws, *FEW)
    assert (result["scenario"], result["runs"], result["seed"]) == ("worm", 50, 1)
    lost = result["exams_lost"]
    assert 0 <= lost["p5"] <= lost["p50"] <= lost["p95"]
    assert sum(one["mean"] for one in lost["by_modality"].values()) == pytest.approx(lost["mean"])
    assert {"CT", "MR"} <= lost["by_modality"].keys()
    assert result["devices_down"]["p95"] <= len(result["devices"])
    assert result["hours_to_normal"]["mean"] > 0
    assert {one["basis"] for one in result["assumptions"]} == {"measured", "sourced", "assumed"}


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(ws: Path) -> None:
    ask = ("whatif", "run", "--workspace", ws, *FEW)
    one, same, other = (told(*ask, "--seed", seed)["exams_lost"] for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_how_it_comes_in_and_when_it_ends_matters(ws: Path) -> None:
    ask = ("whatif", "run", "--workspace", ws, "--entry", "SECR01", "--start", "Monday 08:00", *FEW)
    soon, late = (told(*ask, "--contained", hours)["exams_lost"]["mean"] for hours in (0.1, 48))
    assert soon < late


def test_scenarios_are_compared_worst_first(ws: Path) -> None:
    result = told("whatif", "compare", "--workspace", ws, *FEW)
    lost = [one["exams_lost"]["mean"] for one in result["scenarios"]]
    assert len(lost) == 8
    assert lost == sorted(lost, reverse=True)


def test_the_best_actions_stay_within_the_budget_and_help(ws: Path) -> None:
    result = told("whatif", "best", "--workspace", ws, "--budget-hours", "10", "--windows", "0", *FEW)
    assert result["budget_hours"] == 10
    assert 0 < sum(one["hours"] for one in result["actions"]) <= 10
    assert all(one["exams_saved"] > 0 and one["action"] for one in result["actions"])
    assert result["after"]["mean"] < result["before"]["mean"]


def test_a_budget_of_nothing_buys_nothing(ws: Path) -> None:
    result = told("whatif", "best", "--workspace", ws, "--budget-hours", "0", *FEW)
    assert result["actions"] == []
    assert result["after"] == result["before"]


def test_paths_lead_to_the_device_that_was_named_or_to_what_exams_need_most(ws: Path) -> None:
    named = told("whatif", "paths", "--workspace", ws, "--target", "CTAWP66301", *FEW)
    assert named["target_label"] == "CTAWP66301"
    assert all(path["steps"] for path in named["paths"])
    assert told("whatif", "paths", "--workspace", ws, *FEW)["target_label"] == "pacs01"


def test_pages_are_written_in_both_languages(ws: Path, tmp_path: Path) -> None:
    for command, language in (("run", "en"), ("compare", "fr"), ("paths", "en"), ("best", "fr")):
        page = tmp_path / f"{command}.html"
        done("whatif", command, "--workspace", ws, "--html", page, "--lang", language, "--runs", 20)
        assert f'<html lang="{language}"' in page.read_text(encoding="utf-8")


def test_an_exercise_is_a_folder_to_print(ws: Path, tmp_path: Path) -> None:
    said = done("whatif", "exercise", tmp_path / "pack", "--workspace", ws, *FEW)
    names = {Path(line).name for line in said.splitlines()}
    assert names == {f"{name}.{kind}" for name in ("exercise", "cards", "downtime") for kind in ("html", "pdf")}
    assert names == {path.name for path in (tmp_path / "pack").iterdir()}


def test_no_canary_of_a_patient_is_anywhere(ws: Path, tmp_path: Path) -> None:
    """The capture is full of invented patients' names, identifiers and birth dates; nothing that is written has one."""
    wide = ("--workspace", ws, "--runs", 20)
    for command in ("run", "compare", "paths"):
        done("whatif", command, *wide, "--json", tmp_path / f"{command}.json", "--html", tmp_path / f"{command}.html")
    done("whatif", "init", "--workspace", ws, "--settings", tmp_path / "whatif.toml")
    done("whatif", "exercise", tmp_path / "pack", *wide)
    (tmp_path / "exercise.json").write_text(done("whatif", "exercise", *wide, "--json"), encoding="utf-8")
    rules = tmp_path / "rules.toml"
    done("segment", "propose", "--workspace", ws, "--rules", rules)
    done("segment", "rehearse", "--workspace", ws, "--rules", rules, "--html", tmp_path / "rehearsal.html")
    for form in ("nftables", "mud", "windows"):
        done("segment", "export", form, tmp_path / form, "--workspace", ws, "--rules", rules)
    written = content_of(tmp_path)
    assert len(written) > 20
    canaries = (ROOT / "lab" / "canaries.txt").read_bytes().split()
    assert len(canaries) > 10
    assert [(name, word) for name, data in written.items() for word in canaries if word in data] == []


def test_what_is_corrected_in_the_settings_counts(ws: Path, tmp_path: Path) -> None:
    settings = tmp_path / "whatif.toml"
    ask = ("--workspace", ws, "--settings", settings)
    assert done("whatif", "init", *ask).strip() == str(settings)
    before = told("whatif", "run", *ask, *FEW)["exams_lost"]["mean"]
    text = settings.read_text(encoding="utf-8")
    head, worm = text.split("[scenario.worm]")
    worm = re.sub(r"^#contained = .*$", "contained = 0.01", worm, count=1, flags=re.MULTILINE)
    settings.write_text(f"{head}[scenario.worm]{worm}", encoding="utf-8")
    assert told("whatif", "run", *ask, *FEW)["exams_lost"]["mean"] < before


def test_a_wrong_number_in_the_settings_names_their_file(ws: Path, tmp_path: Path) -> None:
    settings = tmp_path / "ours.toml"
    settings.write_text("[scenario.worm]\ncontained = -3\n", encoding="utf-8")
    said = refused("whatif", "run", "--workspace", ws, "--settings", settings)
    assert "ours.toml: scenario worm: contained: a number from 0" in said


def test_settings_are_not_replaced_unasked(ws: Path, tmp_path: Path) -> None:
    settings = tmp_path / "whatif.toml"
    settings.write_text("urgent = 0.3\n", encoding="utf-8")
    ask = ("whatif", "init", "--workspace", ws, "--settings", settings)
    assert "--force" in refused(*ask)
    assert settings.read_text(encoding="utf-8") == "urgent = 0.3\n"
    done(*ask, "--force")
    assert settings.stat().st_size > 1000


def test_firewall_rules_become_settings(ws: Path, tmp_path: Path) -> None:
    rules, settings = tmp_path / "firewall.csv", tmp_path / "whatif.toml"
    rules.write_text("source,target,service,action\n10.20.40.0/24,10.20.20.0/24,https,allow\n", encoding="utf-8")
    ask = ("--workspace", ws, "--settings", settings)
    done("whatif", "init", *ask, "--zone-rules", rules)
    shut = told("whatif", "run", *ask, "--entry", "SECR01", *FEW)["exams_lost"]["mean"]
    assert shut < told("whatif", "run", "--workspace", ws, "--entry", "SECR01", *FEW)["exams_lost"]["mean"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--scenario", "meteor"), "worm"),
        (("run", "--entry", "nobody"), "inventory"),
        (("paths", "--target", "nobody"), "inventory"),
        (("compare", "--entry", "nobody"), "inventory"),
        (("compare", "--contained", "-5"), "contained: a number from 0"),
        (("run", "--settings", "/nowhere/whatif.toml"), "nowhere"),
        (("run", "--settings", "/dev/zero"), "no end"),
        (("best", "--json", "/nowhere/best.json"), "a folder that exists"),
    ],
)
def test_what_cannot_be_asked_says_what_can(ws: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("whatif", *arguments, "--workspace", ws)


def test_a_start_that_is_no_time(ws: Path) -> None:
    result = run("whatif", "run", "--workspace", ws, "--start", "tomorrow")
    assert result.exit_code == 2
    assert "mon 08:00" in result.stderr


def test_a_refusal_neither_steers_the_terminal_nor_fills_it(ws: Path, tmp_path: Path) -> None:
    settings = tmp_path / "whatif.toml"
    settings.write_text(f'[devices."\\u001b[2J\\n{"x" * 100_000}"]\nrecords = -1\n', encoding="utf-8")
    said = refused("whatif", "run", "--settings", settings, "--workspace", ws)
    assert "[U+001B][2J[U+000A]xxx" in said
    assert len(said) < 3000
