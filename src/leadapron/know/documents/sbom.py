"""Bills of materials and statements of exploitability: which standard a document follows, told from its content."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Any

import msgspec

from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom_cyclonedx import is_cyclonedx_xml, read_cyclonedx, xml_as_json
from leadapron.know.documents.sbom_parts import MAX_SBOM, record, text
from leadapron.know.documents.sbom_spdx import read_spdx, read_tag_value
from leadapron.know.documents.untrusted import LIBRARY_ERRORS, check_size, has_doctype, reason
from leadapron.model.errors import SourceError
from leadapron.model.events import Declaration

_ASK = "CycloneDX (JSON, XML), SPDX 2 (JSON, tag-value), OpenVEX and CSAF are read; ask for one of these"


def is_sbom(data: bytes) -> bool:
    """Could it be one of these documents? Tables and forms never begin so."""
    head = data[:4096].removeprefix(BOM_UTF8).lstrip()
    return head.startswith((b"{", b"<")) or b"SPDXVersion:" in head


def read_sbom(data: bytes, origin: Origin) -> list[Declaration]:
    """The document, its components, and its statements on flaws. SourceError names file and place."""
    check_size(data, MAX_SBOM, origin.name, "ask for one document per product")
    head = data[:4096].removeprefix(BOM_UTF8).lstrip()
    if head.startswith(b"<"):
        return _xml(data, origin)
    if not head.startswith(b"{"):
        return read_tag_value(data.removeprefix(BOM_UTF8).decode("utf-8", "replace"), data, origin)
    return _json(_decoded(data, origin.name), data, origin)


def _decoded(data: bytes, name: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data.removeprefix(BOM_UTF8), type=dict[str, Any])
    except (*LIBRARY_ERRORS, msgspec.DecodeError) as error:
        raise SourceError(f"{name}: not whole JSON ({reason(error)}); fetch the file again") from error


def _json(document: dict[str, Any], data: bytes, origin: Origin) -> list[Declaration]:
    if document.get("bomFormat") == "CycloneDX":
        return read_cyclonedx(document, data, origin)
    if "spdxVersion" in document:
        return read_spdx(document, data, origin)
    if "openvex" in text(document.get("@context")):
        from leadapron.know.documents.vex import read_openvex

        return read_openvex(document, data, origin)
    if "csaf_version" in record(document.get("document")):
        from leadapron.know.documents.vex import read_csaf_vex

        return read_csaf_vex(document, data, origin)
    raise SourceError(f"{origin.name}: JSON of another kind; {_ASK}")


def _xml(data: bytes, origin: Origin) -> list[Declaration]:
    from defusedxml.ElementTree import fromstring

    if has_doctype([data]):
        raise SourceError(f"{origin.name}: declares a document type or entities, which no SBOM needs; ask for another")
    try:
        root = fromstring(data)
    except LIBRARY_ERRORS as error:
        raise SourceError(f"{origin.name}: not whole XML ({reason(error)}); fetch the file again") from error
    if not is_cyclonedx_xml(root):
        raise SourceError(f"{origin.name}: XML of another kind ({text(root.tag, 80)}); {_ASK}")
    return read_cyclonedx(xml_as_json(root), data, origin)
