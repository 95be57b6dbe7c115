"""What a department should do, asked in plain words: the questions, their answers, and a workbook to answer by e-mail.

- `load_areas()` → the thirteen areas with their questions, refused with `ContentError` unless complete.
- `load_words()` → sentences for answers, states, measurements, reasons, in both languages.
- `answered()` → an answer as an event; `expires_on()` → the last day on which one counts.
- `write_questionnaire()`, `read_questionnaire()` → the round trip through an XLSX workbook.
"""

from leadapron.know.procedures.answers import answered, expires_on
from leadapron.know.procedures.questions import load_areas, questions_of
from leadapron.know.procedures.spreadsheet import read_questionnaire, write_questionnaire
from leadapron.know.procedures.words import Words, load_words

__all__ = [
    "Words",
    "answered",
    "expires_on",
    "load_areas",
    "load_words",
    "questions_of",
    "read_questionnaire",
    "write_questionnaire",
]
