"""A picture and rules to ranked findings. Pure: the same input gives the same findings, in the same order.

- `assess(picture, rules, now=...)` → findings, worst first; see `assess.ranking` for the order.
- `PREDICATES`: the Python predicates that rules may name.
- `rank_words()`: the sentences for `Finding.rank_reason`.
"""

from leadapron.assess.findings import assess
from leadapron.assess.predicates import PREDICATES
from leadapron.assess.words import rank_words

__all__ = ["PREDICATES", "assess", "rank_words"]
