"""From what an advisory says of ranges to one verdict on one product.

The order of doubt is fixed: a version said to be affected is affected, anything unsettled is for review, and only what
every range rules out is not affected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from leadapron.know.matching.constraints import Constraint, Unreadable, parse_constraint
from leadapron.know.matching.containment import Containment, Reason, Truth, at_least, contains
from leadapron.know.matching.distributions import DISTRIBUTIONS, Scheme, upstream
from leadapron.know.matching.versions import Order, compare_versions
from leadapron.model.advisories import Advisory, ProductRange, Status, Verdict

SEVERITY = {Verdict.AFFECTED: 0, Verdict.REVIEW: 1, Verdict.NOT_AFFECTED: 2}
"""Worst first."""

OPEN = "advisory.open."
"""What precedes the id of what a source leaves open."""

_OVERRULED = frozenset({Reason.NOT_LISTED, Reason.FINER, Reason.COARSE, Reason.FIX_CLAIMED, Reason.BELOW_FIXED})
"""Doubts that the maker's plain word on just this version settles."""

_STATED = frozenset({Reason.STATED_FIXED, Reason.STATED_NOT_AFFECTED})


class Asked(Struct, frozen=True, kw_only=True):
    """The product in question. `scheme`: it is a package; `distributed`: of a distribution, which patches in place."""

    name: str
    version: str
    scheme: Scheme | None = None
    distributed: bool = False


class Named(Struct, frozen=True):
    """A range of an advisory that names the product; not `exact` when only part of the name fits."""

    range: ProductRange
    exact: bool


class Judgement(Struct, frozen=True):
    """What one range means for the product, why (message id and its values), and for which flaws."""

    verdict: Verdict
    reason: str
    params: Mapping[str, str]
    range: ProductRange
    cves: tuple[str, ...] = ()


def judge(advisory: Advisory, named: Sequence[Named], asked: Asked) -> Judgement:
    """The worst verdict over the advisory's flaws, and the flaws it does not rule out (all when it rules out all)."""
    exact = [name for name in named if name.exact]
    judged = [(name.range, _range(name, asked, advisory)) for name in exact or named]
    verdicts = {
        cve: _combined([(scope, found) for scope, found in judged if not scope.cves or cve in scope.cves], asked)
        for cve in _flaws(advisory, [scope for scope, _ in judged])
    }
    worst = min(verdicts.values(), key=lambda found: SEVERITY[found.verdict])
    open_flaws = tuple(cve for cve, found in verdicts.items() if cve and found.verdict is not Verdict.NOT_AFFECTED)
    flaws = open_flaws if worst.verdict is not Verdict.NOT_AFFECTED else tuple(cve for cve in verdicts if cve)
    return Judgement(worst.verdict, worst.reason, worst.params, worst.range, flaws)


def shown(scope: ProductRange) -> str:
    """The versions meant, in the source's words."""
    return scope.quote or scope.constraint


def _flaws(advisory: Advisory, ranges: Iterable[ProductRange]) -> tuple[str, ...]:
    """Flaws that concern the product; one nameless flaw where the advisory lists none."""
    everything = tuple(flaw.cve for flaw in advisory.vulnerabilities)
    found = dict.fromkeys(cve for scope in ranges for cve in (scope.cves or everything))
    return tuple(found) or ("",)


def _range(named: Named, asked: Asked, advisory: Advisory) -> Judgement | None:
    """What one range means; None when it says nothing about this version."""
    scope = named.range
    match scope.status:
        case Status.AFFECTED:
            return _affected(named, asked, curated=advisory.curated)
        case Status.UNDER_INVESTIGATION:
            within = _contained(scope, asked).truth is not Truth.NO
            return _judged(Verdict.REVIEW, Reason.INVESTIGATED, scope, asked) if within else None
        case Status.FIXED | Status.NOT_AFFECTED:
            certain = named.exact and not scope.open and bool(asked.version)
            if not certain or _contained(scope, asked).truth is not Truth.YES:
                return None
            fixed = scope.status is Status.FIXED
            reason = Reason.STATED_FIXED if fixed else Reason.STATED_NOT_AFFECTED
            return _judged(Verdict.NOT_AFFECTED, reason, scope, asked)


def _affected(named: Named, asked: Asked, *, curated: bool) -> Judgement:
    scope = named.range
    if not named.exact:
        return _judged(Verdict.REVIEW, Reason.MAY_BE_SAME, scope, asked)
    if scope.open:
        return _judged(Verdict.REVIEW, OPEN + scope.open, scope, asked)
    found = _contained(scope, asked)
    repaired = bool(scope.fixed) and at_least(_own_version(asked), scope.fixed)
    match found.truth:
        case Truth.YES if asked.distributed and not _same_ecosystem(scope, asked):
            return _judged(Verdict.REVIEW, Reason.BACKPORT, scope, asked)
        case Truth.YES if repaired and found.reason is Reason.ALL_VERSIONS:
            return _judged(Verdict.REVIEW, Reason.FIX_CLAIMED, scope, asked)
        case Truth.YES:
            return _judged(Verdict.AFFECTED, found.reason, scope, asked, found)
        case Truth.MAYBE if repaired and found.reason is Reason.NOT_LISTED:
            verdict = Verdict.NOT_AFFECTED if curated else Verdict.REVIEW
            return _judged(verdict, Reason.STATED_FIXED if curated else Reason.FIX_CLAIMED, scope, asked)
        case Truth.MAYBE:
            return _judged(Verdict.REVIEW, found.reason, scope, asked, found)
        case Truth.NO if _short_of_repair(scope, asked):
            return _judged(Verdict.REVIEW, Reason.BELOW_FIXED, scope, asked)
        case Truth.NO:
            return _judged(Verdict.NOT_AFFECTED, found.reason, scope, asked, found)


def _contained(scope: ProductRange, asked: Asked) -> Containment:
    constraint = parse_constraint(scope.constraint)
    if isinstance(constraint, Unreadable):
        return Containment(Truth.MAYBE, Reason.UNREADABLE)
    scheme = constraint.scheme
    if scheme is not None and (scheme is asked.scheme or scheme not in DISTRIBUTIONS):
        return contains(constraint, asked.version, scheme)
    return contains(constraint, _own_version(asked))


def _own_version(asked: Asked) -> str:
    """As the maker numbers it."""
    return upstream(asked.version) if asked.distributed else asked.version


def _same_ecosystem(scope: ProductRange, asked: Asked) -> bool:
    """The range is about the distribution's own package, not about the maker's release."""
    constraint = parse_constraint(scope.constraint)
    by_scheme = isinstance(constraint, Constraint) and constraint.scheme is asked.scheme and asked.scheme is not None
    return by_scheme or (asked.scheme is not None and scope.purl.startswith(f"pkg:{asked.scheme}/"))


def _short_of_repair(scope: ProductRange, asked: Asked) -> bool:
    """Past the versions named as affected, yet before the first that is named as repaired."""
    constraint = parse_constraint(scope.constraint)
    if not scope.fixed or isinstance(constraint, Unreadable):
        return False
    begun = any(interval.lower for interval in constraint.intervals)
    return not begun and compare_versions(_own_version(asked), scope.fixed) is Order.BELOW


def _combined(judged: Sequence[tuple[ProductRange, Judgement | None]], asked: Asked) -> Judgement:
    """One flaw: the worst of what its ranges say, unless the maker's plain word settles a doubt."""
    found = [judgement for _, judgement in judged if judgement]
    affected = [one for one in found if one.verdict is Verdict.AFFECTED]
    stated = [one for one in found if one.verdict is Verdict.NOT_AFFECTED and one.reason in _STATED]
    doubts = [one for one in found if one.verdict is Verdict.REVIEW and not (stated and one.reason in _OVERRULED)]
    if affected and stated:
        return _judged(Verdict.REVIEW, Reason.CONFLICT, affected[0].range, asked)
    if some := affected or doubts or stated or found:
        return some[0]
    reason = Reason.NOT_STATED if asked.version else Reason.VERSION_UNKNOWN
    return _judged(Verdict.REVIEW, reason, judged[0][0], asked)


def _judged(
    verdict: Verdict, reason: str, scope: ProductRange, asked: Asked, found: Containment | None = None
) -> Judgement:
    params = {
        "asked": asked.name,
        "version": asked.version,
        "vendor": scope.vendor,
        "product": scope.product,
        "constraint": shown(scope),
        "bound": found.bound if found else "",
        "fixed": scope.fixed,
    }
    return Judgement(verdict, str(reason), params, scope)
