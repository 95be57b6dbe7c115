"""Readers of published knowledge as fuzz targets: a sound document is the seed, a SourceError the only way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leadapron.know.advisories import read_csaf, read_endoflife, read_epss, read_kev
from leadapron.model.errors import SourceError

SAMPLES = Path(__file__).parents[1] / "know/advisories/samples"

Run = Callable[[bytes], frozenset[str]]


def _reader(read: Callable[[bytes, str], Any]) -> Run:
    def run(data: bytes) -> frozenset[str]:
        try:
            return frozenset({type(read(data, "fuzz")).__name__})
        except SourceError as refused:
            return frozenset({str(refused).split(" - at ")[0][:60]})

    return run


def csaf(data: bytes) -> frozenset[str]:
    """What is said of products tells one way through the reader from another."""
    try:
        advisory = read_csaf(data, "fuzz")
    except SourceError as refused:
        return frozenset({str(refused).split(" - at ")[0][:60]})
    return frozenset(f"{each.status} {each.open}" for each in advisory.products) | {"read"}


KEV = [
    b'{"dateReleased": "2022-03-04T17:04:19Z", "vulnerabilities": [{"cveID": "CVE-2020-1938",'
    b' "dateAdded": "2022-03-03"}]}',
    b"cveID,dateAdded,knownRansomwareCampaignUse\nCVE-2020-1938,2022-03-03,Known\n",
]
EPSS = [b"#model_version:v2025.03.14,score_date:2026-05-18T00:00:00Z\ncve,epss,percentile\nCVE-2020-1938,0.94,0.99\n"]
ENDOFLIFE = [
    b'{"windows": {"title": "Windows", "releases": [{"releaseCycle": "10", "eol": "2025-10-14", "eoes": "False"}]}}',
    b'[{"cycle": "10", "eol": true, "latest": 10.1}]',
    b'{"result": {"name": "windows", "label": "Windows", "releases": [{"name": "10", "eolFrom": "2025-10-14"}]}}',
]


def _small(name: str) -> bytes:
    """A sample without the white space, so that mutations hit something."""
    return json.dumps(json.loads((SAMPLES / name).read_bytes()), separators=(",", ":")).encode()


def targets() -> list[tuple[str, Run, list[bytes]]]:
    """Name, parser and seeds."""
    documents = [_small(name) for name in ("vex-2.0.json", "advisory-2.1.json")]
    return [
        ("csaf", csaf, documents),
        ("kev", _reader(read_kev), KEV),
        ("epss", _reader(read_epss), EPSS),
        ("endoflife", _reader(read_endoflife), ENDOFLIFE),
    ]
