"""What fallen devices cost in exams.

`effect` tells, for each run, when devices stop and work again (`course`) and which exams are not done meanwhile
(`exams`); `exams_lost` only counts these; `exams_by_device` tells what exams hang on. Hours count from the start of the
scenario; of a human-operated attack, from its trigger.
"""

from leadapron.whatif.effect.course import LONGEST
from leadapron.whatif.effect.effect import Effect, effect, exams_lost
from leadapron.whatif.effect.layout import exams_by_device

__all__ = ["LONGEST", "Effect", "effect", "exams_by_device", "exams_lost"]
