"""A table-top exercise and its downtime sheet as files that are printed and handed out.

- `exercise_pack(exercise, downtime, languages, …)` → file name → bytes: the facilitator's book, the players' cards
  without answers, the downtime sheet with a blank paper worklist; each as HTML and PDF, in every language asked for.
- `downtime_sheet(downtime, languages, …)` → the sheet alone.
- `harmless_exercise(exercise)`, `harmless_downtime(downtime)` → the same with names from the network made visible.
"""

from leadapron.report.exercise.pack import About, downtime_sheet, exercise_pack
from leadapron.report.exercise.telling import harmless_downtime, harmless_exercise

__all__ = ["About", "downtime_sheet", "exercise_pack", "harmless_downtime", "harmless_exercise"]
