"""The model of this department: what an attack meets, from what was seen and judged, corrected in one file.

Public: `build_department`; `Settings`, `read_settings`, `write_settings` for the department's own file; for firewall
and VLAN rules `read_zone_rules`, and `with_zone_rules`, which turns them into settings.
"""

from leadapron.whatif.department.build import build_department
from leadapron.whatif.department.enforcement import with_zone_rules
from leadapron.whatif.department.settings import Settings, read_settings
from leadapron.whatif.department.writing import write_settings
from leadapron.whatif.department.zonerules import ZoneRules, read_zone_rules

__all__ = [
    "Settings",
    "ZoneRules",
    "build_department",
    "read_settings",
    "read_zone_rules",
    "with_zone_rules",
    "write_settings",
]
