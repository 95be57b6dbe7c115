"""The best cut: what could be done against an attack, and the few actions that prevent most of it.

- `load_measures()` → kinds of measures with costs and words (`content/whatif/measures`).
- `candidates(department, scenario, findings)` → measures that can change this attack here.
- `applied(department, scenario, measures)` → both, once they are done.
- `best(department, scenario, measures, hours=…, runs=…, seed=…)` → the set that prevents most within a budget.
"""

from leadapron.whatif.cut.applying import applied
from leadapron.whatif.cut.choice import best
from leadapron.whatif.cut.content import Action, MeasureContent, load_measures
from leadapron.whatif.cut.proposals import candidates

__all__ = ["Action", "MeasureContent", "applied", "best", "candidates", "load_measures"]
