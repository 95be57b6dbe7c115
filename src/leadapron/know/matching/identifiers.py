"""Machine-readable names: CPE and package URLs, reduced to what is compared."""

from __future__ import annotations

import re

from msgspec import Struct

MAX_LENGTH = 500
"""Characters of an identifier."""

_CPE = re.compile(r"cpe:(?:2\.3:|/)[aoh]:")
_CPE_FIELD = re.compile(r"(?:\\.|[^:\\])*")


class Identifier(Struct, frozen=True):
    """Maker (or namespace), name and version; `key` is the same for all versions of one product."""

    key: str
    maker: str
    name: str
    version: str
    type: str = ""


def read_cpe(text: str) -> Identifier | None:
    """Vendor, product and version of a CPE 2.2 or 2.3 name; None when it is none."""
    start = _CPE.match(text) if len(text) <= MAX_LENGTH else None
    if start is None:
        return None
    fields = [field.replace("\\", "") for field in _CPE_FIELD.findall(text[start.end() :]) if field]
    if len(fields) < 2 or fields[0] in "*-" or fields[1] in "*-":
        return None
    version = fields[2] if len(fields) > 2 and fields[2] not in "*-" else ""
    maker, name = fields[0].casefold(), fields[1].casefold()
    return Identifier(f"cpe:{maker}:{name}", maker.replace("_", " "), name.replace("_", " "), version)


def read_purl(text: str) -> Identifier | None:
    """Type, name and version of a package URL; None when it is none."""
    from packageurl import PackageURL  # here, because only components of an SBOM carry one

    if len(text) > MAX_LENGTH:
        return None
    try:
        purl = PackageURL.from_string(text)
    except ValueError:
        return None
    name = f"{purl.namespace}/{purl.name}" if purl.namespace and purl.namespace.startswith("@") else purl.name
    return Identifier(f"purl:{purl.type}:{purl.namespace or ''}:{purl.name}", "", name, purl.version or "", purl.type)
