"""What a search asks for (QIDO-RS, PS3.18 §8.3.4 and §10.6; UPS-RS, §11.9): does it narrow, and how many may come."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct
from pydicom.datadict import keyword_for_tag, tag_for_keyword

from leadapron.guard.policy.narrowing import narrows
from leadapron.guard.web.targets import Parameters, TargetError

SWITCHES: Final = frozenset({"fuzzymatching", "emptyvaluematching", "multiplevaluematching"})
MAX_DIGITS: Final = 9

_FIELDS: Final = re.compile(r"[0-9A-Za-z.,]+")
_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")


class Search(Struct, frozen=True):
    """One search, with only what was understood."""

    parameters: Parameters
    """Without limit and offset."""
    wide: bool
    """Names no narrowing key."""
    limit: int | None
    offset: int

    def bounded(self, results: int) -> Parameters | None:
        """The parameters with at most `results` matches in all, pages included (0: no bound); None: no page is left."""
        limit = self.limit
        if results:
            left = results - self.offset
            if left <= 0:
                return None
            limit = left if limit is None else min(limit, left)
        paging = [("limit", str(limit))] if limit is not None else []
        paging += [("offset", str(self.offset))] if self.offset else []
        return (*self.parameters, *paging)


def read_search(parameters: Parameters) -> Search:
    """Reads the parameters; what nobody knows is left out, as a server has to (PS3.18 §8.3.1).

    TargetError: a parameter is there twice, or its value is not what it has to be.
    """
    kept: list[tuple[str, str]] = []
    numbers: dict[str, int] = {}
    seen: set[str] = set()
    wide = True
    for name, value in parameters:
        low = name.lower()
        if low in ("limit", "offset"):
            _once(low, seen)
            numbers[low] = _number(value)
        elif low == "includefield":
            if not _FIELDS.fullmatch(value):
                raise TargetError("web.includefield")
            kept.append((low, value))
        elif low in SWITCHES:
            _once(low, seen)
            if value not in ("true", "false"):
                raise TargetError("web.query")
            kept.append((low, value))
        elif attribute := attribute_path(name):
            _once(attribute, seen)
            kept.append((name, value))
            wide = wide and not _narrows(attribute, value)
    return Search(tuple(kept), wide, numbers.get("limit"), numbers.get("offset", 0))


def _narrows(attribute: str, value: str) -> bool:
    """Does this key leave out most of an archive? Values of a list are divided as in DIMSE, or by commas (§8.3.4.5)."""
    tag = tag_for_keyword(attribute)
    return tag is not None and narrows(tag, value.replace(",", "\\").encode())


@lru_cache(maxsize=512)
def attribute_path(name: str) -> str:
    """`00100020`, `PatientID` or a path of them joined by full stops, in keywords; empty if it is none (§8.3.4.1).

    A tag that has no keyword is told as eight capital hexadecimal digits.
    """
    if len(name) > 256:
        return ""
    found = [_attribute(part) for part in name.split(".")]
    return ".".join(found) if all(found) else ""


def _attribute(text: str) -> str:
    if _TAG.fullmatch(text):
        return keyword_for_tag(int(text, 16)) or text.upper()
    return text if text.isascii() and tag_for_keyword(text) is not None else ""


def _once(name: str, seen: set[str]) -> None:
    if name in seen:
        raise TargetError("web.parameter-twice")
    seen.add(name)


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS):
        raise TargetError("web.number")
    return int(value)
