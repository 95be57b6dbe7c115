from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom import read_sbom
from leadapron.model.errors import SourceError
from leadapron.model.events import DocumentAdded, DocumentType, ExploitabilityDeclared

ORIGIN = Origin(name="vex.json", ts=datetime(2026, 11, 24, tzinfo=UTC), key=b"", model="IntelliSpace")


def said(document: dict[str, Any]) -> tuple[DocumentAdded, list[tuple[str, str, str, str]]]:
    head, *rest = read_sbom(json.dumps(document).encode(), ORIGIN)
    assert isinstance(head, DocumentAdded)
    statements = [
        (each.cve, each.state, each.justification, each.component)
        for each in rest
        if isinstance(each, ExploitabilityDeclared)
    ]
    assert len(statements) == len(rest) == head.records
    return head, statements


def openvex(*statements: Any) -> dict[str, Any]:
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "Example Medical",
        "timestamp": "2026-03-01T10:00:00Z",
        "statements": statements,
    }


def test_openvex_in_the_words_of_cyclonedx() -> None:
    head, statements = said(
        openvex(
            {
                "vulnerability": {"name": "GHSA-jfh8-c2jp-5v3q", "aliases": ["CVE-2021-44228"]},
                "products": [{"@id": "pkg:generic/pacs@4", "subcomponents": [{"@id": "pkg:maven/log4j@2.14"}]}],
                "status": "not_affected",
                "justification": "vulnerable_code_not_in_execute_path",
            },
            {"vulnerability": "CVE-2022-2119", "products": ["pkg:generic/pacs@4"], "status": "fixed"},
            {"vulnerability": {"name": "CVE-2022-2120"}, "status": "under_investigation"},
        )
    )
    assert (head.type, head.form, head.dated, head.model) == (
        DocumentType.VEX,
        "OpenVEX 0.2.0",
        "2026-03-01",
        "IntelliSpace",
    )
    assert statements == [
        ("CVE-2021-44228", "not_affected", "code_not_reachable", "pkg:maven/log4j@2.14"),
        ("CVE-2022-2119", "resolved", "", "pkg:generic/pacs@4"),
        ("CVE-2022-2120", "in_triage", "", ""),
    ]


def test_a_statement_without_a_status_is_named() -> None:
    with pytest.raises(
        SourceError, match=r"vex\.json, statements\[1\]: needs a vulnerability, and a status of not_aff"
    ):
        said(openvex({"vulnerability": "CVE-2022-2119", "status": "fixed"}, {"vulnerability": "CVE-1"}))


def csaf() -> dict[str, Any]:
    return {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "title": "Example PACS",
            "publisher": {"category": "vendor", "name": "Example Medical", "namespace": "https://example.com"},
            "tracking": {
                "id": "EX-1",
                "status": "final",
                "version": "1",
                "initial_release_date": "2026-03-01T10:00:00Z",
                "current_release_date": "2026-03-02T10:00:00Z",
                "revision_history": [{"date": "2026-03-01T10:00:00Z", "number": "1", "summary": "first"}],
            },
        },
        "product_tree": {
            "full_product_names": [
                {"name": "Example PACS 4", "product_id": "A"},
                {"name": "Example PACS 5", "product_id": "B"},
            ]
        },
        "vulnerabilities": [
            {
                "cve": "CVE-2021-44228",
                "product_status": {"known_not_affected": ["A"], "known_affected": ["B"]},
                "flags": [{"label": "component_not_present", "product_ids": ["A"]}],
            }
        ],
    }


def test_csaf_as_the_makers_word() -> None:
    head, statements = said(csaf())
    assert (head.type, head.form, head.dated, head.manufacturer) == (
        DocumentType.VEX,
        "CSAF 2.0",
        "2026-03-02",
        "Example Medical",
    )
    found = {(state, justification) for cve, state, justification, _ in statements if cve == "CVE-2021-44228"}
    assert found == {("not_affected", "code_not_present"), ("exploitable", "")}
    assert all("Example PACS" in component for *_, component in statements)


def test_csaf_that_names_an_unknown_product_is_refused() -> None:
    broken = csaf()
    broken["vulnerabilities"][0]["product_status"]["known_affected"] = ["Z"]
    with pytest.raises(SourceError, match=r"vex\.json"):
        said(broken)
