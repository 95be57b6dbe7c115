"""Answers on products: from small knowledge written here, and from what is shipped."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from leadapron.know.advisories import load_base
from leadapron.know.matching import Matcher, load_aliases, load_overlay
from leadapron.know.matching.constraints import Unreadable, parse_constraint
from leadapron.model.advisories import (
    Advisory,
    Answers,
    Exploited,
    Knowledge,
    Product,
    ProductRange,
    Status,
    Verdict,
    Vulnerability,
)

ALIASES = load_aliases()
DAY = date(2024, 6, 11)


def advisory(*products: ProductRange, **changes: object) -> Advisory:
    plain = Advisory(
        id="ICSMA-00-001-01",
        title="A viewer",
        publisher="CISA",
        published=DAY,
        updated=DAY,
        products=products,
        vulnerabilities=(Vulnerability(cve="CVE-2024-0001", cvss=("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",)),),
    )
    return structs.replace(plain, **changes)


def viewer(constraint: str, **changes: object) -> ProductRange:
    plain = ProductRange(vendor="MicroDicom", product="DICOM Viewer", constraint=constraint)
    return structs.replace(plain, **changes)


def ask(*advisories: Advisory, vendor: str = "MicroDicom", name: str = "DICOM Viewer", **more: str) -> Answers:
    return Matcher(Knowledge(advisories=advisories), ALIASES).ask(Product(vendor=vendor, name=name, **more))


def test_an_affected_version() -> None:
    found = ask(advisory(viewer("<2024.2")), version="2023.3")
    (answer,) = found.answers
    assert found.vendor_known
    assert found.product_known
    assert (answer.verdict, answer.constraint, answer.reason) == (Verdict.AFFECTED, "<2024.2", "match.in-range")
    assert (answer.cvss, answer.cves) == (9.8, ("CVE-2024-0001",))
    assert answer.params["version"] == "2023.3"


@pytest.mark.parametrize(
    ("constraint", "version", "verdict", "reason"),
    [
        ("<2024.2", "2024.2", Verdict.NOT_AFFECTED, "match.outside"),
        ("<2024.2", "", Verdict.REVIEW, "match.version-unknown"),
        ("all versions", "", Verdict.AFFECTED, "match.all-versions"),
        ("= 2024.03", "2023.3", Verdict.REVIEW, "match.not-listed"),
        ("<=2023.3_Build_9342", "2023.3", Verdict.AFFECTED, "match.build-unknown"),
        ("<2024.2", "VM5", Verdict.REVIEW, "match.incomparable"),
        ("XP-based", "2024.2", Verdict.REVIEW, "match.unreadable"),
    ],
)
def test_verdicts_and_reasons(constraint: str, version: str, verdict: Verdict, reason: str) -> None:
    (answer,) = ask(advisory(viewer(constraint)), version=version).answers
    assert (answer.verdict, answer.reason) == (verdict, reason)


def test_one_unreadable_range_forbids_a_clean_answer() -> None:
    (answer,) = ask(advisory(viewer("<2024.2"), viewer("with the option")), version="2025.1").answers
    assert (answer.verdict, answer.reason) == (Verdict.REVIEW, "match.unreadable")


def test_what_a_source_leaves_open_is_for_review() -> None:
    (answer,) = ask(advisory(viewer("<2024.2", open="option", quote="with the option")), version="2025.1").answers
    assert (answer.verdict, answer.reason) == (Verdict.REVIEW, "advisory.open.option")
    assert answer.constraint == "with the option"


def test_only_the_flaws_that_concern_the_version() -> None:
    flaws = (Vulnerability(cve="CVE-2025-2229"), Vulnerability(cve="CVE-2025-2230"))
    old, new = viewer("<=4.1", cves=("CVE-2025-2229",)), viewer("<=5.1", cves=("CVE-2025-2230",))
    (answer,) = ask(advisory(old, new, vulnerabilities=flaws), version="5.0").answers
    assert (answer.verdict, answer.cves) == (Verdict.AFFECTED, ("CVE-2025-2230",))


def test_what_the_maker_states_as_repaired() -> None:
    listed, repaired = viewer("1.0 | 1.1"), viewer("1.2", status=Status.FIXED)
    assert _verdict(ask(advisory(listed, repaired), version="1.2")) is Verdict.NOT_AFFECTED
    assert _verdict(ask(advisory(listed, repaired), version="1.3")) is Verdict.REVIEW
    assert _verdict(ask(advisory(repaired), version="1.0")) is Verdict.REVIEW
    assert _verdict(ask(advisory(viewer("<=1.2"), repaired), version="1.2")) is Verdict.REVIEW
    assert _verdict(ask(advisory(viewer("*", status=Status.NOT_AFFECTED)), version="")) is Verdict.REVIEW


def test_first_repaired_version() -> None:
    assert _verdict(ask(advisory(viewer("= 3.2.2", fixed="3.2.3")), version="3.2.3")) is Verdict.REVIEW
    assert (
        _verdict(ask(advisory(viewer("= 3.2.2", fixed="3.2.3"), curated=True), version="3.3")) is Verdict.NOT_AFFECTED
    )
    assert _verdict(ask(advisory(viewer("<=2.3.0", fixed="2.4")), version="2.3.5")) is Verdict.REVIEW
    assert _verdict(ask(advisory(viewer("all versions", fixed="2.4")), version="2.5")) is Verdict.REVIEW


def test_a_release_named_with_its_service_releases_does_not_mean_later_ones() -> None:
    def verdict(version: str) -> Verdict:
        return ask(advisory(viewer("4.20 | 4.20 SR1 | 4.30")), version=version).answers[0].verdict

    assert [verdict(version) for version in ("4.20", "4.20 SR1", "4.30 SR1")] == [Verdict.AFFECTED] * 3
    assert verdict("4.20 SR2") is Verdict.REVIEW


def test_a_repair_said_to_be_partial_clears_no_later_version() -> None:
    partial = viewer("<2024.2", open="partial-repair", cves=("CVE-2024-0001",))
    inside, later = (ask(advisory(viewer("<2024.2"), partial), version=it).answers[0] for it in ("2023.3", "2024.2"))
    assert inside.verdict is Verdict.AFFECTED
    assert (later.verdict, later.reason) == (Verdict.REVIEW, "advisory.open.partial-repair")


def test_under_investigation() -> None:
    assert _verdict(ask(advisory(viewer("<2", status=Status.UNDER_INVESTIGATION)), version="1.0")) is Verdict.REVIEW


def test_a_name_that_only_partly_fits_is_never_decided() -> None:
    known = advisory(ProductRange(vendor="Philips", product="Vue PACS", constraint="<12.2.8.410"))
    found = ask(known, vendor="Philips", name="Vue PACS Client Suite", version="13.0")
    (answer,) = found.answers
    assert not found.product_known
    assert (answer.verdict, answer.reason) == (Verdict.REVIEW, "match.may-be-same")


@pytest.mark.parametrize("name", ["PACSystems RX3i", "PACS", "Server"])
def test_words_in_common_are_no_match(name: str) -> None:
    known = advisory(ProductRange(vendor="GE Healthcare", product="Centricity PACS Server", constraint="*"))
    found = ask(known, vendor="GE", name=name, version="1.0")
    assert (found.vendor_known, found.product_known, found.answers) == (True, False, ())


def test_unknown_is_said() -> None:
    known = advisory(viewer("<2024.2"))
    unknown = ask(known, vendor="Acme", version="1.0")
    assert (unknown.vendor_known, unknown.product_known, unknown.answers) == (False, False, ())
    assert ask(known, vendor="MicroDicon").similar == ("MicroDicom",)
    other = ask(known, name="DICOM Viewr")
    assert (other.vendor_known, other.product_known, other.similar) == (True, False, ("MicroDicom DICOM Viewer",))


@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        ("MICRODICOM Ltd.", "MicroDicom DICOM Viewer"),
        ("", "MicroDicom DICOM Viewer"),
        ("", "MicroDicom"),
        ("microdicom", "dicom-viewer"),
    ],
)
def test_spellings(vendor: str, name: str) -> None:
    assert _verdict(ask(advisory(viewer("<2024.2")), vendor=vendor, name=name, version="2023.3")) is Verdict.AFFECTED


def test_a_viewer_without_a_maker_is_nobodys() -> None:
    assert not ask(advisory(viewer("<2024.2")), vendor="", version="2023.3").answers


@pytest.mark.parametrize("name", ["OsiriX/Horos DCMTK", "synedra DCMTK"])
def test_a_toolkit_that_someone_changed_is_for_review(name: str) -> None:
    known = advisory(ProductRange(vendor="OFFIS", product="DCMTK", constraint="< 3.6.7"))
    (answer,) = ask(known, vendor="", name=name, version="3.6.8").answers
    assert (answer.verdict, answer.reason) == (Verdict.REVIEW, "match.may-be-same")


def test_packages_of_a_distribution_may_be_patched() -> None:
    known = advisory(ProductRange(vendor="OFFIS", product="DCMTK", constraint="<= 3.7.0"))
    package = "pkg:deb/debian/libdcmtk17@3.6.7-9~deb12u4"
    (answer,) = ask(known, vendor="Debian", name="libdcmtk17", purl=package).answers
    assert (answer.verdict, answer.reason) == (Verdict.REVIEW, "match.backport")
    (answer,) = ask(known, vendor="", name="dcmtk", version="3.6.7-9~deb12u4").answers
    assert answer.reason == "match.backport"


def test_packages_by_identifier() -> None:
    scope = ProductRange(vendor="X", product="Y", constraint="vers:pypi/<3.0.4", purl="pkg:pypi/some-lib")
    assert _verdict(ask(advisory(scope), vendor="", name="z", purl="pkg:pypi/some-lib@3.0.3")) is Verdict.AFFECTED
    assert _verdict(ask(advisory(scope), vendor="", name="z", purl="pkg:pypi/some-lib@3.0.4")) is Verdict.NOT_AFFECTED
    scope = structs.replace(scope, cpe="cpe:2.3:a:acme:lib:*:*:*:*:*:*:*:*", constraint="<2")
    assert _verdict(ask(advisory(scope), vendor="", name="z", cpe="cpe:2.3:a:acme:lib:1.0:*")) is Verdict.AFFECTED


def test_a_persons_reading_replaces_the_conversion_until_it_is_updated() -> None:
    read = advisory(viewer("<=2.0"), curated=True)
    old = advisory(viewer("all versions"))
    assert _verdict(ask(old, read, version="3.0")) is Verdict.NOT_AFFECTED
    newer = structs.replace(old, updated=date(2024, 7, 1))
    assert _verdict(ask(newer, read, version="3.0")) is Verdict.AFFECTED
    elsewhere = advisory(ProductRange(vendor="MicroDicom", product="Other", constraint="*"), curated=True)
    assert _verdict(ask(old, elsewhere, version="3.0")) is Verdict.AFFECTED


def test_exploited_first_then_the_worst() -> None:
    second = Vulnerability(cve="CVE-2020-1938")
    some = [
        advisory(viewer("<1")),
        advisory(viewer("<9"), id="B"),
        advisory(viewer("odd"), id="C"),
        advisory(viewer("<9"), id="D", vulnerabilities=(second,)),
    ]
    exploited = {"CVE-2020-1938": Exploited(cve="CVE-2020-1938", added=DAY, ransomware=True)}
    knowledge = Knowledge(advisories=tuple(some), exploited=exploited, epss={"CVE-2020-1938": 0.9})
    found = Matcher(knowledge, ALIASES).ask(Product(vendor="MicroDicom", name="DICOM Viewer", version="5")).answers
    assert [answer.advisory for answer in found] == ["D", "B", "C", "ICSMA-00-001-01"]
    assert (found[0].exploited, found[0].ransomware, found[0].epss) == (("CVE-2020-1938",), True, 0.9)


@given(st.text(max_size=40), st.text(max_size=20), st.booleans())
def test_never_clears_what_it_cannot_read(constraint: str, version: str, curated: bool) -> None:
    for answer in ask(advisory(viewer(constraint, fixed="1.0"), curated=curated), version=version).answers:
        if not version.strip() or isinstance(parse_constraint(constraint), Unreadable):
            assert answer.verdict is not Verdict.NOT_AFFECTED


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30), st.text(max_size=60), st.text(max_size=60))
def test_any_question_is_answered(vendor: str, name: str, version: str, purl: str, cpe: str) -> None:
    for prefix in ("", "pkg:", "cpe:2.3:a:"):
        ask(advisory(viewer("<2")), vendor=vendor, name=name, version=version, purl=prefix + purl, cpe=prefix + cpe)


@pytest.fixture(scope="module")
def shipped() -> Matcher:
    base = load_base()
    return Matcher(structs.replace(base, advisories=(*base.advisories, *load_overlay())), ALIASES)


@pytest.mark.parametrize(
    ("vendor", "name", "version", "expected"),
    [
        ("OFFIS", "DCMTK", "3.6.6", {"ICSMA-22-174-01": "affected", "ICSMA-26-181-01": "affected"}),
        ("", "DCMTK", "3.6.6", {"ICSMA-22-174-01": "affected", "ICSMA-26-181-01": "affected"}),
        ("Orthanc", "Orthanc", "1.5.6", {"ICSMA-25-037-02": "affected"}),
        (
            "MicroDicom",
            "DICOM Viewer",
            "2023.3",
            {
                "ICSMA-24-060-01": "affected",
                "ICSMA-24-163-01": "affected",
                "ICSMA-25-121-01": "affected",
                "ICSMA-25-160-01": "affected",
                "ICSMA-25-037-01": "review",
            },
        ),
        ("Philips", "Vue PACS", "12.2.1", {"ICSMA-21-187-01": "affected", "ICSMA-24-200-01": "affected"}),
        ("Carestream", "Vue PACS", "12.2.1", {"ICSMA-21-187-01": "affected", "ICSMA-24-200-01": "affected"}),
        ("PHILIPS Medical Systems", "Vue PACS", "12.2.8.500", {"ICSMA-24-200-01": "not_affected"}),
        ("INFINITT", "INFINITT PACS System Manager", "3.0.11.5 BN9", {"ICSMA-25-100-01": "affected"}),
    ],
)
def test_shipped_answers(shipped: Matcher, vendor: str, name: str, version: str, expected: dict[str, str]) -> None:
    found = shipped.ask(Product(vendor=vendor, name=name, version=version))
    answers = {answer.advisory: str(answer.verdict) for answer in found.answers}
    assert answers.items() >= expected.items()
    assert found.product_known


def test_shipped_vue_pacs_names_what_attackers_use(shipped: Matcher) -> None:
    found = shipped.ask(Product(vendor="Philips", name="Vue PACS", version="12.2.1"))
    assert found.answers[0].advisory == "ICSMA-21-187-01"
    assert found.answers[0].exploited == ("CVE-2020-1938",)


@pytest.mark.parametrize("vendor", ["Nobody Imaging", "Philpis", ""])
def test_shipped_unknown_vendors_are_never_clean(shipped: Matcher, vendor: str) -> None:
    found = shipped.ask(Product(vendor=vendor, name="Vue PACS", version="12.2.8.500"))
    assert (found.vendor_known, found.product_known, found.answers) == (False, False, ())
    assert not vendor.startswith("Phil") or "Philips" in found.similar


def test_shipped_questions_take_little_time(shipped: Matcher) -> None:
    products = [Product(vendor="GE", name=f"Optima CT{number}", version="1.0") for number in range(500, 700)]
    shipped.ask(products[0])
    start = time.process_time()
    for product in products:
        shipped.ask(product)
    assert (time.process_time() - start) / len(products) < 0.002


def _verdict(found: Answers) -> Verdict:
    (answer,) = found.answers
    return answer.verdict
