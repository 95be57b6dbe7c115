"""The product tree: which vendor, product and versions each identifier of a document means.

A product made of others (CSAF 2.0 §3.2.2.4) is left open: what holds of A in B holds neither of every A nor of every
B. It is named as A, and as B too where A is a part of B; what A is merely installed on is not at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from msgspec import Struct

from leadapron.know.advisories.document import Branch, Document, FullName, Helper, Tree
from leadapron.model.errors import SourceError

MAX_DEPTH = 30
"""Levels of branches, and of products made of products (the limit of CSAF 2.1)."""
MAX_PRODUCTS = 200_000
"""Product identifiers of one document."""
MAX_PARTS = 16
"""Products that one product may be made of."""

ALL_VERSIONS = "all versions"
OPEN_COMBINATION = "combination"
"""Said of a product only together with another."""
OPEN_NAME = "name"
"""Only a free name is given; vendor and version were not told apart."""
OPEN_BUILD = "build"
"""Said of some builds only: an architecture, a language, an edition."""
OPEN_SERIAL = "serial"
"""Said of certain serial numbers only."""

_PART_OF = frozenset({"default_component_of", "optional_component_of"})
_VERSIONS = frozenset({"product_version", "product_version_range", "service_pack", "patch_level"})
_SILENT = frozenset({"vendor", "product_family", "product_name", "legacy"}) | _VERSIONS
_VERS = re.compile(r"vers:[a-z0-9.+-]+/", re.IGNORECASE)


class Part(Struct, frozen=True, kw_only=True):
    """One product as the document names it."""

    vendor: str
    product: str
    constraint: str
    cpe: str = ""
    purls: tuple[str, ...] = ("",)
    open: str = ""
    exact: bool = False
    """The constraint is one version, not a range."""
    host: bool = False
    """Named only as what another product runs in or on."""


def products_of(document: Document, name: str) -> dict[str, tuple[Part, ...]]:
    """Product identifier → the products it means; SourceError where the tree contradicts itself."""
    tree, publisher = document.product_tree, document.document.publisher
    maker = publisher.name.strip() if publisher.category == "vendor" else ""
    products: dict[str, tuple[Part, ...]] = {}

    def define(product: FullName, parts: tuple[Part, ...]) -> None:
        if product.product_id in products:
            raise SourceError(f"{name}: product {product.product_id!r} is defined twice in $.product_tree")
        if len(products) >= MAX_PRODUCTS:
            raise SourceError(f"{name}: more than {MAX_PRODUCTS:,} products; it is left out")
        products[product.product_id] = parts

    for product, path in _leaves(tree.branches, name):
        define(product, (_from_path(product, path, maker),))
    for product in tree.full_product_names:
        define(product, (_from_name(product, maker),))
    for product_id, parts in _combined(tree, products, name):
        define(product_id, parts)
    return products


def groups_of(document: Document, products: dict[str, tuple[Part, ...]], name: str) -> dict[str, list[str]]:
    """Group identifier → product identifiers."""
    groups: dict[str, list[str]] = {}
    for index, group in enumerate(document.product_tree.product_groups):
        place = f"$.product_tree.product_groups[{index}]"
        if group.group_id in groups:
            raise SourceError(f"{name}: group {group.group_id!r} is defined twice, at `{place}`")
        check_defined(group.product_ids, products, name, place)
        groups[group.group_id] = group.product_ids
    return groups


def check_defined(ids: list[str], products: dict[str, tuple[Part, ...]], name: str, place: str) -> None:
    """CSAF 2.0 §6.1.1: whatever is referred to exists."""
    for product_id in ids:
        if product_id not in products:
            raise SourceError(f"{name}: product {product_id!r} is not defined in the product tree, at `{place}`")


def version_text(text: str) -> str:
    """The versions meant, without the wrapping of a version range specifier.

    CISA writes `vers:all/<=2025.1_Build_3321`, which is no valid specifier, so the wrapping is all that is removed.
    """
    text = text.strip()
    wrapping = _VERS.match(text)
    if wrapping:
        text = unquote(text[wrapping.end() :]).strip()
    return ALL_VERSIONS if text in {"*", ""} else text


# ---------------------------------------------------------------- branches
def _leaves(branches: list[Branch], name: str) -> Iterator[tuple[FullName, tuple[Branch, ...]]]:
    """Every product of the branches, in order, with the branches that lead to it."""
    stack: list[tuple[Branch, tuple[Branch, ...]]] = [(branch, ()) for branch in reversed(branches)]
    while stack:
        branch, above = stack.pop()
        path = (*above, branch)
        if len(path) > MAX_DEPTH:
            raise SourceError(f"{name}: branches nested deeper than {MAX_DEPTH} in $.product_tree; it is left out")
        if branch.product is not None:
            yield branch.product, path
        stack.extend((below, path) for below in reversed(branch.branches))


def _from_path(product: FullName, path: tuple[Branch, ...], maker: str) -> Part:
    named = {branch.category: branch.name.strip() for branch in path}  # the nearest of each category
    wording = [branch.name for branch in path if branch.category in _VERSIONS]
    title = named.get("product_name") or named.get("product_family")
    if not title:
        return _from_name(product, named.get("vendor") or maker)
    helper = product.product_identification_helper or Helper()
    left_open = "" if named.keys() <= _SILENT else OPEN_BUILD
    return Part(
        vendor=named.get("vendor") or maker,
        product=title,
        constraint=" ".join(map(version_text, wording)) or ALL_VERSIONS,
        cpe=helper.cpe,
        purls=_purls(helper),
        open=OPEN_SERIAL if helper.serial_numbers else left_open,
        exact=named.keys() & _VERSIONS == {"product_version"} and len(wording) == 1,
    )


def _from_name(product: FullName, maker: str) -> Part:
    """A product known by a free name; its CPE, where there is one, tells vendor and version apart."""
    helper = product.product_identification_helper or Helper()
    vendor, title, version = _named_by(helper.cpe)
    known = bool(vendor and title and version not in {"", "-"})
    return Part(
        vendor=vendor if known else maker,
        product=title if known else product.name.strip(),
        constraint=version_text(version) if known else product.name.strip(),
        cpe=helper.cpe,
        purls=_purls(helper),
        open=OPEN_SERIAL if helper.serial_numbers else "" if known else OPEN_NAME,
        exact=known and version != "*",
    )


def _named_by(cpe: str) -> tuple[str, str, str]:
    """Vendor, product and version of a CPE name, in its form of 2.2 or 2.3 (NISTIR 7695 §6); empty where absent."""
    words = [word.replace("_", " ").replace("\\", "") for word in re.split(r"(?<!\\):", cpe)]
    vendor, title, version, *_ = [*(words[3:6] if words[:2] == ["cpe", "2.3"] else words[2:5]), "", "", ""]
    return vendor, title, version


def _purls(helper: Helper) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*filter(None, [helper.purl]), *helper.purls])) or ("",)


# ---------------------------------------------------------------- products made of products
class _Combination(Struct):
    """A relationship (2.0) or a product path (2.1)."""

    product: FullName
    component: str
    others: list[tuple[str, str]]
    """Category, and the other product."""


def _combinations(tree: Tree, name: str) -> dict[str, _Combination]:
    related = [
        _Combination(
            each.full_product_name, each.product_reference, [(each.category, each.relates_to_product_reference)]
        )
        for each in tree.relationships
    ]
    paths = [
        _Combination(
            each.full_product_name,
            each.beginning_product_reference,
            [(step.category, step.next_product_reference) for step in each.subpaths],
        )
        for each in tree.product_paths
    ]
    found: dict[str, _Combination] = {}
    for combination in [*related, *paths]:
        product_id = combination.product.product_id
        if product_id in found:
            raise SourceError(f"{name}: product {product_id!r} is defined twice in $.product_tree")
        if len(combination.others) >= MAX_PARTS:
            raise SourceError(f"{name}: product {product_id!r} is made of more than {MAX_PARTS} others")
        found[product_id] = combination
    return found


def referred_to(tree: Tree) -> Iterator[str]:
    """Identifiers of which other products are made."""
    for relationship in tree.relationships:
        yield from (relationship.product_reference, relationship.relates_to_product_reference)
    for path in tree.product_paths:
        yield path.beginning_product_reference
        yield from (step.next_product_reference for step in path.subpaths)


def _combined(
    tree: Tree, products: dict[str, tuple[Part, ...]], name: str
) -> Iterator[tuple[FullName, tuple[Part, ...]]]:
    """Products made of others, each after those it is made of."""
    combinations = _combinations(tree, name)
    done: set[str] = set()
    for start in combinations:
        path = [start]
        while path:
            product_id = path[-1]
            combination = combinations[product_id]
            references = [combination.component, *(other for _, other in combination.others)]
            missing = next((each for each in references if each in combinations and each not in done), None)
            if missing is None:
                path.pop()
                if product_id not in done:
                    check_defined(references, products, name, "$.product_tree.relationships")
                    done.add(product_id)
                    yield combination.product, _parts(combination, products, name)
            elif missing in path:
                raise SourceError(f"{name}: product {missing!r} is made of itself, in $.product_tree.relationships")
            elif len(path) > MAX_DEPTH:
                raise SourceError(f"{name}: products made of products, deeper than {MAX_DEPTH}; it is left out")
            else:
                path.append(missing)


def _parts(combination: _Combination, products: dict[str, tuple[Part, ...]], name: str) -> tuple[Part, ...]:
    helper = combination.product.product_identification_helper or Helper()
    parts: dict[Part, None] = {}
    hosts = [other for category, other in combination.others if category in _PART_OF]
    for index, reference in enumerate([combination.component, *hosts]):
        for part in products[reference]:
            own = not index and not part.host
            parts[
                Part(
                    vendor=part.vendor,
                    product=part.product,
                    constraint=part.constraint,
                    cpe=(helper.cpe if own else "") or part.cpe,
                    purls=_purls(helper) if own and any(_purls(helper)) else part.purls,
                    open=part.open or OPEN_COMBINATION,
                    exact=part.exact,
                    host=not own,
                )
            ] = None
    if len(parts) > MAX_PARTS:
        product_id = combination.product.product_id
        raise SourceError(f"{name}: product {product_id!r} is made of more than {MAX_PARTS} others")
    return tuple(parts)
