"""The advisories read by a person: every file is complete, consistent and says only what may be said."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from leadapron.know.advisories.cvss import score
from leadapron.know.matching.constraints import Unreadable, parse_constraint
from leadapron.know.matching.names import key
from leadapron.model.advisories import Status

KNOWLEDGE = files("leadapron.content") / "knowledge"
OVERLAY = {
    path.name.removesuffix(".toml"): tomllib.loads(path.read_text(encoding="utf-8"))
    for path in (KNOWLEDGE / "overlay").iterdir()
    if path.name.endswith(".toml")
}
OPEN: Mapping[str, Mapping[str, str]] = tomllib.loads((KNOWLEDGE / "open.toml").read_text(encoding="utf-8"))

EXPECTED = re.findall(
    r"\S+",
    """
    16-196-01 17-215-01 17-215-02 17-229-01 17-318-01 18-025-01 18-037-02 18-058-02 18-086-01 18-088-01 18-123-01
    18-226-01 18-277-01 18-277-02 18-312-01 19-113-01 19-241-01 19-241-02 19-353-01 20-049-02 20-177-01 20-261-01
    20-343-01 21-019-01 21-084-01 21-175-01 21-187-01 21-313-01 22-088-01 22-174-01 23-248-01 23-285-01 23-285-02
    24-023-01 24-058-01 24-060-01 24-065-01 24-163-01 24-200-01 25-037-01 25-037-02 25-051-01 25-072-01 25-079-01
    25-100-01 25-121-01 25-128-01 25-148-01 25-160-01 25-198-01 25-224-01 25-233-01 25-336-01 25-345-01 25-345-02
    26-083-01 26-176-01 26-176-02 26-181-01 26-218-01
""",
)

NEEDED = {"id", "title", "publisher", "published", "updated", "url"}
OPTIONAL = {"vulnerabilities", "products"}
OF_VULNERABILITY = {"cve", "cvss", "cwe"}
OF_PRODUCT = {"vendor", "product", "also", "constraint", "quote", "status", "cves", "fixed", "open"}

every_file = pytest.mark.parametrize("name", sorted(OVERLAY))


def products(name: str) -> list[dict[str, Any]]:
    return list(OVERLAY[name]["products"])


def test_every_imaging_advisory_is_there() -> None:
    assert set(OVERLAY) == {f"icsma-{number}" for number in EXPECTED} | {"icsa-21-350-16"}


@every_file
def test_a_file_holds_the_head_of_its_advisory(name: str) -> None:
    head = OVERLAY[name]
    assert head["id"].lower() == name
    assert set(head) >= NEEDED
    assert set(head) <= NEEDED | OPTIONAL
    assert head["publisher"] == "CISA"
    assert type(head["published"]) is date
    assert type(head["updated"]) is date
    assert date(2016, 1, 1) < head["published"] <= head["updated"]
    assert head["url"].startswith("https://www.cisa.gov/news-events/ics-")
    assert head["url"].endswith(f"/{name}")
    assert "update" not in head["title"].casefold()
    assert head["products"]


@every_file
def test_flaws_are_well_formed(name: str) -> None:
    flaws = OVERLAY[name].get("vulnerabilities", [])
    assert len({flaw["cve"] for flaw in flaws}) == len(flaws)
    for flaw in flaws:
        assert set(flaw) <= OF_VULNERABILITY
        assert re.fullmatch(r"CVE-(?:19|20)\d\d-\d{4,7}", flaw["cve"])
        assert re.fullmatch(r"CWE-[1-9]\d*", flaw.get("cwe", "CWE-1"))
        assert flaw.get("cvss", []) == sorted(flaw.get("cvss", [])), "newest CVSS last"
        for vector in flaw.get("cvss", []):
            assert score(vector), vector


@every_file
def test_products_are_well_formed(name: str) -> None:
    listed = {flaw["cve"] for flaw in OVERLAY[name].get("vulnerabilities", [])}
    for product in products(name):
        assert set(product) <= OF_PRODUCT
        assert product["vendor"].strip() == product["vendor"] != ""
        assert product["product"].strip() == product["product"] != ""
        assert product.get("status", "affected") in set(Status)
        assert set(product.get("cves", ())) <= listed
        assert len(product.get("quote", "")) <= 140, "a few words, no sentence"
        assert product.get("open", "option") in OPEN
        assert product["constraint"] or (product["quote"] and product["open"])
        spellings = [key(spelling) for spelling in (product["product"], *product.get("also", ()))]
        assert all(spellings)
        assert len(set(spellings)) == len(spellings), "a spelling that adds nothing"


@every_file
def test_every_constraint_can_be_read(name: str) -> None:
    for product in products(name):
        if product["constraint"]:
            assert not isinstance(parse_constraint(product["constraint"]), Unreadable), product["constraint"]


@every_file
def test_every_flaw_concerns_a_product(name: str) -> None:
    flaws = {flaw["cve"] for flaw in OVERLAY[name].get("vulnerabilities", [])}
    affected = [product for product in products(name) if product.get("status", "affected") == "affected"]
    named = {cve for product in affected for cve in product.get("cves", ())}
    assert named == flaws or any(not product.get("cves") for product in affected)


def test_a_spelling_belongs_to_one_product_of_its_vendor() -> None:
    owner: dict[tuple[str, str], str] = {}
    for name in OVERLAY:
        for product in products(name):
            for spelling in (product["product"], *product.get("also", ())):
                place = (product["vendor"], key(spelling))
                assert owner.setdefault(place, product["product"]) == product["product"], (name, spelling)


def test_a_vendor_has_one_spelling() -> None:
    vendors = {product["vendor"] for name in OVERLAY for product in products(name)}
    assert len({key(vendor) for vendor in vendors}) == len(vendors)


OPEN_IN_DOCUMENTS = {"build", "combination", "contradiction", "name", "partial-repair", "serial", "unstated"}
"""Set by the reader of CSAF documents."""


def test_what_is_left_open_is_said_in_both_languages_and_used() -> None:
    used = {product["open"] for name in OVERLAY for product in products(name) if "open" in product}
    assert used | OPEN_IN_DOCUMENTS == set(OPEN)
    for sentences in OPEN.values():
        assert set(sentences) == {"en", "fr"}
        assert all(sentence.endswith(".") for sentence in sentences.values())
        assert sentences["en"] != sentences["fr"]
