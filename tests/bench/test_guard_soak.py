"""The soak sees growth where there is some, and counts who was let down."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.guard import boxes
from bench.guard.__main__ import site
from bench.guard.soak import Sample, growth, soak, write


def samples(*megabytes: float) -> list[Sample]:
    return [Sample(float(n), int(each * 1e6), n / 10, 12, n, 0, n) for n, each in enumerate(megabytes)]


def test_a_few_seconds_through_a_proxy(tmp_path: Path) -> None:
    if not boxes.installed(boxes.HAPROXY):
        pytest.skip("HAProxy is not installed")
    with site(tmp_path) as ground, boxes.start(boxes.HAPROXY, ground) as box:
        curve, failures = soak(box, ground, 2.5)
    assert failures == []
    assert curve[-1].done > 10
    assert curve[-1].bad > 3
    write(curve, box.name, tmp_path)
    rows = (tmp_path / "soak.csv").read_text().splitlines()
    assert rows[0] == "seconds,resident,cpu,files,done,failed,bad"
    assert len(rows) == len(curve) + 1
    assert ET.parse(tmp_path / "soak.svg").getroot().tag.endswith("svg")


def test_memory_that_settles_is_bounded() -> None:
    assert growth(samples(10, 80, *[100] * 18)) == (100e6, 100e6, True)


def test_memory_that_grows_is_seen() -> None:
    assert not growth(samples(*(100 + 10 * n for n in range(20))))[2]
