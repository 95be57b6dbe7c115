"""What advisories mean for a product: affected, not affected, or for a person to read.

Public: `Matcher`, `match`, `load_aliases`, `load_overlay`, `compare_versions`, `parse_constraint`.
"""

from leadapron.know.matching.aliases import Aliases, load_aliases
from leadapron.know.matching.constraints import Constraint, Unreadable, parse_constraint
from leadapron.know.matching.match import Matcher, match
from leadapron.know.matching.overlay import load_overlay
from leadapron.know.matching.versions import Order, compare_versions

__all__ = [
    "Aliases",
    "Constraint",
    "Matcher",
    "Order",
    "Unreadable",
    "compare_versions",
    "load_aliases",
    "load_overlay",
    "match",
    "parse_constraint",
]
