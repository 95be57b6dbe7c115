"""A department's settings and its firewall rules as fuzz targets: a SourceError is the only way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from leadapron.model.errors import SourceError
from leadapron.whatif.department import (
    Settings,
    build_department,
    read_settings,
    read_zone_rules,
    with_zone_rules,
    write_settings,
)
from tests.whatif.department.pictures import site

_SETTINGS = b"""urgent = 0.5
[devices.ct]
class = "modality"
weak.smb = 0.1
zone = "new"
[[passages]]
source = "office"
target = "srv"
deny = ["smb"]
[chains.CT]
per_working_hour = 6
kept.storage = 0.1
[scenario.worm]
within.smb = 0.5
"""
_CSV = b"source,target,service,action\noffice,scan,445,deny\n10.0.1.0/24,srv,dicom,allow\nany,any,80-90,allow\n"
_TOML = b"""[zones]
a = ["10.0.1.0/24"]
[[rules]]
source = "a"
target = "any"
service = 104
action = "allow"
"""
_SITE = site()


def _settings(data: bytes) -> frozenset[str]:
    """What is accepted can be written and read again."""
    try:
        settings = read_settings(data, "fuzz")
        department = build_department(_SITE, (), zone=UTC, settings=settings)
    except SourceError as refused:
        return frozenset({str(refused).rpartition(": ")[2][:40]})
    read_settings(write_settings(department, "fr").encode(), "fuzz")
    return frozenset({"read", f"{len(department.passages)} passages", *(chain.basis for chain in department.chains)})


def _rules(name: str) -> Callable[[bytes], frozenset[str]]:
    def run(data: bytes) -> frozenset[str]:
        try:
            settings = with_zone_rules(Settings(), read_zone_rules(data, name), _SITE)
        except SourceError as refused:
            return frozenset({str(refused).rpartition(": ")[2][:40]})
        return frozenset({"read", *(one.message for one in settings.remarks)})

    return run


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, parser and seeds."""
    return [
        ("settings", _settings, [_SETTINGS]),
        ("firewall-csv", _rules("fuzz.csv"), [_CSV]),
        ("firewall-toml", _rules("fuzz.toml"), [_TOML]),
    ]
