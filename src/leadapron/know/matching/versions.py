"""Versions as makers of devices write them, and which of two is older.

No scheme is shared: `VM5.0`, `B.06.18`, `R4.1L1`, `3.0.11.5 BN9`, `2025.1_Build_3321`. Two versions are compared only
when they have the same shape; otherwise the answer is that they cannot be compared, because a wrong order would clear
a device that has the flaw. Dates and model lists are not versions.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

MAX_LENGTH = 80
"""Characters of a version; longer text is prose."""

_MAX_PARTS = 24

_DECORATION = re.compile(r"(?:versions?|ver\.?|release|rel\.?|revision|rev\.?|software|firmware|v\.)\s*(?=[\w])")
_V_PREFIX = re.compile(r"v(?=\d)|v\s+(?=\w)")
# Any other word may turn the meaning: `before 12.2`, `beta 3.1`, `planned: 4.0`, `avant 12.2`.
_LEADING_WORDS = re.compile(r"(?:(?:syngo|numaris|mr|ct|pet|us|xa|rt) )+(?=[a-z]{0,3}\d|[a-z]$)")
_ARCHITECTURE = re.compile(r"[\s_(,-]+(?:x64|x86(?:_64)?|amd64|win(?:32|64)|(?:32|64)[ -]?bits?)\)?$")
_MONTH = re.compile(
    r"(?<![a-z])(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![a-z])"
)
_DATE = re.compile(r"(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d")
_NAMED_BUILD = re.compile(r"(?P<main>[^\s_(]+)[\s_(,-]*(?P<build>(?:[a-z]{1,3} )?build[\s_:#.]*[\w.-]+)\)?")
# Neither `12.3 3.6.6` nor `12.3 not 3`: those are two versions.
_SPACED_BUILD = re.compile(
    r"(?P<main>[^\s_(]*\d[^\s_(]*)\s+\(?(?P<build>(?:(?:service pack|sp|hf|sr|rev|bn)[ .]|[a-z]{1,4})?\d[\w-]*)\)?"
)
_HASH = re.compile(r"(?P<main>[^\s-]+)-(?P<build>(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40})")
_PRE = re.compile(
    r"(?P<main>\d[\w.]*?)[-._]?(?P<pre>~[\w.~+-]*|(?:alpha|beta|rc|dev|pre(?:view)?|snapshot|git)[\w.+-]*)"
)
_MAIN = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_TOKEN = re.compile(r"(?P<number>\d+)|(?P<letters>[a-z]+)")
_WILDCARDS = re.compile(r"(?:\.[x*])+$")


class Order(StrEnum):
    """How the first of two versions stands to the second."""

    BELOW = "below"
    EQUAL = "equal"
    ABOVE = "above"


class Part(Struct, frozen=True):
    """A number (`letters` empty) or a run of letters; `lone`: a single letter between separators, as in `B.06`."""

    number: int = 0
    letters: str = ""
    lone: bool = False

    @property
    def zero(self) -> bool:
        """Adds nothing when it stands at the end: 3.6.0 is 3.6."""
        return not self.letters and self.number == 0


class Version(Struct, frozen=True, kw_only=True):
    """A version taken apart: `parts`, then what was called a build, a service release or a pre-release."""

    text: str
    parts: tuple[Part, ...]
    build: tuple[Part, ...] = ()
    pre: tuple[Part, ...] = ()

    @property
    def yearly(self) -> bool:
        """Numbered by the year (2024.2): makers changed to it from small numbers, and the two do not compare well."""
        first = self.parts[0]
        return not first.letters and 1990 <= first.number < 2100


class Relation(StrEnum):
    """Which of two versions says more about the same release; the order of the two is then a matter of reading."""

    PLAIN = "plain"
    COARSER = "coarser"
    """The first stops where the second goes on: 12.2 against 12.2.8."""
    FINER = "finer"
    BUILD_MISSING = "build-missing"
    """Same release, and only the second names a build."""
    BUILD_EXTRA = "build-extra"


def compare_versions(first: str, second: str) -> Order | None:
    """Order of two versions in a maker's scheme; None when they cannot be compared or are no versions."""
    one, other = parse_version(first), parse_version(second)
    return None if one is None or other is None else order(one, other)


@lru_cache(maxsize=4096)
def parse_version(text: str) -> Version | None:
    """Take a version apart; None for dates, prose and anything else that is not plainly one version."""
    if len(text) > MAX_LENGTH:
        return None
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if not plain.isascii() or _MONTH.search(plain):
        return None
    plain = _ARCHITECTURE.sub("", _undecorated(plain))
    main, build = _split_build(plain)
    main, pre = _split_pre(main)
    main = _WILDCARDS.sub("", main.split("+", 1)[0])
    if _DATE.fullmatch(main) or not _MAIN.fullmatch(main):
        return None
    parts = _parts(main)
    numbered = any(not part.letters for part in parts)
    if not numbered and not (len(parts) == 1 and parts[0].lone):
        return None
    if len(parts) > _MAX_PARTS or (build and not any(character.isdigit() for character in build)):
        return None
    return Version(text=text, parts=parts, build=_parts(build.replace("build", "")), pre=_pre_parts(pre))


def order(one: Version, other: Version) -> Order | None:
    """Order of two parsed versions; None when their shapes differ."""
    compared = _compare_parts(one.parts, other.parts)
    if compared is not Order.EQUAL:
        return compared
    if one.pre or other.pre:
        return _compare_pre(one.pre, other.pre)
    if one.build and other.build:
        return _compare_parts(one.build, other.build)
    return Order.EQUAL if one.build == other.build else Order.ABOVE if one.build else Order.BELOW


def relation(one: Version, other: Version) -> Relation:
    """Whether one of the two only says less about the release that the other names."""
    if one.pre or other.pre:
        return Relation.PLAIN
    short = min(len(one.parts), len(other.parts))
    if _compare_parts(one.parts[:short], other.parts[:short]) is not Order.EQUAL:
        return Relation.PLAIN
    if any(not part.zero for part in one.parts[short:]):
        return Relation.FINER
    if any(not part.zero for part in other.parts[short:]):
        return Relation.COARSER
    if one.build and other.build:
        return _build_relation(one.build, other.build)
    if one.build or other.build:
        return Relation.BUILD_EXTRA if one.build else Relation.BUILD_MISSING
    return Relation.PLAIN


def _build_relation(one: tuple[Part, ...], other: tuple[Part, ...]) -> Relation:
    """The same of two builds: `Build 3321-1` says more than `Build 3321`."""
    short = min(len(one), len(other))
    if len(one) == len(other) or _compare_parts(one[:short], other[:short]) is not Order.EQUAL:
        return Relation.PLAIN
    return Relation.FINER if len(one) > short else Relation.COARSER


def starts_with(version: Version, family: Version) -> bool:
    """Whether a version belongs to a family such as `12.2.x`, given as 12.2."""
    length = len(family.parts)
    padded = version.parts[:length]
    return len(padded) == length and _compare_parts(padded, family.parts) is Order.EQUAL


def _undecorated(text: str) -> str:
    """Without `Version`, a leading `v`, and words such as `syngo MR` before the version itself."""
    for decoration in (_DECORATION, _V_PREFIX, _LEADING_WORDS):
        found = decoration.match(text)
        text = text[found.end() :] if found else text
    return text


def _split_build(text: str) -> tuple[str, str]:
    for pattern in (_NAMED_BUILD, _SPACED_BUILD, _HASH):
        found = pattern.fullmatch(text)
        if found:
            return found["main"], found["build"]
    return text, ""


def _split_pre(text: str) -> tuple[str, str]:
    found = _PRE.fullmatch(text)
    return (found["main"], found["pre"]) if found else (text, "")


def _pre_parts(text: str) -> tuple[Part, ...]:
    return (_parts(text) or (Part(letters="~"),)) if text else ()


def _parts(text: str) -> tuple[Part, ...]:
    parts = []
    for found in _TOKEN.finditer(text):
        if found["number"]:
            parts.append(Part(number=int(found["number"])))
            continue
        letters = found["letters"]
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        parts.append(Part(letters=letters, lone=len(letters) == 1 and not before.isalnum() and not after.isalnum()))
    return tuple(parts)


def _compare_parts(one: tuple[Part, ...], other: tuple[Part, ...]) -> Order | None:
    """Compare place by place; every place that both have must be of the same kind, wherever the decision falls."""
    decided = Order.EQUAL
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        last = place == len(one) - 1 and place == len(other) - 1
        compared = _compare_part(left, right, last=last)
        if compared is None:
            return None
        if decided is Order.EQUAL:
            decided = compared
    if decided is not Order.EQUAL:
        return decided
    short = min(len(one), len(other))
    if any(not part.zero for part in one[short:]):
        return Order.ABOVE
    return Order.BELOW if any(not part.zero for part in other[short:]) else Order.EQUAL


def _compare_part(left: Part, right: Part, *, last: bool) -> Order | None:
    if bool(left.letters) != bool(right.letters):
        return None
    if not left.letters:
        return _sign(left.number, right.number)
    if left.letters == right.letters:
        return Order.EQUAL
    if (left.lone and right.lone) or (last and len(left.letters) == len(right.letters) == 1):
        return _sign(ord(left.letters), ord(right.letters))
    return None  # U61 and L81 are two product lines, not two versions


def _compare_pre(one: tuple[Part, ...], other: tuple[Part, ...]) -> Order | None:
    """A pre-release comes before its release; two kinds of pre-release are not compared."""
    if one and other:
        return _compare_parts(one, other)
    return Order.BELOW if one else Order.ABOVE


def _sign(left: int, right: int) -> Order:
    return Order.EQUAL if left == right else Order.BELOW if left < right else Order.ABOVE
