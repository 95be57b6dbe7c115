"""Read the shipped fingerprint tables (`content/fingerprints`, provenance in its SOURCE.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources.abc import Traversable

from leadapron.model.content import shipped
from leadapron.model.errors import ContentError
from leadapron.model.fingerprints import Fingerprints, ImplementationPattern

_PREFIX = re.compile(r"[0-9a-f]{6}|[0-9a-f]{7}|[0-9a-f]{9}")
_UID = re.compile(r"\d+(\.\d+)*|")


def load_fingerprints(folder: Traversable | None = None) -> Fingerprints:
    """The tables of `folder` (the shipped ones by default); ContentError names the file and line of a bad row."""
    place = folder or shipped("fingerprints")
    return Fingerprints(
        implementations=tuple(_implementations(place / "implementations.tsv")),
        mac_vendors=dict(_mac_vendors(place / "mac_vendors.tsv")),
    )


def _rows(file: Traversable, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row below the header, which must name `columns`."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ContentError(f"{file.name}: cannot be read ({error.strerror})") from error
    if not lines or lines[0].split("\t") != list(columns):
        raise ContentError(f"{file.name}, line 1: the columns must be {', '.join(columns)}")
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise ContentError(f"{file.name}, line {number}: {len(columns)} columns expected, {len(cells)} found")
        yield number, cells


def _implementations(file: Traversable) -> Iterator[ImplementationPattern]:
    for number, (class_uid, version_name, product) in _rows(file, ("class_uid", "version_name", "product")):
        try:
            re.compile(version_name)
        except re.error as error:
            raise ContentError(f"{file.name}, line {number}: bad expression ({error})") from error
        if not _UID.fullmatch(class_uid) or not product or not (class_uid or version_name):
            raise ContentError(f"{file.name}, line {number}: a UID or expression, and a product, are needed")
        yield ImplementationPattern(class_uid, version_name, product)


def _mac_vendors(file: Traversable) -> Iterator[tuple[str, str]]:
    for number, (prefix, vendor) in _rows(file, ("prefix", "vendor")):
        if not _PREFIX.fullmatch(prefix) or not vendor:
            raise ContentError(f"{file.name}, line {number}: a prefix of 6, 7 or 9 hexadecimal digits is needed")
        yield prefix, vendor
