"""Readers of lists, SBOMs and VEX as fuzz targets: a SourceError is the only way out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

from leadapron.know.documents.lists import read_list
from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom import read_sbom
from leadapron.model.errors import SourceError
from leadapron.model.events import Declaration, DocumentAdded
from tests.know.documents.workbooks import part, with_parts, workbook

Run = Callable[[bytes], frozenset[str]]

_WHEN = datetime(2026, 11, 24, tzinfo=UTC)
_SHEET = "xl/worksheets/sheet1.xml"
_ROWS = [("Name", "IP address", "MAC", "End of support"), ("CT1", "10.1.1.1", "88:4b:39:10:00:11", "31/12/2027")]
_WORKBOOK = workbook(("S", _ROWS))

LISTS = [
    "Nom;Adresse IP;N° de série;Fin de support\nIRM;010.1.1.2, 10.1.1.3;LAB1;31/12/2027\n".encode("cp1252"),
    b"sep=,\nAET,IP,Port\n'=CT01,10.1.1.1:104,104\n",
    b"VLAN\tName\tNetwork\tMask\n20\tImaging\t10.1.1.0\t255.255.255.0\n",
    "Zone;CIDR\nImaging;10.1.0.0/16\n".encode("utf-16"),
]
PLANS = [b"[[zones]]\nname = 'Imaging'\nnetworks = ['10.1.0.0/16', '2001:db8::/48']\nvlan = 20\n"]
BILLS = [
    b'{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"name":"PACS","bom-ref":"p"}},'
    b'"components":[{"name":"log4j","version":"2.14","bom-ref":"l","purl":"pkg:maven/a/log4j@2.14"}],'
    b'"vulnerabilities":[{"id":"CVE-2021-44228","analysis":{"state":"not_affected"},"affects":[{"ref":"l"}]}]}',
    b'<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component type="library"><name>expat</name>'
    b"<version>2.1</version><purl>pkg:generic/expat@2.1</purl></component></components></bom>",
    json.dumps(
        {
            "spdxVersion": "SPDX-2.3",
            "name": "x",
            "packages": [
                {
                    "SPDXID": "SPDXRef-a",
                    "name": "dcmtk",
                    "versionInfo": "3.6.7",
                    "supplier": "Organization: OFFIS",
                    "externalRefs": [
                        {
                            "referenceCategory": "PACKAGE-MANAGER",
                            "referenceType": "purl",
                            "referenceLocator": "pkg:deb/debian/dcmtk@3.6.7",
                        }
                    ],
                }
            ],
        }
    ).encode(),
    b"SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: x\n"
    b"DocumentNamespace: https://x.example/1\nCreator: Tool: x\nCreated: 2026-11-24T00:00:00Z\n"
    b"PackageName: dcmtk\nSPDXID: SPDXRef-a\nPackageVersion: 3.6.7\nPackageDownloadLocation: NOASSERTION\n",
    b'{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"vulnerability":{"name":"CVE-2021-44228"},'
    b'"products":[{"@id":"pkg:generic/pacs@4"}],"status":"fixed"}]}',
]


def _reader(read: Callable[[bytes, Origin], list[Declaration]], name: str) -> Run:
    origin = Origin(name=name, ts=_WHEN, key=b"fuzz")

    def run(data: bytes) -> frozenset[str]:
        try:
            document, *rest = read(data, origin)
        except SourceError as refused:
            return frozenset({str(refused).rpartition(": ")[2][:40]})
        assert isinstance(document, DocumentAdded)
        assert document.records == len(rest)
        return frozenset({document.form, *(type(each).__name__ for each in rest)})

    return run


def _sheet(data: bytes) -> frozenset[str]:
    """A sheet within a sound workbook: a mutated archive would seldom be opened."""
    return _reader(read_list, "fuzz.xlsx")(with_parts(_WORKBOOK, {_SHEET: data}))


def _archive() -> bytes:
    """The workbook unpacked, as small as it gets, so that mutations hit its parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_WORKBOOK)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if "theme" not in name and "docProps" not in name:
                new.writestr(name, old.read(name))
    return stream.getvalue()


def targets() -> list[tuple[str, Run, list[bytes]]]:
    """Name, parser and seeds."""
    return [
        ("lists", _reader(read_list, "fuzz.csv"), [*LISTS, _archive()]),
        ("sheets", _sheet, [part(_WORKBOOK, _SHEET)]),
        ("plans", _reader(read_list, "fuzz.toml"), PLANS),
        ("sboms", _reader(read_sbom, "fuzz.json"), BILLS),
    ]
