"""Events → devices, flows and exams: one pass that folds events into bounded records, then a resolution.

Pure and deterministic: the same events give the same inventory, in whatever order they come.

Public: `build_inventory`, `zone_of`, `EXTERNAL_ZONE`.
"""

from leadapron.see.inventory.addresses import EXTERNAL_ZONE, zone_of
from leadapron.see.inventory.build import build_inventory

__all__ = ["EXTERNAL_ZONE", "build_inventory", "zone_of"]
