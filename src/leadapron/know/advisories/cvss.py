"""Base scores from CVSS vectors: published numbers are not trusted, vectors are recomputed."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_VECTOR = 256
"""Characters; the longest sound vector (version 4.0, every metric set) has some 200."""

_VECTOR = re.compile(
    r"(?:CVSS:(?P<version>3\.0|3\.1|4\.0)/)?[A-Za-z]{1,3}:[A-Za-z]{1,6}(?:/[A-Za-z]{1,3}:[A-Za-z]{1,6})+"
)
_BASE_4 = frozenset({"AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"})


def version(vector: str) -> str:
    """`2.0`, `3.0`, `3.1` or `4.0`; empty for what has not the shape of a vector."""
    match = _VECTOR.fullmatch(vector) if len(vector) <= MAX_VECTOR else None
    if match is None:
        return ""
    return match["version"] or "2.0"


@lru_cache(maxsize=8_192)
def score(vector: str) -> float | None:
    """Base score, 0 to 10, of a vector of CVSS 2.0 (written without prefix), 3.0, 3.1 or 4.0; None if it is none."""
    from cvss import CVSS2, CVSS3, CVSS4  # here, so that `leadapron --help` does not wait for it
    from cvss.exceptions import CVSSError

    written = version(vector)
    try:
        match written:
            case "":
                return None
            case "2.0":
                return float(CVSS2(vector).base_score)
            case "4.0":
                return float(CVSS4(_base_of_4(vector)).base_score)
            case _:
                return float(CVSS3(vector).base_score)
    except CVSSError:
        return None


def _base_of_4(vector: str) -> str:
    """Without threat and environmental metrics: unlike 2 and 3, version 4 has one score over all that is given."""
    prefix, *metrics = vector.split("/")
    return "/".join([prefix, *(metric for metric in metrics if metric.split(":")[0] in _BASE_4)])
