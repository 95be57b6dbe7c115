"""CycloneDX 1.2 to 1.7, JSON and XML (ECMA-424): components, and what the maker says of flaws.

The library reads each component and flaw by itself, reduced to the fields used here: so an odd licence or hash does
not cost a whole document, a place can be named, and time stays in proportion (whole documents are sorted and
compared component by component).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote
from xml.etree.ElementTree import Element  # parsed by defusedxml; this is the type of its result

from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom_parts import (
    MAX_COMPONENTS,
    MAX_DEPTH,
    Bill,
    identifier,
    iso_day,
    record,
    records,
    text,
)
from leadapron.know.documents.untrusted import LIBRARY_ERRORS, reason
from leadapron.model.errors import SourceError
from leadapron.model.events import ComponentDeclared, Declaration

_VERSION = re.compile(r"1\.[2-7]")
_NAMESPACE = re.compile(r"\{http://cyclonedx\.org/schema/bom/(1\.\d)\}bom")
_XML_ITEMS = {"components": "component", "vulnerabilities": "vulnerability", "affects": "target"}
"""XML lists read here, and the name of their items: in JSON, arrays."""
_XML_GROUPS = ("metadata", "component", "supplier", "manufacturer", "manufacture", "analysis")
_XML_TEXTS = ("name", "version", "publisher", "purl", "cpe", "timestamp", "id", "state", "justification", "ref")


def read_cyclonedx(document: dict[str, Any], data: bytes, origin: Origin) -> list[Declaration]:
    """A decoded JSON document. SourceError names the component or flaw that cannot be read."""
    version = text(document.get("specVersion"))
    if not _VERSION.fullmatch(version):
        raise SourceError(f"{origin.name}: CycloneDX {version or 'of no version'}; 1.2 to 1.7 are read")
    metadata = record(document.get("metadata"))
    product = record(metadata.get("component"))
    bill = Bill(
        origin=origin,
        form=f"CycloneDX {version}",
        dated=iso_day(metadata.get("timestamp")),
        manufacturer=_maker(product) or _maker(metadata),
        product=text(product.get("name")),
        software_version=text(product.get("version")),
    )
    references = {identifier(product.get("bom-ref")): ""}
    for place, component in _components(document, origin.name):
        reference = identifier(component.get("bom-ref"))
        declared = _component(component, place, bill)
        if reference:
            references.setdefault(reference, declared.purl or f"{declared.name} {declared.version}".strip())
        if component.get("type") != "file":  # scanners list every file; a file is no product
            bill.components.append(declared)
    _statements(document, references, bill)
    return bill.events(data)


def _components(document: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every component with its place, in the document's order, however deep; never the product itself."""
    product = record(record(document.get("metadata")).get("component"))
    lists = [
        ("metadata.component.components", product.get("components"), 1),
        ("components", document.get("components"), 1),
    ]
    waiting = [
        (f"{path}[{index}]", item, depth) for path, items, depth in lists for index, item in enumerate(records(items))
    ][::-1]
    seen = 0
    while waiting:
        place, item, depth = waiting.pop()
        seen += 1
        if seen > MAX_COMPONENTS or depth > MAX_DEPTH:
            raise SourceError(
                f"{name}, {place}: more than {MAX_COMPONENTS} components, or {MAX_DEPTH} within each other"
            )
        if not isinstance(item, dict):
            raise SourceError(f"{name}, {place}: not a component; ask its maker for a valid document")
        yield place, item
        below = records(item.get("components"))
        waiting += [(f"{place}.components[{index}]", one, depth + 1) for index, one in enumerate(below)][::-1]


def _maker(item: dict[str, Any]) -> str:
    for key in ("manufacturer", "manufacture", "supplier"):
        name = text(record(item.get(key)).get("name"))
        if name:
            return name
    return text(item.get("publisher"))


def _component(item: dict[str, Any], place: str, bill: Bill) -> ComponentDeclared:
    from cyclonedx.exception import CycloneDxException
    from cyclonedx.model.component import Component  # heavy: only those who read an SBOM wait for it

    supplier = _maker(item)
    plain: dict[str, Any] = {"name": text(item.get("name")), "version": text(item.get("version"))}
    if supplier:
        plain["supplier"] = {"name": supplier}
    full = plain | {key: identifier(item.get(key)) for key in ("purl", "cpe") if identifier(item.get(key))}
    if not plain["name"]:
        raise SourceError(
            f"{bill.origin.name}, {place}: a component without a name; ask its maker for a valid document"
        )
    try:
        component = cast("Any", Component).from_json(full)  # put there by a decorator
    except (*LIBRARY_ERRORS, CycloneDxException):
        bill.remark(f"sbom.bad-identifier={place}")
        component = Component(name=plain["name"], version=plain["version"])
    return ComponentDeclared(
        **bill.origin.where(len(bill.components) + 1),
        name=component.name,
        version=component.version or "",
        supplier=supplier,
        purl=component.purl.to_string() if component.purl else "",
        cpe=component.cpe or "",
    )


# ---------------------------------------------------------------- exploitability
def _statements(document: dict[str, Any], references: dict[str, str], bill: Bill) -> None:
    """Flaws of which the document gives its maker's analysis; a bare list of flaws is none."""
    from cyclonedx.exception import CycloneDxException
    from cyclonedx.model.impact_analysis import ImpactAnalysisJustification, ImpactAnalysisState

    for index, item in enumerate(records(document.get("vulnerabilities"))):
        place = f"vulnerabilities[{index}]"
        flaw, analysis = text(record(item).get("id")), record(record(item).get("analysis"))
        if not flaw or not analysis.get("state"):
            bill.remark(f"vex.no-analysis={flaw or place}")
            continue
        try:
            state = ImpactAnalysisState(analysis["state"]).value
            given = analysis.get("justification")
            justification = ImpactAnalysisJustification(given).value if given else ""
        except (*LIBRARY_ERRORS, CycloneDxException) as error:
            raise SourceError(f"{bill.origin.name}, {place}.analysis: {reason(error)}") from error
        targets = [_target(record(one).get("ref"), references) for one in records(record(item).get("affects"))]
        for component in dict.fromkeys(targets or [""]):
            bill.state(flaw, state, justification, component, place)


def _target(reference: Any, references: dict[str, str]) -> str:
    """The component that a reference means, also across documents (BOM-Link: `urn:cdx:serial/version#ref`)."""
    given = identifier(reference)
    local = unquote(given.partition("#")[2]) if given.startswith("urn:cdx:") else given
    return references.get(local, local)


# ---------------------------------------------------------------- XML
def is_cyclonedx_xml(root: Element) -> bool:
    """Is it the root of a CycloneDX document?"""
    return _NAMESPACE.fullmatch(root.tag) is not None


def xml_as_json(root: Element) -> dict[str, Any]:
    """The same document as JSON would have it, as far as it is read here."""
    space = root.tag.removesuffix("bom")
    matched = _NAMESPACE.fullmatch(root.tag)
    document = _as_record(root, space, 0)
    return document | {"specVersion": matched[1] if matched else ""}


def _as_record(element: Element, space: str, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {key: element.get(key) for key in ("bom-ref", "type") if element.get(key)}
    if depth > 2 * MAX_DEPTH + 4:  # deeper than any document that is accepted
        return made
    for child in element:
        tag = child.tag.removeprefix(space)
        if tag in _XML_ITEMS:
            items = child.iter(space + "target") if tag == "affects" else child.findall(space + _XML_ITEMS[tag])
            made[tag] = [_as_record(item, space, depth + 1) for item in items]
        elif tag in _XML_GROUPS:
            made[tag] = _as_record(child, space, depth + 1)
        elif tag in _XML_TEXTS:
            made[tag] = child.text or ""
    return made
