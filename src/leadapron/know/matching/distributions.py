"""Versions of packages: distributions patch old releases without renumbering them, and ecosystems have their own order.

`univers` knows the order of each ecosystem; it is imported only when a package is asked about, because it is slow to
load and devices need none of it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache, lru_cache

from leadapron.know.matching.versions import Order

MAX_LENGTH = 120
"""Characters of a package version."""

_DISTRIBUTED = re.compile(r"(?:[~+.-](?:deb|ubuntu|dfsg|bpo|fc|el)\d|\+dfsg|\+ds|ubuntu\d|-\d+build\d)")
_PACKAGED = re.compile(rf"\d[\w.+~:^-]{{0,{MAX_LENGTH}}}", re.ASCII)
_RELEASED = re.compile(rf"v?\d[\w.+-]{{0,{MAX_LENGTH}}}", re.ASCII)
_EPOCH = re.compile(r"^\d+:")
_REVISION = re.compile(r"-[^-]*$")
_REPACKED = re.compile(r"[+~](?:dfsg|ds|repack)[\w.~]*$")


class Scheme(StrEnum):
    """Types of package URL whose versions have an order of their own."""

    DEB = "deb"
    RPM = "rpm"
    APK = "apk"
    PYPI = "pypi"
    NPM = "npm"
    GEM = "gem"
    CARGO = "cargo"


_SCHEMES = {scheme.value: scheme for scheme in Scheme}

DISTRIBUTIONS = frozenset({Scheme.DEB, Scheme.RPM, Scheme.APK})
"""Those that patch a release and keep its number."""


def scheme_of(name: str) -> Scheme | None:
    """The scheme of a package URL type or of a `vers:` prefix; None for others."""
    return _SCHEMES.get(name)


def looks_distributed(version: str) -> bool:
    """Whether a version alone gives away a distribution's package: `3.6.7-9~deb12u4`, `1.10.1+dfsg-2`."""
    return len(version) <= MAX_LENGTH and _DISTRIBUTED.search(version.casefold()) is not None


def upstream(version: str) -> str:
    """The maker's own version inside a package version: `2:3.6.7+dfsg-9~deb12u4` holds 3.6.7."""
    text = _EPOCH.sub("", version[:MAX_LENGTH].strip())
    return _REPACKED.sub("", _REVISION.sub("", text))


@lru_cache(maxsize=1024)
def compare_packages(first: str, second: str, scheme: Scheme) -> Order | None:
    """Order of two package versions in their ecosystem; None when one of them is not valid there."""
    shape = _PACKAGED if scheme in DISTRIBUTIONS else _RELEASED
    if not (shape.fullmatch(first) and shape.fullmatch(second)):
        return None
    kind = _kinds()[scheme]
    try:
        one, other = kind(first), kind(second)
        below, equal = one < other, one == other
    except (ValueError, TypeError, AttributeError, IndexError):  # univers raises any of these on text it cannot read
        return None
    return Order.EQUAL if equal else Order.BELOW if below else Order.ABOVE


@cache
def _kinds() -> dict[Scheme, type]:
    from univers import versions

    return {
        Scheme.DEB: versions.DebianVersion,
        Scheme.RPM: versions.RpmVersion,
        Scheme.APK: versions.AlpineLinuxVersion,
        Scheme.PYPI: versions.PypiVersion,
        Scheme.NPM: versions.SemverVersion,
        Scheme.GEM: versions.RubygemsVersion,
        Scheme.CARGO: versions.SemverVersion,
    }
