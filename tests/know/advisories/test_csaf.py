"""CSAF documents become facts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.advisories import csaf, read_csaf
from leadapron.know.advisories.document import MAX_DOCUMENT, MAX_NAME
from leadapron.model.advisories import Advisory, ProductRange, Status
from leadapron.model.errors import SourceError

SAMPLES = Path(__file__).with_name("samples")
Json = dict[str, Any]


def sample(name: str) -> Json:
    document: Json = json.loads((SAMPLES / name).read_bytes())
    return document


def read(document: Json) -> Advisory:
    return read_csaf(json.dumps(document).encode(), "advisory.json")


def said(advisory: Advisory) -> set[tuple[str, str, Status, tuple[str, ...], str]]:
    return {(each.product, each.constraint, each.status, each.cves, each.open) for each in advisory.products}


def test_an_advisory_of_cisa() -> None:
    advisory = read_csaf((SAMPLES / "icsma-22-174-01.json").read_bytes(), "icsma-22-174-01.json")
    assert (advisory.id, advisory.title, advisory.publisher) == ("ICSMA-22-174-01", "OFFIS DCMTK", "CISA")
    assert (advisory.published, advisory.updated) == (date(2022, 6, 23), date(2022, 6, 23))
    assert advisory.url == "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-22-174-01"
    assert advisory.products == (ProductRange(vendor="OFFIS", product="DCMTK", constraint="< 3.6.7", fixed="3.6.7"),)
    assert [flaw.cve for flaw in advisory.vulnerabilities] == ["CVE-2022-2119", "CVE-2022-2120", "CVE-2022-2121"]
    assert advisory.vulnerabilities[0].cwe == "CWE-22"
    assert advisory.vulnerabilities[0].cvss == ("CVSS:3.0/AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",)


def test_products_named_without_a_status_are_to_be_looked_at() -> None:
    advisory = read_csaf((SAMPLES / "icsma-17-215-01.json").read_bytes(), "icsma-17-215-01.json")
    assert [each.status for each in advisory.products] == [Status.AFFECTED] + [Status.UNDER_INVESTIGATION] * 3
    assert {each.open for each in advisory.products} == {"", "unstated"}
    assert {each.constraint for each in advisory.products} == {"all versions"}


def test_a_remedy_that_leaves_a_flaw_open() -> None:
    document = sample("icsma-22-174-01.json")
    for flaw in document["vulnerabilities"]:
        flaw["remediations"].append(
            {
                "category": "vendor_fix",
                "details": "Version 3.6.7 is reported to fix all vulnerabilities above except CVE-2022-2120.",
                "product_ids": ["CSAFPID-0001"],
            }
        )
    assert said(read(document)) == {
        ("DCMTK", "< 3.6.7", Status.AFFECTED, (), ""),
        ("DCMTK", "< 3.6.7", Status.AFFECTED, ("CVE-2022-2120",), "partial-repair"),
    }


def test_a_vex_document() -> None:
    advisory = read(sample("vex-2.0.json"))
    first, second = ("CVE-2025-1001",), ("CVE-2025-1002",)
    tablet = "Lantern Viewer for tablets"
    assert said(advisory) == {
        ("Lantern PACS", "4.1", Status.AFFECTED, first, ""),
        ("Lantern PACS", "4.2", Status.AFFECTED, first, ""),
        ("Lantern PACS", ">=6.0|<6.4", Status.AFFECTED, first, "build"),
        ("Imagetool", "2.0", Status.AFFECTED, first, "combination"),
        ("Lantern PACS", "4.3", Status.AFFECTED, first, "combination"),
        ("Lantern PACS", "5.0 SP2", Status.FIXED, first, ""),
        (tablet, tablet, Status.NOT_AFFECTED, first, "name"),
        ("Lantern PACS", "4.1", Status.UNDER_INVESTIGATION, second, "contradiction"),
        ("Lantern PACS", "4.2", Status.NOT_AFFECTED, second, ""),
        ("Imagetool", "2.0", Status.NOT_AFFECTED, second, "combination"),
        (tablet, tablet, Status.UNDER_INVESTIGATION, second, "name"),
    }
    assert {each.constraint: each.fixed for each in advisory.products if each.fixed} == {"4.1": "4.4", "4.2": "4.4"}
    assert advisory.updated == date(2025, 3, 4)
    tool = next(each for each in advisory.products if each.product == "Imagetool")
    assert (tool.vendor, tool.purl) == ("Toolmakers", "pkg:generic/imagetool@2.0")
    assert tool.cpe.startswith("cpe:2.3:a:toolmakers:imagetool:2.0")


def test_a_document_of_csaf_2_1() -> None:
    advisory = read(sample("advisory-2.1.json"))
    flaw, other = ("CVE-2026-2001",), ("EX-BUG-9",)
    assert said(advisory) == {
        ("Beacon CT", ">= 1.0 | <= 1.7", Status.AFFECTED, flaw, ""),
        ("Beacon CT", "1.8", Status.FIXED, flaw, ""),
        ("Beacon CT", "all versions", Status.UNDER_INVESTIGATION, flaw, "serial"),
        ("beacon console", "3.1", Status.AFFECTED, flaw, "combination"),
        ("beacon console", "3.1", Status.AFFECTED, other, ""),
    }
    assert {each.purl for each in advisory.products if each.constraint == "1.8"} == {
        "pkg:generic/beacon@1.8",
        "pkg:deb/example/beacon@1.8",
    }
    assert next(each.fixed for each in advisory.products if each.constraint.startswith(">= 1.0")) == "1.8"
    vulnerability = advisory.vulnerabilities[0]
    assert [vector[:8] for vector in vulnerability.cvss] == ["CVSS:3.1", "CVSS:4.0"]
    assert vulnerability.cwe == "CWE-306"
    assert advisory.url == "https://example.com/security/ex-2026-3"


@pytest.mark.parametrize(
    ("leaf", "constraint"),
    [
        ("vers:all/*", "all versions"),
        ("vers:all/<=2025.1_Build_3321", "<=2025.1_Build_3321"),
        ("vers:intdot/>=4.0|<4.2", ">=4.0|<4.2"),
        ("vers:deb/<3.6.7-9%2Bdeb12u4", "<3.6.7-9+deb12u4"),
        (" <= 12.2.x.x ", "<= 12.2.x.x"),
        ("9.13 | 9.19 | 9.33", "9.13 | 9.19 | 9.33"),
        ("", "all versions"),
    ],
)
def test_the_words_for_versions(leaf: str, constraint: str) -> None:
    document = sample("icsma-22-174-01.json")
    document["product_tree"]["branches"][0]["branches"][0]["branches"][0]["name"] = leaf
    assert read(document).products[0].constraint == constraint


def test_several_first_and_last_versions_affect_too_many_rather_than_too_few() -> None:
    document = sample("advisory-2.1.json")
    status = document["vulnerabilities"][0]["product_status"]
    status["first_affected"], status["last_affected"] = ["B10", "B17"], ["B18"]
    del status["first_fixed"]
    beacons = {each.constraint for each in read(document).products if each.status is Status.AFFECTED}
    assert {">= 1.0", ">= 1.7", "<= 1.8"} <= beacons


def test_flaws_of_which_the_same_is_said_share_a_range() -> None:
    advisory = read_csaf((SAMPLES / "icsma-24-200-01.json").read_bytes(), "icsma-24-200-01.json")
    assert [(each.constraint, each.cves) for each in advisory.products] == [("<12.2.8.410", ())]
    assert len(advisory.vulnerabilities) == 13


# ---------------------------------------------------------------- what is refused
def edited(path: str, value: Any, name: str = "vex-2.0.json") -> Json:
    """The sample with one place changed: `product_tree/branches/0/name`."""
    document = sample(name)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = document
    for step in steps:
        place = place[step]
    place[last] = value
    return document


def relation(product_id: str, component: str, other: str) -> Json:
    return {
        "category": "default_component_of",
        "product_reference": component,
        "relates_to_product_reference": other,
        "full_product_name": {"name": product_id, "product_id": product_id},
    }


CIRCLE = [relation("T20-P43", "T20", "X"), relation("X", "T20", "Y"), relation("Y", "T20-P43", "T20")]
CHAIN = [relation(f"C{n}", f"C{n + 1}", "T20") for n in range(50)] + [relation("C50", "T20", "P43")]
TWINS = {"name": "Twin", "product_id": "VIEWER"}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("document/title", 7, r"Expected `str`, got `int` - at `\$\.document\.title`"),
        ("document/csaf_version", "1.2", r"at `\$\.document\.csaf_version`"),
        ("document/tracking/current_release_date", "yesterday", "current_release_date"),
        ("document/publisher", None, "publisher"),
        ("product_tree/branches", {}, r"`\$\.product_tree\.branches`"),
        ("product_tree/branches/0/name", "x" * (MAX_NAME + 1), "length <= 4000"),
        ("vulnerabilities/0/cve", "2025-1001", r"`\$\.vulnerabilities\[0\]\.cve`"),
        ("vulnerabilities/0/product_status/fixed", ["P99"], r"'P99' is not defined .* `\$\.vulnerabilities\[0\]"),
        ("vulnerabilities/0/remediations/0/product_ids", ["P99"], r"'P99' is not defined .*remediations\[0\]"),
        ("vulnerabilities/0/remediations/0/group_ids", ["NEW"], "group 'NEW' is not defined"),
        ("product_tree/product_groups/0/product_ids", ["OLD"], r"'OLD' is not defined .*product_groups\[0\]"),
        ("product_tree/product_groups", [{"group_id": "OLD", "product_ids": []}] * 2, "'OLD' is defined twice"),
        ("product_tree/full_product_names", [TWINS, TWINS], "'VIEWER' is defined twice"),
        ("product_tree/relationships", CIRCLE, "is made of itself"),
        ("product_tree/relationships", [relation("T20-P43", "T20-P43", "T20")], "is made of itself"),
        ("product_tree/relationships", [relation("T20-P43", "T20", "T21")], "'T21' is not defined"),
        ("product_tree/relationships", [relation("P43", "T20", "P42")], "'P43' is defined twice"),
        ("product_tree/relationships", CHAIN, "deeper than 30"),
    ],
)
def test_a_wrong_document_is_refused_with_its_place(path: str, value: Any, words: str) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        read(edited(path, value))
    assert str(refused.value).startswith("advisory.json: ")


def test_branches_too_deep_are_refused() -> None:
    branch: Json = {"category": "product_version", "name": "1", "product": {"name": "Deep", "product_id": "DEEP"}}
    for _ in range(40):
        branch = {"category": "product_family", "name": "family", "branches": [branch]}
    with pytest.raises(SourceError, match="deeper than 30"):
        read(edited("product_tree/branches/0/branches", [branch]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"document": {"title": "cut',
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b'{"product_tree":' + b'{"branches":[' * 100_000,
        b'{"document": {"title": "\xff"}}',
        b'"advisory"',
    ],
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^broken\.json: "):
        read_csaf(data, "broken.json")


def test_a_document_too_large_is_refused() -> None:
    with pytest.raises(SourceError, match="larger than"):
        read_csaf(bytes(MAX_DOCUMENT + 1), "large.json")


def test_a_byte_order_mark_is_no_error() -> None:
    data = (SAMPLES / "icsma-22-174-01.json").read_bytes()
    assert read_csaf(b"\xef\xbb\xbf" + data, "a") == read_csaf(data, "a")


def test_a_withdrawn_advisory_states_nothing() -> None:
    document = sample("advisory-2.1.json")
    document["document"]["category"] = "csaf_withdrawn"
    del document["product_tree"], document["vulnerabilities"]
    assert read(document).products == ()


# ---------------------------------------------------------------- whatever comes
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for step, inner in steps for below in places(inner, (*path, step)))]


@given(data=st.data(), name=st.sampled_from(["vex-2.0.json", "advisory-2.1.json"]))
def test_a_document_changed_anywhere_is_read_or_refused(data: st.DataObject, name: str) -> None:
    document = sample(name)
    for path in data.draw(st.lists(st.sampled_from(places(document)[1:]), min_size=1, max_size=3)):
        place: Any = document
        try:
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = data.draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took that place away
    try:
        advisory = read(document)
    except SourceError:
        return
    assert all(each.constraint and each.status in Status for each in advisory.products)


@given(
    edges=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.integers(0, 8)), max_size=9),
    affected=st.integers(0, 8),
)
def test_products_made_of_products_in_any_way(edges: list[tuple[int, int, int]], affected: int) -> None:
    document = edited("product_tree/relationships", [relation(f"N{a}", f"N{b}", f"N{c}") for a, b, c in edges])
    leaves = [{"name": f"N{n}", "product_id": f"N{n}"} for n in (7, 8)]
    document["product_tree"]["full_product_names"] = leaves
    document["vulnerabilities"] = [{"product_status": {"known_affected": [f"N{affected}"]}}]
    try:
        advisory = read(document)
    except SourceError:
        return
    assert {each.product for each in advisory.products if each.status is Status.AFFECTED} <= {"N7", "N8"}


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_politely(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^x: "):
        read_csaf(data, "x")


def test_work_grows_no_faster_than_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups and flaws multiply what few bytes say; each case would take hours if it were carried out."""
    names = [{"name": f"N{n}", "product_id": f"N{n}"} for n in range(20_000)]
    document = edited("product_tree/full_product_names", names)
    del document["product_tree"]["relationships"]
    document["product_tree"]["product_groups"] = [{"group_id": "ALL", "product_ids": [f"N{n}" for n in range(20_000)]}]
    fix = {"category": "vendor_fix", "details": "Update to version 4.2.", "group_ids": ["ALL"] * 200}
    document["vulnerabilities"] = [{"remediations": [fix] * 50} for _ in range(100)]
    assert {each.status for each in read(document).products} == {Status.UNDER_INVESTIGATION}
    document["vulnerabilities"] = [{"product_status": {"fixed": [f"N{n}" for n in range(20_000)]}}] * 51
    monkeypatch.setattr(csaf, "MAX_STATEMENTS", 90_000)
    with pytest.raises(SourceError, match="more than 90,000 statements"):
        read(document)
