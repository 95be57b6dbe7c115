"""Which versions an advisory means, read from its own few words.

Whatever is not understood to the last word is `Unreadable`, never half read: a sentence with two products and two
bounds, taken as one range, once cleared a device that was affected.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from leadapron.know.matching.distributions import Scheme, compare_packages, scheme_of
from leadapron.know.matching.versions import Order, Version, order, parse_version

MAX_LENGTH = 2000
"""Characters of a constraint; longer text is prose."""

_MAX_ENTRIES = 200

_VERS = re.compile(r"vers:(?P<scheme>[a-z][a-z0-9.+-]{0,30})/")
_ALL = re.compile(r"(?:\*|all|any|all versions|any version|every version|all/\*)")
_WORD = re.compile(r"^(?:versions?|releases?|ver\.?|all versions|any version) (?=\S)")
_V = (
    r"(?P<v>v?[a-z0-9][\w.+~:-]*(?: ?[(_]?(?:[a-z]{1,2} )?build[ _:][\w.-]+\)?"
    r"| (?!(?:and|or|to|on) )(?:[a-z]{1,3} ?|service pack )\d+)?)"
)
_OPERATOR = re.compile(r"(?P<op><=|>=|==|=|<|>|≤|≥) ?" + _V)
_UP_TO = re.compile(
    _V + r",? (?:and|or) (?:all )?(?:prior|earlier|below|older|lower|previous|before)(?: versions?| releases?)?"
    r"|(?:up to and including|up to \(and including\)|prior to and including) (?:versions? )?"
    + _V.replace("<v>", "<w>")
)
_BEFORE = re.compile(r"(?:prior to|before|earlier than|older than|lower than|below) (?:versions? |releases? )?" + _V)
_FROM = re.compile(_V + r",? (?:and|or) (?:all )?(?:newer|later|above|higher|greater)(?: versions?| releases?)?")
_SPAN = re.compile(_V + r" (?:to|through) (?:versions? )?" + _V.replace("<v>", "<w>"))
_LISTED = re.compile(_V)
_LIST = re.compile(r"\s*(?:,\s*(?:and |or )?|;|&| and | or )\s*")
_FAMILY = re.compile(r"(?P<stem>.*?\w)(?:\.[x*])+")
_PART_NUMBER = re.compile(r"[a-z]{0,4}-?(?!(?:19|20)\d\d\b)\d{4,}[a-z]?(?: .*)?")
_BARE_OPERATOR = re.compile(r"[<>=≤≥]")


class Bound(Struct, frozen=True, kw_only=True):
    """One end of a range. `family`: written with placeholders (12.2.x), so that its finer versions belong to it."""

    version: Version
    inclusive: bool = True
    family: bool = False


class Interval(Struct, frozen=True, kw_only=True):
    """Versions between two ends; None is open."""

    lower: Bound | None = None
    upper: Bound | None = None


class Constraint(Struct, frozen=True, kw_only=True):
    """A constraint understood as a whole: everything, or the union of `intervals` and of `listed` versions."""

    text: str
    everything: bool = False
    intervals: tuple[Interval, ...] = ()
    listed: tuple[Bound, ...] = ()
    scheme: Scheme | None = None


class Unreadable(Struct, frozen=True, kw_only=True):
    """Words that a person must read."""

    text: str


@lru_cache(maxsize=8192)
def parse_constraint(text: str) -> Constraint | Unreadable:
    """Read the words that state versions; anything not fully understood comes back as `Unreadable`."""
    if len(text) > MAX_LENGTH:
        return Unreadable(text=text)
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".")
    prefix = _VERS.match(plain)
    scheme = scheme_of(prefix["scheme"]) if prefix else None
    plain = plain[prefix.end() :] if prefix else plain
    if _ALL.fullmatch(plain):
        return Constraint(text=text, everything=True)
    entries = _entries(_WORD.sub("", plain), scheme)
    if entries is None:
        return Unreadable(text=text)
    listed = tuple(entry for entry in entries if isinstance(entry, Bound))
    intervals = _joined([entry for entry in entries if isinstance(entry, Interval)], scheme)
    if intervals is None:
        return Unreadable(text=text)
    return Constraint(text=text, intervals=intervals, listed=listed, scheme=scheme)


def _entries(text: str, scheme: Scheme | None) -> list[Bound | Interval] | None:
    """Each alternative of the text, or None as soon as one is not understood."""
    pieces = [piece.strip() for piece in text.split("|")]
    if len(pieces) > _MAX_ENTRIES:
        return None
    entries: list[Bound | Interval] = []
    for piece in pieces:
        found = _entry(piece, scheme)
        some = [found] if found else _enumeration(piece, scheme)
        if some is None:
            return None
        entries += some
    return entries


def _enumeration(text: str, scheme: Scheme | None) -> list[Bound | Interval] | None:
    """`1.1.7.333 and 2.1.1.3069`, `3.0, 3.1`, `>=1.3.4, <1.5.3`: all of them versions, or all of them bounds."""
    pieces = _LIST.split(text)
    if not 1 < len(pieces) <= _MAX_ENTRIES:
        return None
    bounds = [bool(_BARE_OPERATOR.match(piece)) for piece in pieces]
    if any(bounds) and not all(bounds):
        return None
    entries = [_entry(piece, scheme) if all(bounds) else _listed(piece, scheme) for piece in pieces]
    return [entry for entry in entries if entry] if all(entries) else None


def _entry(text: str, scheme: Scheme | None) -> Bound | Interval | None:
    """One alternative: a bound, a span or a single version."""
    text = _WORD.sub("", text)
    if found := _OPERATOR.fullmatch(text):
        return _operated(found["op"], found["v"], scheme)
    if found := _UP_TO.fullmatch(text):
        return _operated("<=", found["v"] or found["w"], scheme)
    if found := _BEFORE.fullmatch(text):
        return _operated("<", found["v"], scheme)
    if found := _FROM.fullmatch(text):
        return _operated(">=", found["v"], scheme)
    if found := _SPAN.fullmatch(text):
        lower, upper = _bound(found["v"], scheme), _bound(found["w"], scheme)
        return Interval(lower=lower, upper=upper) if lower and upper and _ascending(lower, upper, scheme) else None
    return _listed(text, scheme)


def _operated(operator: str, text: str, scheme: Scheme | None) -> Bound | Interval | None:
    bound = _bound(text, scheme, inclusive=operator not in "<>")
    if bound is None or (operator == ">" and bound.family):
        return None
    if operator in ("=", "=="):
        return bound
    return Interval(upper=bound) if operator in ("<", "<=", "≤") else Interval(lower=bound)


def _listed(text: str, scheme: Scheme | None) -> Bound | None:
    """A version that stands alone; a part or model number is none."""
    text = _WORD.sub("", text)
    if not _LISTED.fullmatch(text) or (scheme is None and _PART_NUMBER.fullmatch(text)):
        return None
    return _bound(text, scheme)


def _bound(text: str, scheme: Scheme | None, *, inclusive: bool = True) -> Bound | None:
    if scheme is not None:
        # The ecosystem's own comparator reads the text; the parts serve nothing then.
        return Bound(version=Version(text=text, parts=()), inclusive=inclusive) if text[:1].isalnum() else None
    family = _FAMILY.fullmatch(text)
    version = parse_version(family["stem"] if family else text)
    return Bound(version=version, inclusive=inclusive, family=family is not None) if version else None


def _joined(pieces: Sequence[Interval], scheme: Scheme | None) -> tuple[Interval, ...] | None:
    """Pair lower with upper bounds, as published: `>=1 | <2 | >=3 | <4`. None unless they ascend without a doubt."""
    joined: list[Interval] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is None:
            joined.append(piece)
        elif last.upper is None and piece.lower is None and piece.upper and last.lower:
            if not _ascending(last.lower, piece.upper, scheme):
                return None
            joined[-1] = Interval(lower=last.lower, upper=piece.upper)
        elif last.upper and piece.lower and _ascending(last.upper, piece.lower, scheme):
            joined.append(piece)
        else:
            return None
    return tuple(joined)


def _ascending(low: Bound, high: Bound, scheme: Scheme | None) -> bool:
    if scheme is not None:
        return compare_packages(low.version.text, high.version.text, scheme) in (Order.BELOW, Order.EQUAL)
    compared = order(low.version, high.version)
    return compared is Order.BELOW or (compared is Order.EQUAL and low.inclusive and high.inclusive)
