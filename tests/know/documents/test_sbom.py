from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from leadapron.know.documents import sbom_cyclonedx, sbom_spdx
from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom import is_sbom, read_sbom
from leadapron.know.documents.sbom_parts import MAX_SBOM
from leadapron.model.errors import SourceError
from leadapron.model.events import ComponentDeclared, Declaration, DocumentAdded, DocumentType, ExploitabilityDeclared

SAMPLES = Path(__file__).parent / "samples"
ORIGIN = Origin(name="device.json", ts=datetime(2026, 11, 24, tzinfo=UTC), key=b"", asset="10.20.20.10")


def sample(name: str) -> bytes:
    return zstandard.decompress((SAMPLES / f"{name}.zst").read_bytes())


def components(declared: list[Declaration]) -> list[ComponentDeclared]:
    return [each for each in declared if isinstance(each, ComponentDeclared)]


def document(declared: list[Declaration]) -> DocumentAdded:
    assert isinstance(declared[0], DocumentAdded)
    return declared[0]


def cyclonedx(**parts: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", **parts}).encode()


def spdx(*packages: Any, **parts: Any) -> bytes:
    made = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "pacs", "packages": packages}
    return json.dumps(made | parts).encode()


@pytest.mark.parametrize(
    ("name", "form", "product", "records"),
    [
        ("orthanc.cdx.json", "CycloneDX 1.6", "orthanc on Debian", 170),
        ("orthanc.spdx.json", "SPDX-2.3", "orthanc", 170),
        ("dcmtk.cdx.json", "CycloneDX 1.4", "dcmtk on Debian", 97),
        ("dcmtk.cdx.xml", "CycloneDX 1.5", "dcmtk on Debian", 97),
        ("dcmtk.spdx", "SPDX-2.3", "dcmtk", 97),
    ],
)
def test_real_bills_say_the_same_in_every_standard(name: str, form: str, product: str, records: int) -> None:
    declared = read_sbom(sample(name), ORIGIN)
    said = document(declared)
    assert (said.type, said.form, said.product, said.records) == (DocumentType.SBOM, form, product, records)
    assert (said.manufacturer, said.software_version, said.dated) == ("Debian", "12", "2026-11-24")
    assert said.remarks == ()
    toolkit = next(
        each for each in components(declared) if "pkg:deb/debian/dcmtk@" in each.purl and "amd64" in each.purl
    )
    assert (toolkit.name, toolkit.version, toolkit.asset) == ("dcmtk", "3.6.7-9~deb12u4", "10.20.20.10")
    assert (toolkit.supplier, toolkit.cpe) == ("Debian Med Packaging Team", "")


def test_the_standards_agree_component_by_component() -> None:
    def said(name: str) -> set[tuple[str, str, str, str]]:
        return {(c.name, c.version, c.supplier, c.purl) for c in components(read_sbom(sample(name), ORIGIN))}

    assert said("dcmtk.cdx.json") == said("dcmtk.cdx.xml") == said("dcmtk.spdx")
    assert said("orthanc.cdx.json") == said("orthanc.spdx.json")


# ---------------------------------------------------------------- CycloneDX
def test_components_within_components_and_no_files() -> None:
    inner = {"type": "library", "name": "openssl", "version": "1.0.2k", "cpe": "cpe:2.3:a:openssl:openssl:1.0.2k:*"}
    data = cyclonedx(
        metadata={"component": {"type": "device", "name": "SOMATOM", "version": "VA44", "publisher": "Siemens"}},
        components=[
            {"type": "operating-system", "name": "Windows", "version": "7", "components": [inner]},
            {"type": "file", "name": "/etc/passwd"},
            {"type": "from the future", "name": "x", "licenses": "odd", "hashes": [1], "supplier": {"name": "Maker"}},
        ],
    )
    declared = read_sbom(data, ORIGIN)
    said = document(declared)
    assert (said.manufacturer, said.product, said.software_version, said.records) == ("Siemens", "SOMATOM", "VA44", 3)
    assert [(c.name, c.version, c.packet) for c in components(declared)] == [
        ("Windows", "7", 1),
        ("openssl", "1.0.2k", 2),
        ("x", "", 3),
    ]
    assert components(declared)[1].cpe.startswith("cpe:2.3:a:openssl")


def test_an_identifier_that_is_none_is_remarked_on() -> None:
    declared = read_sbom(cyclonedx(components=[{"name": "zlib", "version": "1.2", "purl": "not a purl"}]), ORIGIN)
    assert [(c.name, c.version, c.purl) for c in components(declared)] == [("zlib", "1.2", "")]
    assert document(declared).remarks == ("sbom.bad-identifier=components[0]",)


def test_vex_within_and_beside_a_bill() -> None:
    flaws = [
        {
            "id": "CVE-2021-44228",
            "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
            "affects": [{"ref": "log4j"}, {"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#device"}],
        },
        {"id": "CVE-2022-2119", "analysis": {"state": "exploitable"}},
        {"id": "CVE-2020-0001"},
    ]
    parts: Mapping[str, Any] = {
        "metadata": {"component": {"name": "PACS", "bom-ref": "device"}},
        "components": [{"name": "log4j", "version": "2.14", "bom-ref": "log4j", "purl": "pkg:maven/log4j/log4j@2.14"}],
    }
    declared = read_sbom(cyclonedx(vulnerabilities=flaws, **parts), ORIGIN)
    assert document(declared).type is DocumentType.SBOM
    assert document(declared).remarks == ("vex.excuses=1", "vex.no-analysis=CVE-2020-0001")
    assert [
        (each.cve, each.state, each.justification, each.component)
        for each in declared
        if isinstance(each, ExploitabilityDeclared)
    ] == [
        ("CVE-2021-44228", "not_affected", "code_not_reachable", "pkg:maven/log4j/log4j@2.14"),
        ("CVE-2021-44228", "not_affected", "code_not_reachable", ""),
        ("CVE-2022-2119", "exploitable", "", ""),
    ]
    alone = read_sbom(cyclonedx(vulnerabilities=flaws), ORIGIN)
    assert document(alone).type is DocumentType.VEX
    with pytest.raises(SourceError, match=r"device\.json, vulnerabilities\[0\]\.analysis: .*'maybe'"):
        read_sbom(cyclonedx(vulnerabilities=[{"id": "CVE-1", "analysis": {"state": "maybe"}}]), ORIGIN)


def test_cyclonedx_in_xml_with_flaws() -> None:
    data = b"""<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component type="library" bom-ref="a">
    <name>expat</name><version>2.1</version><purl>pkg:generic/expat@2.1</purl>
    <components><component type="file"><name>x</name></component></components></component></components>
    <vulnerabilities><vulnerability><id>CVE-2022-25235</id><analysis><state>in_triage</state></analysis>
    <affects><target><ref>a</ref></target></affects></vulnerability></vulnerabilities></bom>"""
    _, component, flaw = read_sbom(data, ORIGIN)
    assert isinstance(component, ComponentDeclared)
    assert (component.name, component.purl) == ("expat", "pkg:generic/expat@2.1")
    assert isinstance(flaw, ExploitabilityDeclared)
    assert (flaw.cve, flaw.state, flaw.component) == ("CVE-2022-25235", "in_triage", "pkg:generic/expat@2.1")


# ---------------------------------------------------------------- SPDX
def test_spdx_packages_with_odd_parts_are_kept() -> None:
    odd = {
        "SPDXID": "SPDXRef-a",
        "name": "dcmtk",
        "versionInfo": "3.6.6",
        "supplier": "whoever",
        "licenseConcluded": "(((",
    }
    sound = {
        "SPDXID": "SPDXRef-b",
        "name": "gdcm",
        "supplier": "Organization: Kitware ()",
        "externalRefs": [
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:x:gdcm:3:*"},
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": "pkg:deb/debian/gdcm",
            },
        ],
    }
    declared = read_sbom(spdx(odd, sound), ORIGIN)
    assert [(c.name, c.version, c.supplier, c.purl, c.cpe) for c in components(declared)] == [
        ("dcmtk", "3.6.6", "", "", ""),
        ("gdcm", "", "Kitware", "pkg:deb/debian/gdcm", "cpe:2.3:a:x:gdcm:3:*"),
    ]
    assert document(declared).product == "pacs"
    assert document(declared).remarks == ("sbom.bad-identifier=packages[0]",)


def test_tag_value_tells_nothing_to_the_terminal_and_writes_no_file(capfd: pytest.CaptureFixture[str]) -> None:
    read_sbom(
        sample("dcmtk.spdx").replace(b"PackageLicenseConcluded: NOASSERTION", b"PackageLicenseConcluded: ((("), ORIGIN
    )
    assert capfd.readouterr() == ("", "")
    with pytest.raises(SourceError, match=r"device\.json: not valid SPDX"):
        read_sbom(b"SPDXVersion: SPDX-2.3\nPackageName: x\nPackageName: y\n", ORIGIN)


# ---------------------------------------------------------------- hostile
def deep(levels: int) -> bytes:
    opened = '{"name":"x","components":[' * levels
    return b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[' + (opened + "]}" * levels).encode() + b"]}"


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE bom [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;">]>
<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components/></bom>"""


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: LAUGHS, "document type or entities"),
        (lambda: LAUGHS.decode().encode("utf-16"), "SBOM|SPDX|kind"),
        (lambda: deep(100), r"components\[0\]\.components\[0\].*32 within each other"),
        (lambda: deep(100_000), "not whole JSON"),
        (lambda: b"{" + b" " * MAX_SBOM, "32 MB"),
        (lambda: b"SPDXVersion: SPDX-2.3\n" + b"#" * (9 << 20), "ask for the JSON form"),
        (lambda: cyclonedx(components=[{"version": "1"}]), r"components\[0\]: a component without a name"),
        (lambda: cyclonedx(components=["x"]), r"components\[0\]: not a component"),
        (lambda: cyclonedx(), "names no product"),
        (lambda: b'{"bomFormat":"CycloneDX","specVersion":"2.0"}', "CycloneDX 2.0; 1.2 to 1.7"),
        (lambda: spdx({"SPDXID": "SPDXRef-a"}), r"packages\[0\]: a package without a name"),
        (lambda: spdx(spdxVersion="SPDX-3.0"), "SPDX-2.0 to SPDX-2.3 are read"),
        (lambda: b'{"@graph":[]}', "JSON of another kind"),
        (lambda: b'{"a":', "not whole JSON"),
        (lambda: b"<rdf/>", "XML of another kind"),
        (lambda: b"<bom", "not whole XML"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(made: Callable[[], bytes], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_sbom(made(), ORIGIN)


def test_components_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for reader in (sbom_cyclonedx, sbom_spdx):
        monkeypatch.setattr(reader, "MAX_COMPONENTS", 50)
    many = [{"name": "x"}] * 50
    assert document(read_sbom(cyclonedx(components=many), ORIGIN)).records == 50
    with pytest.raises(SourceError, match=r"components\[50\]: more than 50 components"):
        read_sbom(cyclonedx(components=[*many, {}]), ORIGIN)
    assert document(read_sbom(spdx(*many), ORIGIN)).records == 50
    with pytest.raises(SourceError, match="51 packages, at most 50"):
        read_sbom(spdx(*many, {}), ORIGIN)


def test_many_components_take_time_in_proportion() -> None:
    many = [{"name": f"x{n}", "version": "1", "purl": f"pkg:deb/debian/x{n}@1"} for n in range(5_000)]
    start = time.process_time()
    assert document(read_sbom(cyclonedx(components=many), ORIGIN)).records == 5_000
    assert time.process_time() - start < 10


def test_tables_and_forms_are_no_bills() -> None:
    assert not any(map(is_sbom, (b"Name,IP\n", b"PK\x03\x04", b"%PDF-1.7", b"")))
    assert all(map(is_sbom, (b"\xef\xbb\xbf {}", b"<bom/>", b"# x\nSPDXVersion: SPDX-2.2")))


KEYS = st.sampled_from(
    (
        "components", "metadata", "component", "name", "version", "purl", "cpe", "supplier", "type", "bom-ref",
        "vulnerabilities", "analysis", "state", "id", "affects", "ref", "packages", "SPDXID", "externalRefs",
        "referenceType", "referenceLocator", "relationships", "statements", "status", "vulnerability", "products",
        "subcomponents", "timestamp", "creationInfo",
    )
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_json_is_read_or_refused(parts: dict[str, Any]) -> None:
    heads = (
        {"bomFormat": "CycloneDX", "specVersion": "1.6"},
        {"spdxVersion": "SPDX-2.2"},
        {"@context": "https://openvex.dev/ns/v0.2.0"},
        {"document": {"csaf_version": "2.0"}},
    )
    for head in heads:
        try:
            declared = read_sbom(json.dumps(parts | head).encode(), ORIGIN)
        except SourceError:
            continue
        assert document(declared).records == len(declared) - 1


@given(st.sampled_from(["dcmtk.cdx.xml", "dcmtk.spdx", "dcmtk.cdx.json"]), st.data())
def test_a_damaged_document_is_read_or_refused(name: str, data: st.DataObject) -> None:
    content = bytearray(sample(name)[:3_000])
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            read_sbom(bytes(content), ORIGIN)
        except SourceError:
            pass
