"""Whether a version lies in a constraint: yes, no, or not to be settled, each with its reason.

`No` is the dangerous answer. It is given only when both ends could be compared and nothing about the numbering leaves
a doubt; an enumeration never gives it, because the versions it leaves out were mostly not looked at.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from leadapron.know.matching.constraints import Bound, Constraint, Interval
from leadapron.know.matching.distributions import Scheme, compare_packages
from leadapron.know.matching.versions import Order, Relation, Version, order, parse_version, relation, starts_with


class Truth(StrEnum):
    """Whether the version is among those meant."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Reason(StrEnum):
    """Message ids of why; their sentences are in `content/knowledge/reasons.toml`."""

    ALL_VERSIONS = "match.all-versions"
    IN_RANGE = "match.in-range"
    LISTED = "match.listed"
    BUILD_UNKNOWN = "match.build-unknown"
    COARSE = "match.coarse"
    OUTSIDE = "match.outside"
    STATED_FIXED = "match.stated-fixed"
    STATED_NOT_AFFECTED = "match.stated-not-affected"
    VERSION_UNKNOWN = "match.version-unknown"
    UNREADABLE = "match.unreadable"
    INCOMPARABLE = "match.incomparable"
    NUMBERING = "match.numbering"
    NOT_LISTED = "match.not-listed"
    FINER = "match.finer"
    MAY_BE_SAME = "match.may-be-same"
    BACKPORT = "match.backport"
    FIX_CLAIMED = "match.fix-claimed"
    BELOW_FIXED = "match.below-fixed"
    NOT_STATED = "match.not-stated"
    INVESTIGATED = "match.investigated"
    CONFLICT = "match.conflict"
    VERSIONS_DISAGREE = "match.versions-disagree"
    """A device tells several versions, of which only some are concerned."""
    EXCUSED = "match.excused"
    """A document of its maker says that none of the flaws can be used in the device."""


class Containment(Struct, frozen=True):
    """The answer for one constraint. `bound` is the version in it that decided, or empty."""

    truth: Truth
    reason: Reason
    bound: str = ""


_PLAIN_YES = Containment(Truth.YES, Reason.IN_RANGE)


def contains(constraint: Constraint, version: str, scheme: Scheme | None = None) -> Containment:
    """Whether `version` is meant. `scheme`: both sides are packages of one ecosystem, which then decides the order."""
    if constraint.everything:
        return Containment(Truth.YES, Reason.ALL_VERSIONS)
    if not version.strip():
        return Containment(Truth.MAYBE, Reason.VERSION_UNKNOWN)
    parsed = Version(text=version, parts=()) if scheme else parse_version(version)
    if parsed is None or (constraint.scheme is not None and constraint.scheme is not scheme):
        return Containment(Truth.MAYBE, Reason.INCOMPARABLE)
    found = [_inside(interval, parsed, scheme) for interval in constraint.intervals]
    found += [_among(bound, parsed, scheme, constraint.listed) for bound in constraint.listed]
    return _either(found)


def at_least(version: str, first: str) -> bool:
    """Whether a version is certainly `first` or later, as numbered by the maker."""
    one, other = parse_version(version), parse_version(first)
    if one is None or other is None or one.yearly != other.yearly:
        return False
    if relation(one, other) is Relation.FINER and _lettered(one, other):
        return False
    return order(one, other) in (Order.EQUAL, Order.ABOVE)


def _either(found: list[Containment]) -> Containment:
    """Union: the first yes (a plain one before a doubtful one), else the first doubt, else no."""
    for reason in (Reason.IN_RANGE, Reason.LISTED, Reason.BUILD_UNKNOWN, Reason.COARSE):
        for one in found:
            if one.truth is Truth.YES and one.reason is reason:
                return one
    doubts = [one for one in found if one.truth is Truth.MAYBE]
    return doubts[0] if doubts else found[0]


def _inside(interval: Interval, version: Version, scheme: Scheme | None) -> Containment:
    """Both ends must hold; one that certainly does not settles the matter, but only if the other can be compared."""
    lower = _above(interval.lower, version, scheme) if interval.lower else _PLAIN_YES
    upper = _below(interval.upper, version, scheme) if interval.upper else _PLAIN_YES
    ends = (lower, upper)
    for end in ends:
        if end.reason in (Reason.INCOMPARABLE, Reason.NUMBERING):
            return end
    for truth in (Truth.NO, Truth.MAYBE):
        for end in ends:
            if end.truth is truth:
                return end
    return lower if lower.reason is not Reason.IN_RANGE else upper


def _below(bound: Bound, version: Version, scheme: Scheme | None) -> Containment:
    compared = _order(version, bound.version, scheme)
    if compared is None:
        return _said(Truth.MAYBE, Reason.INCOMPARABLE, bound)
    if scheme is None and (special := _below_by_reading(bound, version)):
        return special
    met = compared is Order.BELOW or (compared is Order.EQUAL and bound.inclusive)
    if not met and _renumbered(version, bound, scheme):
        return _said(Truth.MAYBE, Reason.NUMBERING, bound)
    return _said(Truth.YES, Reason.IN_RANGE, bound) if met else _said(Truth.NO, Reason.OUTSIDE, bound)


def _below_by_reading(bound: Bound, version: Version) -> Containment | None:
    """Where one of the two says more than the other about the same release."""
    match relation(version, bound.version):
        case Relation.COARSER:
            return _said(Truth.YES, Reason.COARSE, bound)
        case Relation.BUILD_MISSING:
            return _said(Truth.YES, Reason.BUILD_UNKNOWN, bound)
        case Relation.BUILD_EXTRA if bound.inclusive:
            return _said(Truth.YES, Reason.IN_RANGE, bound)
        case Relation.FINER if bound.inclusive and bound.family:
            return _said(Truth.YES, Reason.IN_RANGE, bound)
        case Relation.FINER if bound.inclusive or _lettered(version, bound.version):
            return _said(Truth.MAYBE, Reason.FINER, bound)
        case _:
            return None


def _above(bound: Bound, version: Version, scheme: Scheme | None) -> Containment:
    compared = _order(version, bound.version, scheme)
    if compared is None:
        return _said(Truth.MAYBE, Reason.INCOMPARABLE, bound)
    if scheme is None and relation(version, bound.version) in (Relation.COARSER, Relation.BUILD_MISSING):
        return _said(Truth.MAYBE, Reason.COARSE, bound)
    met = compared is Order.ABOVE or (compared is Order.EQUAL and bound.inclusive)
    if not met and (_renumbered(version, bound, scheme) or version.pre):
        return _said(Truth.MAYBE, Reason.NUMBERING, bound)
    return _said(Truth.YES, Reason.IN_RANGE, bound) if met else _said(Truth.NO, Reason.OUTSIDE, bound)


def _among(bound: Bound, version: Version, scheme: Scheme | None, listed: tuple[Bound, ...]) -> Containment:
    """A version or family that is named; another one is never cleared by that."""
    compared = _order(version, bound.version, scheme)
    if scheme is None:
        if bound.family and starts_with(version, bound.version):
            return _said(Truth.YES, Reason.IN_RANGE, bound)
        match relation(version, bound.version):
            case Relation.BUILD_MISSING:
                return _said(Truth.YES, Reason.BUILD_UNKNOWN, bound)
            case Relation.BUILD_EXTRA if not any(_tells_builds(other, bound) for other in listed):
                return _said(Truth.YES, Reason.LISTED, bound)
    if compared is Order.EQUAL:
        return _said(Truth.YES, Reason.LISTED, bound)
    return _said(Truth.MAYBE, Reason.INCOMPARABLE if compared is None else Reason.NOT_LISTED, bound)


def _tells_builds(bound: Bound, release: Bound) -> bool:
    """The same release is named with a build too (`4.20 | 4.20 SR1`): then 4.20 alone does not mean each of them."""
    return relation(bound.version, release.version) is Relation.BUILD_EXTRA


def _order(version: Version, bound: Version, scheme: Scheme | None) -> Order | None:
    return compare_packages(version.text, bound.text, scheme) if scheme else order(version, bound)


def _renumbered(version: Version, bound: Bound, scheme: Scheme | None) -> bool:
    """One is numbered by the year and the other is not: the maker, or the device, uses another numbering."""
    return scheme is None and version.yearly != bound.version.yearly


def _lettered(version: Version, bound: Version) -> bool:
    """What the version adds begins with a letter: 3.0b may be a beta of 3.0 or a repair of it."""
    added = version.parts[len(bound.parts) :] or (version.build[len(bound.build) :] if bound.build else ())
    return bool(added) and bool(added[0].letters)


def _said(truth: Truth, reason: Reason, bound: Bound) -> Containment:
    return Containment(truth, reason, bound.version.text)
