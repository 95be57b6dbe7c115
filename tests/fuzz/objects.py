"""Objects on their way through the guard as fuzz targets: how they are cut changes nothing, nothing raises.

The first byte names the transfer syntax; the rest is the data set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from leadapron.guard.inspect import ContentRules, Depth, Inspector, Rewriter
from tests.guard.inspect.hostile_objects import DEFLATED, HOSTILE, JPEG, LEGITIMATE
from tests.see.wire.dicom_bytes import BIG, EXPLICIT, IMPLICIT

SYNTAXES = (EXPLICIT, IMPLICIT, BIG, JPEG, DEFLATED)
CUTS = (1 << 20, 61)
LARGEST_SEED = 20_000


@cache
def _rules() -> ContentRules:
    return ContentRules.load([])


def _inspected(data: bytes) -> frozenset[str]:
    syntax, data = SYNTAXES[(data[0] if data else 0) % len(SYNTAXES)], data[1:]
    seen = []
    for cut in CUTS:
        inspector = Inspector(syntax, _rules(), depth=Depth.HEADER, key=bytes(32))
        for start in range(0, len(data), cut):
            inspector.feed(memoryview(data)[start : start + cut])
        inspector.end()
        seen.append((inspector.finding, inspector.pixel_digest, inspector.dataset_digest, inspector.instance))
    assert seen[0] == seen[1]
    finding = seen[0][0]
    return frozenset({finding.name if finding else "sound", f"pixels {bool(seen[0][1])}"})


def _rewritten(data: bytes) -> frozenset[str]:
    syntax, data = SYNTAXES[(data[0] if data else 0) % len(SYNTAXES)], data[1:]
    made = []
    for cut in CUTS:
        rewriter = Rewriter(syntax, ("ACME PRIVATE",))
        pieces = [piece for start in range(0, len(data), cut) for piece in rewriter.feed(data[start : start + cut])]
        made.append((b"".join([*pieces, *rewriter.end()]), rewriter.finding, rewriter.altered))
    out, finding, altered = made[0]
    if syntax != DEFLATED:
        assert made[0] == made[1]
        assert altered or finding or out == data
        assert len(out) <= len(data)
    return frozenset({finding.name if finding else "written", f"altered {altered}"})


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, parser and seeds."""
    samples = [*LEGITIMATE.values(), *(data for _, data in HOSTILE.values())]
    seeds = [bytes((0,)) + data for data in samples if len(data) < LARGEST_SEED]
    return [("guard-inspector", _inspected, seeds), ("guard-rewriter", _rewritten, seeds)]
