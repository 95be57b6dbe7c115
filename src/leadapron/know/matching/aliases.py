"""Who is who: the many spellings of makers and products, brought to one.

A name either is, as a whole, one of the spellings of a product, or it is not; a word in common proves nothing
(PACSystems is a controller of machines, not a PACS).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable

import msgspec
from msgspec import Struct

from leadapron.know.matching.names import MAX_LENGTH, company, company_parts, key, without_acronym, words
from leadapron.know.matching.overlay import Spelling, read_overlay
from leadapron.model.content import read_toml, shipped
from leadapron.model.errors import ContentError

_FILE = "aliases.toml"
_PACKAGE_TAIL = re.compile(r"(?:-(?:dev|devel|doc|dbg|dbgsym|utils|tools|bin|data|libs))?$")
_PACKAGE_DIGITS = re.compile(r"-?\d[\d.]*(?:t64)?$")


class Subject(Struct, frozen=True, order=True):
    """A product, whatever its spelling: keys of its maker and of its name."""

    vendor: str
    product: str


class _Vendor(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    also: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()


class _Product(Struct, frozen=True, forbid_unknown_fields=True):
    vendor: str
    name: str
    also: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    generic: tuple[str, ...]
    vendor: tuple[_Vendor, ...]
    product: tuple[_Product, ...]
    lifecycles: dict[str, tuple[str, ...]]


class Aliases(Struct, frozen=True, kw_only=True):
    """Spellings by key; `load_aliases` builds it."""

    vendors: Mapping[str, str]
    """Key of a spelling → key of the maker."""
    starts: tuple[tuple[tuple[str, ...], str], ...] = ()
    """First words → key of the maker that alone begins so."""
    spellings: Mapping[str, tuple[tuple[str, ...], ...]] = {}
    """Key of a maker → words of each of its spellings, the longest first."""
    groups: Mapping[Subject, Subject] = {}
    """A spelling of a product → the product."""
    covered: Mapping[Subject, frozenset[Subject]] = {}
    """A device's own name → products of advisories that cover it (EPIQ 7C → EPIQ/Affiniti)."""
    alone: Mapping[str, Subject] = {}
    packages: Mapping[str, Subject] = {}
    generic: frozenset[str] = frozenset()
    lifecycles: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Words of a name → product of endoflife.date, the longest names first."""

    def makers(self, name: str) -> frozenset[str]:
        """Keys of the makers a name stands for; several for a joint name, none for an empty one."""
        whole = company(name)
        if not whole:
            return frozenset()
        if whole in self.vendors:
            return frozenset({self.vendors[whole]})
        parts = [self.vendors.get(part, part) for part in company_parts(name)]
        some = words(name)
        begun = [maker for start, maker in self.starts if some[: len(start)] == start]
        return frozenset({whole, *parts, *begun})

    def subjects(self, maker: str, name: str) -> frozenset[Subject]:
        """The products that a name may stand for as a whole, with and without the maker's name before it."""
        found = set()
        for spelling in (name, *without_acronym(name)):
            for some in self._with_and_without(maker, words(spelling)):
                subject = Subject(maker, "".join(some))
                found.add(self.groups.get(subject, subject))
        return frozenset(found)

    def covering(self, subjects: Iterable[Subject]) -> frozenset[Subject]:
        """The products, and those of advisories that cover them under another name."""
        own = frozenset(subjects)
        return own.union(*(self.covered.get(subject, frozenset()) for subject in own))

    def package(self, name: str) -> Subject | None:
        """The product that a software package holds: `libdcmtk17t64`, `python3-pynetdicom`, `@ohif/viewer`."""
        plain = name[:MAX_LENGTH].casefold()
        bare = _PACKAGE_TAIL.sub("", plain, count=1)
        for candidate in (plain, bare, _PACKAGE_DIGITS.sub("", bare)):
            if candidate in self.packages:
                return self.packages[candidate]
        return None

    def split(self, name: str) -> tuple[str, str] | None:
        """Maker and rest of a name that begins with its maker: `Philips Vue PACS`."""
        some = words(name)
        fitting = (
            (len(start), maker)
            for maker, spellings in self.spellings.items()
            for start in spellings
            if len(start) < len(some) and some[: len(start)] == start
        )
        best = max(fitting, default=None)
        return (best[1], " ".join(some[best[0] :])) if best else None

    def telling(self, some: Iterable[str]) -> frozenset[str]:
        """Those words that can tell one product from another."""
        return frozenset(some) - self.generic

    def _with_and_without(self, maker: str, some: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield some
        for start in self.spellings.get(maker, ()):
            if len(start) < len(some) and some[: len(start)] == start:
                yield some[len(start) :]
                return
        for length in range(1, len(some)):  # a maker without an entry of its own
            if "".join(some[:length]) == maker:
                yield some[length:]
                return


def load_aliases(folder: Traversable | None = None) -> Aliases:
    """Read `aliases.toml` and the overlay's further spellings from a folder (by default the one that is shipped)."""
    place = folder or shipped("knowledge")
    table = read_toml(place / _FILE, _Table)
    vendors, spellings, starts = _makers(table.vendor)
    aliases = Aliases(
        vendors=vendors,
        starts=starts,
        spellings=spellings,
        generic=frozenset(word for name in table.generic for word in words(name)),
        lifecycles=tuple(
            sorted(
                ((words(name), product) for product, names in table.lifecycles.items() for name in names),
                key=lambda entry: (-len(entry[0]), entry),
            )
        ),
    )
    aliases = _with_products(aliases, table.product)
    return _with_spellings(aliases, read_overlay(place / "overlay").spellings)


def _makers(
    entries: Iterable[_Vendor],
) -> tuple[dict[str, str], dict[str, tuple[tuple[str, ...], ...]], tuple[tuple[tuple[str, ...], str], ...]]:
    vendors: dict[str, str] = {}
    spellings: dict[str, tuple[tuple[str, ...], ...]] = {}
    starts: list[tuple[tuple[str, ...], str]] = []
    for entry in entries:
        maker = company(entry.name)
        names = (entry.name, *entry.also)
        for name in names:
            if vendors.setdefault(company(name), maker) != maker:
                raise ContentError(f"{_FILE}: vendor {entry.name}: {name!r} already belongs to another vendor")
        spellings[maker] = tuple(sorted({words(name) for name in names}, key=lambda some: (-len(some), some)))
        starts += [(words(start), maker) for start in entry.starts]
    return vendors, spellings, tuple(starts)


def _with_products(aliases: Aliases, entries: Iterable[_Product]) -> Aliases:
    groups: dict[Subject, Subject] = {}
    alone: dict[str, Subject] = {}
    packages: dict[str, Subject] = {}
    for entry in entries:
        maker = _maker(aliases, entry.vendor, entry.name)
        subject = Subject(maker, key(entry.name))
        for name in (entry.name, *entry.also):
            for seller in (maker, *(_maker(aliases, former, entry.name) for former in entry.formerly)):
                for spelled in aliases.subjects(seller, name):
                    if groups.setdefault(spelled, subject) != subject:
                        raise ContentError(f"{_FILE}: product {entry.name}: {name!r} already names another product")
        alone |= {key(name): subject for name in entry.alone}
        packages |= {name.casefold(): subject for name in entry.packages}
    return msgspec.structs.replace(aliases, groups=groups, alone=alone, packages=packages)


def _maker(aliases: Aliases, vendor: str, product: str) -> str:
    maker = aliases.vendors.get(company(vendor))
    if maker is None:
        raise ContentError(f"{_FILE}: product {product}: vendor {vendor!r} has no entry of its own")
    return maker


def _with_spellings(aliases: Aliases, spellings: Iterable[Spelling]) -> Aliases:
    """The overlay's further names lead to the product they were written for, and to nothing else."""
    covered: dict[Subject, set[Subject]] = defaultdict(set)
    for spelling in spellings:
        for maker in aliases.makers(spelling.vendor):
            products = aliases.subjects(maker, spelling.product)
            for subject in aliases.subjects(maker, spelling.also):
                covered[subject] |= products
    return msgspec.structs.replace(aliases, covered={name: frozenset(found) for name, found in covered.items()})
