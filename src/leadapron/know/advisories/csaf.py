"""CSAF 2.0 and 2.1 documents, advisories and VEX alike → facts.

The mandatory tests that guard the facts are applied (CSAF 2.0 §6.1.1 to 6.1.6): identifiers are defined once, all
that is referred to is defined, nothing is made of itself. A product that a document calls affected and not affected
at once is one a person must look at, not a reason to lose the advisory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from leadapron.know.advisories import cvss
from leadapron.know.advisories.document import (
    Content,
    Document,
    Flaw,
    ProductStatus,
    Reference,
    Remediation,
    decode_document,
)
from leadapron.know.advisories.products import Part, check_defined, groups_of, products_of, referred_to
from leadapron.know.advisories.remedies import fixed_version, leaves_open
from leadapron.model.advisories import Advisory, ProductRange, Status, Vulnerability
from leadapron.model.errors import SourceError

MAX_STATEMENTS = 1_000_000
"""Statements (a product, a flaw, what is said) of one document."""

MAX_REMEDIED = 100
"""Products of one remediation in which a version is looked for; it would hardly be the same for more."""

OPEN_CONTRADICTION = "contradiction"
"""The document says two things of one product."""

OPEN_UNSTATED = "unstated"
"""The document names the product but does not say whether it is affected."""

OPEN_PARTIAL = "partial-repair"
"""A remedy of the document is said to leave the flaw open, wholly or in part."""

Products = dict[str, tuple[Part, ...]]
Groups = dict[str, list[str]]
Where = tuple[str, str]
"""File and place in its JSON, for messages."""


def read_csaf(data: bytes, name: str) -> Advisory:
    """The facts of one document; SourceError names the file `name` and the place.

    A withdrawn or superseded advisory (CSAF 2.1) has no products left, and so states nothing.
    """
    document = decode_document(data, name)
    header, tracking = document.document, document.document.tracking
    products = products_of(document, name)
    cves = _names(document)
    return Advisory(
        id=tracking.id.strip(),
        title=header.title.strip(),
        publisher=header.publisher.name.strip(),
        published=tracking.initial_release_date.date(),
        updated=tracking.current_release_date.date(),
        url=_page(header.references),
        products=_ranges(document, products, groups_of(document, products, name), cves, name),
        vulnerabilities=tuple(_vulnerabilities(document, cves)),
    )


def _page(references: list[Reference]) -> str:
    """Where a person reads it: its own page rather than its JSON."""
    own = [each.url for each in references if each.category == "self" and each.url.startswith(("https://", "http://"))]
    pages = [url for url in own if not url.lower().endswith(".json")]
    return (pages or own or [""])[0]


# ---------------------------------------------------------------- flaws
def _names(document: Document) -> list[str]:
    """What to call each flaw: its CVE, else another identifier, else its number within the advisory."""
    return [
        flaw.cve or (flaw.ids[0].text if flaw.ids else f"{document.document.tracking.id}#{number}")
        for number, flaw in enumerate(document.vulnerabilities, start=1)
    ]


def _vulnerabilities(document: Document, cves: list[str]) -> Iterator[Vulnerability]:
    vectors: dict[str, dict[str, None]] = defaultdict(dict)
    weakness: dict[str, str] = {}
    for cve, flaw in zip(cves, document.vulnerabilities, strict=True):
        vectors[cve].update(dict.fromkeys(_vectors(flaw)))
        classes = ([flaw.cwe] if flaw.cwe else []) + flaw.cwes
        weakness[cve] = weakness.get(cve) or (classes[0].id if classes else "")
    for cve, found in vectors.items():
        yield Vulnerability(cve=cve, cvss=_ordered(found), cwe=weakness[cve])


def _vectors(flaw: Flaw) -> Iterator[str]:
    contents: list[Content] = [*flaw.scores, *(metric.content for metric in flaw.metrics)]
    for content in contents:
        for score in (content.cvss_v2, content.cvss_v3, content.cvss_v4):
            if score is not None and cvss.version(score.vector_string):
                yield score.vector_string


def _ordered(vectors: Iterable[str]) -> tuple[str, ...]:
    """Newest version of CVSS last; of one version, the highest score last."""
    several = list(vectors)
    if len(several) > 1:
        several.sort(key=lambda vector: (cvss.version(vector), cvss.score(vector) or 0.0))
    return tuple(several)


# ---------------------------------------------------------------- products
class _Statement(Struct, frozen=True, gc=False):
    """A range without its flaws."""

    part: Part
    status: Status
    fixed: str
    open: str


def _ranges(
    document: Document, products: Products, groups: Groups, cves: list[str], name: str
) -> tuple[ProductRange, ...]:
    """One range for all flaws of which the same is said."""
    said: dict[_Statement, dict[str, None]] = defaultdict(dict)
    count = 0
    for index, (cve, flaw) in enumerate(zip(cves, document.vulnerabilities, strict=True)):
        place = f"$.vulnerabilities[{index}]"
        for statement in _statements(flaw, cve, products, groups, (name, place)):
            count += len(statement.part.purls)
            if count > MAX_STATEMENTS:
                raise SourceError(f"{name}: more than {MAX_STATEMENTS:,} statements, at `{place}`; it is left out")
            said[statement][cve] = None
    every = len(set(cves))
    ranges = [
        each
        for statement, flaws in said.items()
        for each in _by_purl(statement, () if len(flaws) == every else tuple(flaws))
    ]
    for part in dict.fromkeys(_unstated(document, products)):
        ranges += _by_purl(_Statement(part, Status.UNDER_INVESTIGATION, "", part.open or OPEN_UNSTATED), ())
    return tuple(ranges)


def _by_purl(statement: _Statement, flaws: tuple[str, ...]) -> Iterator[ProductRange]:
    for purl in statement.part.purls:
        yield ProductRange(
            vendor=statement.part.vendor,
            product=statement.part.product,
            constraint=statement.part.constraint,
            status=statement.status,
            cves=flaws,
            fixed=statement.fixed,
            cpe=statement.part.cpe,
            purl=purl,
            open=statement.open,
        )


def _unstated(document: Document, products: Products) -> Iterator[Part]:
    """Products named beside flaws without a word on whether they have them: a person must read the advisory."""
    if not document.vulnerabilities:
        return
    stated: set[str] = set()
    for flaw in document.vulnerabilities:
        for field in flaw.product_status.__struct_fields__:
            stated.update(getattr(flaw.product_status, field))
    stated.update(referred_to(document.product_tree))
    for product_id, parts in products.items():
        if product_id not in stated:
            yield from (part for part in parts if not part.host)


def _statements(flaw: Flaw, cve: str, products: Products, groups: Groups, where: Where) -> Iterator[_Statement]:
    said = _statuses(flaw.product_status, products, where)
    times = Counter(product_id for ids in said.values() for product_id in ids)
    bounds = _bounds(flaw.product_status, products)
    repaired = _repaired(flaw, cve, products, groups, where)
    partly = _partly_repaired(flaw, cve, products, groups, where)
    for status, ids in said.items():
        for product_id in ids:
            doubtful = times[product_id] > 1
            for part in products[product_id]:
                if part.host and status in {Status.FIXED, Status.NOT_AFFECTED}:
                    continue  # that a component is sound says nothing of what it runs in
                if product_id in bounds:
                    part = structs.replace(part, constraint=bounds[product_id], exact=False)
                yield _Statement(
                    part=part,
                    status=Status.UNDER_INVESTIGATION if doubtful else status,
                    fixed=repaired.get(product_id, "") if status is Status.AFFECTED and not part.host else "",
                    open=part.open or (OPEN_CONTRADICTION if doubtful else ""),
                )
                if product_id in partly and status is Status.AFFECTED:
                    yield _Statement(part, status, "", OPEN_PARTIAL)


def _statuses(status: ProductStatus, products: Products, where: Where) -> dict[Status, dict[str, None]]:
    """What is said of which product; `recommended` says nothing of the flaw (CSAF 2.0 §3.2.3.9)."""
    lists = {
        Status.AFFECTED: (status.known_affected, status.first_affected, status.last_affected),
        Status.FIXED: (status.fixed, status.first_fixed),
        Status.NOT_AFFECTED: (status.known_not_affected,),
        Status.UNDER_INVESTIGATION: (status.under_investigation, status.unknown),
    }
    name, place = where
    check_defined(status.recommended, products, name, f"{place}.product_status")
    said: dict[Status, dict[str, None]] = {}
    for meaning, parts in lists.items():
        for ids in parts:
            check_defined(ids, products, name, f"{place}.product_status")
        said[meaning] = dict.fromkeys(id_ for ids in parts for id_ in ids)
    return said


def _bounds(status: ProductStatus, products: Products) -> dict[str, str]:
    """Constraints of first and last affected versions, which stand for all that lie between.

    Where several first or last versions of one product are named, it is not said which belong together: then each
    bound stands alone, which affects too many versions rather than too few.
    """
    first = _exact(status.first_affected, products)
    last = _exact(status.last_affected, products)
    bounds = {}
    for product, versions in first.items():
        for id_, version in versions:
            ends = last.get(product, [])
            paired = len(versions) == len(ends) == 1
            bounds[id_] = f">= {version} | <= {ends[0][1]}" if paired else f">= {version}"
    for product, versions in last.items():
        for id_, version in versions:
            starts = first.get(product, [])
            paired = len(versions) == len(starts) == 1
            bounds[id_] = f">= {starts[0][1]} | <= {version}" if paired else f"<= {version}"
    return bounds


def _exact(ids: list[str], products: Products) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Vendor and product → identifiers and versions, of those that are one version of one product."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for product_id in dict.fromkeys(ids):
        parts = products[product_id]
        if len(parts) == 1 and parts[0].exact:
            found[parts[0].vendor, parts[0].product].append((product_id, parts[0].constraint))
    return found


# ---------------------------------------------------------------- repairs
def _repaired(flaw: Flaw, cve: str, products: Products, groups: Groups, where: Where) -> dict[str, str]:
    """Affected product → the first repaired version, of those for which exactly one is named."""
    status = flaw.product_status
    listed = _exact(status.first_fixed or status.fixed, products)
    told: dict[str, set[str]] = defaultdict(set)
    for index, remediation in enumerate(flaw.remediations):
        ids = _remedied(remediation, products, groups, (where[0], f"{where[1]}.remediations[{index}]"))
        version = fixed_version(remediation.details, cve) if remediation.category == "vendor_fix" else ""
        if version and len({(part.vendor, part.product) for id_ in ids for part in products[id_]}) == 1:
            for product_id in ids:
                told[product_id].add(version)
    if not told and not listed:
        return {}
    repaired = {}
    for product_id in {*status.known_affected, *status.first_affected, *status.last_affected}:
        part = products[product_id][0]
        versions = told[product_id] | {version for _, version in listed.get((part.vendor, part.product), ())}
        if len(versions) == 1:
            repaired[product_id] = versions.pop()
    return repaired


def _partly_repaired(flaw: Flaw, cve: str, products: Products, groups: Groups, where: Where) -> set[str]:
    """Products whose later versions are not free of the flaw, by what a remedy says of itself."""
    return {
        product_id
        for index, remediation in enumerate(flaw.remediations)
        if leaves_open(remediation.details, cve)
        for product_id in _remedied(remediation, products, groups, (where[0], f"{where[1]}.remediations[{index}]"))
    }


def _remedied(remediation: Remediation, products: Products, groups: Groups, where: Where) -> set[str]:
    """Identifiers of the products that a remediation is for; none where they are too many to tell."""
    check_defined(remediation.product_ids, products, *where)
    ids = set(remediation.product_ids)
    for group in remediation.group_ids:
        if group not in groups:
            raise SourceError(f"{where[0]}: group {group!r} is not defined in the product tree, at `{where[1]}`")
        if len(groups[group]) + len(ids) > MAX_REMEDIED:
            return set()
        ids.update(groups[group])
    return ids
