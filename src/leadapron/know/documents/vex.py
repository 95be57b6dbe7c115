"""What a maker says of flaws in its own products, apart from a bill of materials: OpenVEX and CSAF.

Their words become CycloneDX's, in which exploitability is kept. (CycloneDX VEX is read with CycloneDX.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadapron.know.advisories.csaf import read_csaf
from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom_parts import Bill, identifier, iso_day, record, records, text
from leadapron.model.advisories import ProductRange, Status
from leadapron.model.errors import SourceError
from leadapron.model.events import Declaration

_STATES: Mapping[str, str] = {
    "not_affected": "not_affected",
    "affected": "exploitable",
    "fixed": "resolved",
    "under_investigation": "in_triage",
}
"""Status of OpenVEX and of CSAF → state of CycloneDX."""
_JUSTIFICATIONS: Mapping[str, str] = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""CSAF flags (§3.2.3.5), which OpenVEX shares."""


def read_openvex(document: dict[str, Any], data: bytes, origin: Origin) -> list[Declaration]:
    """OpenVEX 0.0.1 to 0.2.0, decoded. SourceError names the statement that cannot be read."""
    context = text(document.get("@context"))
    bill = Bill(
        origin=origin,
        form=f"OpenVEX {context.rpartition('/')[2].lstrip('v')}".strip(),
        dated=iso_day(document.get("timestamp")),
        manufacturer=text(document.get("author")),
    )
    statements = records(document.get("statements"))
    for index, item in enumerate(map(record, statements)):
        place = f"statements[{index}]"
        flaw, status = _flaw(item.get("vulnerability")), text(item.get("status"))
        if not flaw or status not in _STATES:
            raise SourceError(
                f"{origin.name}, {place}: needs a vulnerability, and a status of {', '.join(_STATES)}; "
                "ask its maker for a valid document"
            )
        justification = text(item.get("justification"))
        for component in _openvex_products(item):
            bill.state(flaw, _STATES[status], _JUSTIFICATIONS.get(justification, justification), component, place)
    return bill.events(data)


def _flaw(given: Any) -> str:
    """The flaw's CVE where it has one, else its first name (0.0.1 writes a bare string)."""
    if isinstance(given, str):
        return text(given)
    names = [text(one) for one in (record(given).get("name"), *records(record(given).get("aliases")))]
    return next((name for name in names if name.startswith("CVE-")), next(filter(None, names), ""))


def _openvex_products(statement: dict[str, Any]) -> list[str]:
    """What a statement is about: the parts of a product where it names them, else the product."""
    found: dict[str, None] = {}
    for product in records(statement.get("products")) or [""]:
        parts = records(record(product).get("subcomponents")) or records(statement.get("subcomponents"))
        for item in parts or [product]:
            found[_openvex_name(item)] = None
    return list(found)


def _openvex_name(item: Any) -> str:
    if isinstance(item, str):
        return identifier(item)
    return identifier(record(record(item).get("identifiers")).get("purl")) or identifier(record(item).get("@id"))


def read_csaf_vex(document: dict[str, Any], data: bytes, origin: Origin) -> list[Declaration]:
    """A CSAF document as its publisher's word on its own products."""
    advisory = read_csaf(data, origin.name)
    bill = Bill(
        origin=origin,
        form=f"CSAF {text(record(document.get('document')).get('csaf_version'))}",
        dated=advisory.updated.isoformat(),
        manufacturer=advisory.publisher,
        product=text(advisory.title),
    )
    flags = _flags(document)
    for product in advisory.products:
        for cve in product.cves or tuple(flaw.cve for flaw in advisory.vulnerabilities):
            justification = flags.get(cve, "") if product.status is Status.NOT_AFFECTED else ""
            bill.state(cve, _STATES[product.status], justification, _csaf_product(product), "product_status")
    return bill.events(data)


def _flags(document: dict[str, Any]) -> dict[str, str]:
    """CVE → why products are not affected, where the document gives one reason for all of them."""
    found = {}
    for item in map(record, records(document.get("vulnerabilities"))):
        labels = {text(record(flag).get("label")) for flag in records(item.get("flags"))} - {""}
        if len(labels) == 1:
            label = labels.pop()
            found[text(item.get("cve"))] = _JUSTIFICATIONS.get(label, label)
    return found


def _csaf_product(product: ProductRange) -> str:
    return product.purl or text(" ".join((product.vendor, product.product, product.constraint)))
