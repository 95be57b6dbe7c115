"""Parts of devices, and what advisories and ends of support say of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from leadapron.assess.exposures import ageing, exposures
from leadapron.model.advisories import Answers, Product, Release, Verdict
from leadapron.model.picture import Part, Picture
from leadapron.rules.samples import picture_of

TODAY = date(2026, 11, 24)


def ask(product: Product) -> Answers:
    """A world with one advisory: Vue PACS and DCMTK below 2 are affected, 2 and above are not."""
    named = product.name in ("Vue PACS", "DCMTK")
    verdict = "review" if not product.version else "affected" if product.version < "2" else "not_affected"
    sample = {"part": "device", "verdict": verdict, "cves": ["CVE-1", "CVE-2"], "exploited": ["CVE-1"]}
    (exposure,) = picture_of({"exposures": {"x": [sample]}}).exposures["x"]
    return Answers(
        product=product, vendor_known=named, product_known=named, answers=exposure.answers.answers if named else ()
    )


def part(name: str, version: str, evidence: str) -> dict[str, str]:
    return {"name": name, "version": version, "evidence": evidence}


def exposed(**sample: Any) -> dict[str, list[tuple[Part, str, list[Verdict]]]]:
    picture = picture_of(sample)
    return {
        asset: [(one.part, one.answers.product.version, [a.verdict for a in one.answers.answers]) for one in parts]
        for asset, parts in exposures(picture.inventory, picture.declarations, ask).items()
    }


def pacs(*versions: str, **more: Any) -> dict[str, Any]:
    return {"id": "pacs", "manufacturer": "Philips", "model": "Vue PACS", "software_versions": versions, **more}


def test_a_device_is_asked_about_by_maker_model_and_version() -> None:
    assert exposed(assets=[pacs("1.0")]) == {"pacs": [(Part.DEVICE, "1.0", [Verdict.AFFECTED])]}


def test_versions_that_disagree_leave_the_question_open() -> None:
    assert exposed(assets=[pacs("1.0", "2.0")])["pacs"] == [(Part.DEVICE, "1.0, 2.0", [Verdict.REVIEW])]
    assert exposed(assets=[pacs("1.0", "1.1")])["pacs"] == [(Part.DEVICE, "1.0, 1.1", [Verdict.AFFECTED])]


def test_toolkits_and_servers_are_told_apart_by_how_they_named_themselves() -> None:
    parts = exposed(
        assets=[
            {
                "id": "ws",
                "components": [
                    part("DCMTK", "1.0", "1.2.276.0.7230010.3.0.3.1.0 OFFIS_DCMTK_100"),
                    part("DCMTK", "2.0", "Server: DCMTK/2.0"),
                ],
            }
        ]
    )["ws"]
    assert parts == [(Part.TOOLKIT, "1.0", [Verdict.AFFECTED]), (Part.SERVER, "2.0", [Verdict.NOT_AFFECTED])]


def test_what_no_advisory_names_and_what_stands_outside_is_left_out() -> None:
    assert exposed(assets=[{"id": "ct", "manufacturer": "X", "model": "Y"}, pacs("1.0", external=True)]) == {}


def test_documents_name_a_device_that_the_wire_does_not() -> None:
    row = {"manufacturer": "Philips", "product": "Vue PACS", "software_version": "1.0"}
    picture = picture_of({"assets": [{"id": "pacs"}], "declared": {"pacs": {"device": row}}})
    (exposure,) = exposures(picture.inventory, picture.declarations, ask)["pacs"]
    assert exposure.told is not None
    assert (exposure.told.source, exposure.told.quote) == ("sample", "Philips Vue PACS 1.0")


def sbom(state: str, cve: str = "CVE-1") -> Picture:
    return picture_of(
        {
            "assets": [{"id": "pacs"}],
            "declared": {
                "pacs": {
                    "documents": ["sbom", "vex"],
                    "components": [{"name": "DCMTK", "version": "1.0"}],
                    "exploitability": [{"cve": cve, "state": state, "component": "DCMTK"}],
                }
            },
        }
    )


def test_flaws_that_the_maker_excuses_are_left_out_and_named() -> None:
    picture = sbom("not_affected")
    (exposure,) = exposures(picture.inventory, picture.declarations, ask)["pacs"]
    (answer,) = exposure.answers.answers
    assert (answer.cves, answer.exploited, exposure.excused) == (("CVE-2",), (), ("CVE-1",))


def test_an_advisory_that_a_document_excuses_whole_leaves_a_trace() -> None:
    """Anyone can write such a document: it must be seen that, and by which, a device was cleared."""
    said = [{"cve": cve, "state": "not_affected"} for cve in ("CVE-1", "CVE-2")]
    declared = {"pacs": {"documents": ["vex"], "exploitability": said}}
    picture = picture_of({"assets": [pacs("1.0")], "declared": declared})
    (exposure,) = exposures(picture.inventory, picture.declarations, ask)["pacs"]
    (answer,) = exposure.answers.answers
    assert (answer.verdict, answer.reason, answer.exploited) == (Verdict.NOT_AFFECTED, "match.excused", ())
    assert (answer.params["document"], answer.cves) == ("sample", ("CVE-1", "CVE-2"))


def test_a_maker_that_confirms_a_flaw_excuses_nothing() -> None:
    picture = sbom("exploitable")
    (exposure,) = exposures(picture.inventory, picture.declarations, ask)["pacs"]
    assert exposure.answers.answers[0].cves == ("CVE-1", "CVE-2")


def support(name: str, version: str) -> tuple[Release, ...]:
    """Debian 9 has ended; nginx 1.10 too; Debian 12 has not."""
    ends = {
        ("Debian", "9"): date(2020, 7, 18),
        ("Debian", "12"): date(2026, 12, 1),
        ("nginx", "1.10"): date(2017, 4, 12),
    }
    end = ends.get((name, version))
    return (Release(cycle=version, label=f"{name} {version}", end=end, ended=end < TODAY),) if end else ()


def test_ends_of_support() -> None:
    picture = picture_of(
        {
            "assets": [
                {"id": "old", "os": "Debian", "os_version": "9", "components": [part("nginx", "1.10", "nginx/1.10")]},
                {"id": "new", "os": "Debian", "os_version": "12"},
                {"id": "win", "os": "Windows", "os_version": "5.1"},
            ]
        }
    )
    found = ageing(picture.inventory, picture.declarations, support)
    assert {asset: [(one.part, one.certain) for one in parts] for asset, parts in found.items()} == {
        "old": [(Part.SYSTEM, True), (Part.SERVER, False)]  # a distribution may still repair its nginx
    }


def test_a_listed_system_is_looked_up_as_it_is_written() -> None:
    """Only the lookup knows that the version in "Windows Server 2012 R2" is "2012 R2"."""
    picture = picture_of(
        {
            "assets": [{"id": "vna"}, {"id": "seen", "os": "Debian", "os_version": "12"}],
            "declared": {name: {"device": {"os": "Windows Server 2012 R2"}} for name in ("vna", "seen")},
        }
    )

    def known(name: str, version: str) -> tuple[Release, ...]:
        end = {("Windows Server 2012 R2", ""): date(2023, 10, 10)}.get((name, version))
        return (Release(cycle="2012 R2", label=name, end=end, ended=True),) if end else ()

    found = ageing(picture.inventory, picture.declarations, known)
    assert list(found) == ["vna"]  # what the wire tells goes before what a list says
    assert found["vna"][0].told is not None
