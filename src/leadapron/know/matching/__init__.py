"""What advisories mean for a product: affected, not affected, or for a person to read.

Public: `Matcher` and the `Aliases` it needs (`load_aliases`), `load_overlay`; `lifecycles.lifecycle` for ends of
support, `reasons.load_reasons` for the words of answers.
"""

from leadapron.know.matching.aliases import Aliases, load_aliases
from leadapron.know.matching.match import Matcher
from leadapron.know.matching.overlay import load_overlay

__all__ = ["Aliases", "Matcher", "load_aliases", "load_overlay"]
