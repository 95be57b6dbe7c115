"""What advisories and SBOMs say of versions and names, as fuzz targets: any text is read or left to a person."""

from __future__ import annotations

from collections.abc import Callable

from leadapron.know.matching.constraints import Constraint, parse_constraint
from leadapron.know.matching.identifiers import read_cpe, read_purl
from leadapron.know.matching.versions import compare_versions, parse_version

Run = Callable[[bytes], frozenset[str]]

CONSTRAINTS = [
    b">= 1.3.4 | < 1.5.3",
    b"vers:all/<=2025.1_Build_3321",
    b"12.2.x.x and prior",
    b"All versions before 3.6.7",
    b"R4.1L1, R4.2 and VM5.0 through VM5.2",
    b"3.0.24 and prior SimpleITK 2.5.2 and prior",
]
VERSIONS = [
    b"3.6.7-9~deb12u4\n3.6.7",
    b"VM5.0\nVM5.1a",
    b"R4.1L1\nR4.2",
    b"2023.3_Build_9342\n2023.3",
    b"B.06.18\nB.06",
]
IDENTIFIERS = [
    b"cpe:2.3:a:offis:dcmtk:3.6.6:*:*:*:*:*:*:*",
    b"cpe:/o:microsoft:windows_7:-:sp1",
    b"pkg:deb/debian/dcmtk@3.6.7-9~deb12u4?arch=amd64&distro=debian-12",
    b"pkg:npm/%40angular/core@17.0.0#src",
]


def _constraint(data: bytes) -> frozenset[str]:
    read = parse_constraint(_text(data))
    if isinstance(read, Constraint):
        return frozenset({f"{min(len(read.intervals), 3)} intervals", f"{min(len(read.listed), 3)} listed"})
    return frozenset({"left to a person"})


def _version(data: bytes) -> frozenset[str]:
    one, _, other = _text(data).partition("\n")
    order, reverse = compare_versions(one, other), compare_versions(other, one)
    assert (order is None) == (reverse is None)
    return frozenset({str(order), *(f"version {parse_version(text) is not None}" for text in (one, other))})


def _identifier(data: bytes) -> frozenset[str]:
    text = _text(data)
    found = [each for each in (read_cpe(text), read_purl(text)) if each is not None]
    assert all(each.key and each.name for each in found)
    return frozenset({each.type or "cpe" for each in found}) or frozenset({"other"})


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def targets() -> list[tuple[str, Run, list[bytes]]]:
    """Name, parser and seeds."""
    return [
        ("constraints", _constraint, CONSTRAINTS),
        ("versions", _version, VERSIONS),
        ("identifiers", _identifier, IDENTIFIERS),
    ]
