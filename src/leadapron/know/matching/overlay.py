"""The overlay: advisories that a person read, with the versions they mean written so that a program can decide.

One TOML file each in `content/knowledge/overlay`. Facts only; the words of `quote` are those few that state versions.
"""

from __future__ import annotations

import re
from datetime import date
from importlib.resources.abc import Traversable

from msgspec import Struct

from leadapron.model.advisories import Advisory, ProductRange, Status, Vulnerability
from leadapron.model.content import read_toml, shipped, toml_files
from leadapron.model.errors import ContentError

_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")


class Spelling(Struct, frozen=True):
    """Another name under which the product of an advisory is met."""

    vendor: str
    product: str
    also: str


class Overlay(Struct, frozen=True):
    """What the overlay's files hold together."""

    advisories: tuple[Advisory, ...]
    spellings: tuple[Spelling, ...]


class _Vulnerability(Struct, frozen=True, forbid_unknown_fields=True):
    cve: str
    cvss: tuple[str, ...] = ()
    cwe: str = ""


class _Product(Struct, frozen=True, forbid_unknown_fields=True):
    vendor: str
    product: str
    constraint: str
    also: tuple[str, ...] = ()
    quote: str = ""
    status: Status = Status.AFFECTED
    cves: tuple[str, ...] = ()
    fixed: str = ""
    open: str = ""


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    title: str
    publisher: str
    published: date
    updated: date
    url: str = ""
    vulnerabilities: tuple[_Vulnerability, ...] = ()
    products: tuple[_Product, ...] = ()


def load_overlay(folder: Traversable | None = None) -> tuple[Advisory, ...]:
    """The advisories of the overlay in `folder` (the shipped one by default); ContentError names file and key."""
    return read_overlay(folder).advisories


def read_overlay(folder: Traversable | None = None) -> Overlay:
    """Advisories and the further spellings of their products; an absent folder holds none."""
    place = folder or shipped("knowledge", "overlay")
    found = [(file.name, read_toml(file, _Document)) for file in (toml_files(place) if place.is_dir() else ())]
    identifiers = [document.id.casefold() for _, document in found]
    for name, document in found:
        if identifiers.count(document.id.casefold()) > 1:
            raise ContentError(f"{name}: id: {document.id} is described in two files; keep one of them")
    return Overlay(
        advisories=tuple(_advisory(name, document) for name, document in found),
        spellings=tuple(
            Spelling(product.vendor, product.product, also)
            for _, document in found
            for product in document.products
            for also in product.also
        ),
    )


def _advisory(name: str, document: _Document) -> Advisory:
    known = {vulnerability.cve for vulnerability in document.vulnerabilities}
    for number, product in enumerate(document.products, start=1):
        if not product.vendor or not product.product:
            raise ContentError(f"{name}: products, entry {number}: vendor and product must not be empty")
        if not product.constraint and not product.open:
            raise ContentError(f"{name}: products, entry {number}: an empty constraint needs `open` to say why")
        for cve in product.cves:
            if cve not in known:
                raise ContentError(f"{name}: products, entry {number}: cves: {cve} is not among the vulnerabilities")
    for cve in known:
        if not _CVE.fullmatch(cve):
            raise ContentError(f"{name}: vulnerabilities: {cve!r} is no CVE identifier")
    return Advisory(
        id=document.id,
        title=document.title,
        publisher=document.publisher,
        published=document.published,
        updated=document.updated,
        url=document.url,
        products=tuple(_range(product) for product in document.products),
        vulnerabilities=tuple(
            Vulnerability(cve=entry.cve, cvss=entry.cvss, cwe=entry.cwe) for entry in document.vulnerabilities
        ),
        curated=True,
    )


def _range(product: _Product) -> ProductRange:
    return ProductRange(
        vendor=product.vendor,
        product=product.product,
        constraint=product.constraint,
        quote=product.quote,
        status=product.status,
        cves=product.cves,
        fixed=product.fixed,
        open=product.open,
    )
