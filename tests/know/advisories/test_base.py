"""The facts shipped with the program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from leadapron.know.advisories import csaf, load_base, products, score
from leadapron.know.advisories.build import main
from leadapron.know.matching.reasons import load_reasons
from leadapron.model.advisories import FeedState, Status
from leadapron.model.errors import ContentError
from tests.know.advisories.test_feeds import CATALOGUE, PAGES

SAMPLES = Path(__file__).with_name("samples")
ORIGINS = Path(__file__).parents[3] / "src/leadapron/content/knowledge/origins.toml"
TODAY = date(2026, 11, 24)
MAX_SECONDS = 0.06


def test_what_is_shipped() -> None:
    base = load_base()
    assert len(base.advisories) == 145
    assert len(base.exploited) == 1404
    assert len(base.lifecycles) == 34
    assert {feed.id: feed.state(TODAY) for feed in base.feeds} == {
        "advisories": FeedState.STALE,
        "kev": FeedState.STALE,
        "epss": FeedState.MISSING,
        "endoflife": FeedState.FRESH,
    }
    assert all(len(feed.sha256) == 64 and "/tree/" in feed.source for feed in base.feeds if feed.records)


def test_shipped_facts_hold_together() -> None:
    base = load_base()
    for advisory in base.advisories:
        flaws = {flaw.cve for flaw in advisory.vulnerabilities}
        assert advisory.products, advisory.id
        assert flaws, advisory.id
        assert advisory.url.startswith("https://www.cisa.gov/"), advisory.id
        assert all(set(each.cves) <= flaws for each in advisory.products)
        assert all(each.vendor and each.product and each.constraint for each in advisory.products)
        assert all(score(vector) is not None for flaw in advisory.vulnerabilities for vector in flaw.cvss)
    leaves = [each for advisory in base.advisories for each in advisory.products if each.open != csaf.OPEN_PARTIAL]
    assert len(leaves) == 607
    exploited = {flaw.cve for advisory in base.advisories for flaw in advisory.vulnerabilities} & set(base.exploited)
    assert len(exploited) == 11
    assert {each.status for advisory in base.advisories for each in advisory.products} == {
        Status.AFFECTED,
        Status.UNDER_INVESTIGATION,
    }


def test_no_prose_is_shipped() -> None:
    texts = [each.constraint for advisory in load_base().advisories for each in advisory.products]
    assert max(map(len, texts)) < 200


def test_it_loads_quickly() -> None:
    load_base()
    start = time.process_time()
    load_base()
    assert time.process_time() - start < MAX_SECONDS


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    (tmp_path / "kev.json").write_text(json.dumps(CATALOGUE))
    (tmp_path / "eol.json").write_text(json.dumps(PAGES))
    (tmp_path / "csaf").mkdir()
    for path in SAMPLES.glob("icsma-*.json"):
        (tmp_path / "csaf" / path.name).write_bytes(path.read_bytes())
    for out in ("one", "two"):
        (tmp_path / out).mkdir()
        (tmp_path / out / "origins.toml").write_bytes(ORIGINS.read_bytes())
    names = {"--csaf": "csaf", "--kev": "kev.json", "--endoflife": "eol.json"}
    return [part for option, name in names.items() for part in (option, str(tmp_path / name))]


def test_the_same_facts_give_the_same_bytes(tmp_path: Path, sources: list[str]) -> None:
    for out in ("one", "two"):
        subprocess.run(
            [sys.executable, "-m", "leadapron.know.advisories.build", *sources, "--out", str(tmp_path / out)],
            check=True,
        )
    made = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    base = load_base(tmp_path / "one")
    assert (len(base.advisories), len(base.exploited), len(base.lifecycles)) == (5, 2, 1)
    assert "| `kev.json.zst` | 2 | 2022-03-04 |" in made["SOURCE.md"].decode()


def test_nothing_is_built_of_a_bad_document(
    tmp_path: Path, sources: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "csaf" / "bad.json").write_text("{")
    assert main([*sources, "--out", str(tmp_path / "one")]) == 2
    assert "bad.json" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["origins.toml"]


def test_a_damaged_base_is_named(tmp_path: Path, sources: list[str]) -> None:
    out = tmp_path / "one"
    assert main([*sources, "--out", str(out)]) == 0
    good = (out / "kev.json.zst").read_bytes()
    for data in (b"", b"junk", good[:-9], good.replace(good[20:24], b"\xff\xff\xff\xff")):
        (out / "kev.json.zst").write_bytes(data)
        with pytest.raises(ContentError, match=r"kev\.json\.zst: "):
            load_base(out)
    (out / "kev.json.zst").unlink()
    with pytest.raises(ContentError, match="cannot be read"):
        load_base(out)


def test_whatever_is_left_open_has_its_words() -> None:
    words = load_reasons()
    ids = {value for module in (csaf, products) for name, value in vars(module).items() if name.startswith("OPEN_")}
    assert ids == {"build", "combination", "contradiction", "name", "partial-repair", "serial", "unstated"}
    assert {f"advisory.open.{end}" for end in ids} <= words.keys()
    assert {each.open for advisory in load_base().advisories for each in advisory.products} == {
        "",
        "partial-repair",
        "unstated",
    }
