"""From an inventory to findings that a person can read, open and trust."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.assess import assess
from leadapron.model.errors import ContentError
from leadapron.model.findings import Confidence, Finding, Severity, SubjectType
from leadapron.model.inventory import Inventory
from leadapron.rules.samples import picture_of
from tests.assess.builders import NOW, RULES, WELL_RUN, judge, names_of, ref, rules

ECHO = {
    "service": "dicom",
    "port": 104,
    "associations": 1,
    "accepted": 1,
    "calling_ae_titles": ["CT_A"],
    "called_ae_titles": ["ARC_A"],
    "operations": {"C-ECHO": 1},
    "statuses": {"C-ECHO 0x0000": 1},
    "sop_classes": {"1.2.840.10008.1.1": 1},
    "proposed_transfer_syntaxes": ["1.2.840.10008.1.2"],
    "user_identity": [0],
}


def test_one_weak_archive_gives_one_finding_with_all_its_partners() -> None:
    stored = {"service": "dicom", "port": 104, "accepted": 2, "operations": {"C-STORE": 9}, "server": "pacs"}
    (finding,) = judge(
        None,
        "dcm-clear",
        assets=[{"id": "pacs", "roles": ["pacs"], "hostnames": ["ARCHIVE"], "addresses": ["10.0.2.1"]}],
        flows=[
            {**stored, "client": "ct", "evidence": {"first": [ref(7)]}},
            {**stored, "client": "mr", "evidence": {"first": [ref(3)]}},
        ],
    )
    assert finding.subject.type is SubjectType.ASSET
    assert (finding.subject.label, finding.subject.addresses) == ("ARCHIVE", ("10.0.2.1",))
    assert finding.params == {"subject": "ARCHIVE", "port": 104, "clients": "ct, mr", "operations": "C-STORE"}
    assert [reference.packet for reference in finding.evidence] == [3, 7]
    assert len(finding.flows) == 2
    assert "service=dicom" in finding.reasons
    assert (finding.severity, finding.confidence) == (Severity.LOW, Confidence.SEEN)


def test_one_clean_echo_says_nothing_about_queries() -> None:
    """A peer raised CRITICAL for a C-FIND on exactly this traffic."""
    findings = judge(assets=[{"id": "client"}, {"id": "server"}], flows=[ECHO])
    assert names_of(findings) == ["dcm-clear"]
    assert findings[0].severity is Severity.LOW
    assert findings[0].params["operations"] == "C-ECHO"


def test_a_well_run_department_has_almost_nothing() -> None:
    assert judge(**WELL_RUN) == ()


def test_a_lone_archive_in_a_well_run_department_is_for_information() -> None:
    sample = deepcopy(WELL_RUN)
    sample["flows"] = [flow for flow in sample["flows"] if flow["server"] != "vna"]
    (finding,) = judge(**sample)
    assert (finding.rule, finding.severity) == ("single-dep", Severity.INFO)
    assert finding.params["lone"] == "pacs (DICOM TLS)"


def test_nothing_gives_nothing() -> None:
    assert judge(Inventory()) == ()


def test_long_lists_say_how_many_more() -> None:
    flows = [{**ECHO, "client": f"c{index}"} for index in range(9)]
    (finding,) = judge(None, "dcm-clear", flows=flows)
    assert finding.params["clients"] == "c0, c1, c2, c3, c4, c5 … (+3)"
    assert len(finding.evidence) <= 10


def test_sentences_show_only_what_made_the_rule_hold() -> None:
    (finding,) = judge(None, "dcm-default-aet", assets=[{"id": "a", "ae_titles": ["CHU_1", "ORTHANC"]}])
    assert finding.params["ae_titles"] == "ORTHANC"


def test_uids_are_named() -> None:
    flow = {**ECHO, "transfer_syntaxes": ["1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1"]}
    (finding,) = judge(None, "dcm-ts-risk", flows=[flow])
    assert finding.params["transfer_syntaxes"] == "Explicit VR Big Endian"


def test_numbers_are_added_up() -> None:
    find = {"sop_classes": {"1.2.840.10008.5.1.4.1.2.2.1": 1}, "wide_finds": 1, "wide_find_matches": 20}
    flows = [{**ECHO, **find, "client": "a"}, {**ECHO, **find, "client": "b"}]
    (finding,) = judge(None, "dcm-find-open", flows=flows)
    assert finding.params["wide_find_matches"] == 40


def test_the_same_inventory_in_another_order_gives_the_same_findings() -> None:
    flows = [
        {**ECHO, "id": "1", "client": "a", "evidence": {"first": [ref(1)]}},
        {**ECHO, "id": "2", "client": "b", "server": "pacs"},
        {"id": "3", "client": "a", "server": "pacs", "service": "telnet", "port": 23},
    ]
    one = judge(flows=flows)
    other = judge(flows=flows[::-1])
    assert [(f.rule, f.subject, f.params, f.score) for f in one] == [
        (f.rule, f.subject, f.params, f.score) for f in other
    ]


def test_findings_survive_storage() -> None:
    findings = judge(flows=[ECHO])
    assert msgspec.json.decode(msgspec.json.encode(findings), type=tuple[Finding, ...]) == findings


def test_an_unknown_predicate_is_a_content_error() -> None:
    (rule,) = rules("single-dep")
    broken = msgspec.structs.replace(rule, predicate="no-such")
    sample = rule.samples.fires[0]
    with pytest.raises(ContentError, match=r"single-dep.yml: predicate: no predicate is called 'no-such'"):
        assess(picture_of(sample), [broken], now=NOW)


MERGED = [sample for rule in RULES for sample in (*rule.samples.fires, *rule.samples.silent)]


def merged(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """One sample of several: lists are joined; of two papers on one device, the last holds."""
    whole: dict[str, Any] = {}
    for sample in samples:
        for key, part in sample.items():
            if isinstance(part, list):
                whole[key] = [*whole.get(key, ()), *part]
            elif isinstance(part, dict):
                whole[key] = {**whole.get(key, {}), **part}
    return whole


@given(st.lists(st.sampled_from(MERGED), max_size=6))
def test_any_mixture_of_samples_can_be_judged(samples: list[dict[str, Any]]) -> None:
    findings = judge(**merged(samples))
    assert list(findings) == sorted(findings, key=lambda finding: -finding.score)
    assert len({(f.rule, f.subject.type, f.subject.id) for f in findings}) == len(findings)
    assert msgspec.json.decode(msgspec.json.encode(findings), type=tuple[Finding, ...]) == findings
