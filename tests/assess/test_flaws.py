"""Findings on published flaws and ended support: what they say, how sure they are and how high they stand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from leadapron.assess import assess
from leadapron.model.findings import Confidence, Severity
from leadapron.rules.samples import picture_of
from tests.assess.builders import NOW, judge, rules

REMOTE = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
LOCAL = "CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def affected(advisory: str, part: str = "device", **more: Any) -> dict[str, Any]:
    return {"part": part, "product": "Vue", "version": "1", "verdict": "affected", "advisory": advisory, **more}


def judged(rule: str, *parts: dict[str, Any]) -> Any:
    (finding,) = judge(None, rule, assets=[{"id": "ct", "roles": ["modality"]}], exposures={"ct": list(parts)})
    return finding


def test_a_flaw_is_told_with_its_advisory_and_its_repair() -> None:
    finding = judged("known-cve", affected("A-1", cves=["CVE-1"], fixed="2.0", cvss=8.8, cvss_vector=REMOTE))
    assert (finding.params["software"], finding.params["advisories"]) == ("Vue 1", "A-1")
    assert (finding.params["cves"], finding.params["fixed"]) == ("CVE-1", "2.0")
    assert finding.citations[0].source == "A-1"


@pytest.mark.parametrize(
    ("vectors", "moved"),
    [
        ((LOCAL,), True),
        ((REMOTE,), False),
        (("CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",), False),
        (("AV:L/AC:L/Au:N/C:P/I:P/A:P",), True),
        (("AV:N/AC:L/Au:N/C:P/I:P/A:P",), False),
        (("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",), True),
        (("",), False),
    ],
)
def test_a_flaw_that_needs_someone_at_the_device_stands_lower(vectors: tuple[str, ...], moved: bool) -> None:
    finding = judged("known-cve", *(affected("A-1", cvss=8.4, cvss_vector=vector) for vector in vectors))
    assert ("rank.local" in finding.rank_reason) is moved
    assert finding.severity is (Severity.LOW if moved else Severity.MEDIUM)


def test_an_open_question_is_ranked_by_the_flaw_it_is_about() -> None:
    severe = judged("cve-review", affected("A-1", cvss=9.8, cvss_vector=REMOTE) | {"verdict": "review"})
    minor = judged("cve-review", affected("A-1", cvss=3.6, cvss_vector=LOCAL) | {"verdict": "review"})
    assert {"rank.severe=9.8", "rank.possible"} <= set(severe.rank_reason)
    assert {"rank.local", "rank.possible"} <= set(minor.rank_reason)
    assert severe.confidence is minor.confidence is Confidence.POSSIBLE


def test_several_advisories_keep_their_repairs_apart() -> None:
    """The version that settles the old flaw still has the new one: its number alone would mislead."""
    sample = {"product": "DCMTK", "version": "3.5.4"}
    parts = [affected("A-1", "toolkit", fixed="3.6.7", **sample), affected("A-2", "toolkit", **sample)]
    picture = picture_of({"assets": [{"id": "ct"}], "exposures": {"ct": parts}})
    first, second = picture.exposures["ct"]
    both = replace(first.answers, answers=first.answers.answers + second.answers.answers)
    picture = replace(picture, exposures={"ct": (replace(first, answers=both),)})
    (finding,) = assess(picture, rules("dcm-impl-old"), now=NOW)
    assert (finding.params["advisories"], finding.params["fixed"]) == ("A-1, A-2", "3.6.7 (A-1)")


def test_one_flaw_reached_over_the_network_is_enough() -> None:
    finding = judged("known-cve", affected("A-1", cvss_vector=LOCAL), affected("A-2", cvss_vector=REMOTE))
    assert "rank.local" not in finding.rank_reason


def debian(**more: Any) -> dict[str, Any]:
    release = {"cycle": "12", "label": "Debian 12", "end": date(2026, 7, 11), **more}
    return {"part": "system", "product": "Debian", "version": "12", "certain": True, "releases": [release]}


def test_long_term_support_leaves_the_question_open() -> None:
    assets = [{"id": "pacs", "os": "Debian", "os_version": "12"}]
    (ended,) = judge(None, "os-eol", assets=assets, ageing={"pacs": [debian()]})
    (extended,) = judge(None, "os-eol", assets=assets, ageing={"pacs": [debian(extended_end=date(2028, 6, 30))]})
    assert (ended.confidence, ended.params["editions"]) == (Confidence.LIKELY, "Debian 12 (2026-07-11)")
    assert extended.confidence is Confidence.POSSIBLE
    assert extended.params["editions"] == "Debian 12 (2026-07-11 → 2028-06-30)"


def test_a_server_without_support_names_its_end_and_no_advisory() -> None:
    release = {"cycle": "1.22", "label": "nginx 1.22", "end": date(2023, 4, 11)}
    aged = {"part": "server", "product": "nginx", "version": "1.22.1", "certain": False, "releases": [release]}
    (finding,) = judge(None, "web-old", assets=[{"id": "dx"}], ageing={"dx": [aged]})
    assert (finding.confidence, finding.params["ended"]) == (Confidence.POSSIBLE, "nginx 1.22 (2023-04-11)")
    assert finding.params["advisories"] == "—"
