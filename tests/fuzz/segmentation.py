"""The file of rules between zones as a fuzz target: a SourceError is the only way out, and what was read comes back."""

from __future__ import annotations

from collections.abc import Callable

from leadapron.model.errors import SourceError
from leadapron.whatif.segment import read_rules, write_rules

_SEED = b"""format = 1
[[zone]]
name = "a"
networks = ["10.0.1.0/24", "fd00::/64"]
[[zone]]
name = "b"
networks = ["10.0.2.0/24"]
[[rule]]
id = "r"
standing = "ask"
from = "a"
to = "b"
sources = "all"
targets = ["10.0.2.1"]
transport = "tcp"
ports = [104]
service = "dicom"
reason = "segment.few"
params.clients = "ct"
first_seen = 2026-01-05T09:00:00+00:00
flows = ["flow-1"]
"""


def _rules(data: bytes) -> frozenset[str]:
    try:
        made = read_rules(data, "fuzz")
    except SourceError as refused:
        return frozenset({str(refused)[:40]})
    assert read_rules(write_rules(made, "fr").encode(), "fuzz") == made
    return frozenset(rule.standing for rule in made.rules) | {"read"}


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, parser and seeds."""
    return [("rules", _rules, [_SEED])]
