"""SPDX 2.0 to 2.3, JSON and tag-value (ISO/IEC 5962:2021 for 2.2): packages as components.

As for CycloneDX, the library reads package by package, reduced to what is used here; licences, which it parses
strictly and slowly, are left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom_parts import (
    MAX_COMPONENTS,
    Bill,
    identifier,
    iso_day,
    record,
    records,
    text,
)
from leadapron.know.documents.untrusted import LIBRARY_ERRORS, check_size, reason
from leadapron.model.errors import SourceError
from leadapron.model.events import ComponentDeclared, Declaration

if TYPE_CHECKING:
    from spdx_tools.spdx.model.package import Package

MAX_TAG_VALUE = 8 << 20
"""Bytes of a tag-value document, whose grammar is parsed slowly: some 10,000 packages."""
_VERSION = re.compile(r"SPDX-2\.[0-3]")
_LICENCE_LINE = re.compile(
    r"^(?:PackageLicense\w+|LicenseConcluded|LicenseInfoIn\w+|SnippetLicense\w+|PackageVerificationCode):(?!\s*<text>).*$",
    re.MULTILINE,
)
_REFERENCES = ("purl", "cpe22Type", "cpe23Type")
_DESCRIBED = re.compile(r"^Relationship:\s*SPDXRef-DOCUMENT\s+DESCRIBES\s+(\S+)", re.MULTILINE)


def read_spdx(document: dict[str, Any], data: bytes, origin: Origin) -> list[Declaration]:
    """A decoded JSON document. SourceError names the package that cannot be read."""
    version = text(document.get("spdxVersion"))
    if not _VERSION.fullmatch(version):
        raise SourceError(f"{origin.name}: {version or 'no SPDX version'}; SPDX-2.0 to SPDX-2.3 are read")
    packages = records(document.get("packages"))
    if len(packages) > MAX_COMPONENTS:
        raise SourceError(f"{origin.name}: {len(packages)} packages, at most {MAX_COMPONENTS} are read")
    bill = Bill(
        origin=origin,
        form=version,
        dated=iso_day(record(document.get("creationInfo")).get("created")),
        product=text(document.get("name")),
    )
    read = [_package(item, f"packages[{index}]", bill) for index, item in enumerate(packages)]
    _fill(bill, read, _described(document))
    return bill.events(data)


def read_tag_value(content: str, data: bytes, origin: Origin) -> list[Declaration]:
    """A tag-value document."""
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.tagvalue.parser import Parser

    check_size(data, MAX_TAG_VALUE, origin.name, "a tag-value text is parsed slowly, ask for the JSON form")
    silent = logging.Logger("spdx")
    silent.disabled = True
    try:
        # Without these options the parser writes its tables beside itself and talks on standard error.
        parser = cast("Any", Parser)(write_tables=False, debug=False, errorlog=silent)
        document = parser.parse(_LICENCE_LINE.sub("", content))
    except (*LIBRARY_ERRORS, SPDXParsingError) as error:
        raise SourceError(f"{origin.name}: not valid SPDX ({reason(error)})") from error
    bill = Bill(
        origin=origin,
        form=document.creation_info.spdx_version,
        dated=document.creation_info.created.date().isoformat(),
        product=text(document.creation_info.name),
    )
    _fill(bill, document.packages, frozenset(_DESCRIBED.findall(content)))
    return bill.events(data)


def _described(document: dict[str, Any]) -> frozenset[str]:
    """Identifiers of what the document is about."""
    named = [one for one in records(document.get("documentDescribes")) if isinstance(one, str)]
    for item in map(record, records(document.get("relationships"))):
        if item.get("relationshipType") == "DESCRIBES" and item.get("spdxElementId") == "SPDXRef-DOCUMENT":
            named.append(text(item.get("relatedSpdxElement")))
    return frozenset(named)


def _package(item: Any, place: str, bill: Bill) -> Package:
    """One package; where its supplier or references are not as the standard wants, without them."""
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.jsonlikedict.package_parser import PackageParser

    item = record(item)
    plain = {
        "SPDXID": text(item.get("SPDXID")),
        "name": text(item.get("name")),
        "versionInfo": text(item.get("versionInfo")),
        "downloadLocation": "NOASSERTION",
    }
    if not plain["name"]:
        raise SourceError(f"{bill.origin.name}, {place}: a package without a name; ask its maker for a valid document")
    references = [
        {key: identifier(one.get(key)) for key in ("referenceCategory", "referenceType", "referenceLocator")}
        for one in map(record, records(item.get("externalRefs")))
        if one.get("referenceType") in _REFERENCES
    ]
    full = plain | {"externalRefs": references} | ({"supplier": text(item["supplier"])} if item.get("supplier") else {})
    parser = cast("Any", PackageParser)()
    try:
        return cast("Package", parser.parse_package(full))
    except (*LIBRARY_ERRORS, SPDXParsingError):
        bill.remark(f"sbom.bad-identifier={place}")
    try:
        return cast("Package", parser.parse_package(plain))
    except (*LIBRARY_ERRORS, SPDXParsingError) as error:
        raise SourceError(f"{bill.origin.name}, {place}: {reason(error)}") from error


def _fill(bill: Bill, packages: Sequence[Package], described: frozenset[str]) -> None:
    """Packages as components. The one that the document describes is the product, if there are others."""
    about = [package for package in packages if package.spdx_id in described]
    if len(about) == 1 and len(packages) > 1:
        bill.product, bill.software_version = text(about[0].name), text(about[0].version)
        bill.manufacturer = _supplier(about[0])
        packages = [package for package in packages if package is not about[0]]
    for package in packages:
        found = {one.reference_type: one.locator for one in package.external_references}
        bill.components.append(
            ComponentDeclared(
                **bill.origin.where(len(bill.components) + 1),
                name=text(package.name),
                version=text(package.version),
                supplier=_supplier(package),
                purl=identifier(found.get("purl")),
                cpe=identifier(found.get("cpe23Type") or found.get("cpe22Type")),
            )
        )


def _supplier(package: Package) -> str:
    """Its supplier's name; NOASSERTION says nothing."""
    return text(getattr(package.supplier, "name", ""))
