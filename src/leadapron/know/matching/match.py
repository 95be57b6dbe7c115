"""What every known advisory means for one product.

`Matcher` indexes the knowledge once; `ask` then looks only at the advisories that name the product.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from leadapron.know.advisories.cvss import score
from leadapron.know.matching.aliases import Aliases, Subject
from leadapron.know.matching.distributions import DISTRIBUTIONS, looks_distributed, scheme_of
from leadapron.know.matching.identifiers import Identifier, read_cpe, read_purl
from leadapron.know.matching.names import company, key, words
from leadapron.know.matching.verdicts import SEVERITY, Asked, Judgement, Named, judge, shown
from leadapron.model.advisories import Advisory, Answer, Answers, Knowledge, Product, ProductRange, Verdict

_SIMILAR = 3
_CLOSENESS = 0.75
"""Ratio of difflib from which a spelling is offered as a likely one."""


class _Entry(Struct, frozen=True):
    """A range and where it stands; `advisory` is its place in the list of advisories."""

    advisory: int
    range: ProductRange


class _Wanted(Struct, frozen=True):
    """How a question was understood."""

    makers: frozenset[str]
    exact: frozenset[Subject]
    partial: frozenset[Subject]
    identifiers: tuple[str, ...]


class Matcher:
    """The knowledge, indexed by maker and product."""

    def __init__(self, knowledge: Knowledge, aliases: Aliases) -> None:
        self._knowledge = knowledge
        self._aliases = aliases
        self._advisories = knowledge.advisories
        self._named: dict[Subject, list[_Entry]] = defaultdict(list)
        self._identified: dict[str, list[_Entry]] = defaultdict(list)
        self._products: dict[str, dict[Subject, frozenset[str]]] = defaultdict(dict)
        self._makers: dict[str, str] = {}
        self._titles: dict[Subject, str] = {}
        self._vectors: dict[str, tuple[str, ...]] = {}
        for place, advisory in enumerate(self._advisories):
            self._index(place, advisory)

    def ask(self, product: Product) -> Answers:
        """What each advisory that names the product means for it, the worst first."""
        purl = read_purl(product.purl) if product.purl else None
        cpe = read_cpe(product.cpe) if product.cpe else None
        wanted = self._understood(product, purl, cpe)
        asked = _asked(product, purl, cpe)
        documents = self._documents(wanted)
        answers = [self._answer(places, asked) for places in documents.values()]
        known = any(maker in self._makers for maker in wanted.makers)
        product_known = any(subject in self._named for subject in wanted.exact) or any(
            identifier in self._identified for identifier in wanted.identifiers
        )
        return Answers(
            product=product,
            vendor_known=known or product_known,
            product_known=product_known,
            answers=tuple(sorted(answers, key=_worst_first)),
            similar=() if product_known else self._similar(product, wanted, vendor_known=known),
        )

    def _index(self, place: int, advisory: Advisory) -> None:
        for scope in advisory.products:
            entry = _Entry(place, scope)
            for maker in self._aliases.makers(scope.vendor):
                self._makers.setdefault(maker, scope.vendor)
                for subject in self._aliases.subjects(maker, scope.product):
                    self._named[subject].append(entry)
                    self._titles.setdefault(subject, f"{scope.vendor} {scope.product}")
                    self._products[subject.vendor].setdefault(subject, frozenset(words(scope.product)))
                    self._makers.setdefault(subject.vendor, scope.vendor)
            for identifier in (
                read_cpe(scope.cpe) if scope.cpe else None,
                read_purl(scope.purl) if scope.purl else None,
            ):
                if identifier:
                    self._identified[identifier.key].append(entry)
        for flaw in advisory.vulnerabilities:
            if flaw.cvss:
                self._vectors[flaw.cve] = flaw.cvss

    def _understood(self, product: Product, purl: Identifier | None, cpe: Identifier | None) -> _Wanted:
        aliases = self._aliases
        vendor, name = product.vendor.strip(), product.name.strip()
        exact: set[Subject] = set()
        if package := aliases.package(purl.name if purl else name) if purl or not vendor else None:
            exact.add(package)
        if not vendor:
            if key(name) in aliases.alone:
                exact.add(aliases.alone[key(name)])
            if not exact and cpe:
                vendor, name = cpe.maker, name or cpe.name
            elif split := aliases.split(name):
                vendor = split[0]
        makers = aliases.makers(vendor)
        for maker in makers:
            exact |= aliases.subjects(maker, name)
            # Some advisories name a release as a product of its own: `Xeleris 3.1`, all versions.
            exact |= {one for one in aliases.subjects(maker, f"{name} {product.version}") if one in self._named}
        partial = frozenset() if purl else self._partial(makers, name, alone=not product.vendor.strip())
        known = frozenset(maker for maker in makers if maker) | {
            subject.vendor for subject in exact if subject in self._named
        }
        found = tuple(identifier.key for identifier in (purl, cpe) if identifier)
        return _Wanted(known, aliases.covering(exact), partial - exact, found)

    def _partial(self, makers: Iterable[str], name: str, *, alone: bool) -> frozenset[Subject]:
        """Products whose names hold, or are held in, this one: perhaps the same, never surely."""
        asked = frozenset(words(name))
        found = {
            subject
            for maker in makers
            for subject, some in self._products.get(maker, {}).items()
            if (some < asked or asked < some) and self._tells(some & asked)
        }
        if alone:
            found |= {
                subject
                for spelling, subject in self._aliases.alone.items()
                if spelling in asked and len(asked) > 1 and subject in self._named
            }
        return frozenset(found)

    def _tells(self, common: frozenset[str]) -> bool:
        return any(len(word) > 1 and not word[0].isdigit() for word in self._aliases.telling(common))

    def _documents(self, wanted: _Wanted) -> dict[str, dict[int, list[Named]]]:
        """Identifier of an advisory → each copy of it that counts → its ranges that name the product."""
        found: dict[int, dict[ProductRange, bool]] = defaultdict(dict)
        certain = [entry for subject in wanted.exact for entry in self._named.get(subject, ())]
        certain += [entry for identifier in wanted.identifiers for entry in self._identified.get(identifier, ())]
        for entry in certain:
            found[entry.advisory][entry.range] = True
        for subject in wanted.partial:
            for entry in self._named.get(subject, ()):
                found[entry.advisory].setdefault(entry.range, False)
        documents: dict[str, dict[int, list[Named]]] = defaultdict(dict)
        for place in sorted(found):
            ranges = [Named(scope, exact) for scope, exact in found[place].items()]
            documents[self._advisories[place].id.casefold()][place] = ranges
        return {name: self._counting(places) for name, places in documents.items()}

    def _counting(self, places: dict[int, list[Named]]) -> dict[int, list[Named]]:
        """Without copies that only half name the product, or that a person's reading has replaced."""
        exact = {place: named for place, named in places.items() if any(one.exact for one in named)}
        counting = exact or places
        read = [self._advisories[place].updated for place in counting if self._advisories[place].curated]
        if not read:
            return counting
        return {
            place: named
            for place, named in counting.items()
            if self._advisories[place].curated or self._advisories[place].updated > max(read)
        }

    def _answer(self, places: dict[int, list[Named]], asked: Asked) -> Answer:
        """The worst that the copies of one advisory say; a person's reading first where they agree."""
        judged = [
            (self._advisories[place], judge(self._advisories[place], named, asked)) for place, named in places.items()
        ]
        advisory, found = min(
            judged, key=lambda one: (SEVERITY[one[1].verdict], not one[0].curated, -one[0].updated.toordinal())
        )
        return self._worded(advisory, found)

    def _worded(self, advisory: Advisory, found: Judgement) -> Answer:
        base, vector = self._score(advisory, found.cves)
        exploited = tuple(cve for cve in found.cves if cve in self._knowledge.exploited)
        chances = [self._knowledge.epss[cve] for cve in found.cves if cve in self._knowledge.epss]
        return Answer(
            advisory=advisory.id,
            title=advisory.title,
            url=advisory.url,
            published=advisory.published,
            verdict=found.verdict,
            cves=found.cves,
            cvss=base,
            cvss_vector=vector,
            exploited=exploited,
            ransomware=any(self._knowledge.exploited[cve].ransomware for cve in exploited),
            epss=max(chances, default=None),
            vendor=found.range.vendor,
            product=found.range.product,
            constraint=shown(found.range),
            reason=found.reason,
            params=found.params,
            fixed=found.range.fixed,
            curated=advisory.curated,
        )

    def _score(self, advisory: Advisory, cves: Iterable[str]) -> tuple[float | None, str]:
        """Highest base score; a flaw without a vector here is scored by the vector another advisory gives it."""
        own = {flaw.cve: flaw.cvss for flaw in advisory.vulnerabilities}
        best: tuple[float | None, str] = (None, "")
        for cve in cves:
            for vector in own.get(cve) or self._vectors.get(cve, ()):
                base = score(vector)
                if base is not None and (best[0] is None or base > best[0]):
                    best = base, vector
        return best

    def _similar(self, product: Product, wanted: _Wanted, *, vendor_known: bool) -> tuple[str, ...]:
        """Spellings that may have been meant."""
        if vendor_known:
            products = {
                subject.product: self._titles[subject]
                for maker in wanted.makers
                for subject in self._products.get(maker, ())
            }
            return _close(key(product.name), products)
        makers = {company(title): title for title in self._makers.values()}
        near = _close(company(product.vendor), makers) if product.vendor.strip() else ()
        subject = self._aliases.alone.get(key(product.name))
        return (*near, *((self._titles[subject],) if subject in self._titles else ()))


def _asked(product: Product, purl: Identifier | None, cpe: Identifier | None) -> Asked:
    version = product.version.strip() or (purl.version if purl else "") or (cpe.version if cpe else "")
    scheme = scheme_of(purl.type) if purl else None
    return Asked(
        name=" ".join(part for part in (product.vendor.strip(), product.name.strip()) if part),
        version=version,
        scheme=scheme,
        distributed=scheme in DISTRIBUTIONS or looks_distributed(version),
    )


def _close(wanted: str, known: dict[str, str]) -> tuple[str, ...]:
    found = difflib.get_close_matches(wanted, known, n=_SIMILAR, cutoff=_CLOSENESS)
    return tuple(dict.fromkeys(known[spelling] for spelling in found))


def _worst_first(answer: Answer) -> tuple[bool, int, float, str]:
    cleared = answer.verdict is Verdict.NOT_AFFECTED
    return (cleared or not answer.exploited, SEVERITY[answer.verdict], -(answer.cvss or 0.0), answer.advisory)
