"""A table-top exercise and a downtime sheet from a department and one of its simulated runs.

- `exercise(department, scenario, runs=…, seed=…, sheet=…)` → `Exercise`: injects by hour with decisions and answers.
- `downtime(department, inventory, reached=…)` → `Downtime`: which scanners go on alone, until when.
- `load_content()` → `ExerciseContent`: their words (`content/whatif/exercise`).
"""

from leadapron.whatif.exercise.compose import exercise
from leadapron.whatif.exercise.content import ExerciseContent, load_content
from leadapron.whatif.exercise.downtime import downtime

__all__ = ["ExerciseContent", "downtime", "exercise", "load_content"]
