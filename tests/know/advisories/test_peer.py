"""The same documents through another program's eyes (csaf-lib)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leadapron.know.advisories import read_csaf, score

peer = pytest.importorskip("csaf_lib.models", reason="csaf-lib is not installed")

DOCUMENTS = sorted(Path(__file__).with_name("samples").glob("icsma-*.json"))


def leaves(branches: list[Any]) -> list[Any]:
    return [
        leaf
        for branch in branches
        for leaf in [*([branch.product] if branch.product else []), *leaves(branch.branches)]
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_both_read_the_same_products_flaws_and_scores(path: Path) -> None:
    ours, theirs = read_csaf(path.read_bytes(), path.name), peer.CSAFVEX.from_file(path)
    assert len(ours.products) == len({leaf.product_id for leaf in leaves(theirs.product_tree.branches)})
    assert [flaw.cve for flaw in ours.vulnerabilities] == [flaw.cve for flaw in theirs.vulnerabilities]
    for flaw, other in zip(ours.vulnerabilities, theirs.vulnerabilities, strict=True):
        assert score(flaw.cvss[-1]) == max(float(each.cvss_v3.base_score) for each in other.scores)
